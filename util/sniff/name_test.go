package sniff

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestName(t *testing.T) {
	for _, c := range []struct{ name, kind, want string }{
		{"photo.jpg", "image/jpeg", "photo.jpg"},
		{"photo.JPEG", "image/jpeg", "photo.JPEG"},
		{"voice.mp3", "audio/webm", "voice.weba"},
		{"page.html", "image/jpeg", "page.html.jpg"},
		{"page.html", "text/html", "page.html"},
		{"报告 (1).pdf", "application/pdf", "报告 (1).pdf"},
		{"../../etc/passwd", Binary, "passwd"},
		{`C:\Users\me\a.doc`, Binary, "a.doc"},
		{"..", Binary, "file"},
		{"", "image/png", "file.png"},
		{".png", "image/png", "file.png"},
		{"a\x00b\r\nSet-Cookie: x\x7f.txt", "text/plain", "abSet-Cookie: x.txt"},
		{"invoice\u202Efdp.exe", Binary, "invoicefdp.exe"},
		{"\xff\xfe.txt", "text/plain", "file.txt"},
		{"..%2f..%2fa.txt", "text/plain", "%2f..%2fa.txt"},
		{strings.Repeat("长", 2000) + ".txt", "text/plain", strings.Repeat("长", 65) + ".txt"},
		{"x." + strings.Repeat("y", 5000), Binary, "x." + strings.Repeat("y", 198)},
	} {
		if got := Name(c.name, c.kind); got != c.want {
			t.Errorf("%.60q as %s: %q, want %q", c.name, c.kind, got, c.want)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("photo.jpg", "image/jpeg")
	f.Add("鸿雁\x00\n\u202E.exe", Binary)
	f.Add(`a"; filename="b.html`, "image/png")
	f.Fuzz(func(t *testing.T, name, kind string) {
		got := Name(name, kind)
		if got == "" || len(got) > maxName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\r\n") {
			t.Fatalf("%q", got)
		}
		for _, inline := range []bool{true, false} {
			how, params, err := mime.ParseMediaType(Disposition(got, inline))
			if err != nil || (how == "inline") != inline || params["filename"] != got {
				t.Fatalf("%q reads as %q, %q, %v", Disposition(got, inline), how, params["filename"], err)
			}
		}
	})
}
