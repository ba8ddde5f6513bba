package main

import (
	"context"

	"hongyan/util/turn"
)

// startRelay starts the relay of calls, if there is to be one. It ends after the
// drain: who is in a call may stay in it until then.
func (s *server) startRelay(ctx context.Context) (stop func(), err error) {
	if s.config.Turn == "" {
		return func() {}, nil
	}
	s.relay, err = turn.Start(ctx, turn.Options{
		Listen: s.config.Turn, Public: s.config.TurnPublic, LAN: s.config.TurnLAN,
		From: s.config.TurnPorts.From, To: s.config.TurnPorts.To, Log: s.log,
	})
	if err != nil {
		return nil, err
	}
	s.metrics.Relays(s.relay.Count)
	return func() {
		if err := s.relay.Close(); err != nil {
			s.log.Warn("the relay did not close", "error", err)
		}
	}, nil
}
