package hub

import (
	"sync"
	"time"
)

// gate counts the frames that are under way, and lets no more in once it is
// shut: a WaitGroup could not be waited for while others still come.
type gate struct {
	mu      sync.Mutex // guards the following
	under   int
	shut    bool
	knocked time.Time // when it was shut, or somebody was refused last
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.knocked = time.Now()
		return false
	}
	g.under++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.under--
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.knocked = true, time.Now()
}

func (g *gate) state() (under int, knocked time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.under, g.knocked
}

// Begin takes a frame in that has an effect; Done is to be called when its
// outcome is queued. It is false once the node is being drained.
func (h *Hub) Begin() bool { return h.gate.enter() }

// Done ends Begin.
func (h *Hub) Done() { h.gate.leave() }
