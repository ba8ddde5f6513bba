package ctrl

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"hongyan/asset/locale"
	"hongyan/model"
	"hongyan/util/metrics"
)

// Bounds of a request on routes that have none of their own. The body of a
// JSON route is small; an upload or download may take transferTime in all, but
// an upload that stands still for stallTime is given up.
const (
	bodyLimit    = 64 << 10
	replyLimit   = 1 << 20
	requestTime  = 30 * time.Second
	transferTime = 15 * time.Minute
	stallTime    = 20 * time.Second
)

// Edge is what every request of the public listener passes through: a number,
// a line in the log, a count, the security headers, the refusal of cross-site
// state changes, bounds on time and size, and a net under panics.
type Edge struct {
	Log     *slog.Logger
	Locale  *locale.Catalogue
	Metrics *metrics.Metrics
	Origins []string // further origins that may change state
	Proxies Proxies  // whose X-Forwarded headers count
	Policy  string   // the Content-Security-Policy
}

// Wrap puts the edge around a handler. The handler must route with a ServeMux
// and hand it the very request it is given, so that log and counts see the route.
func (e Edge) Wrap(next http.Handler) (http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	for _, origin := range e.Origins {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("allowed origin: %w", err)
		}
	}
	secure := e.secure()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx := withRequestID(r.Context(), rand.Text()[:16])
		ctx, cancel := endInTime(withAddress(ctx, e.Proxies.address(r)), r)
		defer cancel()
		r = r.WithContext(ctx)
		out := &recorder{ResponseWriter: w}
		if waits(r) {
			out.late = secure
		} else {
			maps.Copy(out.Header(), secure)
		}
		defer e.finish(out, r, start)
		if err := guard.Check(r); err != nil {
			e.fail(out, r, model.Failf(model.CodeForbidden, "cross-site request: %w", err))
			return
		}
		boundBody(out, r)
		next.ServeHTTP(out, r)
	}), nil
}

// fail answers an error as the routes do.
func (e Edge) fail(w http.ResponseWriter, r *http.Request, err error) {
	s := &Server{Log: e.Log, Locale: e.Locale, Metrics: e.Metrics}
	s.fail(w, &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}, err)
}

// Unavailable answers everything with 503: what is served until the database
// works.
func (e Edge) Unavailable() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.fail(w, r, &model.Error{Code: model.CodeUnavailable, RetryAfter: 2 * time.Second})
	})
}

// waits tells of a request that is only there to wait, and should hold next to
// nothing meanwhile: no timer, as it has bounds of its own and ends with the
// connection, and no headers before it is answered.
func waits(r *http.Request) bool { return r.URL.Path == "/status/get" }

// endInTime ends the request's context in time.
func endInTime(ctx context.Context, r *http.Request) (context.Context, context.CancelFunc) {
	switch {
	case r.URL.Path == "/chat" && r.Header.Get("Upgrade") != "", waits(r):
		return ctx, func() {}
	case isTransfer(r):
		return context.WithTimeout(ctx, transferTime)
	}
	return context.WithTimeout(ctx, requestTime)
}

// isTransfer tells whether a request moves a file, which may be large.
func isTransfer(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/attach/") || strings.HasPrefix(r.URL.Path, "/mnt/")
}

// limitOf is how large a body may be. What somebody writes without modules must
// arrive to be given back where it is too long for a message, and a form makes
// three bytes of one.
func limitOf(r *http.Request) int64 {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/c/") {
		return replyLimit
	}
	return bodyLimit
}

// boundBody bounds the body, and gives transfers the time that the server's own
// timeouts would not. Deadlines cannot be set in every test; that is no fault.
func boundBody(w http.ResponseWriter, r *http.Request) {
	if !bringsFile(r) {
		r.Body = http.MaxBytesReader(w, r.Body, limitOf(r))
	}
	if !isTransfer(r) {
		return
	}
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(transferTime))
	r.Body = &steadyBody{ReadCloser: r.Body, control: c}
}

// bringsFile tells whether a request's body is a file or a part of one, which
// its route bounds. Others beside them are as small as any.
func bringsFile(r *http.Request) bool {
	return r.URL.Path == "/attach/upload" || r.URL.Path == "/attach/part"
}

// steadyBody moves the read deadline on as long as bytes arrive.
type steadyBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read reads with stallTime to do so.
func (b *steadyBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(stallTime))
	return b.ReadCloser.Read(p)
}

// Policy gives the Content-Security-Policy, the same for every answer; files
// is the origin of the object store, empty where this server serves the files.
func Policy(files string) string {
	if files != "" {
		files = " " + files
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:" + files +
		"; media-src 'self' blob:" + files + "; connect-src 'self'" + files +
		"; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'" +
		"; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html default"
}

// secure are the headers of every answer. Their values are shared: who sets one
// anew puts another list in its place.
func (e Edge) secure() http.Header {
	return http.Header{
		"Content-Security-Policy":    {e.Policy},
		"X-Content-Type-Options":     {"nosniff"},
		"Referrer-Policy":            {"same-origin"},
		"Cross-Origin-Opener-Policy": {"same-origin"},
		"X-Frame-Options":            {"DENY"},
		"Permissions-Policy":         {"camera=(self), microphone=(self), geolocation=(), payment=()"},
	}
}

// finish recovers a panic, counts the request and writes its line. It runs
// deferred, so that what ends early is seen too.
func (e Edge) finish(out *recorder, r *http.Request, start time.Time) {
	fault := recover()
	aborted := fault == http.ErrAbortHandler //nolint:errorlint // net/http panics with this very value
	if fault != nil && !aborted {
		e.Metrics.Panics.WithLabelValues("http").Inc()
		if out.status == 0 {
			e.fail(out, r, fmt.Errorf("panic: %v\n%s", fault, debug.Stack())) // logs it, with the request's id
		} else {
			e.Log.Error("panic", "request", requestID(r.Context()), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			aborted = true // half an answer must not look like a whole one
		}
	}
	if out.status == 0 {
		out.addLate() // net/http begins the answer after this
	}
	took := time.Since(start)
	status := strconv.Itoa(out.code())
	e.Metrics.Requests.WithLabelValues(methodOf(r), routeOf(r), status).Inc()
	if out.status != http.StatusSwitchingProtocols {
		e.Metrics.RequestSeconds.WithLabelValues(routeOf(r)).Observe(took.Seconds())
	}
	e.logLine(out, r, took)
	if aborted {
		panic(http.ErrAbortHandler)
	}
}

func (e Edge) logLine(out *recorder, r *http.Request, took time.Duration) {
	level := logLevel(r, out.code())
	if !e.Log.Enabled(r.Context(), level) {
		return // what it would say costs something already
	}
	e.Log.Log(r.Context(), level, "request", "request", requestID(r.Context()), "method", methodOf(r), "route", routeOf(r), "status", out.code(),
		"bytes", out.bytes, "took", took.Round(time.Microsecond), "address", ClientAddress(r.Context()))
}

// logLevel keeps the many requests for assets out of the usual log.
func logLevel(r *http.Request, status int) slog.Level {
	if status < http.StatusBadRequest && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// routeOf names a request by the pattern that took it: the raw URL may hold a
// secret, and there is no end to its values.
func routeOf(r *http.Request) string {
	_, path, found := strings.Cut(r.Pattern, " ")
	switch {
	case found:
		return path
	case r.Pattern != "":
		return r.Pattern
	}
	return "none"
}

// methodOf is the request's method as a label: what is not known is one value.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
