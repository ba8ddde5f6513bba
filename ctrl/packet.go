package ctrl

import (
	"net/http"
	"strconv"

	"hongyan/service"
)

func (s *Server) sendPacket(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Kind   int    `json:"kind"`
		DstID  int64  `json:"dstid"`
		Amount int64  `json:"amount"`
		Count  int    `json:"count"`
		Mode   string `json:"mode"`
		Memo   string `json:"memo"`
		CID    string `json:"cid"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Packet, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return s.Packets.Send(r.Context(), r.UserID(), service.NewPacket(in))
}

func (s *Server) openPacket(_ http.ResponseWriter, r *request) (any, error) {
	id, err := r.packet()
	if err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Packet, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return s.Packets.Open(r.Context(), r.UserID(), id)
}

func (s *Server) packetInfo(_ http.ResponseWriter, r *request) (any, error) {
	id, err := r.packet()
	if err != nil {
		return nil, err
	}
	return s.Packets.Info(r.Context(), r.UserID(), id)
}

func (r *request) packet() (int64, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	err := r.Bind(&in)
	return in.ID, err
}

func (s *Server) packetStates(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		IDs []int64 `json:"ids"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	list, err := s.Packets.States(r.Context(), r.UserID(), in.IDs)
	return rows{Rows: list}, err
}

func (s *Server) packetBalance(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	amount, currency, err := s.Packets.Balance(r.Context(), r.UserID())
	if err != nil {
		return nil, err
	}
	return map[string]any{"balance": amount, "currency": currency}, nil
}
