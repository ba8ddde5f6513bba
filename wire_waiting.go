package main

import (
	"runtime/debug"

	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/hub"
	"hongyan/util/calm"
	"hongyan/util/guard"
)

// storm gives memory back to the system after many sockets have opened, or many
// requests have been held: what their handshakes took is not needed to wait.
func (s *server) storm(d *db.DB) *calm.Watch {
	return calm.New(func() {
		guard.Run(s.log, s.metrics.Panics.WithLabelValues("storm").Inc, "storm", func() {
			d.GiveBack()
			debug.FreeOSMemory()
		})
	})
}

// waiting wires what is held until something happens, on whichever node, and
// the keys of the programs that make it happen. The hub's bus carries the hints.
func (s *server) waiting(edge *ctrl.Server, d *db.DB, committer *service.Committer, live *hub.Hub) *service.Wakes {
	wakes := service.NewWakes(d, live, s.now)
	live.OnWake(wakes.Ring)
	edge.Origins = s.config.AllowedOrigins
	edge.Public, edge.PublicTLS = s.public, s.tls != nil
	edge.Keys = service.NewAPIKeyService(d, s.now)
	edge.Status = service.NewStatusService(d, committer, wakes, s.now)
	edge.QRLogins = service.NewQRLoginService(d, edge.Users, wakes, s.now)
	load := func() int64 { return int64(live.Counts().Sockets) }
	edge.Dispatch = service.NewDispatchService(d, s.node, s.config.Advertise, load, s.now)
	return wakes
}
