package ctrl

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hongyan/service"
)

// TestDispatchInsideNamesThePublicListener: a program that asks at the internal
// listener hears where clients may connect, which is not there.
func TestDispatchInsideNamesThePublicListener(t *testing.T) {
	for _, c := range []struct {
		public, host string
		tls          bool
		want         string
	}{
		{"127.0.0.1:8080", "127.0.0.1:8081", false, "http://127.0.0.1:8080"},
		{"[::]:8080", "10.0.0.7:8081", false, "http://10.0.0.7:8080"},
		{"0.0.0.0:443", "n1.lan:8081", true, "https://n1.lan:443"},
		{"[::]:8080", "n1.lan", false, "http://n1.lan:8080"},
		{"[::]:8080", "[::1]:8081", false, "http://[::1]:8080"},
		{"[::]:8080", "bad host", false, ""},
		{"", "n1.lan:8081", false, ""},
	} {
		r := httptest.NewRequest("GET", "/dispatch?userid=1", nil)
		r.Host = c.host
		s := &Server{Public: c.public, PublicTLS: c.tls}
		if got := s.publicSite(r); got != c.want {
			t.Errorf("%q asked at %q: %q, want %q", c.public, c.host, got, c.want)
		}
	}
}

// TestDispatchInsideNeedsNoUser: whom the list is for may be left out, but is
// not guessed where it is wrong.
func TestDispatchInsideNeedsNoUser(t *testing.T) {
	b := newBooth(t)
	b.server.Public = "127.0.0.1:8080"
	b.server.Dispatch = service.NewDispatchService(b.db, "n", "", func() int64 { return 0 }, time.Now)
	bearer := []string{"Authorization", "Bearer " + b.key}
	for _, query := range []string{"", "?userid=", "?userid=7"} {
		got := b.wantAnswer(200, "", "GET", b.inside+"/dispatch"+query, "", bearer...)
		for _, part := range []string{`"url":"http://127.0.0.1:8080"`, `"ttl":60`, `"backoff":{"factor":2,"first":1000,"jitter":0.5,"most":30000}`} {
			if !strings.Contains(got.raw, part) {
				t.Errorf("%q: no %s in %s", query, part, got.raw)
			}
		}
	}
	for _, query := range []string{"?userid=x", "?userid=0", "?userid=-1"} {
		b.wantAnswer(400, "invalid_argument", "GET", b.inside+"/dispatch"+query, "", bearer...)
	}
}
