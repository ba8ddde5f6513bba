package imaging

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// JPEG markers, the byte after 0xFF.
const (
	markerTEM   = 0x01
	markerSOF0  = 0xC0 // baseline
	markerSOF1  = 0xC1 // extended
	markerSOF2  = 0xC2 // progressive
	markerDHT   = 0xC4
	markerJPG   = 0xC8
	markerDAC   = 0xCC
	markerSOF15 = 0xCF
	markerRST0  = 0xD0
	markerRST7  = 0xD7
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerAPP0  = 0xE0
	markerAPP1  = 0xE1
	markerAPP2  = 0xE2
	markerAPP14 = 0xEE
	markerAPP15 = 0xEF
	markerCOM   = 0xFE
)

// jpegWalk is the state of reading one JPEG.
type jpegWalk struct {
	r       *bufio.Reader
	w       io.Writer
	info    Info
	scans   int
	segment []byte
}

// walkJPEG copies the segments that make the picture: the tables, the frame,
// the scans, JFIF's header without its preview, Adobe's colour transform and
// the ICC profile. Everything else goes, and so does what follows the end.
func walkJPEG(r *bufio.Reader, w io.Writer, known Info) (Info, error) {
	j := &jpegWalk{r: r, w: w}
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Info{}, err
	}
	if head != [2]byte{0xFF, markerSOI} {
		return Info{}, broken("no JPEG")
	}
	out := head[:]
	if known.Orientation > 1 {
		block := append([]byte(exifHeader), orientationBlock(known.Orientation)...)
		out = append(out, 0xFF, markerAPP1)
		out = binary.BigEndian.AppendUint16(out, uint16(len(block)+2))
		out = append(out, block...)
	}
	if _, err := w.Write(out); err != nil {
		return Info{}, err
	}
	marker, err := j.marker()
	for err == nil && marker != markerEOI {
		marker, err = j.next(marker)
	}
	if err != nil {
		return Info{}, err
	}
	if j.scans == 0 || j.info.Width == 0 {
		return Info{}, broken("no picture in it")
	}
	_, err = w.Write([]byte{0xFF, markerEOI})
	return j.info, err
}

// marker reads on to the next marker. Stray bytes between segments are dropped,
// as every decoder does.
func (j *jpegWalk) marker() (byte, error) {
	for {
		if _, err := j.r.ReadSlice(0xFF); errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if err != nil {
			return 0, err
		}
		c := byte(0xFF)
		for c == 0xFF { // fill bytes
			var err error
			if c, err = j.r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if c != 0 {
			return c, nil
		}
	}
}

// next reads the segment of a marker, and its scan if it has one, and gives the
// marker that follows.
func (j *jpegWalk) next(marker byte) (byte, error) {
	if marker == markerTEM || marker >= markerRST0 && marker <= markerRST7 {
		return j.marker()
	}
	if marker == markerSOI || marker < markerSOF0 {
		return 0, broken("a marker out of place")
	}
	if err := j.read(); err != nil {
		return 0, err
	}
	if keep, err := j.judge(marker); err != nil {
		return 0, err
	} else if keep {
		if err := j.write(marker); err != nil {
			return 0, err
		}
	}
	if marker != markerSOS {
		return j.marker()
	}
	if j.scans++; j.scans > maxScans {
		return 0, ErrTooBig
	}
	return j.scan()
}

// read reads a segment's length and content.
func (j *jpegWalk) read() error {
	var head [2]byte
	if _, err := io.ReadFull(j.r, head[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(head[:])) - 2
	if n < 0 {
		return broken("a segment of no length")
	}
	if cap(j.segment) < n {
		j.segment = make([]byte, n, 1<<16)
	}
	j.segment = j.segment[:n]
	_, err := io.ReadFull(j.r, j.segment)
	return err
}

func (j *jpegWalk) write(marker byte) error {
	head := binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(j.segment)+2))
	if _, err := j.w.Write(head); err != nil {
		return err
	}
	_, err := j.w.Write(j.segment)
	return err
}

// judge learns from a segment and tells whether it stays in the copy.
func (j *jpegWalk) judge(marker byte) (keep bool, err error) {
	switch {
	case marker == markerSOS:
		if j.info.Width == 0 {
			return false, broken("a scan before its frame")
		}
		return true, nil
	case marker == markerDHT:
		return true, nil
	case marker == markerSOF0, marker == markerSOF1, marker == markerSOF2:
		return true, j.frame(marker == markerSOF2)
	case marker <= markerSOF15 && marker != markerDAC && marker != markerJPG:
		return false, broken("a kind of JPEG that browsers do not show")
	case marker == markerAPP0:
		if !bytes.HasPrefix(j.segment, []byte("JFIF\x00")) || len(j.segment) < 14 {
			return false, nil
		}
		j.segment = j.segment[:14]
		j.segment[12], j.segment[13] = 0, 0 // no preview
		return true, nil
	case marker == markerAPP1:
		if bytes.HasPrefix(j.segment, []byte(exifHeader)) && j.info.Orientation == 0 {
			j.info.Orientation = orientation(j.segment)
		}
		return false, nil
	case marker == markerAPP2:
		return bytes.HasPrefix(j.segment, []byte(iccHeader)), nil
	case marker == markerAPP14:
		return bytes.HasPrefix(j.segment, []byte("Adobe")), nil
	case marker >= markerAPP0 && marker <= markerAPP15, marker == markerCOM:
		return false, nil
	}
	return marker < markerAPP0, nil // tables; nothing of the reserved markers above
}

// iccHeader begins an APP2 segment with a part of a colour profile.
const iccHeader = "ICC_PROFILE\x00"

// frame reads the size of the picture.
func (j *jpegWalk) frame(progressive bool) error {
	s := j.segment
	if j.info.Width != 0 || len(s) < 6 || len(s) < 6+3*int(s[5]) || s[5] == 0 || s[5] > 4 {
		return broken("its frame header")
	}
	j.info.Height, j.info.Width = int(binary.BigEndian.Uint16(s[1:])), int(binary.BigEndian.Uint16(s[3:]))
	j.info.Frames = 1
	if err := bound(j.info.Width, j.info.Height, 1); err != nil {
		return err
	}
	area, largest := int64(0), int64(0)
	for i := range int64(s[5]) {
		sampling := s[6+3*i+1]
		samples := int64(sampling>>4) * int64(sampling&15)
		area, largest = area+samples, max(largest, samples)
	}
	if largest == 0 {
		return broken("its sampling")
	}
	pixels := int64(j.info.Width) * int64(j.info.Height)
	samples := pixels * area / largest
	j.info.DecodeBytes = samples
	if progressive {
		j.info.DecodeBytes += 4 * samples // the decoder keeps every coefficient
	}
	return nil
}

// scan copies the coded data of a scan and gives the marker that ends it. A
// file that ends here is taken as if its end marker had been lost.
func (j *jpegWalk) scan() (byte, error) {
	for {
		data, err := j.r.ReadSlice(0xFF)
		full := errors.Is(err, bufio.ErrBufferFull)
		if err == nil {
			data = data[:len(data)-1]
		}
		if _, err := j.w.Write(data); err != nil {
			return 0, err
		}
		if err == io.EOF {
			return markerEOI, nil
		} else if err != nil && !full {
			return 0, err
		} else if full {
			continue
		}
		c := byte(0xFF)
		for c == 0xFF {
			if c, err = j.r.ReadByte(); err == io.EOF {
				return markerEOI, nil
			} else if err != nil {
				return 0, err
			}
		}
		if c != 0 && (c < markerRST0 || c > markerRST7) {
			return c, nil
		}
		if _, err := j.w.Write([]byte{0xFF, c}); err != nil {
			return 0, err
		}
	}
}
