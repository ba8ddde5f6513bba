package ctrl

import (
	"net/http"
	"strconv"
	"strings"

	"hongyan/model"
	"hongyan/service"
)

// inviteInput names a group, or a link into one.
type inviteInput struct {
	DstID int64  `json:"dstid"`
	ID    int64  `json:"id"`
	Token string `json:"token"`
	Hours *int64 `json:"hours"`
	Uses  int64  `json:"uses"`
	Memo  string `json:"memo"`
	Nick  string `json:"nick"`
}

// madeLink is a link as its maker is told of it, this once.
type madeLink struct {
	*model.Invite
	Token string `json:"token"`
	URL   string `json:"url"`
}

func (s *Server) makeInviteLink(_ http.ResponseWriter, r *request) (any, error) {
	var in inviteInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Ask, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	token, made, err := s.Communities.MakeInvite(r.Context(), r.UserID(), in.DstID, service.NewInvite{Hours: in.Hours, Uses: in.Uses})
	if err != nil {
		return nil, err
	}
	return madeLink{Invite: made, Token: token, URL: siteOf(r.Request) + joinPath + token}, nil
}

func (s *Server) listInviteLinks(_ http.ResponseWriter, r *request) (any, error) {
	var in inviteInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	list, err := s.Communities.Invites(r.Context(), r.UserID(), in.DstID)
	return rows{Rows: list}, err
}

func (s *Server) revokeInviteLink(_ http.ResponseWriter, r *request) (any, error) {
	var in inviteInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Communities.RevokeInvite(r.Context(), r.UserID(), in.ID, in.Token)
}

func (s *Server) joinByLink(_ http.ResponseWriter, r *request) (any, error) {
	var in inviteInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Ask, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	id, status, err := s.Communities.JoinByInvite(r.Context(), r.UserID(), in.Token, in.Memo)
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": status, "dstid": id}, nil
}

func (s *Server) setNick(_ http.ResponseWriter, r *request) (any, error) {
	var in inviteInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Ask, strconv.FormatInt(r.UserID(), 10)); err != nil { // the whole group hears of it
		return nil, err
	}
	return nil, s.Communities.SetNick(r.Context(), r.UserID(), in.DstID, in.Nick)
}

func (s *Server) listNicks(_ http.ResponseWriter, r *request) (any, error) {
	var in inviteInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	list, err := s.Communities.Nicks(r.Context(), r.UserID(), in.DstID)
	return rows{Rows: list}, err
}

// siteOf is the address under which the caller reached this site: what a link
// for others begins with. It is told to the caller alone. A Host that is none
// gives "", and the link is a path.
func siteOf(r *http.Request) string {
	if r.Host == "" || strings.Trim(strings.ToLower(r.Host), "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != "" {
		return ""
	}
	if isTLS(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
