package preview_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/util/outbound"
	"hongyan/util/preview"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// anywhere lets tests reach the servers that they start; public does not.
func anywhere(netip.AddrPort) error { return nil }

func public(to netip.AddrPort) error {
	if !outbound.Public(to.Addr()) {
		return preview.ErrForbidden
	}
	return nil
}

func page(t *testing.T, kind, body string) string {
	t.Helper()
	return site(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(body))
	})
}

func site(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}

func TestWhatAPageSays(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("<head><meta charset=gbk><title>鸿雁传书</title>")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ kind, body, title, note, picture string }{
		"for cards": {"text/html; charset=utf-8", `<html><head><title>no</title><meta property="og:title" content="A &amp; B">
			<meta property=og:description content=" two
			lines "><meta property="og:image" content="/i.png"></head>`, "A & B", "two lines", "/i.png"},
		"for search engines": {"text/html", `<title>T</title><meta name="Description" content="D">`, "T", "D", ""},
		"in Chinese":         {"text/html", gbk, "鸿雁传书", "", ""},
		"not in the body":    {"text/html", `<body><title>x</title><meta property="og:title" content="y">`, "", "", ""},
		"turned around":      {"text/html", "<title>a\u202egpj.exe</title>", "agpj.exe", "", ""},
		"script as picture":  {"text/html", `<title>t</title><meta property="og:image" content="javascript:alert(1)">`, "t", "", ""},
		"markup in a title":  {"text/html", `<title><b>x</b></title>`, "<b>x</b>", "", ""},
		"a long one":         {"text/html", "<title>" + strings.Repeat("长", 300) + "</title>", strings.Repeat("长", 119) + "…", "", ""},
		"cut off":            {"text/html", "<title>half</title><meta na", "half", "", ""},
		"empty":              {"text/html", "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			url := page(t, tt.kind, tt.body)
			got, err := preview.New(anywhere).Fetch(t.Context(), url+"/p?q#f")
			if tt.picture != "" {
				tt.picture = url + tt.picture
			}
			want := preview.Page{URL: url + "/p?q", Host: strings.TrimPrefix(url, "http://"), Title: tt.title, Note: tt.note, Picture: tt.picture}
			if err != nil || got != want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestWhatIsNoPage(t *testing.T) {
	for name, url := range map[string]string{
		"json":    page(t, "application/json", "{}"),
		"no type": page(t, "", ""),
		"absent":  site(t, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }),
		"packed":  site(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "gzip") }),
	} {
		if got, err := preview.New(anywhere).Fetch(t.Context(), url); !errors.Is(err, preview.ErrNoPage) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, address := range []string{"", "x", "ftp://a.test/", "file:///etc/passwd", "javascript:alert(1)", "//a.test/", "http://u:p@a.test/", "http://u@a.test/", "http:a.test",
		"http://", "http://a.test/" + strings.Repeat("x", 3000), "http://a b/", "gopher://a.test"} {
		if _, err := preview.New(anywhere).Fetch(t.Context(), address); !errors.Is(err, preview.ErrForbidden) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// Nothing reaches what the guard does not let through: not by a name, and not by
// a redirect.
func TestTheGuardIsNotLedAround(t *testing.T) {
	var reached atomic.Int32
	inside := site(t, func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>secret</title>"))
	})
	port := inside[strings.LastIndex(inside, ":"):]
	for _, address := range []string{inside, "http://localhost" + port, "http://[::1]" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "http://2130706433" + port, "http://0x7f.1" + port} {
		if got, err := preview.New(public).Fetch(t.Context(), address); err == nil {
			t.Errorf("%s: %+v", address, got)
		}
	}
	door := site(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) })
	only := netip.MustParseAddrPort(strings.TrimPrefix(door, "http://"))
	guard := func(to netip.AddrPort) error { // stands for the public web
		if to == only {
			return nil
		}
		return public(to)
	}
	if got, err := preview.New(guard).Fetch(t.Context(), door); !errors.Is(err, preview.ErrForbidden) {
		t.Errorf("by a redirect: %+v, %v", got, err)
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("reached %d times", n)
	}
	if got, err := preview.New(anywhere).Fetch(t.Context(), door); err != nil || got.Title != "secret" {
		t.Errorf("the test itself: %+v, %v", got, err)
	}
}

func TestRedirects(t *testing.T) {
	var cookies, referers atomic.Int32
	url := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			cookies.Add(1)
		}
		if r.Header.Get("Referer") != "" {
			referers.Add(1)
		}
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err == nil && n > 0 {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, fmt.Sprint("/", n-1), http.StatusMovedPermanently)
			return
		}
		if r.URL.Path == "/out" {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>there</title>"))
	})
	f := preview.New(anywhere)
	if got, err := f.Fetch(t.Context(), url+"/3"); err != nil || got.Title != "there" || got.URL != url+"/0" {
		t.Errorf("three: %+v, %v", got, err)
	}
	for _, path := range []string{"/4", "/out"} {
		if got, err := f.Fetch(t.Context(), url+path); err == nil {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if cookies.Load() != 0 || referers.Load() != 0 {
		t.Errorf("%d cookies, %d referers", cookies.Load(), referers.Load())
	}
}

// A page that does not end is read so far; a picture that large is none; what
// comes too slowly is given up.
func TestHugeAndSlow(t *testing.T) {
	huge := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>huge</title><!--"))
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat("x", 64<<10))); err != nil {
				return
			}
		}
	})
	f := preview.New(anywhere)
	if got, err := f.Fetch(t.Context(), huge); err != nil || got.Title != "huge" {
		t.Errorf("huge: %+v, %v", got, err)
	}
	if data, err := f.Picture(t.Context(), huge); err == nil {
		t.Errorf("a huge picture of %d bytes", len(data))
	}
	slow := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	start := time.Now()
	if got, err := f.Fetch(t.Context(), slow); err == nil {
		t.Errorf("slow: %+v", got)
	}
	if took := time.Since(start); took > preview.Timeout+2*time.Second {
		t.Errorf("slow took %v", took)
	}
}

func FuzzPage(f *testing.F) {
	f.Add("<title>x</title><meta property=og:image content=/x>")
	f.Fuzz(func(t *testing.T, body string) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(body))
		}))
		defer s.Close()
		page, err := preview.New(anywhere).Fetch(t.Context(), s.URL)
		if err == nil && (len([]rune(page.Title)) > 120 || strings.ContainsAny(page.Title+page.Note, "\n\u202e")) {
			t.Errorf("%+v", page)
		}
	})
}
