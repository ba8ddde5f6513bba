package imaging

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// GIF blocks and extensions.
const (
	gifExtension   = 0x21
	gifImage       = 0x2C
	gifTrailer     = 0x3B
	gifControl     = 0xF9
	gifApplication = 0xFF
)

// walkGIF copies the frames with their timing and the loop count; comments,
// text and other programs' blocks go.
func walkGIF(r *bufio.Reader, w io.Writer, _ Info) (Info, error) {
	var head [13]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Info{}, err
	}
	if version := string(head[:6]); version != "GIF87a" && version != "GIF89a" {
		return Info{}, broken("no GIF")
	}
	info := Info{
		Width:  int(binary.LittleEndian.Uint16(head[6:])),
		Height: int(binary.LittleEndian.Uint16(head[8:])),
	}
	if err := bound(info.Width, info.Height, 1); err != nil {
		return Info{}, err
	}
	info.DecodeBytes = int64(info.Width) * int64(info.Height)
	if _, err := w.Write(head[:]); err != nil {
		return Info{}, err
	}
	if err := gifColours(r, w, head[10]); err != nil {
		return Info{}, err
	}
	for {
		kind, err := r.ReadByte()
		if errors.Is(err, io.EOF) && info.Frames > 0 {
			kind, err = gifTrailer, nil // many encoders forget it
		}
		if err != nil {
			return Info{}, err
		}
		switch kind {
		case gifTrailer:
			if info.Frames == 0 {
				return Info{}, broken("no picture in it")
			}
			_, err := w.Write([]byte{gifTrailer})
			return info, err
		case gifExtension:
			err = gifCopyExtension(r, w)
		case gifImage:
			info.Frames++
			if err = bound(info.Width, info.Height, info.Frames); err == nil {
				err = gifCopyFrame(r, w)
			}
		default:
			err = broken("an unknown block")
		}
		if err != nil {
			return Info{}, err
		}
	}
}

// gifColours copies a colour table, if the flags tell of one.
func gifColours(r *bufio.Reader, w io.Writer, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	_, err := io.CopyN(w, r, 3<<(flags&7+1))
	return err
}

func gifCopyFrame(r *bufio.Reader, w io.Writer) error {
	head := [10]byte{gifImage}
	if _, err := io.ReadFull(r, head[1:]); err != nil {
		return err
	}
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	if err := gifColours(r, w, head[9]); err != nil {
		return err
	}
	if _, err := io.CopyN(w, r, 1); err != nil { // the code size
		return err
	}
	return gifCopyBlocks(r, w)
}

func gifCopyExtension(r *bufio.Reader, w io.Writer) error {
	label, err := r.ReadByte()
	if err != nil {
		return err
	}
	keep := label == gifControl
	if label == gifApplication {
		name, err := r.Peek(12) // its length, eleven, and the name
		if err != nil {
			return err
		}
		keep = string(name) == "\x0bNETSCAPE2.0" || string(name) == "\x0bANIMEXTS1.0"
	}
	if !keep {
		return gifCopyBlocks(r, io.Discard)
	}
	if _, err := w.Write([]byte{gifExtension, label}); err != nil {
		return err
	}
	return gifCopyBlocks(r, w)
}

// gifCopyBlocks copies blocks, each behind its length, up to the empty one.
func gifCopyBlocks(r *bufio.Reader, w io.Writer) error {
	for {
		n, err := r.ReadByte()
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte{n}); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if _, err := io.CopyN(w, r, int64(n)); err != nil {
			return err
		}
	}
}
