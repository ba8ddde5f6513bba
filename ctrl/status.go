package ctrl

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"hongyan/model"
	"hongyan/service"
)

// How long a GET is held unless it asks for less, and the time after it in which
// the answer must be written.
const (
	holdTime  = 25 * time.Second
	replyTime = 10 * time.Second
)

// heldRoutes are the public GETs that answer JSON: most are held until there is
// something to say.
func (s *Server) heldRoutes(mux *http.ServeMux) {
	if s.Status != nil {
		mux.HandleFunc("/status/get", s.statusGet)
	}
	if s.Dispatch != nil {
		mux.HandleFunc("/dispatch", s.publicDispatch)
	}
	if s.QRLogins != nil {
		mux.HandleFunc("/qrlogin/wait", s.waitQRLogin)
	}
}

// statusGet is GET /status/get?key=K, for the pages of any integrator on the
// allow-list: it is public, and who asks is known by the key alone.
func (s *Server) statusGet(w http.ResponseWriter, r *http.Request) {
	call := &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
	origin, err := s.foreign(r)
	var served *service.Served
	if err == nil && r.Method == http.MethodGet { // not HEAD: it would take a value that nobody reads
		served, err = s.awaitStatus(w, call)
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Retry-After")
	}
	switch {
	case err != nil:
		s.fail(w, call, err)
	case r.Method == http.MethodGet:
		hand(r.Context(), w, served)
	case r.Method == http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", http.MethodGet)
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	default:
		s.failMethod(w, call, http.MethodGet)
	}
}

// foreign gives the origin that a browser names for a page of another site: one
// on the allow-list, "" for this site's own pages and for programs. Others are
// refused before they take a value that their page could not read.
func (s *Server) foreign(r *http.Request) (string, error) {
	origin := r.Header.Get("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case origin != "" && slices.Contains(s.Origins, origin):
		return origin, nil
	case origin != "" && origin != siteOf(r), origin == "" && site != "" && site != "same-origin" && site != "none":
		return "", model.Failf(model.CodeForbidden, "status: origin %q, %q", origin, site)
	}
	return "", nil
}

// awaitStatus waits for the value that a GET asks for; nil if none came. Nothing
// is written yet, not even a header: that would be held while it waits.
func (s *Server) awaitStatus(w http.ResponseWriter, r *request) (*service.Served, error) {
	query := r.URL.Query()
	hold, err := holdOf(query.Get("timeout"))
	if err != nil {
		return nil, err
	}
	release, err := s.park(r)
	if err != nil {
		return nil, err
	}
	defer release()
	holdLine(w, hold)
	return s.Status.Get(r.Context(), query.Get("key"), hold)
}

// hand answers with what was waited for. A value that does not get there waits on.
func hand(ctx context.Context, w http.ResponseWriter, served *service.Served) {
	if served == nil {
		writeTimeout(w)
	} else if err := deliver(ctx, w, served.Value); err != nil {
		served.GiveBack()
	}
}

// holdOf reads how many seconds a GET may be held.
func holdOf(text string) (time.Duration, error) {
	if text == "" {
		return holdTime, nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > holdTime {
		return 0, model.Invalid("timeout")
	}
	return time.Duration(seconds) * time.Second, nil
}

// park takes one of the places for requests that are held: they cost the node
// memory while they wait, so nobody has all of them.
func (s *Server) park(r *request) (release func(), err error) {
	key := limitKey(r.address())
	if err := allow(s.Limits.Hold, key); err != nil {
		return nil, err
	}
	leave, ok := s.Limits.Parked.Take(key)
	if !ok {
		s.Metrics.Limited.WithLabelValues("parked").Inc()
		return nil, &model.Error{Code: model.CodeRateLimited, RetryAfter: time.Second}
	}
	s.Metrics.Held.Inc()
	return func() { leave(); s.Metrics.Held.Dec() }, nil
}

// holdLine gives a connection the time that the server's own timeouts would
// not: net/http takes a read deadline that passes for a client who is gone.
// Deadlines cannot be set in every test; that is no fault.
func holdLine(w http.ResponseWriter, hold time.Duration) {
	c := http.NewResponseController(w)
	end := time.Now().Add(hold + replyTime)
	_ = c.SetReadDeadline(end)
	_ = c.SetWriteDeadline(end)
}

// writeTimeout answers a wait in which nothing happened. That is no failure of the
// request, so the HTTP status is 200.
func writeTimeout(w http.ResponseWriter) {
	_ = writeBody(w, []byte(`{"code":-1,"error":"timeout","msg":""}`)) // who is gone missed nothing
}

// deliver answers a value that is served once; an error means that the client
// did not get it, as far as this side can know.
func deliver(ctx context.Context, w http.ResponseWriter, data any) error {
	body, err := json.Marshal(answer{"code": 0, "msg": "", "data": data})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := writeBody(w, body); err != nil {
		return err
	}
	// From here on the client may have it, and be gone because of that.
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func writeBody(w http.ResponseWriter, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	return err
}

// setStatus is POST /status/set of the internal listener.
func (s *Server) setStatus(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Key   string `json:"key"`
		Value string `json:"value"`
		TTL   int    `json:"ttl"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Status.Set(r.Context(), in.Key, in.Value, in.TTL)
}
