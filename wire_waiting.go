package main

import (
	"time"

	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/hub"
)

// waiting wires what is held until something happens, on whichever node, and
// the keys of the programs that make it happen. The hub's bus carries the hints.
func (s *server) waiting(edge *ctrl.Server, d *db.DB, committer *service.Committer, live *hub.Hub) *service.Wakes {
	wakes := service.NewWakes(d, live, time.Now)
	live.OnWake(wakes.Ring)
	edge.Origins = s.config.AllowedOrigins
	edge.Keys = service.NewAPIKeyService(d, time.Now)
	edge.Status = service.NewStatusService(d, committer, wakes, time.Now)
	edge.QRLogins = service.NewQRLoginService(d, edge.Users, wakes, time.Now)
	load := func() int64 { return int64(live.Counts().Sockets) }
	edge.Dispatch = service.NewDispatchService(d, s.node, s.config.Advertise, load, time.Now)
	return wakes
}
