package ctrl

import (
	"net/http"

	"hongyan/service"
)

func (s *Server) listStickers(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	list, err := s.Stickers.List(r.Context(), r.UserID())
	return rows{Rows: list}, err
}

func (s *Server) addSticker(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		URL   string `json:"url"`
		Kind  int    `json:"kind"`
		DstID int64  `json:"dstid"`
		Seq   int64  `json:"seq"`
		Name  string `json:"name"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Stickers.Add(r.Context(), r.UserID(), service.NewSticker(in))
}

func (s *Server) removeSticker(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Stickers.Remove(r.Context(), r.UserID(), in.ID)
}
