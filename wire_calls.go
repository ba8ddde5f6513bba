package main

import (
	"context"

	"hongyan/service"
)

// connectCalls lets people call each other whose sockets are at different nodes.
func (s *server) connectCalls(ctx context.Context, p *product) {
	letters := service.NewLetters(p.db, p.wakes, s.node, s.now, s.log)
	p.calls.Connect(p.db, letters, s.now)
	p.background(ctx, "letters", letters.Run)
	p.background(ctx, "calls", p.calls.Listen)
	p.background(ctx, "lines", p.calls.Keep)
}
