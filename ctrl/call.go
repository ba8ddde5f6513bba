package ctrl

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hongyan/util/turn"
)

// callServers tells a client how its calls may find their way: the servers for
// its RTCPeerConnection, with credentials of its own.
func (s *Server) callServers(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Ticket, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	servers, policy := []turn.ICE{}, "all"
	if s.Relay != nil {
		servers = s.Relay.Servers(r.UserID(), hostOf(r.Host))
	}
	if s.RelayOnly {
		policy = "relay"
	}
	return map[string]any{"iceServers": servers, "policy": policy, "ttl": int64(turn.TTL / time.Second)}, nil
}

// hostOf is the name in a Host header, without its port.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.Trim(header, "[]")
}
