package ctrl

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/service"
)

// How long a client keeps the list, and how it waits between attempts: from
// first on, doubled each time up to most, each spread over its upper half.
const (
	dispatchTTL = 60 * time.Second
	backOffBase = time.Second
	backOffMost = 30 * time.Second
)

// nodeAddress is an address that a client may connect to.
type nodeAddress struct {
	URL  string `json:"url"`
	Load int64  `json:"load"` // sockets, as of some seconds ago
}

// publicDispatch is GET /dispatch: for the user who is signed in, else for the
// address that asks.
func (s *Server) publicDispatch(w http.ResponseWriter, r *http.Request) {
	call := &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
	if r.Method != http.MethodGet {
		s.failMethod(w, call, http.MethodGet)
		return
	}
	err := allow(s.Limits.Dispatch, limitKey(call.address()))
	client := "address " + limitKey(call.address())
	if err == nil {
		var session *model.Session
		if session, err = s.authenticate(r); session != nil {
			client = service.ClientOf(session.UserID)
		}
	}
	if err != nil {
		s.fail(w, call, err)
		return
	}
	result, err := s.dispatch(call, client)
	if err != nil {
		s.fail(w, call, err)
		return
	}
	s.succeed(w, call, result)
}

// userDispatch is GET /dispatch of the internal listener: for any user.
func (s *Server) userDispatch(_ http.ResponseWriter, r *request) (any, error) {
	id, err := strconv.ParseInt(r.URL.Query().Get("userid"), 10, 64)
	if err != nil || id <= 0 || id > model.MaxID {
		return nil, model.Invalid("userid")
	}
	return s.dispatch(r, service.ClientOf(id))
}

// openNodes lets the page that is answered open its socket at the nodes of the
// cluster that have addresses of their own, and gives their origins; none where
// the page's own is all there is. A page over HTTPS may speak to nodes over
// HTTPS alone.
func (p *pages) openNodes(w http.ResponseWriter, r *request) (origins []string, err error) {
	if p.Dispatch == nil {
		return nil, nil
	}
	nodes, err := p.Dispatch.Nodes(r.Context(), "")
	if err != nil {
		return nil, err
	}
	others := false
	for _, n := range nodes {
		if isTLS(r.Request) && !strings.HasPrefix(n.URL, "https://") {
			continue
		}
		origins = append(origins, n.URL)
		others = others || n.URL != ownOrigin(r.Request)
	}
	if !others {
		return nil, nil
	}
	sockets := "connect-src 'self'"
	for _, origin := range origins {
		sockets += " ws" + strings.TrimPrefix(origin, "http")
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "connect-src 'self'", sockets, 1))
	return origins, nil
}

// dispatch answers where to connect. Where no node has an address of its own,
// it is the one under which the caller found this one.
func (s *Server) dispatch(r *request, client string) (any, error) {
	nodes, err := s.Dispatch.Nodes(r.Context(), client)
	if err != nil {
		return nil, err
	}
	list := make([]nodeAddress, len(nodes))
	for i, n := range nodes {
		list[i] = nodeAddress{n.URL, n.Sockets}
	}
	if site := siteOf(r.Request); len(list) == 0 && site != "" {
		list = append(list, nodeAddress{URL: site})
	}
	return answer{
		"rows": list, "total": len(list), "ttl": int(dispatchTTL.Seconds()),
		"backoff": map[string]any{"first": backOffBase.Milliseconds(), "most": backOffMost.Milliseconds(), "factor": 2, "jitter": 0.5},
	}, nil
}
