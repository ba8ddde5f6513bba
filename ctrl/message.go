package ctrl

import (
	"net/http"
	"strconv"

	"hongyan/model"
	"hongyan/service"
)

func (s *Server) listConversations(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil { // the classic clients name themselves
		return nil, err
	}
	list, err := s.Conversations.List(r.Context(), r.UserID())
	return rows{Rows: list}, err
}

func (s *Server) loadHistory(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind   int    `json:"kind"`
		DstID  int64  `json:"dstid"`
		Before *int64 `json:"before"`
		After  *int64 `json:"after"`
		Limit  int    `json:"limit"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.History, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	list, err := s.Messages.History(r.Context(), r.UserID(), in.Kind, in.DstID,
		service.Page{Before: in.Before, After: in.After, Limit: in.Limit})
	return rows{Rows: list}, err
}

func (s *Server) setConversation(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind     int     `json:"kind"`
		DstID    int64   `json:"dstid"`
		Pinned   *bool   `json:"pinned"`
		Muted    *bool   `json:"muted"`
		MuteFor  *int64  `json:"mutefor"`
		Archived *bool   `json:"archived"`
		Unread   *bool   `json:"unread"`
		Draft    *string `json:"draft"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Conversations.Set(r.Context(), model.Sender{UserID: r.UserID()}, in.Kind, in.DstID,
		service.Settings{
			Pinned: in.Pinned, Muted: in.Muted, MuteFor: in.MuteFor, Archived: in.Archived, Unread: in.Unread, Draft: in.Draft})
}

func (s *Server) searchMessages(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Q        string  `json:"q"`
		Kind     int     `json:"kind"`
		DstID    int64   `json:"dstid"`
		Before   int64   `json:"before"`
		Limit    int     `json:"limit"`
		Media    []int64 `json:"media"`
		Links    bool    `json:"links"`
		From     int64   `json:"from"`
		To       int64   `json:"to"`
		MemberID int64   `json:"memberid"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Search, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	list, err := s.Search.Find(r.Context(), r.UserID(), service.Query{
		Text: in.Q, Kind: in.Kind, DstID: in.DstID, Before: in.Before, Limit: in.Limit,
		Filter: service.Filter{Media: in.Media, Links: in.Links, From: in.From, To: in.To, MemberID: in.MemberID},
	})
	return rows{Rows: list}, err
}

func (s *Server) listReaders(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind  int   `json:"kind"`
		DstID int64 `json:"dstid"`
		Seq   int64 `json:"seq"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.History, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	list, err := s.Messages.Readers(r.Context(), r.UserID(), in.Kind, in.DstID, in.Seq)
	return rows{Rows: list}, err
}

func (s *Server) countReceipts(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind  int     `json:"kind"`
		DstID int64   `json:"dstid"`
		Seqs  []int64 `json:"seqs"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.History, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	list, err := s.Messages.ReceiptsOf(r.Context(), r.UserID(), in.Kind, in.DstID, in.Seqs)
	return rows{Rows: list}, err
}
