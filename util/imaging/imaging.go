// Package imaging reads pictures that strangers send: it learns their size from
// the headers before anything is decoded, copies them without their metadata
// (places, cameras, comments, hidden previews, whatever follows the picture)
// and makes small upright copies. It knows JPEG, PNG, GIF and WebP and imports
// nothing of ours.
package imaging

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// What a picture may be at most. Frames are never decoded here but the first;
// their bound protects who looks at the picture.
const (
	MaxPixels      = 40_000_000
	MaxFrames      = 2_000
	MaxFramePixels = 1_000_000_000
	maxScans       = 100 // a progressive JPEG of many scans costs its pixels once per scan
)

// The formats.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	GIF  = "image/gif"
	WebP = "image/webp"
)

// The reasons to refuse a picture.
var (
	ErrBroken = errors.New("imaging: the picture is damaged")
	ErrTooBig = errors.New("imaging: the picture has too many pixels or frames")
)

// Info is what the headers of a picture say.
type Info struct {
	Format      string
	Width       int // as stored; Size gives what is seen
	Height      int
	Orientation int // 1 to 8, as EXIF counts
	Frames      int
	// DecodeBytes estimates the memory that decoding takes.
	DecodeBytes int64

	cleanBytes int64 // WebP: the length of the copy's chunks
}

// Size gives width and height as seen, after the orientation.
func (i Info) Size() (width, height int) {
	if i.Orientation >= 5 {
		return i.Height, i.Width
	}
	return i.Width, i.Height
}

// Known tells whether the package reads the format.
func Known(format string) bool { return walker(format) != nil }

// walk reads a picture to its end and writes to w what is worth keeping. known
// is what an earlier walk has learned, or the zero Info.
type walk func(r *bufio.Reader, w io.Writer, known Info) (Info, error)

func walker(format string) walk {
	switch format {
	case JPEG:
		return walkJPEG
	case PNG:
		return walkPNG
	case GIF:
		return walkGIF
	case WebP:
		return walkWebP
	}
	return nil
}

// Inspect reads a picture of the format from its start, without decoding it.
// It gives ErrBroken or ErrTooBig, or the fault of src.
func Inspect(src io.ReadSeeker, format string) (Info, error) {
	return run(src, io.Discard, Info{Format: format})
}

// Clean copies a picture that Inspect has read, without its metadata. Pixels
// are copied as they are; the colour profile stays; an orientation other than 1
// stays as the only thing that the EXIF block says.
func Clean(dst io.Writer, src io.ReadSeeker, info Info) error {
	_, err := run(src, dst, info)
	return err
}

func run(src io.ReadSeeker, dst io.Writer, known Info) (Info, error) {
	walk := walker(known.Format)
	if walk == nil {
		return Info{}, fmt.Errorf("imaging: unknown format %q", known.Format)
	}
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return Info{}, err
	}
	w := bufio.NewWriter(dst)
	info, err := walk(bufio.NewReaderSize(src, 32<<10), w, known)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Info{}, fmt.Errorf("%w: it ends early", ErrBroken)
	}
	if err != nil {
		return Info{}, err
	}
	if err := w.Flush(); err != nil {
		return Info{}, err
	}
	info.Format = known.Format
	if info.Orientation == 0 {
		info.Orientation = 1
	}
	return info, nil
}

// bound checks the size of a picture, in pixels and frames.
func bound(width, height, frames int) error {
	if width <= 0 || height <= 0 {
		return broken("a side of no length")
	}
	pixels := int64(width) * int64(height)
	if pixels > MaxPixels || frames > MaxFrames || pixels*int64(frames) > MaxFramePixels {
		return fmt.Errorf("%w: %d x %d, %d frames", ErrTooBig, width, height, frames)
	}
	return nil
}

func broken(what string) error { return fmt.Errorf("%w: %s", ErrBroken, what) }

// skip reads n bytes and forgets them.
func skip(r *bufio.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, r, n)
	return err
}
