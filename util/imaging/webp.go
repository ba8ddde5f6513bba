package imaging

import (
	"bufio"
	"encoding/binary"
	"io"
)

// Flags of the VP8X chunk.
const (
	webpEXIF      = 0x08
	webpXMP       = 0x04
	webpAnimation = 0x02
)

// webpWalk is the state of reading one WebP.
type webpWalk struct {
	r     *bufio.Reader
	w     io.Writer
	known Info
	info  Info
	still bool // a picture outside an animation was seen
}

// walkWebP copies the chunks that make the picture and mends the header.
func walkWebP(r *bufio.Reader, w io.Writer, known Info) (Info, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Info{}, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return Info{}, broken("no WebP")
	}
	rest := int64(binary.LittleEndian.Uint32(head[4:])) - 4
	binary.LittleEndian.PutUint32(head[4:], uint32(known.cleanBytes+4))
	if _, err := w.Write(head[:]); err != nil {
		return Info{}, err
	}
	p := &webpWalk{r: r, w: w, known: known}
	for rest >= 8 {
		n, err := p.chunk(rest)
		if err != nil {
			return Info{}, err
		}
		rest -= n
	}
	if !p.still && p.info.Frames == 0 {
		return Info{}, broken("no picture in it")
	}
	p.info.Frames = max(p.info.Frames, 1)
	if o := max(known.Orientation, p.info.Orientation); o > 1 {
		block := orientationBlock(o)
		out := binary.LittleEndian.AppendUint32([]byte("EXIF"), uint32(len(block)))
		if _, err := w.Write(append(out, block...)); err != nil {
			return Info{}, err
		}
		p.info.cleanBytes += int64(8 + len(block))
	}
	return p.info, nil
}

// chunk reads one chunk of at most rest bytes and gives its whole length.
func (p *webpWalk) chunk(rest int64) (int64, error) {
	var head [8]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return 0, err
	}
	kind, length := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
	padded := length + length&1
	if length > rest-8 {
		return 0, broken("a chunk beyond the end")
	}
	if padded > rest-8 { // the last padding byte is often forgotten
		padded = length
	}
	keep, err := p.judge(kind, length)
	if err != nil {
		return 0, err
	}
	if kind == "VP8X" {
		return 8 + padded, p.extended(head, length)
	}
	if !keep {
		return 8 + padded, skip(p.r, padded)
	}
	if _, err := p.w.Write(head[:]); err != nil {
		return 0, err
	}
	if _, err := io.CopyN(p.w, p.r, padded); err != nil {
		return 0, err
	}
	p.info.cleanBytes += 8 + padded
	if length&1 == 1 && padded == length {
		p.info.cleanBytes++
		_, err = p.w.Write([]byte{0})
	}
	return 8 + padded, err
}

// judge learns from the start of a chunk and tells whether it stays.
func (p *webpWalk) judge(kind string, length int64) (keep bool, err error) {
	switch kind {
	case "VP8 ", "VP8L":
		p.still = true
		width, height, err := p.frameSize(kind)
		if err != nil {
			return false, err
		}
		if p.info.Width == 0 {
			p.info.Width, p.info.Height = width, height
		} else if width != p.info.Width || height != p.info.Height {
			return false, broken("a picture of another size than its canvas")
		}
		pixels := int64(width) * int64(height)
		if p.info.DecodeBytes = 3 * pixels; kind == "VP8L" {
			p.info.DecodeBytes = 8 * pixels
		}
		return true, bound(width, height, 1)
	case "ANMF":
		p.info.Frames++
		return true, bound(p.info.Width, p.info.Height, p.info.Frames)
	case "ALPH", "ANIM", "ICCP":
		return true, nil
	case "EXIF":
		if length <= maxEXIF && p.known.Orientation == 0 {
			block, err := p.r.Peek(int(min(length, int64(p.r.Size()))))
			if err != nil {
				return false, err
			}
			p.info.Orientation = orientation(block)
		}
	}
	return false, nil
}

// extended reads the canvas and copies the chunk without the metadata's flags.
func (p *webpWalk) extended(head [8]byte, length int64) error {
	if length != 10 || p.info.Width != 0 {
		return broken("its header")
	}
	var body [10]byte
	if _, err := io.ReadFull(p.r, body[:]); err != nil {
		return err
	}
	p.info.Width = 1 + (int(body[4]) | int(body[5])<<8 | int(body[6])<<16)
	p.info.Height = 1 + (int(body[7]) | int(body[8])<<8 | int(body[9])<<16)
	body[0] &^= webpEXIF | webpXMP
	if p.known.Orientation > 1 {
		body[0] |= webpEXIF
	}
	p.info.cleanBytes += 18
	if err := bound(p.info.Width, p.info.Height, 1); err != nil {
		return err
	}
	_, err := p.w.Write(append(head[:], body[:]...))
	return err
}

// frameSize reads the size in the coded picture itself, which is the one that
// a decoder allocates.
func (p *webpWalk) frameSize(kind string) (width, height int, err error) {
	if kind == "VP8L" {
		b, err := p.r.Peek(5)
		if err != nil {
			return 0, 0, err
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		if b[0] != 0x2F {
			return 0, 0, broken("its coded picture")
		}
		return 1 + int(bits&0x3FFF), 1 + int(bits>>14&0x3FFF), nil
	}
	b, err := p.r.Peek(10)
	if err != nil {
		return 0, 0, err
	}
	if string(b[3:6]) != "\x9d\x01\x2a" {
		return 0, 0, broken("its coded picture")
	}
	return int(binary.LittleEndian.Uint16(b[6:]) & 0x3FFF), int(binary.LittleEndian.Uint16(b[8:]) & 0x3FFF), nil
}
