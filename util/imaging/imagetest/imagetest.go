// Package imagetest makes the pictures that tests send: photographs that tell
// where they were taken, bombs, and files that pretend. For tests alone.
package imagetest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// Secrets are the texts that the metadata of the pictures here holds: none may
// be found in what is served.
func Secrets() []string {
	return []string{"GPSSECRET", "COMMENTSECRET", "XMPSECRET", "TEXTSECRET", "TAILSECRET", "IPTCSECRET", "PREVIEWSECRET"}
}

// Profile is the content of the colour profile that the photographs carry.
const Profile = "ICC_PROFILE\x00\x01\x01not really a profile"

// Scene paints a picture whose upper left quarter is red and whose rest is
// blue, so that a turn shows.
func Scene(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{B: 200, A: 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, 0, width/2, height/2), image.NewUniform(color.RGBA{R: 220, A: 255}), image.Point{}, draw.Src)
	return img
}

// GPS is a TIFF block as a camera writes it: an orientation and a place.
func GPS(orientation int) []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00")
	entry := func(tag, kind uint16, count, value uint32) {
		b = le.AppendUint16(le.AppendUint16(b, tag), kind)
		b = le.AppendUint32(le.AppendUint32(b, count), value)
	}
	b = le.AppendUint16(b, 3)
	entry(0x010F, 2, 10, 100)                    // the maker
	entry(0x0112, 3, 1, uint32(orientation))     // the orientation
	entry(0x8825, 4, 1, 50)                      // where the place is
	b = append(le.AppendUint32(b, 0), 0, 0)[:50] // pad to the place
	b = le.AppendUint16(b, 2)
	entry(0x0001, 2, 2, 'N')
	entry(0x0002, 5, 3, 112)
	b = le.AppendUint32(b, 0)
	b = append(b, make([]byte, 100-len(b))...)
	b = append(b, "GPSSECRET\x00\x00\x00"...)
	for _, v := range []uint32{31, 1, 14, 1, 1530, 100} {
		b = le.AppendUint32(b, v)
	}
	return b
}

// Photo is a JPEG with all that a camera and an editor leave in it: a place,
// an orientation, previews, comments, a colour profile, a second picture behind
// the first.
func Photo(width, height, orientation int) []byte {
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, Scene(width, height), &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	out := []byte{0xFF, 0xD8}
	segment := func(marker byte, content string) {
		out = append(out, 0xFF, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(content)+2))
		out = append(out, content...)
	}
	segment(0xE0, "JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x01\x01abc")
	segment(0xE0, "JFXX\x00PREVIEWSECRET")
	segment(0xE1, "Exif\x00\x00"+string(GPS(orientation)))
	segment(0xE1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>XMPSECRET</x:xmpmeta>")
	segment(0xE2, Profile)
	segment(0xE2, "MPF\x00PREVIEWSECRET")
	segment(0xED, "Photoshop 3.0\x00IPTCSECRET")
	segment(0xFE, "COMMENTSECRET")
	out = append(out, plain.Bytes()[2:]...)
	return append(out, "TAILSECRET<script>alert(1)</script>"...)
}

// Chunk is a PNG chunk with its checksum.
func Chunk(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	body := append([]byte(kind), content...)
	return binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
}

// PNG is a picture with alpha, texts, a time, a place and a tail.
func PNG(width, height, orientation int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{R: 200, A: uint8(x * 255 / width)})
		}
	}
	var plain bytes.Buffer
	if err := png.Encode(&plain, img); err != nil {
		panic(err)
	}
	const header = 8 + 8 + 13 + 4
	out := append([]byte(nil), plain.Bytes()[:header]...)
	out = append(out, Chunk("eXIf", GPS(orientation))...)
	out = append(out, Chunk("tEXt", []byte("Author\x00TEXTSECRET"))...)
	out = append(out, Chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00XMPSECRET"))...)
	out = append(out, Chunk("tIME", make([]byte, 7))...)
	out = append(out, Chunk("pHYs", make([]byte, 9))...)
	out = append(out, plain.Bytes()[header:]...)
	return append(out, "TAILSECRET"...)
}

// HugePNG is a small file that claims to have that many pixels.
func HugePNG(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	out := append([]byte("\x89PNG\r\n\x1a\n"), Chunk("IHDR", append(head, 8, 6, 0, 0, 0))...)
	out = append(out, Chunk("IDAT", []byte{0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1})...)
	return append(out, Chunk("IEND", nil)...)
}

// GIF is an animation of so many frames that comments on itself.
func GIF(width, height, frames int) []byte {
	frame := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White})
	var one bytes.Buffer
	if err := gif.EncodeAll(&one, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		panic(err)
	}
	// The second frame, from its control extension on, is what is repeated.
	b := bytes.TrimSuffix(one.Bytes(), []byte{0x3B})
	last := bytes.LastIndex(b, []byte{0x21, 0xF9, 0x04})
	out := append([]byte(nil), b[:last]...)
	out = append(out, "\x21\xFE\x0DCOMMENTSECRET\x00\x21\xFF\x0BXMP DataXMP\x09XMPSECRET\x00"...)
	for range frames - 1 {
		out = append(out, b[last:]...)
	}
	return append(out, "\x3BTAILSECRET"...)
}

const (
	webpLossy    = "UklGRloAAABXRUJQVlA4IE4AAACQAwCdASoYABAAPrVKnkm/pCKhMAgD8BaJbDuAGMPgB+gAD44wAP7v46/mpv8KWzcj/mMHg1j/5xXr/wQ+DaQ3DJ0vjgnmeuSFyxmbeAA="
	webpLossless = "UklGRh4AAABXRUJQVlA4TBEAAAAvBMAAEAdQoiKWuYCBiOh/AAA="
)

// WebP is a plain picture: of 24 x 16 pixels, or without loss of 5 x 4.
func WebP(lossless bool) []byte {
	text := webpLossy
	if lossless {
		text = webpLossless
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// TaggedWebP is the lossy picture with a canvas of the given size, a place, an
// orientation and a tail.
func TaggedWebP(width, height, orientation int) []byte {
	return webp(width, height, 0x08|0x04, append(WebP(false)[12:],
		riff("EXIF", GPS(orientation), riff("XMP ", []byte("XMPSECRET"), riff("JUNK", []byte("TEXTSECRET"), nil)))...))
}

// AnimatedWebP has so many frames, none of which is a picture.
func AnimatedWebP(width, height, frames int) []byte {
	chunks := riff("ANIM", make([]byte, 6), nil)
	for range frames {
		chunks = append(chunks, riff("ANMF", make([]byte, 24), nil)...)
	}
	return webp(width, height, 0x02, chunks)
}

func webp(width, height int, flags byte, chunks []byte) []byte {
	w, h := width-1, height-1
	canvas := []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
	body := append([]byte("WEBP"), riff("VP8X", canvas, chunks)...)
	return append(riff("RIFF", body, nil), "TAILSECRET"...)
}

func riff(kind string, content, rest []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content)))
	b = append(b, content...)
	if len(content)%2 == 1 {
		b = append(b, 0)
	}
	return append(b, rest...)
}
