package ctrl

import (
	"net/http"
	"strconv"
)

func (s *Server) createRecord(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind  int     `json:"kind"`
		DstID int64   `json:"dstid"`
		Seqs  []int64 `json:"seqs"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Record, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return s.Records.Create(r.Context(), r.UserID(), in.Kind, in.DstID, in.Seqs)
}

func (s *Server) getRecord(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Records.Get(r.Context(), r.UserID(), in.ID)
}
