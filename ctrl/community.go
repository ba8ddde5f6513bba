package ctrl

import (
	"net/http"

	"hongyan/model"
	"hongyan/service"
)

// groupInput names a group and, where there is one, the member it is about.
type groupInput struct {
	DstID    int64  `json:"dstid"`
	MemberID int64  `json:"memberid"`
	Memo     string `json:"memo"`
	Role     string `json:"role"`
	Seconds  *int64 `json:"seconds"`
}

func (s *Server) createCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Name    string  `json:"name"`
		Icon    string  `json:"icon"`
		Cate    int     `json:"cate"`
		Memo    string  `json:"memo"`
		Join    string  `json:"join"`
		Members []int64 `json:"members"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Communities.Create(r.Context(), r.UserID(), service.NewGroup(in))
}

func (s *Server) joinCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	status, err := s.Communities.Join(r.Context(), r.UserID(), in.DstID, in.Memo)
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": status}, nil
}

func (s *Server) loadCommunity(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil { // the classic clients name themselves
		return nil, err
	}
	list, err := s.Communities.Mine(r.Context(), r.UserID())
	return rows{Rows: list}, err
}

func (s *Server) leaveCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Communities.Leave(r.Context(), r.UserID(), in.DstID)
}

func (s *Server) communityInfo(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Communities.Info(r.Context(), r.UserID(), in.DstID)
}

func (s *Server) communityMembers(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	list, err := s.Communities.Members(r.Context(), r.UserID(), in.DstID)
	return rows{Rows: list}, err
}

func (s *Server) updateCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		DstID  int64   `json:"dstid"`
		Name   *string `json:"name"`
		Icon   *string `json:"icon"`
		Cate   *int    `json:"cate"`
		Memo   *string `json:"memo"`
		Join   *string `json:"join"`
		Notice *string `json:"notice"`
		Quiet  *bool   `json:"quiet"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Communities.Update(r.Context(), r.UserID(), in.DstID, service.GroupChange{
		Name: in.Name, Icon: in.Icon, Cate: in.Cate, Memo: in.Memo, Join: in.Join, Notice: in.Notice, Quiet: in.Quiet,
	})
}

func (s *Server) inviteToCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		DstID   int64   `json:"dstid"`
		Members []int64 `json:"members"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	result, err := s.Communities.Invite(r.Context(), r.UserID(), in.DstID, in.Members)
	if err != nil {
		return nil, err
	}
	status := service.JoinedGroup
	if len(result.Requested) > 0 {
		status = service.RequestedGroup
	}
	return map[string]any{"status": status, "joined": list(result.Joined), "requested": list(result.Requested)}, nil
}

// list is never null in JSON.
func list(ids []int64) []int64 {
	if ids == nil {
		return []int64{}
	}
	return ids
}

func (s *Server) kickMember(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Communities.Kick(r.Context(), r.UserID(), in.DstID, in.MemberID)
}

func (s *Server) muteMember(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if in.Seconds == nil { // a forgotten field must not end a mute
		return nil, model.Invalid("seconds")
	}
	return nil, s.Communities.Mute(r.Context(), r.UserID(), in.DstID, in.MemberID, *in.Seconds)
}

func (s *Server) setMemberRole(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Communities.SetRole(r.Context(), r.UserID(), in.DstID, in.MemberID, in.Role)
}

func (s *Server) transferCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Communities.Transfer(r.Context(), r.UserID(), in.DstID, in.MemberID)
}

func (s *Server) dismissCommunity(_ http.ResponseWriter, r *request) (any, error) {
	var in groupInput
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Communities.Dismiss(r.Context(), r.UserID(), in.DstID)
}
