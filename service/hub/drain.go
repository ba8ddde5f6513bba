package hub

import (
	"context"
	"time"

	"hongyan/model"
)

// drainPoll is how often a draining hub looks whether the queues are empty.
const drainPoll = 10 * time.Millisecond

// Drain lets no more sockets in, asks those that are here to come back
// elsewhere within the time given, writes what is queued, closes them all and
// waits for the last one. When ctx ends first, the rest is cut.
func (h *Hub) Drain(ctx context.Context, within time.Duration) {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	move := h.frame(&model.Message{Cmd: model.CmdMove, Amount: within.Milliseconds()}, false)
	nodes := h.users.all()
	for _, n := range nodes {
		n.send(move)
	}
	h.settle(ctx, nodes)
	for _, n := range nodes {
		n.Close(CloseGoingAway, "going away")
	}
	closed := make(chan struct{})
	go func() {
		h.open.Wait()
		h.tasks.Wait()
		close(closed)
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
