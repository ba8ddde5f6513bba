package ctrl

import (
	"net/http"

	"hongyan/model"
)

// maxAsked is of how many users a program may ask at once.
const maxAsked = 1000

// onlineUser tells a program whether somebody is there.
type onlineUser struct {
	ID      int64 `json:"id"`
	Online  bool  `json:"online"`
	Sockets int   `json:"sockets"`
}

// listOnline is POST /api/online: the index of who is connected, on all nodes. A
// user whom there is not is not online.
func (s *Server) listOnline(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Users []int64 `json:"users"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	switch {
	case len(in.Users) == 0:
		return nil, model.Invalid("users")
	case len(in.Users) > maxAsked:
		return nil, model.TooLarge("users")
	}
	list := make([]onlineUser, len(in.Users))
	for i, id := range in.Users {
		n := s.Chat.Hub.Sockets(id)
		list[i] = onlineUser{ID: id, Online: n > 0, Sockets: n}
	}
	return rows{Rows: list}, nil
}

// kickUser is POST /api/kick: a user is signed out everywhere, or one session ends.
func (s *Server) kickUser(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		User    int64 `json:"user"`
		Session int64 `json:"session"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	switch {
	case in.User < 0 || in.User > 0 && in.Session != 0:
		return nil, model.Invalid("user")
	case in.User > 0:
		return nil, s.Devices.Kick(r.Context(), in.User)
	case in.Session <= 0:
		return nil, model.Invalid("session")
	}
	return nil, s.Devices.KickSession(r.Context(), in.Session)
}
