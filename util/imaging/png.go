package imaging

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	maxEXIF      = 1 << 16 // what of an EXIF block is read at most
)

// pngKept are the chunks that a picture consists of: pixels, colours,
// transparency, resolution and animation. Text, times and EXIF are not.
func pngKept(kind string) bool {
	switch kind {
	case "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT", "bKGD", "hIST",
		"pHYs", "sPLT", "mDCV", "cLLI", "acTL", "fcTL", "fdAT":
		return true
	}
	return false
}

// walkPNG copies the chunks that make the picture.
func walkPNG(r *bufio.Reader, w io.Writer, known Info) (Info, error) {
	var signature [len(pngSignature)]byte
	if _, err := io.ReadFull(r, signature[:]); err != nil {
		return Info{}, err
	}
	if string(signature[:]) != pngSignature {
		return Info{}, broken("no PNG")
	}
	if _, err := w.Write(signature[:]); err != nil {
		return Info{}, err
	}
	var info Info
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return Info{}, err
		}
		length, kind := int64(binary.BigEndian.Uint32(head[:])), string(head[4:])
		if length > 1<<31-1 || (info.Width == 0) != (kind == "IHDR") {
			return Info{}, broken("its chunks")
		}
		if err := pngChunk(r, w, head, length, known, &info); err != nil {
			return Info{}, err
		}
		if kind == "IEND" {
			info.Frames = max(info.Frames, 1)
			return info, nil
		}
	}
}

// pngChunk reads one chunk behind its head and copies it if it is to stay.
func pngChunk(r *bufio.Reader, w io.Writer, head [8]byte, length int64, known Info, info *Info) error {
	kind := string(head[4:])
	switch {
	case kind == "IHDR":
		return pngHeader(r, w, head, length, known, info)
	case kind == "eXIf" && length <= maxEXIF:
		block := make([]byte, length)
		if _, err := io.ReadFull(r, block); err != nil {
			return err
		}
		info.Orientation = orientation(block)
		return skip(r, crc32.Size)
	case !pngKept(kind):
		return skip(r, length+crc32.Size)
	case kind == "fcTL":
		info.Frames++
		if err := bound(info.Width, info.Height, info.Frames); err != nil {
			return err
		}
	}
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := io.CopyN(w, r, length+crc32.Size)
	return err
}

// pngHeader reads the size and how much memory a pixel takes.
func pngHeader(r *bufio.Reader, w io.Writer, head [8]byte, length int64, known Info, info *Info) error {
	if length != 13 {
		return broken("its header")
	}
	var body [13 + crc32.Size]byte
	if _, err := io.ReadFull(r, body[:]); err != nil {
		return err
	}
	width, height := binary.BigEndian.Uint32(body[:]), binary.BigEndian.Uint32(body[4:])
	if width > 1<<31-1 || height > 1<<31-1 {
		return broken("its size")
	}
	info.Width, info.Height = int(width), int(height)
	if int64(width)*int64(height) > MaxPixels {
		return ErrTooBig
	}
	if err := bound(info.Width, info.Height, 1); err != nil {
		return err
	}
	depth, colour, interlaced := body[8], body[9], body[12] != 0
	perPixel := int64(4)
	if colour == 0 || colour == 3 { // grey and paletted
		perPixel = 1
	}
	if depth == 16 {
		perPixel *= 2
	}
	if interlaced {
		perPixel *= 2
	}
	info.DecodeBytes = perPixel * int64(width) * int64(height)
	out := append(head[:], body[:]...)
	if known.Orientation > 1 {
		block := append([]byte("eXIf"), orientationBlock(known.Orientation)...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(block)-4))
		out = append(out, block...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(block))
	}
	_, err := w.Write(out)
	return err
}
