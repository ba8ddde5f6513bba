package main

import (
	"time"

	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/db"
)

// waiting wires what is held until something happens, on whichever node, and
// the keys of the programs that make it happen.
func (s *server) waiting(edge *ctrl.Server, d *db.DB, committer *service.Committer) *service.Wakes {
	wakes := service.NewWakes(d, nil, time.Now)
	edge.Origins = s.config.AllowedOrigins
	edge.Keys = service.NewAPIKeyService(d, time.Now)
	edge.Status = service.NewStatusService(d, committer, wakes, time.Now)
	edge.QRLogins = service.NewQRLoginService(d, edge.Users, wakes, time.Now)
	return wakes
}
