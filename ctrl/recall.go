package ctrl

import (
	"net/http"
	"strconv"

	"hongyan/service"
)

func (s *Server) listRecalls(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		DstID  int64  `json:"dstid"`
		Before *int64 `json:"before"`
		Limit  int    `json:"limit"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.History, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	list, next, err := s.Messages.Recalls(r.Context(), r.UserID(), in.DstID, service.Page{Before: in.Before, Limit: in.Limit})
	return answer{"rows": list, "total": len(list), "before": next}, err
}
