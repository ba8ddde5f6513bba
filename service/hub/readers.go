package hub

import (
	"runtime"
	"sync"
	"time"

	"hongyan/util/poll"
)

const (
	// readersPerCore goroutines read for all sockets while they get on with
	// it: more than one, since they ask the database.
	readersPerCore = 4
	// stallTime is how long nothing may be taken from the line before more
	// goroutines come to help: then those there are wait for something, such
	// as a database that does not answer, and others must not wait with them.
	stallTime = 5 * time.Millisecond
)

// readers are the goroutines that read where a poller tells which socket has
// something: a few as long as they get on, at worst one for each socket that
// has something to say.
type readers struct {
	hub *Hub
	min int // goroutines that are started at once and stay

	mu      sync.Mutex // guards the following
	work    sync.Cond  // signalled where nodes are in line
	line    line
	tasks   int // all goroutines
	running int // of them that read
	idle    int // of them waiting for work, and not signalled yet
	outside int // of them waiting in the middle of a client's message
	taken   int // counts what was taken from the line
	seen    int // taken, when stall was set
	stall   *time.Timer
	stalled bool      // stall is running
	ended   sync.Cond // signalled when the last task ends
	poller  *poll.Poller
	closed  bool
}

func newReaders(h *Hub) *readers {
	r := &readers{hub: h, min: readersPerCore * runtime.GOMAXPROCS(0)}
	r.work.L, r.ended.L = &r.mu, &r.mu
	return r
}

// add has nodes read.
func (r *readers) add(nodes ...*Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.add(nodes...)
	for range nodes {
		if !r.help() {
			break
		}
	}
	if r.idle == 0 && !r.stalled && r.line.len() > 0 {
		r.observe()
	}
}

// help gets another goroutine to work, if one may. The caller holds mu.
func (r *readers) help() bool {
	switch {
	case r.idle > 0:
		r.idle--
		r.work.Signal()
	case r.running-r.outside < r.min:
		r.start()
	default:
		return false
	}
	return true
}

func (r *readers) start() {
	r.running++
	r.task("readers", r.run)
}

// task runs a goroutine that close waits for. The caller holds mu.
func (r *readers) task(name string, fn func()) {
	r.tasks++
	go func() {
		defer r.left()
		r.hub.guard(name, fn)
	}()
}

// observe looks after stallTime whether the line has moved.
func (r *readers) observe() {
	r.stalled, r.seen = true, r.taken
	if r.stall == nil {
		r.stall = time.AfterFunc(stallTime, func() { r.hub.guard("readers", r.relieve) })
		return
	}
	r.stall.Reset(stallTime)
}

// relieve doubles the goroutines, as far as there is work for them, where those
// there are do not get on.
func (r *readers) relieve() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stalled = false
	if r.line.len() == 0 {
		return
	}
	if r.taken == r.seen {
		for range min(r.line.len(), max(r.running, r.min)) {
			r.start()
		}
	}
	r.observe()
}

// away takes note that a reader waits for its client (1) or no longer does (-1).
func (r *readers) away(change int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outside += change
	if change > 0 && r.line.len() > 0 {
		r.help()
	}
}

// run reads the nodes in line until there is none, and no need to wait for more.
func (r *readers) run() {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.running--
	}()
	for n := r.next(); n != nil; n = r.next() {
		n.turn()
	}
}

func (r *readers) left() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tasks--; r.tasks == 0 {
		r.ended.Broadcast()
	}
}

func (r *readers) next() *Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if n := r.line.next(); n != nil {
			r.taken++
			return n
		}
		if r.closed || r.running-r.outside > r.min {
			return nil
		}
		r.idle++
		r.work.Wait()
	}
}

// watches tells whether there is a poller for n.
func (r *readers) watches(n *Node) bool {
	if n.hub.goroutines || n.pipe.raw == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if r.poller == nil {
		p, err := poll.New()
		if err != nil {
			return false // a goroutine each does as well
		}
		r.poller = p
		r.task("poller", func() {
			if err := p.Run(r.wake); err != nil {
				r.hub.log.Error("sockets are not read any more", "error", err)
			}
		})
	}
	return true
}

// watch has the poller tell of n, what has come already included.
func (r *readers) watch(n *Node) bool { return r.poller.Add(n.pipe.raw, n.ID) == nil }

// wake has those nodes read that nobody reads already.
func (r *readers) wake(reports []poll.Report) {
	var asleep [16]*Node
	nodes := asleep[:0]
	for _, report := range reports {
		n := r.hub.origins.find(report.Token)
		if n == nil {
			continue
		}
		if report.Ended {
			n.pipe.ended.Store(true) // before whoever reads may rest
		}
		if n.rouse() {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) > 0 {
		r.add(nodes...)
	}
}

// close ends the poller and, when they have read what is in line, the others,
// and waits for them.
func (r *readers) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed, r.idle = true, 0
	r.work.Broadcast()
	if r.stall != nil && r.line.len() == 0 {
		r.stall.Stop()
	}
	if r.poller != nil {
		_ = r.poller.Close() // it holds nothing that could be lost
	}
	for r.tasks > 0 {
		r.ended.Wait()
	}
}
