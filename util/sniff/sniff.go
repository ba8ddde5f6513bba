// Package sniff tells the type of a file from its first bytes, whatever its
// name says, and which types a browser may show in place. It imports nothing of
// ours.
package sniff

import (
	"bytes"
	"net/http"
	"strings"
)

// HeadSize is how many first bytes Type looks at.
const HeadSize = 4096

// Types that more than one place speaks of.
const (
	Binary = "application/octet-stream"
	SVG    = "image/svg+xml"
	TIFF   = "image/tiff"
	HEIC   = "image/heic"
	AVIF   = "image/avif"

	MP4       = "video/mp4"
	M4A       = "audio/mp4"
	QuickTime = "video/quicktime"
)

// Type gives the media type of a file that begins with head. hint is what the
// sender says of it: it decides only between the sound and the film of one
// container, where the head leaves that open.
func Type(head []byte, hint string) string {
	head = head[:min(len(head), HeadSize)]
	for _, try := range []func([]byte, bool) string{isoMedia, matroska, ogg, audio, archive, picture, markup} {
		if kind := try(head, saysAudio(hint)); kind != "" {
			return kind
		}
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if kind == "audio/wave" {
		return "audio/wav"
	}
	return kind
}

// saysAudio tells whether a hint (a type, an extension) speaks of sound.
func saysAudio(hint string) bool {
	hint = strings.ToLower(hint)
	if strings.HasPrefix(hint, "audio/") {
		return true
	}
	switch strings.TrimPrefix(hint, ".") {
	case "audio", "voice", "mp3", "m4a", "aac", "ogg", "oga", "opus", "wav", "amr":
		return true
	}
	return false
}

// isoMedia knows the family of MP4 by the brand in its first box.
func isoMedia(head []byte, hintAudio bool) string {
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return ""
	}
	switch brand := string(head[8:12]); brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		if size := int(head[3]); size <= len(head) && bytes.Contains(head[8:max(size, 12)], []byte("avif")) {
			return AVIF
		}
		return HEIC
	case "avif", "avis":
		return AVIF
	case "qt  ":
		return QuickTime
	case "M4A ", "M4B ", "M4P ", "F4A ":
		return M4A
	}
	return either(MP4, M4A, head, "hdlr", "vide", "soun", hintAudio)
}

// either decides between the film and the sound of a container by the marks of
// the tracks that the head shows.
func either(film, sound string, head []byte, index, filmMark, soundMark string, hintAudio bool) string {
	if bytes.Contains(head, []byte(index)) {
		if bytes.Contains(head, []byte(filmMark)) {
			return film
		}
		if bytes.Contains(head, []byte(soundMark)) {
			return sound
		}
	}
	if hintAudio {
		return sound
	}
	return film
}

func matroska(head []byte, hintAudio bool) string {
	if !bytes.HasPrefix(head, []byte{0x1A, 0x45, 0xDF, 0xA3}) {
		return ""
	}
	if !bytes.Contains(head[:min(len(head), 64)], []byte("webm")) {
		return "video/x-matroska"
	}
	return either("video/webm", "audio/webm", head, "_", "V_", "A_", hintAudio)
}

func ogg(head []byte, hintAudio bool) string {
	if !bytes.HasPrefix(head, []byte("OggS\x00")) {
		return ""
	}
	if bytes.Contains(head, []byte("\x80theora")) {
		return "video/ogg"
	}
	for _, mark := range []string{"OpusHead", "\x01vorbis", "\x7fFLAC", "Speex   "} {
		if bytes.Contains(head, []byte(mark)) {
			return "audio/ogg"
		}
	}
	if hintAudio {
		return "audio/ogg"
	}
	return "application/ogg"
}

// audio knows the sounds that begin with a frame or a mark of their own.
func audio(head []byte, _ bool) string {
	switch {
	case bytes.HasPrefix(head, []byte("ID3")):
		return "audio/mpeg"
	case bytes.HasPrefix(head, []byte("fLaC")):
		return "audio/flac"
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return "audio/amr"
	}
	if n := mp3Frame(head); n > 0 && (n >= len(head) || mp3Frame(head[n:]) > 0) {
		return "audio/mpeg"
	}
	if n := adtsFrame(head); n > 0 && (n >= len(head) || adtsFrame(head[n:]) > 0) {
		return "audio/aac"
	}
	return ""
}

// mp3Frame gives the length of the MPEG layer III frame that b begins with, or
// 0. Two of them in a row are not found in other files.
func mp3Frame(b []byte) int {
	if len(b) < 4 || b[0] != 0xFF || b[1]&0xE0 != 0xE0 || b[1]&0x06 != 0x02 {
		return 0
	}
	version, rate, sample := b[1]>>3&3, b[2]>>4, b[2]>>2&3
	if version == 1 || rate == 0 || rate == 15 || sample == 3 {
		return 0
	}
	kbits := [2][16]int{
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	}
	hertz, half, perFrame := [3]int{44100, 48000, 32000}[sample], 0, 72
	switch version {
	case 3: // MPEG 1
		half, perFrame = 1, 144
	case 2: // MPEG 2
		hertz /= 2
	case 0: // MPEG 2.5
		hertz /= 4
	}
	return perFrame*kbits[half][rate]*1000/hertz + int(b[2]>>1&1)
}

// adtsFrame gives the length of the AAC frame that b begins with, or 0.
func adtsFrame(b []byte) int {
	if len(b) < 7 || b[0] != 0xFF || b[1]&0xF6 != 0xF0 || b[2]>>2&15 > 12 {
		return 0
	}
	if n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5; n >= 7 {
		return n
	}
	return 0
}

// archive looks at the names in the head of a zip; nothing is ever unpacked.
func archive(head []byte, _ bool) string {
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) < 30 {
		return ""
	}
	if first := head[30:]; bytes.HasPrefix(first, []byte("mimetype")) {
		for _, kind := range []string{
			"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
			"application/vnd.oasis.opendocument.presentation", "application/epub+zip",
		} {
			if bytes.HasPrefix(first[len("mimetype"):], []byte(kind)) {
				return kind
			}
		}
	}
	const office = "application/vnd.openxmlformats-officedocument."
	if bytes.Contains(head, []byte("[Content_Types].xml")) {
		switch {
		case bytes.Contains(head, []byte("word/")):
			return office + "wordprocessingml.document"
		case bytes.Contains(head, []byte("xl/")):
			return office + "spreadsheetml.sheet"
		case bytes.Contains(head, []byte("ppt/")):
			return office + "presentationml.presentation"
		}
	}
	return "application/zip"
}

func picture(head []byte, _ bool) string {
	switch {
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")),
		bytes.HasPrefix(head, []byte("II+\x00")), bytes.HasPrefix(head, []byte("MM\x00+")):
		return TIFF
	case bytes.HasPrefix(head, []byte("8BPS")):
		return "image/vnd.adobe.photoshop"
	}
	return ""
}

// markup knows drawings that may carry scripts.
func markup(head []byte, _ bool) string {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n\f")
	if bytes.HasPrefix(text, []byte("<")) && bytes.Contains(bytes.ToLower(text), []byte("<svg")) {
		return SVG
	}
	return ""
}
