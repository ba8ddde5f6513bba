package sniff

import (
	"bytes"
	"encoding/binary"
	"mime"
	"strings"
	"testing"
)

func ftyp(brand, rest string) string {
	return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x02\x00isomiso2" + rest
}

func ebml(docType, rest string) string {
	return "\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84" + docType + rest
}

func mp3(frames int) string {
	frame := make([]byte, 417) // MPEG 1 layer III, 128 kbit/s, 44.1 kHz
	copy(frame, "\xFF\xFB\x90\x00")
	return strings.Repeat(string(frame), frames)
}

func adts(frames int) string {
	frame := make([]byte, 64)
	copy(frame, "\xFF\xF1\x50\x80")
	binary.BigEndian.PutUint16(frame[4:], 64<<5)
	return strings.Repeat(string(frame), frames)
}

func zip(name, content, rest string) string {
	head := make([]byte, 30)
	copy(head, "PK\x03\x04")
	binary.LittleEndian.PutUint16(head[26:], uint16(len(name)))
	return string(head) + name + content + rest
}

func samples() []struct{ head, hint, want string } {
	const office = "application/vnd.openxmlformats-officedocument."
	return []struct{ head, hint, want string }{
		{"\xFF\xD8\xFF\xE0", ".html", "image/jpeg"},
		{"\x89PNG\r\n\x1a\n", "", "image/png"},
		{"GIF89a=1;alert(1)", ".js", "image/gif"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "image/webp"},
		{ftyp("isom", ""), "", "video/mp4"},
		{ftyp("isom", ""), ".m4a", "audio/mp4"},
		{ftyp("mp42", "hdlr\x00\x00\x00\x00\x00\x00\x00\x00soun"), "video/mp4", "audio/mp4"},
		{ftyp("mp42", "hdlr....vide....hdlr....soun"), "audio/mp4", "video/mp4"},
		{ftyp("M4A ", ""), "", "audio/mp4"},
		{ftyp("qt  ", ""), "", "video/quicktime"},
		{ftyp("heic", ""), ".jpg", HEIC},
		{ftyp("mif1", ""), "", HEIC},
		{ftyp("avif", ""), "", AVIF},
		{"\x00\x00\x00\x1Cftypmif1\x00\x00\x00\x00mif1avifmiaf", "", AVIF},
		// What MediaRecorder makes, whatever the page calls it.
		{ebml("webm", "\x86\x86A_OPUS"), ".mp3", "audio/webm"},
		{ebml("webm", "V_VP8 A_OPUS"), ".mp3", "video/webm"},
		{ebml("webm", ""), ".mp3", "audio/webm"},
		{ebml("webm", ""), "", "video/webm"},
		{ebml("matroska", "V_MPEG4"), "", "video/x-matroska"},
		{"OggS\x00\x02OpusHead", ".mp3", "audio/ogg"},
		{"OggS\x00\x02\x01vorbis", "", "audio/ogg"},
		{"OggS\x00\x02\x80theora", "audio/ogg", "video/ogg"},
		{"OggS\x00\x02unknown", "", "application/ogg"},
		{"ID3\x04\x00", "", "audio/mpeg"},
		{mp3(3), "", "audio/mpeg"},
		{mp3(1)[:100], "", "audio/mpeg"},
		{mp3(1) + "<html>", "", Binary},
		{adts(3), "", "audio/aac"},
		{"RIFF\x00\x00\x00\x00WAVEfmt ", "", "audio/wav"},
		{"fLaC\x00", "", "audio/flac"},
		{"#!AMR\n", "", "audio/amr"},
		{"%PDF-1.7\n", ".png", "application/pdf"},
		{zip("a.txt", "hello", ""), "", "application/zip"},
		{zip("[Content_Types].xml", "", zip("word/document.xml", "", "")), ".png", office + "wordprocessingml.document"},
		{zip("[Content_Types].xml", "", zip("xl/workbook.xml", "", "")), "", office + "spreadsheetml.sheet"},
		{zip("[Content_Types].xml", "", zip("ppt/presentation.xml", "", "")), "", office + "presentationml.presentation"},
		{zip("mimetype", "application/vnd.oasis.opendocument.text", ""), "", "application/vnd.oasis.opendocument.text"},
		{"II*\x00\x08\x00\x00\x00", ".jpg", TIFF},
		{"<!DOCTYPE html><html>", "image/png", "text/html"},
		{"  <script>alert(1)</script>", ".png", "text/html"},
		{"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>", ".png", SVG},
		{"\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<SVG>", "", SVG},
		{"<?xml version=\"1.0\"?><x/>", ".png", "text/xml"},
		{"alert(document.cookie)", ".png", "text/plain"},
		{"鸿雁传书", "", "text/plain"},
		{"", "", "text/plain"},
		{"\x00\x01\x02\x03", "image/png", Binary},
	}
}

func TestType(t *testing.T) {
	for _, c := range samples() {
		if got := Type([]byte(c.head), c.hint); got != c.want {
			t.Errorf("%.40q, said to be %q: %s, want %s", c.head, c.hint, got, c.want)
		}
	}
}

// TestNothingActiveIsServed holds the list of types to what cannot run.
func TestNothingActiveIsServed(t *testing.T) {
	for _, active := range []string{
		"text/html", "text/xml", SVG, "application/xhtml+xml", "text/javascript", "application/javascript",
		"application/xml", "text/css", "application/x-shockwave-flash", "", "nonsense",
	} {
		if Inline(active) || Served(active) != Binary || Extension(active) != "bin" {
			t.Errorf("%q is served as %s, inline %v", active, Served(active), Inline(active))
		}
	}
	for _, download := range []string{"application/pdf", "text/plain", "application/zip", TIFF, HEIC, "video/quicktime"} {
		if Inline(download) {
			t.Errorf("%s is shown in place", download)
		}
	}
	for _, shown := range []string{"image/png", "image/jpeg", "audio/mpeg", "video/mp4"} {
		if !Inline(shown) || Served(shown) != shown {
			t.Errorf("%s is not shown in place", shown)
		}
	}
}

func FuzzType(f *testing.F) {
	for _, c := range samples() {
		f.Add([]byte(c.head), c.hint)
	}
	f.Fuzz(func(t *testing.T, head []byte, hint string) {
		kind := Type(head, hint)
		if _, _, err := mime.ParseMediaType(kind); err != nil || len(kind) > 127 {
			t.Fatalf("%q: %v", kind, err)
		}
		if text := bytes.TrimSpace(head); bytes.HasPrefix(text, []byte("<")) && Inline(kind) {
			t.Fatalf("markup is shown as %s", kind)
		}
	})
}
