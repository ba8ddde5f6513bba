// Package hub is the live side of a node: the sockets that are open here, who
// they belong to and which groups they are in, and the way of a message to all
// of them. What it delivers is a hint: the store is the truth, and a socket that
// missed something is told to read it there. It imports the model and util, and
// never service, db, cluster, xorm or net/http.
package hub

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hongyan/util/guard"
	"hongyan/util/metrics"
	"hongyan/util/mutant"

	"github.com/gorilla/websocket"
)

// Why a socket is not attached.
var (
	ErrDraining = errors.New("the node is draining")
	ErrTooMany  = errors.New("too many sockets")
)

// Defaults of Options: a person has a handful of devices with a few tabs each;
// behind one address may be a company, but not a load test.
const (
	MaxPerUser    = 20
	MaxPerAddress = 1000
)

// sweepEvery is how often silent sockets are looked for.
const sweepEvery = 5 * time.Second

// Options are what a Hub is made of.
type Options struct {
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Bus to the other nodes; nil for a single one. Store reads what it lost.
	Bus   Bus
	Store Store
	// Lost, if set, is called when the bus may have lost something. It must not block.
	Lost func()
	// PerUser and PerAddress bound the sockets of one user and of one client
	// address; zero means no bound.
	PerUser    int
	PerAddress int
	// Goroutines has each socket read by a goroutine of its own even where a
	// poller could tell which of them have something to read.
	Goroutines bool
	// Opened, if set, hears of each socket that has opened. It must not block.
	Opened func()
	// Changed, if set, hears of a user whose first socket on a node opened or
	// whose last one there closed. It must not block; since calls may overtake each other, it
	// asks Online for what holds.
	Changed func(userID int64)
}

// Hub has the sockets of this node. All its methods are safe for concurrent use.
type Hub struct {
	metrics    *metrics.Metrics
	log        *slog.Logger
	bus        Bus
	store      Store
	woken      atomic.Pointer[func(key string)]
	order      *order
	roster     *roster
	interest   *interest
	perUser    int
	perAddress int
	goroutines bool
	changed    func(userID int64)
	opened     func()

	start   time.Time
	lastID  atomic.Uint64
	changes atomic.Uint64 // see Mark
	users   *index
	groups  *index
	rooms   *index
	origins origins

	writers *writers
	readers *readers
	spare   sync.Pool // of *writer
	fans    sync.Pool // of *fan
	buffers sync.Pool // of *buffer
	gate    gate
	open    sync.WaitGroup // sockets, until their connection is closed

	mu        sync.Mutex // guards the following
	draining  bool
	addresses map[string]int // sockets by client address
	sockets   int
	sweeper   *time.Timer
}

// New makes a Hub. It has no goroutine until there is something to do.
func New(o Options) *Hub {
	h := &Hub{
		start: time.Now(), metrics: o.Metrics, log: o.Log, store: o.Store, perUser: o.PerUser, perAddress: o.PerAddress, goroutines: o.Goroutines,
		users: newIndex(), groups: newIndex(), rooms: newIndex(), writers: newWriters(),
		addresses: make(map[string]int),
	}
	h.origins.nodes = make(map[uint64]*Node)
	h.readers = newReaders(h)
	h.buffers.New = func() any { return &buffer{bytes: make([]byte, readAhead)} }
	h.spare.New = func() any { return new(writer) }
	h.fans.New = func() any { return new(fan) }
	if h.opened = o.Opened; h.opened == nil {
		h.opened = func() {}
	}
	h.changed = func(userID int64) {
		if o.Changed != nil {
			h.guard("changed", func() { o.Changed(userID) })
		}
	}
	h.join(&o)
	return h
}

// clock is a time that nobody sets: what is silent or not must not hang on it.
func (h *Hub) clock() time.Duration { return time.Since(h.start) }

// guard keeps a panic at the root of a goroutine from ending the process.
func (h *Hub) guard(where string, fn func()) {
	guard.Run(h.log, h.metrics.Panics.WithLabelValues(where).Inc, where, fn)
}

// Node makes a node of a fresh socket. It belongs to nobody until it is attached.
func (h *Hub) Node(conn *websocket.Conn, pipe *Pipe, userID, sessionID int64, address string) *Node {
	n := &Node{
		Conn: conn,
		ID:   h.lastID.Add(1), UserID: userID, SessionID: sessionID, Address: address,
		hub: h, pipe: pipe,
	}
	n.DataQueue.begin(pipe.answer)
	pipe.answer = nil
	if tcp, ok := pipe.Conn.(interface{ SetWriteBuffer(int) error }); ok {
		// What the kernel holds for a client that does not read counts too.
		_ = tcp.SetWriteBuffer(2 * maxWrite)
	}
	pipe.node.Store(n)
	n.Heard()
	return n
}

// Room reports whether another socket of userID from address would be let in,
// for an answer before the upgrade; Attach decides.
func (h *Hub) Room(userID int64, address string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.draining:
		return ErrDraining
	case h.perAddress > 0 && h.addresses[address] >= h.perAddress:
		return ErrTooMany
	case h.perUser > 0 && h.users.count(userID) >= h.perUser:
		return ErrTooMany
	}
	return nil
}

// register lets n in, before its groups are known, so that no change of them
// passes by.
func (h *Hub) register(n *Node) error {
	n.load()
	h.mu.Lock()
	if h.draining {
		h.mu.Unlock()
		return ErrDraining
	}
	if h.perAddress > 0 && h.addresses[n.Address] >= h.perAddress {
		h.mu.Unlock()
		return ErrTooMany
	}
	// Whoever finds n among its user's nodes may end it at once, and has to find
	// the whole of it.
	h.origins.put(n)
	count, ok := h.users.add(n.UserID, n, h.perUser)
	if !ok {
		h.origins.remove(n)
		h.mu.Unlock()
		return ErrTooMany
	}
	n.registered = true
	h.open.Add(1)
	h.addresses[n.Address]++
	h.sockets++
	h.metrics.Connections.Set(float64(h.sockets))
	if h.sweeper == nil {
		h.sweeper = time.AfterFunc(sweepEvery, func() { h.guard("sweep", h.sweep) })
	}
	h.mu.Unlock()
	h.opened()
	if count == 1 {
		h.metrics.UsersOnline.Inc()
		h.roster.changed(n.UserID)
		h.changed(n.UserID)
	}
	return nil
}

// forget takes n out of the registry; it is called once a node, attached or not.
func (h *Hub) forget(n *Node) {
	left, found := h.users.remove(n.UserID, n)
	if !found {
		return
	}
	h.origins.remove(n)
	h.mu.Lock()
	h.sockets--
	if h.addresses[n.Address]--; h.addresses[n.Address] <= 0 {
		delete(h.addresses, n.Address)
	}
	h.metrics.Connections.Set(float64(h.sockets))
	if h.sockets == 0 && h.sweeper != nil {
		h.sweeper.Stop()
		h.sweeper = nil
	}
	h.mu.Unlock()
	if left == 0 && !mutant.StalePresence {
		h.metrics.UsersOnline.Dec()
		h.roster.changed(n.UserID)
		h.changed(n.UserID)
	}
}

// Online reports whether a user has a socket on some node.
func (h *Hub) Online(userID int64) bool {
	return h.users.count(userID) > 0 || h.roster.elsewhere(userID) > 0
}

// Sockets gives the number of sockets a user has here, and one for each other
// node the user is on.
func (h *Hub) Sockets(userID int64) int { return h.users.count(userID) + h.roster.elsewhere(userID) }

// Counts are sizes of the registry at one time.
type Counts struct {
	Sockets, Users, Groups, Rooms int
	Queued                        int // frames
}

// Counts gives the sizes of the registry.
func (h *Hub) Counts() Counts {
	c := Counts{Users: h.users.keys(), Groups: h.groups.keys(), Rooms: h.rooms.keys()}
	for _, n := range h.users.all() {
		c.Sockets++
		c.Queued += n.DataQueue.depth()
	}
	return c
}

// sweep pings the sockets that were silent for longer than a heartbeat, so that
// a client which sends none is not taken for dead, and closes those that are:
// before the next sweep, and the goodbye, they will have been silent for
// ReadTimeout.
func (h *Hub) sweep() {
	defer h.sweepAgain()
	depth := 0
	now := h.clock()
	silent, dead := now-Heartbeat, now+sweepEvery+closeGrace-ReadTimeout
	ping := controlFrame(opPing, nil)
	for _, n := range h.users.all() {
		depth += n.DataQueue.depth()
		switch heard := time.Duration(n.heard.Load()); {
		case heard < dead:
			n.Close(CloseGoingAway, "silent")
		case heard < silent:
			n.send(ping)
		}
	}
	h.metrics.QueueDepth.Set(float64(depth))
}

func (h *Hub) sweepAgain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sweeper != nil {
		h.sweeper.Reset(sweepEvery)
	}
}
