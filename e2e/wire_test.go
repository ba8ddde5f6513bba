package e2e

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is one person's own way to the product, which a test can cut. Pages
// still come while it is down, as they would from a browser's cache.
type wire struct {
	server  *httptest.Server
	sockets atomic.Int64 // that asked for their way here

	mu    sync.Mutex
	down  bool
	dark  bool   // while down, pages do not come either
	lost  string // what does not come: a part of its path; "" for nothing
	conns map[net.Conn]bool
}

func newWire(t *testing.T) *wire {
	t.Helper()
	product := startProduct(t)
	return newWireTo(t, func() string { return product })
}

// newWireTo is a way to what target says at the moment of each request.
func newWireTo(t *testing.T, target func() string) *wire {
	t.Helper()
	w := &wire{conns: map[net.Conn]bool{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if to, err := url.Parse(target()); err == nil {
				r.SetURL(to)
			}
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(out http.ResponseWriter, _ *http.Request, _ error) { hangUp(out) },
	}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chat" {
			w.sockets.Add(1)
		}
		if w.loses(r.URL.Path) {
			hangUp(out)
			return
		}
		if down, dark := w.isDown(); down && (dark || r.Method == http.MethodPost || r.URL.Path == "/chat") {
			hangUp(out)
			return
		}
		// A transport that still writes a small body as the answer comes ends the connection under it.
		if r.ContentLength > 0 && r.ContentLength <= 64<<10 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				hangUp(out)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		proxy.ServeHTTP(out, r)
	}))
	w.server.Config.ConnState = w.follow
	w.server.Start()
	t.Cleanup(func() {
		w.cut()
		w.server.Close()
	})
	return w
}

// follow keeps the connections that sockets have taken over: the server no
// longer knows those.
func (w *wire) follow(conn net.Conn, state http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if state == http.StateHijacked {
		w.conns[conn] = true
	}
}

func (w *wire) isDown() (down, dark bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down, w.dark
}

func (w *wire) loses(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost != "" && strings.Contains(path, w.lost)
}

// lose has nothing come whose path contains a part, "" for all to come again.
func (w *wire) lose(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost = part
}

// cut ends the sockets and lets nothing through until mend.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for conn := range w.conns {
		_ = conn.Close()
	}
	clear(w.conns)
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down, w.dark = false, false
}

// vanish is cut, with nothing left of the server, as when it is stopped.
func (w *wire) vanish() {
	w.cut()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dark = true
}

// hangUp ends a connection without an answer.
func hangUp(out http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(out).Hijack(); err == nil {
		_ = conn.Close()
	}
}
