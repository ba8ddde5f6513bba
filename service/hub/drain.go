package hub

import (
	"context"
	"time"

	"hongyan/model"
)

const (
	// drainPoll is how often a draining hub looks whether it is done.
	drainPoll = 10 * time.Millisecond
	// hush is how long no frame must have come until what the clients had sent
	// before they heard of the drain is taken for answered.
	hush = 100 * time.Millisecond
)

// Drain is Move, Quiet and Close in one.
func (h *Hub) Drain(ctx context.Context, within time.Duration) {
	h.Move(within)
	h.Quiet(ctx)
	h.Close(ctx)
}

// Move lets no more sockets and frames in and asks those that are here to come
// back elsewhere within the time given.
func (h *Hub) Move(within time.Duration) {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	h.gate.close()
	move := h.frame(&model.Message{Cmd: model.CmdMove, Amount: within.Milliseconds()}, false)
	for _, n := range h.users.all() {
		n.send(move)
	}
}

// Quiet waits, after Move, until every frame that was let in has its outcome
// queued and those that came later are refused. Who goes on sending all the
// same holds it up for closeGrace at most.
func (h *Hub) Quiet(ctx context.Context) {
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	var idle time.Time // since when nothing is under way
	for {
		under, knocked := h.gate.state()
		if under == 0 && idle.IsZero() {
			idle = time.Now()
		}
		if under == 0 && (h.users.keys() == 0 || time.Since(knocked) > hush || time.Since(idle) > closeGrace) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			h.log.Warn("frames have no outcome yet", "frames", under)
			return
		}
	}
}

// Close writes what is queued, closes all sockets and waits for the last one.
// When ctx ends first, the rest is cut.
func (h *Hub) Close(ctx context.Context) {
	defer h.part()
	nodes := h.users.all()
	h.settle(ctx, nodes)
	for _, n := range nodes {
		n.Close(CloseGoingAway, "going away")
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		h.open.Wait()
		h.writers.wait()
		h.readers.close()
	}()
	select {
	case <-closed:
		return
	case <-ctx.Done():
	}
	for _, n := range nodes {
		n.cut()
	}
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-closed:
	case <-grace.C:
		h.log.Warn("readers did not end", "sockets", len(nodes))
	}
}

// settle waits until what is queued is written, at most closeGrace: a client
// that does not read must not hold up the others.
func (h *Hub) settle(ctx context.Context, nodes []*Node) {
	deadline := time.Now().Add(closeGrace)
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for _, n := range nodes {
		for n.DataQueue.depth() > 0 && !n.Closing() && time.Now().Before(deadline) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Draining reports whether the hub lets nobody in any more.
func (h *Hub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}
