package ctrl

import (
	"net"
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
	client := byAddress(call)
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
	result, err := s.dispatch(call, client, siteOf(r))
	if err != nil {
		s.fail(w, call, err)
		return
	}
	s.succeed(w, call, result)
}

// byAddress names a caller who is nobody in particular.
func byAddress(r *request) string { return "address " + limitKey(r.address()) }

// userDispatch is GET /dispatch of the internal listener: for any user, or as the
// public one for the address that asks.
func (s *Server) userDispatch(_ http.ResponseWriter, r *request) (any, error) {
	client := byAddress(r)
	if text := r.URL.Query().Get("userid"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 || id > model.MaxID {
			return nil, model.Invalid("userid")
		}
		client = service.ClientOf(id)
	}
	return s.dispatch(r, client, s.publicSite(r.Request))
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

// publicSite is the address of the public listener as far as a program inside can
// know it: where that listens, or its port on the host at which the program found
// this node. The address of the internal listener is nothing for clients.
func (s *Server) publicSite(r *http.Request) string {
	host, port, err := net.SplitHostPort(s.Public)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		if host, _, err = net.SplitHostPort(r.Host); err != nil {
			host = strings.Trim(r.Host, "[]")
		}
	}
	outside := *r
	outside.Host = net.JoinHostPort(host, port)
	site := siteOf(&outside)
	if _, address, found := strings.Cut(site, "://"); found && s.PublicTLS {
		return "https://" + address
	}
	return site
}

// dispatch answers where to connect. Where no node has an address of its own,
// it is site, "" if that is not known either.
func (s *Server) dispatch(r *request, client, site string) (any, error) {
	nodes, err := s.Dispatch.Nodes(r.Context(), client)
	if err != nil {
		return nil, err
	}
	list := make([]nodeAddress, len(nodes))
	for i, n := range nodes {
		list[i] = nodeAddress{n.URL, n.Sockets}
	}
	if len(list) == 0 && site != "" {
		list = append(list, nodeAddress{URL: site})
	}
	return answer{
		"rows": list, "total": len(list), "ttl": int(dispatchTTL.Seconds()),
		"backoff": map[string]any{"first": backOffBase.Milliseconds(), "most": backOffMost.Milliseconds(), "factor": 2, "jitter": 0.5},
	}, nil
}
