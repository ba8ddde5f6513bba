package bmff

import (
	"encoding/binary"
)

// directory reads the directory of a picture and blanks the items that are no
// picture: EXIF, XMP, and what else has a media type of its own. How it is to
// be turned stands in the directory itself and stays.
func (w *walker) directory(b box) error {
	if b.end-b.body > maxMeta {
		return ErrBroken
	}
	data := make([]byte, b.end-b.body)
	if _, err := w.f.ReadAt(data, b.body); err != nil {
		return err
	}
	r := &reader{data: data}
	r.number(4) // version and flags
	base := b.body
	private := map[uint64]bool{}
	locations, inner := []byte(nil), int64(-1)
	for !r.bad && len(r.data) >= 8 {
		at := base + int64(len(data)-len(r.data))
		size := int64(r.number(4))
		kind := string(r.take(4))
		if size < 8 {
			return ErrBroken
		}
		content := r.take(size - 8)
		switch kind {
		case "iinf":
			items(&reader{data: content}, private)
		case "iloc":
			locations = content
		case "idat":
			inner = at + 8
		}
	}
	if r.bad {
		return ErrBroken
	}
	return w.items(&reader{data: locations}, private, inner)
}

// items notes which items are private, by the list of items.
func items(r *reader, private map[uint64]bool) {
	count := 2
	if version := r.number(4) >> 24; version > 0 {
		count = 4
	}
	r.number(count)
	for !r.bad && len(r.data) >= 12 {
		size := int64(r.number(4))
		r.take(4) // infe
		entry := &reader{data: r.take(size - 8)}
		width := 2
		if version := entry.number(4) >> 24; version >= 3 {
			width = 4
		}
		id := entry.number(width)
		entry.number(2)
		switch string(entry.take(4)) {
		case "Exif", "mime", "uri ":
			private[id] = true
		}
	}
}

// items blanks the private items where the list of places says that they are.
func (w *walker) items(r *reader, private map[uint64]bool, inner int64) error {
	version := r.number(4) >> 24
	sizes := r.number(2)
	offsetSize, lengthSize, baseSize, indexSize := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	idSize := 2
	if version >= 2 {
		idSize = 4
	}
	left, placed := w.size, map[uint64]bool{}
	for range r.number(idSize) {
		id, method := r.number(idSize), uint64(0)
		placed[id] = true
		if version >= 1 {
			method = r.number(2) & 15
		} else {
			indexSize = 0
		}
		r.number(2) // which file: this one
		start := r.number(baseSize)
		for range r.number(2) {
			r.number(indexSize)
			from, length := start+r.number(offsetSize), r.number(lengthSize)
			if r.bad {
				return ErrBroken
			}
			if !private[id] {
				continue
			}
			if method == 1 && inner >= 0 {
				from += uint64(inner)
			} else if method != 0 {
				return ErrBroken
			}
			if length == 0 || length > uint64(left) || from > uint64(w.size) || from+length > uint64(w.size) {
				return ErrBroken
			}
			left -= int64(length)
			if err := w.zero(int64(from), int64(from)+int64(length)); err != nil {
				return err
			}
		}
		if r.bad {
			return ErrBroken
		}
	}
	for id := range private {
		if !placed[id] { // it may be anywhere
			return ErrBroken
		}
	}
	return nil
}

// reader takes numbers and pieces off a text until it is used up.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) take(n int64) []byte {
	if n < 0 || n > int64(len(r.data)) {
		r.bad = true
		return nil
	}
	piece := r.data[:n]
	r.data = r.data[n:]
	return piece
}

// number reads a number of 0 to 8 bytes.
func (r *reader) number(bytes int) uint64 {
	var b [8]byte
	if bytes > len(b) {
		r.bad = true
		return 0
	}
	copy(b[len(b)-bytes:], r.take(int64(bytes)))
	return binary.BigEndian.Uint64(b[:])
}
