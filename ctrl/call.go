package ctrl

import (
	"net/http"
)

// callServers tells a client how its calls may find their way: servers for
// RTCPeerConnection with credentials of its own, and how long they are good.
func (s *Server) callServers(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	return map[string]any{"iceServers": []any{}, "ttl": 600, "policy": "all"}, nil
}
