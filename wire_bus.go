package main

import (
	"context"
	"strconv"
	"strings"

	"hongyan/service"
	"hongyan/service/cluster"
	"hongyan/service/db"
	"hongyan/service/hub"
)

// joinBus opens the bus to the other nodes and gives the hub its ends of it; nil
// where the node is by itself. Where the configuration has no secret, that of the
// store does: whoever can read it is a node.
func (s *server) joinBus(ctx context.Context, d *db.DB, epoch int64, o *hub.Options) (cluster.Bus, *service.CatchUp, error) {
	if s.config.Bus == "local" {
		return nil, nil, nil
	}
	secret := s.config.BusSecret
	if secret == "" {
		var err error
		if secret, err = service.SharedSecret(ctx, d, "bus"); err != nil {
			return nil, nil, err
		}
	}
	bus, err := cluster.Open(ctx, cluster.Options{
		Address: s.config.Bus, Secret: secret, Scope: strconv.FormatInt(epoch, 36), Node: s.node, Metrics: s.metrics, Log: s.log,
	})
	if err != nil {
		return nil, nil, err
	}
	catchUp, err := service.NewCatchUp(ctx, d, s.metrics, s.log)
	if err != nil {
		_ = bus.Close()
		return nil, nil, err
	}
	o.Bus, o.Store, o.Lost = bus, catchUp, catchUp.Lost
	return bus, catchUp, nil
}

// busNote says what a bus needs that is not there.
func (s *server) busNote() (note string, missing bool) {
	if s.config.Bus == "local" || !strings.HasPrefix(s.config.DB, "sqlite:") {
		return "", false
	}
	return "a bus, but a database of this node's own: other nodes need the same one (-db mysql://…)", true
}
