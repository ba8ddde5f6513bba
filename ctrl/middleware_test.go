package ctrl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"hongyan/asset/locale"
	"hongyan/util/metrics"
)

// edgeOf puts an edge that logs to log around a mux.
func edgeOf(t *testing.T, log io.Writer, mux *http.ServeMux) (http.Handler, *metrics.Metrics) {
	t.Helper()
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New()
	h, err := Edge{
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Locale: catalogue, Metrics: m,
		Origins: []string{"https://friend.example"}, Policy: Policy(""),
	}.Wrap(mux)
	if err != nil {
		t.Fatal(err)
	}
	return h, m
}

func shown(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestPanicIsAnsweredCountedAndLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("POST /broken", func(http.ResponseWriter, *http.Request) { panic("secret internals") })
	h, m := edgeOf(t, &log, mux)
	r := httptest.NewRequest(http.MethodPost, "/broken", nil)
	r.Header.Set("Accept-Language", "en")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var body struct {
		Code       int
		Error, Msg string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusInternalServerError || body.Code != -1 || body.Error != "internal" {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "internals") || strings.Contains(w.Body.String(), ".go") {
		t.Errorf("the answer tells what is inside: %s", w.Body)
	}
	var incidents, lines int
	for line := range strings.Lines(log.String()) {
		var entry struct{ Level, Msg, Request, Error string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		lines++
		if entry.Level == "ERROR" {
			incidents++
			if !strings.Contains(entry.Error, "secret internals") || !strings.Contains(body.Msg, entry.Request) {
				t.Errorf("log %s does not belong to answer %s", line, w.Body)
			}
		}
	}
	if incidents != 1 || lines != 2 {
		t.Errorf("%d incidents in %d lines, want 1 in 2:\n%s", incidents, lines, log.String())
	}
	for _, want := range []string{`hongyan_panics_total{where="http"} 1`, `hongyan_http_requests_total{method="POST",route="/broken",status="500"} 1`} {
		if !strings.Contains(shown(t, m), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestPanicInHalfAnAnswerCutsTheConnection(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("later")
	})
	h, _ := edgeOf(t, io.Discard, mux)
	s := httptest.NewServer(h)
	defer s.Close()
	r, err := s.Client().Get(s.URL + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("half an answer looks like a whole one")
	}
}

func TestCrossSiteStateChanges(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/act", func(http.ResponseWriter, *http.Request) {})
	h, _ := edgeOf(t, io.Discard, mux)
	for _, c := range []struct {
		method, site, origin string
		want                 int
	}{
		{"POST", "same-origin", "https://chat.example", 200},
		{"POST", "none", "", 200},
		{"POST", "", "", 200}, // a program, not a browser
		{"POST", "", "http://chat.example", 200},
		{"POST", "cross-site", "https://evil.example", 403},
		{"POST", "same-site", "https://evil.chat.example", 403},
		{"POST", "", "https://evil.example", 403},
		{"POST", "", "null", 403},
		{"POST", "cross-site", "https://friend.example", 200},
		{"POST", "cross-site", "https://friend.example.evil.example", 403},
		{"GET", "cross-site", "https://evil.example", 200},
	} {
		r := httptest.NewRequest(c.method, "http://chat.example/act", nil)
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s from %q %q: %d, want %d", c.method, c.site, c.origin, w.Code, c.want)
		}
		if w.Code == 403 && !strings.Contains(w.Body.String(), `"error":"forbidden"`) {
			t.Errorf("the refusal is %s", w.Body)
		}
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /fine", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /status/get", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Frame-Options", "DENY") }) // added late
	mux.HandleFunc("GET /broken", func(http.ResponseWriter, *http.Request) { panic("x") })
	h, _ := edgeOf(t, io.Discard, mux)
	for _, path := range []string{"/fine", "/broken", "/absent", "/status/get"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		for name, want := range map[string]string{
			"Content-Security-Policy": "require-trusted-types-for 'script'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if !strings.Contains(w.Header().Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, w.Header().Get(name))
			}
		}
	}
	policy := Policy("https://bucket.oss.example")
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "img-src 'self' data: blob: https://bucket.oss.example;") ||
		strings.Contains(policy, "script-src 'self' https") {
		t.Errorf("policy %q", policy)
	}
}

func TestLogHasTheRouteAndNotTheURL(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /chat", func(http.ResponseWriter, *http.Request) {})
	h, _ := edgeOf(t, &log, mux)
	for _, path := range []string{"/chat?token=hunter2&id=1", "/reset/hunter2"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if strings.Contains(log.String(), "hunter2") || !strings.Contains(log.String(), `"route":"/chat"`) {
		t.Errorf("log is\n%s", log.String())
	}
}

func TestBodyIsBounded(t *testing.T) {
	mux := http.NewServeMux()
	var failed error
	read := func(_ http.ResponseWriter, r *http.Request) { _, failed = io.Copy(io.Discard, r.Body) }
	mux.HandleFunc("POST /json", read)
	mux.HandleFunc("POST /attach/upload", read)
	h, _ := edgeOf(t, io.Discard, mux)
	for _, c := range []struct {
		path string
		size int
		ok   bool
	}{{"/json", bodyLimit, true}, {"/json", bodyLimit + 1, false}, {"/attach/upload", 1 << 20, true}} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(strings.Repeat("x", c.size))))
		var tooLarge *http.MaxBytesError
		if ok := !errors.As(failed, &tooLarge); ok != c.ok {
			t.Errorf("%s with %d bytes: %v", c.path, c.size, failed)
		}
	}
}

func TestEveryRequestEnds(t *testing.T) {
	mux := http.NewServeMux()
	var within time.Duration
	look := func(_ http.ResponseWriter, r *http.Request) {
		within = 0
		if end, ok := r.Context().Deadline(); ok {
			within = time.Until(end)
		}
	}
	mux.HandleFunc("/", look)
	h, _ := edgeOf(t, io.Discard, mux)
	for path, most := range map[string]time.Duration{"/user/me": requestTime, "/attach/upload": transferTime} {
		for _, upgrade := range []string{"", "websocket"} {
			r := httptest.NewRequest(http.MethodPost, path, nil)
			r.Header.Set("Upgrade", upgrade)
			h.ServeHTTP(httptest.NewRecorder(), r)
			if within <= 0 || within > most {
				t.Errorf("%s, upgrade %q: ends within %v, want at most %v", path, upgrade, within, most)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/chat", nil)
	r.Header.Set("Upgrade", "websocket")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if within != 0 {
		t.Errorf("a socket ends within %v", within)
	}
}

func TestClientAddress(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.5:1", "", "203.0.113.5"},
		{"203.0.113.5:1", "1.2.3.4", "203.0.113.5"},
		{"10.0.0.1:1", "1.2.3.4", "1.2.3.4"},
		{"10.0.0.1:1", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
		{"10.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"},
		{"10.0.0.1:1", "rubbish", "10.0.0.1"},
		{"10.0.0.1:1", "1.2.3.4, rubbish", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"[::1]:1", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:10.0.0.1]:1", "1.2.3.4", "1.2.3.4"},
		{"@", "1.2.3.4", "@"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := proxies.address(r); got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestInternal(t *testing.T) {
	var fault error
	h := Internal(func(context.Context) error { return fault }, http.NotFoundHandler(), metrics.New(), slog.New(slog.DiscardHandler))
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404, "/debug/pprof/": 404} {
		if w := get(path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	fault = errors.New("database at 10.1.2.3 is away")
	if w := get("/readyz"); w.Code != 503 || strings.Contains(w.Body.String(), "10.1.2.3") {
		t.Errorf("not ready: %d %s", w.Code, w.Body)
	}
	if w := get("/healthz"); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
}
