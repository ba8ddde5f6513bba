package hub

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
	"gopkg.in/fatih/set.v0"
)

// Close codes of protocol.md that the live side itself uses.
const (
	CloseGoingAway = websocket.CloseGoingAway       // the server goes away
	CloseNotText   = websocket.CloseUnsupportedData // a binary frame
	CloseNotUTF8   = websocket.CloseInvalidFramePayloadData
	CloseTooLong   = websocket.CloseMessageTooBig
	CloseTryLater  = websocket.CloseTryAgainLater
	CloseSlow      = 4008 // the queue stayed stuck

	closePolicy = websocket.ClosePolicyViolation
)

const (
	// ReadTimeout is how long a socket may say nothing: three heartbeats.
	ReadTimeout = 3 * Heartbeat
	// Heartbeat is how often a client is asked to give a sign of life; it is
	// well below the minute after which proxies cut idle connections.
	Heartbeat = 25 * time.Second
	// closeGrace is how long a socket may take to say goodbye in turn.
	closeGrace = time.Second
	// stuckTimeout is how long a client may owe the reading of what would make
	// room for its resync.
	stuckTimeout = 10 * time.Second
	// maxRooms bounds the live rooms of a socket.
	maxRooms = 32
	// maxLinger bounds what is read and thrown away of a client that is cut
	// off in the middle of a frame, so that it gets to read why.
	maxLinger = 1 << 20
)

// Node is one socket: a tab, a phone. Lock order: a user's shard, Node.mu, a
// group's shard, DataQueue.mu, writers.mu.
type Node struct {
	Conn      *websocket.Conn
	DataQueue DataQueue
	GroupSets set.Interface // the groups it is in, nil before the first; guarded by mu

	ID        uint64 // the Origin of what it sends
	UserID    int64
	SessionID int64
	Address   string // of the client, for the limit per address

	hub      *Hub
	pipe     *Pipe
	receiver Receiver
	reading  atomic.Int32 // awake, again or asleep
	heard    atomic.Int64 // when something was last read, by the hub's clock
	// watching is the timer of the last hole; it does not outlive the node.
	watching atomic.Pointer[time.Timer]

	mu      sync.Mutex     // guards the following and GroupSets
	changes map[int64]bool // groups entered (true) and left while they are being loaded
	loading bool
	gone    bool // it is in no index, and never will be again
	rooms   map[int64]struct{}

	done       signal      // the node is to end
	finished   signal      // the close frame is out or the socket is cut
	saidBye    atomic.Bool // the client's close frame was read
	slow       atomic.Bool // it was given up for not reading
	registered bool        // it counts as open; set by Attach, read by finish
}

// Done is closed when the node has ended: nothing it sends has an effect.
func (n *Node) Done() <-chan struct{} { return n.done.wait() }

// Closing reports whether the node has ended.
func (n *Node) Closing() bool { return n.done.fired.Load() }

// Send queues m for this socket alone. It never blocks.
func (n *Node) Send(m model.Message) {
	f, err := newFrame(&m, isEphemeral(m.Cmd))
	if err != nil {
		n.hub.log.Error("frame not encoded", "error", err)
		return
	}
	n.send(f)
}

// Pong answers a ping.
func (n *Node) Pong(payload string) { n.send(controlFrame(opPong, []byte(payload))) }

func (n *Node) send(f *Frame) {
	if n.push(f) == awakened {
		n.hub.call(n)
	}
}

// push queues f and leaves it to the caller to call a writer.
func (n *Node) push(f *Frame) outcome {
	o := n.DataQueue.push(f, n.UserID)
	switch o {
	case dropped:
		if f.ephemeral {
			n.hub.metrics.Dropped.Inc()
		}
	case overflow:
		n.hub.metrics.Dropped.Inc()
		n.watch()
	case missed:
		n.hub.metrics.Dropped.Inc()
	}
	return o
}

// watch gives a node with a hole stuckTimeout to make room for its resync.
func (n *Node) watch() {
	hole := n.DataQueue.hole()
	timer := time.AfterFunc(stuckTimeout, func() {
		n.hub.guard("watch", func() {
			if n.DataQueue.owing(hole) {
				n.tooSlow()
			}
		})
	})
	if old := n.watching.Swap(timer); old != nil {
		old.Stop() // its hole is filled, or there would be no new one
	}
	if n.Closing() {
		timer.Stop() // leave may have been too early to see it
	}
}

// tooSlow ends a node whose client does not read what it is sent. Its queue is
// abandoned: all of it is in the store.
func (n *Node) tooSlow() {
	n.slow.Store(true)
	n.end(CloseSlow, "too slow", true)
}

// Heard takes note of a sign of life and lets the client be silent for another
// ReadTimeout. It is the receiver's to call.
func (n *Node) Heard() {
	n.heard.Store(int64(n.hub.clock()))
	n.pipe.wire = 0
}

// Close ends the node: it leaves the registry at once, what is queued is still
// written, then the client is told why. It does not block, and only the first
// call counts.
func (n *Node) Close(code int, reason string) { n.end(code, reason, false) }

func (n *Node) end(code int, reason string, abandon bool) {
	if o, first := n.DataQueue.end(closeFrame(code, reason), abandon); first {
		if code == CloseSlow {
			n.hub.metrics.SlowClosed.Inc()
		}
		n.leave(code, reason)
		if o == awakened {
			n.hub.call(n)
		}
	}
}

// leave takes the node out of the registry, once.
func (n *Node) leave(code int, reason string) {
	n.mu.Lock()
	first := !n.gone
	if first {
		n.gone = true
		_ = n.pipe.SetReadDeadline(time.Now().Add(closeGrace)) // the first it has; a broken socket says so when it is read
		if n.GroupSets != nil {
			n.GroupSets.Each(func(g any) bool {
				n.hub.groups.remove(g.(int64), n)
				return true
			})
			n.GroupSets.Clear()
		}
		for room := range n.rooms {
			n.hub.rooms.remove(room, n)
		}
		n.rooms = nil
	}
	n.mu.Unlock()
	if first {
		n.done.fire()
		if n.rouse() {
			n.hub.readers.add(n) // for the client's goodbye
		}
		if timer := n.watching.Load(); timer != nil {
			timer.Stop()
		}
		n.hub.forget(n)
		n.hub.log.Debug("socket closing", "socket", n.ID, "user", n.UserID, "code", code, "reason", reason)
	}
}

// cut ends the node without a word.
func (n *Node) cut() {
	n.DataQueue.stop()
	n.leave(0, "cut")
	_ = n.pipe.Conn.Close()
	n.finished.fire()
}

// goodbye is what the reader does when it reads no more. It says farewell if
// nobody has yet, waits a moment for the client to hear it and closes the
// connection. A socket that broke by itself is cut.
func (n *Node) goodbye() {
	defer n.finish()
	if !n.Closing() {
		return
	}
	if !n.saidBye.Load() {
		// Closing a connection with unread bytes would take the close frame
		// back: the rest is read first, within closeGrace.
		_, _ = io.CopyN(io.Discard, n.pipe.Conn, maxLinger)
	}
	wait := closeGrace
	if n.slow.Load() {
		wait = lastWords
	}
	grace := time.NewTimer(wait)
	defer grace.Stop()
	select {
	case <-n.finished.wait():
	case <-grace.C:
	}
}

func (n *Node) finish() {
	n.cut()
	if n.registered {
		n.hub.open.Done()
	}
}

// join puts the node into a group; it is void once the node is gone.
func (n *Node) join(group int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.change(group, true)
	n.enter(group)
}

// enter is join for who holds mu.
func (n *Node) enter(group int64) {
	if n.gone || n.in(group) {
		return
	}
	if n.GroupSets == nil {
		n.GroupSets = set.New(set.NonThreadSafe)
	}
	n.GroupSets.Add(group)
	n.hub.groups.add(group, n, 0)
}

// in tells whether the node is in a group; for who holds mu.
func (n *Node) in(group int64) bool { return n.GroupSets != nil && n.GroupSets.Has(group) }

// change remembers a change while the groups are being loaded.
func (n *Node) change(group int64, in bool) {
	if !n.loading {
		return
	}
	if n.changes == nil {
		n.changes = make(map[int64]bool)
	}
	n.changes[group] = in
}

// part takes the node out of a group.
func (n *Node) part(group int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.change(group, false)
	if !n.gone && n.in(group) {
		n.GroupSets.Remove(group)
		n.hub.groups.remove(group, n)
	}
}

// load begins the time in which changes of the membership are kept apart from
// what is being read from the store.
func (n *Node) load() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loading = true
}

// loaded joins the groups that were read. What changed meanwhile is newer than
// what was read, and stays as it is.
func (n *Node) loaded(groups []int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range groups {
		if _, changed := n.changes[g]; !changed {
			n.enter(g)
		}
	}
	n.loading, n.changes = false, nil
}
