package ctrl

import "net/http"

func (s *Server) pinMessage(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind   int   `json:"kind"`
		DstID  int64 `json:"dstid"`
		Seq    int64 `json:"seq"`
		Pinned *bool `json:"pinned"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	on := in.Pinned == nil || *in.Pinned
	return nil, s.Messages.Pin(r.Context(), r.UserID(), in.Kind, in.DstID, in.Seq, on)
}

func (s *Server) listPins(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind  int   `json:"kind"`
		DstID int64 `json:"dstid"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	list, err := s.Messages.Pins(r.Context(), r.UserID(), in.Kind, in.DstID)
	return rows{Rows: list}, err
}
