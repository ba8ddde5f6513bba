package service_test

import (
	"bytes"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/preview"
)

// A page's picture becomes an upload of who asked; what is no picture is left
// out, and a page that cannot be had is the address's fault.
func TestPreview(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			switch r.URL.Path {
			case "/good":
				_, _ = w.Write([]byte(`<title>标题</title><meta name=description content=说明><meta property=og:image content=/p.png>`))
			case "/odd":
				_, _ = w.Write([]byte(`<title>odd</title><meta property=og:image content=/good>`))
			case "/p.png":
				_, _ = w.Write(picture.Bytes())
			default:
				http.NotFound(w, r)
			}
		}))
		defer web.Close()
		s := service.NewPreviewService(preview.New(func(netip.AddrPort) error { return nil }), d.files, slog.New(slog.DiscardHandler))
		v, err := s.Look(t.Context(), alice, web.URL+"/good")
		if err != nil || v.Title != "标题" || v.Note != "说明" || v.Host != strings.TrimPrefix(web.URL, "http://") || v.URL != web.URL+"/good" {
			t.Errorf("%+v, %v", v, err)
		}
		if f, data := d.load(v.Pic); f.Type != "image/png" || len(data) == 0 {
			t.Errorf("picture %q: %+v", v.Pic, f)
		}
		files := len(d.left())
		if v, err := s.Look(t.Context(), alice, web.URL+"/odd"); err != nil || v.Title != "odd" || v.Pic != "" || len(d.left()) != files {
			t.Errorf("no picture: %+v, %v", v, err)
		}
		if v, err := s.Look(t.Context(), alice, web.URL+"/none"); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("no page: %+v, %v", v, err)
		}
	})
}

func TestPublicWeb(t *testing.T) {
	for address, fine := range map[string]bool{
		"1.1.1.1:443": true, "[2606:4700::1111]:80": true, "1.1.1.1:22": false, "1.1.1.1:8080": false, "127.0.0.1:80": false,
		"169.254.169.254:80": false, "[::ffff:10.0.0.1]:443": false, "[fd00:ec2::254]:80": false,
	} {
		if err := service.PublicWeb(netip.MustParseAddrPort(address)); (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
	}
}
