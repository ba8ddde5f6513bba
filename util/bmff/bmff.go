// Package bmff takes out of films and pictures made of boxes (MP4, MOV, HEIC,
// AVIF) what they say about the place and the device that they were made with.
// Bytes are blanked where they stand: nothing moves, nothing is decoded. It
// imports nothing of ours.
package bmff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrBroken tells that the boxes cannot be followed, so that nobody knows what
// is in them.
var ErrBroken = errors.New("bmff: the boxes are damaged")

// Bounds of what is followed: films recorded live have some ten boxes a second.
const (
	maxBoxes = 200_000
	maxDepth = 8
	maxMeta  = 8 << 20 // the directory of a picture, which is read as a whole
)

// File is a file that can be changed in place.
type File interface {
	io.ReaderAt
	io.WriterAt
}

// box is one box: its head begins at start, its content at body.
type box struct {
	kind             string
	start, body, end int64
}

type walker struct {
	f     File
	size  int64
	boxes int
	still bool // a picture: its top meta box is its directory
}

// Forget blanks the metadata of a file of the given size. still says that it is
// a picture (HEIC, AVIF).
func Forget(f File, size int64, still bool) error {
	w := &walker{f: f, size: size, still: still}
	if err := w.walk(0, size, 0); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends early", ErrBroken)
		}
		return err
	}
	return nil
}

// walk visits the boxes between two places.
func (w *walker) walk(at, end int64, depth int) error {
	if depth > maxDepth {
		return ErrBroken
	}
	for end-at >= 8 {
		b, err := w.box(at, end, depth)
		if err != nil {
			return err
		}
		if err := w.visit(b, depth); err != nil {
			return err
		}
		at = b.end
	}
	return nil
}

// box reads the head of a box. The last one of a file may be cut off, as in a
// recording that was ended by force.
func (w *walker) box(at, end int64, depth int) (box, error) {
	if w.boxes++; w.boxes > maxBoxes {
		return box{}, ErrBroken
	}
	var head [16]byte
	if _, err := w.f.ReadAt(head[:8], at); err != nil {
		return box{}, err
	}
	b := box{kind: string(head[4:8]), start: at, body: at + 8}
	length := uint64(binary.BigEndian.Uint32(head[:]))
	switch length {
	case 0:
		length = uint64(end - at)
	case 1:
		if _, err := w.f.ReadAt(head[8:], at+8); err != nil {
			return box{}, err
		}
		b.body += 8
		length = binary.BigEndian.Uint64(head[8:])
	}
	if length > uint64(end-at) {
		if depth > 0 {
			return box{}, ErrBroken
		}
		length = uint64(end - at)
	}
	b.end = at + int64(length)
	if b.end < b.body {
		if depth > 0 {
			return box{}, ErrBroken
		}
		b.kind, b.end = "", end // no box: no player looks any further
	}
	return b, nil
}

// visit enters a box, blanks it or leaves it.
func (w *walker) visit(b box, depth int) error {
	switch b.kind {
	case "moov", "trak", "moof", "traf", "mdia", "minf", "stbl", "edts", "mvex", "mfra":
		return w.walk(b.body, b.end, depth+1)
	case "meta":
		if w.still && depth == 0 {
			return w.directory(b)
		}
		return w.blank(b)
	case "udta", "uuid", "XMP_", "free", "skip", "wide":
		// Free space is blanked too: editors leave there what they took out.
		return w.blank(b)
	}
	return nil
}

// blank makes a box one that says nothing.
func (w *walker) blank(b box) error {
	if _, err := w.f.WriteAt([]byte("free"), b.start+4); err != nil {
		return err
	}
	return w.zero(b.body, b.end)
}

func (w *walker) zero(at, end int64) error {
	if at < 0 || end < at || end > w.size {
		return ErrBroken
	}
	zeros := make([]byte, min(end-at, 32<<10))
	for at < end {
		n, err := w.f.WriteAt(zeros[:min(int64(len(zeros)), end-at)], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}
