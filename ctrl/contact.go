package ctrl

import (
	"net/http"
	"strconv"
	"strings"
)

// contactInput names another user, and where it makes sense a word about them.
type contactInput struct {
	DstID  int64  `json:"dstid"`
	Mobile string `json:"mobile"`
	Memo   string `json:"memo"`
}

func (s *Server) addFriend(_ http.ResponseWriter, r *request) (any, error) {
	var in contactInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	caller := strconv.FormatInt(r.UserID(), 10)
	if err := allow(s.Limits.Ask, caller); err != nil {
		return nil, err
	}
	if in.DstID == 0 { // a mobile that is nobody's is told: the same bound as for finding
		if err := allow(s.Limits.Find, caller); err != nil {
			return nil, err
		}
	}
	status, err := s.Contacts.Ask(r.Context(), r.UserID(), in.DstID, in.Mobile, in.Memo)
	return map[string]string{"status": status}, err
}

func (s *Server) listRequests(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	list, err := s.Requests.List(r.Context(), r.UserID())
	return rows{Rows: list}, err
}

func (s *Server) acceptRequest(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Requests.Accept(r.Context(), r.UserID(), in.ID)
}

func (s *Server) rejectRequest(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID   int64  `json:"id"`
		Memo string `json:"memo"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Requests.Reject(r.Context(), r.UserID(), in.ID, strings.TrimSpace(in.Memo))
}

func (s *Server) loadFriends(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	list, err := s.Contacts.Friends(r.Context(), r.UserID())
	return rows{Rows: list}, err
}

func (s *Server) remarkFriend(_ http.ResponseWriter, r *request) (any, error) {
	var in contactInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Contacts.Remark(r.Context(), r.UserID(), in.DstID, in.Memo)
}

func (s *Server) removeFriend(_ http.ResponseWriter, r *request) (any, error) {
	var in contactInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Contacts.Remove(r.Context(), r.UserID(), in.DstID)
}

func (s *Server) blockUser(_ http.ResponseWriter, r *request) (any, error) {
	var in contactInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Contacts.Block(r.Context(), r.UserID(), in.DstID)
}

func (s *Server) unblockUser(_ http.ResponseWriter, r *request) (any, error) {
	var in contactInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Contacts.Unblock(r.Context(), r.UserID(), in.DstID)
}

func (s *Server) listBlocked(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	list, err := s.Contacts.Blocked(r.Context(), r.UserID())
	return rows{Rows: list}, err
}

func (s *Server) starFriend(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		DstID int64 `json:"dstid"`
		On    *bool `json:"on"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Contacts.Star(r.Context(), r.UserID(), in.DstID, in.On == nil || *in.On)
}
