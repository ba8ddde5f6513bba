package ctrl

import (
	"net/http"
	"strconv"

	"hongyan/model"
	"hongyan/service"
)

func (s *Server) listChannels(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	list, err := s.Notify.List(r.Context(), r.UserID())
	if err != nil {
		return nil, err
	}
	return answer{"rows": list, "total": len(list), "kinds": s.Notify.Kinds()}, nil
}

func (s *Server) setChannel(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID        int64   `json:"id"`
		Kind      string  `json:"kind"`
		Name      *string `json:"name"`
		Address   *string `json:"address"`
		Secret    *string `json:"secret"`
		Zone      *string `json:"zone"`
		Content   *bool   `json:"content"`
		Enabled   *bool   `json:"enabled"`
		QuietFrom *int    `json:"quietfrom"`
		QuietTo   *int    `json:"quietto"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Notify, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	channel, made, err := s.Notify.Set(r.Context(), r.UserID(), service.ChannelChange{
		ID: in.ID, Kind: in.Kind, Name: in.Name, Address: in.Address, Secret: in.Secret, Zone: in.Zone, Content: in.Content,
		Enabled: in.Enabled, QuietFrom: in.QuietFrom, QuietTo: in.QuietTo, Lang: r.Lang, Origin: r.origin(),
	})
	if err != nil {
		return nil, err
	}
	return struct {
		*model.NotifyChannel
		Made string `json:"secret,omitempty"` // of a new webhook, this once
	}{channel, made}, nil
}

func (s *Server) deleteChannel(_ http.ResponseWriter, r *request) (any, error) {
	id, err := r.channel()
	if err != nil {
		return nil, err
	}
	return nil, s.Notify.Delete(r.Context(), r.UserID(), id)
}

func (s *Server) testChannel(_ http.ResponseWriter, r *request) (any, error) {
	id, err := r.channel()
	if err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Notify, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return delivered(s.Notify.Test(r.Context(), r.UserID(), id))
}

func (s *Server) confirmChannel(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID   int64  `json:"id"`
		Code string `json:"code"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if in.ID <= 0 {
		return nil, model.Invalid("id")
	}
	if err := allow(s.Limits.Notify, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return nil, s.Notify.Confirm(r.Context(), r.UserID(), in.ID, in.Code)
}

// channel reads the id of a call about one channel.
func (r *request) channel() (int64, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	err := r.Bind(&in)
	if err == nil && in.ID <= 0 {
		err = model.Invalid("id")
	}
	return in.ID, err
}
