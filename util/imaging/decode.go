package imaging

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// Decodable tells whether Decode can read the picture: the one kind it cannot
// is an animated WebP.
func (i Info) Decodable() bool { return Known(i.Format) && (i.Format != WebP || i.Frames <= 1) }

// Decode decodes a picture that Inspect has read, the first frame of an
// animated one. Orientation is not applied.
func Decode(src io.ReadSeeker, info Info) (img image.Image, err error) {
	// The decoders meet hostile input and are not ours: one that panics says
	// that the picture is damaged and takes nobody else down.
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("%w: %v", ErrBroken, p)
		}
	}()
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(src, 32<<10)
	switch info.Format {
	case JPEG:
		img, err = jpeg.Decode(r)
	case PNG:
		img, err = png.Decode(r)
	case GIF:
		img, err = gif.Decode(r)
	case WebP:
		img, err = webp.Decode(r)
	default:
		return nil, fmt.Errorf("imaging: unknown format %q", info.Format)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if size := img.Bounds().Size(); info.Format != GIF && (size.X != info.Width || size.Y != info.Height) {
		return nil, broken("its headers contradict each other")
	}
	return img, nil
}

// uprightQuality keeps a turned photograph as good as the eye can tell.
const uprightQuality = 90

// EncodeUpright writes a decoded JPEG turned upright, with the colour profile
// of the file that it was decoded from.
func EncodeUpright(dst io.Writer, img image.Image, info Info, src io.ReadSeeker) error {
	profile, err := iccSegments(src)
	if err != nil {
		return err
	}
	if _, cmyk := img.(*image.CMYK); cmyk {
		profile = nil // it becomes RGB, which that profile does not describe
	}
	if _, err := dst.Write(append([]byte{0xFF, markerSOI}, profile...)); err != nil {
		return err
	}
	return jpeg.Encode(&headless{w: dst, skip: 2}, Upright(img, info.Orientation), &jpeg.Options{Quality: uprightQuality})
}

// headless leaves the first bytes out: the encoder's start marker, which has
// been written with the profile behind it.
type headless struct {
	w    io.Writer
	skip int
}

// Write passes on what is not left out.
func (h *headless) Write(p []byte) (int, error) {
	n := min(h.skip, len(p))
	h.skip -= n
	if n == len(p) {
		return n, nil
	}
	m, err := h.w.Write(p[n:])
	return n + m, err
}

// maxProfile bounds the colour profile kept in memory while a picture is turned.
const maxProfile = 4 << 20

// iccSegments gives the segments of a JPEG that hold its colour profile, with
// their markers.
func iccSegments(src io.ReadSeeker) ([]byte, error) {
	if _, err := src.Seek(2, io.SeekStart); err != nil {
		return nil, err
	}
	j := &jpegWalk{r: bufio.NewReader(src), w: io.Discard}
	var out bytes.Buffer
	for {
		marker, err := j.marker()
		if err != nil {
			return nil, err
		}
		if marker == markerSOS || marker == markerEOI {
			return out.Bytes(), nil
		}
		if err := j.read(); err != nil {
			return nil, err
		}
		if marker != markerAPP2 || !bytes.HasPrefix(j.segment, []byte(iccHeader)) {
			continue
		}
		if out.Len()+len(j.segment) > maxProfile {
			return nil, nil
		}
		out.Write(binary.BigEndian.AppendUint16([]byte{0xFF, markerAPP2}, uint16(len(j.segment)+2)))
		out.Write(j.segment)
	}
}
