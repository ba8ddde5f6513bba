package imaging

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Tags of TIFF directories.
const (
	tagWidth     = 256
	tagHeight    = 257
	tagText      = 270 // and two behind it: description, maker, model
	tagSoftware  = 305
	tagDate      = 306
	tagArtist    = 315
	tagComputer  = 316
	tagDirectory = 330 // further directories
	tagXMP       = 700
	tagIPTC      = 33723
	tagPhotoshop = 34377
	tagEXIF      = 34665
	tagGPS       = 34853
	tagMakerNote = 37500
	tagInterop   = 40965
)

// Bounds of the directories of a TIFF.
const (
	maxDirectories = 200
	maxEntries     = 1000
)

// byteOrdering reads numbers and writes them.
type byteOrdering interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// tiff is a TIFF whose metadata is being blanked in place.
type tiff struct {
	f interface {
		io.ReaderAt
		io.WriterAt
	}
	size        int64
	order       byteOrdering
	directories int
	pixels      [2]uint32 // of the directory being read
}

// ForgetTIFF blanks what a TIFF says about place, device and editors. It gives
// ErrTooBig for one of too many pixels: nothing is decoded here, but by others.
func ForgetTIFF(f interface {
	io.ReaderAt
	io.WriterAt
}, size int64) error {
	var head [8]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return broken("its header")
	}
	t := &tiff{f: f, size: size, order: byteOrder(head[:])}
	if t.order == nil {
		return broken("a kind of TIFF that is not known")
	}
	for at := int64(t.order.Uint32(head[4:])); at != 0; {
		next, err := t.directory(at, false)
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

// directory reads one directory, or with blank empties it, and gives the place
// of the next.
func (t *tiff) directory(at int64, blank bool) (next int64, err error) {
	if t.directories++; t.directories > maxDirectories {
		return 0, broken("its directories")
	}
	var count [2]byte
	if err := t.read(count[:], at); err != nil {
		return 0, err
	}
	n := int64(t.order.Uint16(count[:]))
	if n > maxEntries {
		return 0, broken("its directories")
	}
	table := make([]byte, n*entryLength+4)
	if err := t.read(table, at+2); err != nil {
		return 0, err
	}
	t.pixels = [2]uint32{}
	for i := range n {
		if err := t.entry(table[i*entryLength:][:entryLength], blank); err != nil {
			return 0, err
		}
	}
	if blank {
		return 0, t.zero(at, 2+int64(len(table)))
	}
	return int64(t.order.Uint32(table[n*entryLength:])), nil
}

// entry judges an entry of a directory.
func (t *tiff) entry(e []byte, blank bool) error {
	widths := [...]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
	tag, kind, count := t.order.Uint16(e), int(t.order.Uint16(e[2:])), int64(t.order.Uint32(e[4:]))
	value := t.order.Uint32(e[8:])
	if kind == typeShort && count == 1 {
		value = uint32(t.order.Uint16(e[8:]))
	}
	length := int64(1)
	if kind < len(widths) && widths[kind] > 0 {
		length = widths[kind]
	}
	length *= count
	switch tag {
	case tagWidth, tagHeight:
		t.pixels[tag-tagWidth] = value
		if uint64(t.pixels[0])*uint64(t.pixels[1]) > MaxPixels {
			return fmt.Errorf("%w: %d x %d", ErrTooBig, t.pixels[0], t.pixels[1])
		}
	case tagGPS:
		_, err := t.directory(int64(value), true)
		return err
	case tagEXIF, tagInterop:
		_, err := t.directory(int64(value), blank)
		return err
	case tagText, tagText + 1, tagText + 2, tagSoftware, tagDate, tagArtist, tagComputer,
		tagXMP, tagIPTC, tagPhotoshop, tagMakerNote:
		blank = true
	case tagDirectory:
		return t.children(value, count, blank)
	}
	if !blank || length <= 4 {
		return nil
	}
	return t.zero(int64(value), length)
}

// children reads the directories that an entry lists.
func (t *tiff) children(value uint32, count int64, blank bool) error {
	list := t.order.AppendUint32(nil, value)
	if count != 1 {
		if count > maxDirectories {
			return broken("its directories")
		}
		list = make([]byte, 4*count)
		if err := t.read(list, int64(value)); err != nil {
			return err
		}
	}
	pixels := t.pixels
	defer func() { t.pixels = pixels }()
	for ; len(list) > 0; list = list[4:] {
		if _, err := t.directory(int64(t.order.Uint32(list)), blank); err != nil {
			return err
		}
	}
	return nil
}

func (t *tiff) read(p []byte, at int64) error {
	if _, err := t.f.ReadAt(p, at); err != nil {
		return broken("a place outside of it")
	}
	return nil
}

func (t *tiff) zero(at, length int64) error {
	if length < 0 || length > 4<<20 || at+length > t.size {
		return broken("a place outside of it")
	}
	_, err := t.f.WriteAt(make([]byte, length), at)
	return err
}
