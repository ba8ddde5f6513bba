package ctrl

import (
	"errors"
	"net/http"
	"strconv"

	"hongyan/model"
	"hongyan/service"
)

// pushKey answers what a browser subscribes with, and whether this device is
// subscribed already.
func (s *Server) pushKey(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	key, err := s.Push.Key(r.Context())
	if err != nil {
		return nil, err
	}
	on, content, err := s.Push.Waking(r.Context(), r.Session)
	return map[string]any{"key": key, "on": on, "content": content}, err
}

func (s *Server) pushSubscribe(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Endpoint string `json:"endpoint"`
		P256dh   string `json:"p256dh"`
		Auth     string `json:"auth"`
		Content  bool   `json:"content"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Notify, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return nil, s.Push.Subscribe(r.Context(), r.Session, model.PushSubscription{
		Endpoint: in.Endpoint, P256dh: in.P256dh, Auth: in.Auth, Content: in.Content, Lang: r.Lang, Origin: r.origin(),
	})
}

func (s *Server) pushUnsubscribe(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	return nil, s.Push.Unsubscribe(r.Context(), r.Session)
}

func (s *Server) pushTest(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Notify, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return delivered(s.Push.Test(r.Context(), r.Session))
}

// delivered answers how a test went: what others' servers say is no failure of
// the call.
func delivered(err error) (any, error) {
	var not *service.Undelivered
	if errors.As(err, &not) {
		return map[string]any{"delivered": false, "reason": not.Reason}, nil
	}
	return map[string]any{"delivered": true, "reason": ""}, err
}

// origin is the address at which the caller knows the site: links in what is
// sent to the caller alone begin with it.
func (r *request) origin() string {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" {
		return origin
	}
	scheme := "http"
	if isTLS(r.Request) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
