package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"hongyan/util/guard"
	"hongyan/util/metrics"
)

const (
	// beatEvery is how often a node says that it is there, and with that which
	// was the last it sent.
	beatEvery = time.Second
	// beatGap bounds how often strangers make a node beat.
	beatGap = 20 * time.Millisecond
	// lease is how long a node counts as there after its last word: many beats
	// lost in a row, and well below the half minute after which a ghost hurts.
	lease = 12 * time.Second
	// maxQueue is how much waits to be sent; a lane that takes nothing must not
	// cost memory without end.
	maxQueue = 8192
	// maxStrangers and maxGone bound what is remembered of nodes that are not,
	// or no longer, peers.
	maxStrangers = 256
	maxGone      = 256
)

// carrier moves datagrams between nodes.
type carrier interface {
	// carry sends to who wants one of the topics, to all if none is given.
	carry(topics []string, datagram []byte) error
	want(topic string, wanted bool) error
	// limit is the longest datagram.
	limit() int
	// lossy says that every datagram comes to everybody, unless it is lost: so a
	// gap is a loss, and what is urgent is sent again.
	lossy() bool
	// run calls receive with each datagram, and lost where some may have got
	// lost, until close. The bytes are valid until receive returns.
	run(receive func(datagram []byte), lost func())
	close() error
}

// parcel waits to be sent.
type parcel struct {
	topics []string
	kind   kind
	body   []byte
	urgent bool
}

// member is a Bus over a carrier: it signs, tells nodes apart, drops what is
// forged, replayed or old, and knows who is there.
type member struct {
	lane    carrier
	sealer  *sealer
	self    source
	nonce   uint64 // what others must have heard to be believed
	log     *slog.Logger
	metrics *metrics.Metrics

	queue chan parcel
	soon  chan struct{} // a beat is wanted
	done  chan struct{}
	tasks sync.WaitGroup
	end   sync.Once

	mu        sync.Mutex // guards the following
	peers     map[source]*peer
	strangers map[source]uint64 // their nonces
	retired   map[source]bool   // starts of nodes that have started again since

	calling sync.Mutex // held while one of the following runs
	receive func(peer string, body []byte)
	peer    func(name string, here bool)
	lost    func()
}

// peer is another node.
type peer struct {
	nonce  uint64
	window window
	heard  time.Time
	here   bool
}

func newMember(o Options, lane carrier) *member {
	sum := sha256.Sum256([]byte(o.Node))
	return &member{
		lane: lane, sealer: newSealer(o.Secret, o.Scope), log: o.Log, metrics: o.Metrics,
		self: source{binary.BigEndian.Uint64(sum[:]), random()}, nonce: random(),
		queue: make(chan parcel, maxQueue), soon: make(chan struct{}, 1), done: make(chan struct{}),
		peers: map[source]*peer{}, strangers: map[source]uint64{}, retired: map[source]bool{},
	}
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

func (s source) String() string { return fmt.Sprintf("%016x-%016x", s.node, s.epoch) }

// Name is the node's name and start.
func (m *member) Name() string { return m.self.String() }

// Listen starts the member.
func (m *member) Listen(receive func(string, []byte), peer func(string, bool), lost func()) {
	m.receive, m.peer, m.lost = receive, peer, lost
	m.tasks.Go(m.write)
	m.lane.run(
		func(b []byte) { m.guard(func() { m.take(b) }) },
		func() { m.call(m.lost) },
	)
	m.beat()
}

// Send queues a parcel.
func (m *member) Send(topics []string, body, hint []byte, urgent bool) {
	if len(body)+overhead > m.lane.limit() {
		if body = hint; body == nil || len(body)+overhead > m.lane.limit() {
			m.metrics.Bus.Unsent.WithLabelValues("long").Inc()
			return
		}
		m.metrics.Bus.Hints.Inc()
	}
	select {
	case m.queue <- parcel{topics: topics, body: body, urgent: urgent && m.lane.lossy()}:
	default:
		m.metrics.Bus.Unsent.WithLabelValues("queue").Inc()
	}
}

// Want says whether somebody is here for a topic.
func (m *member) Want(topic string, wanted bool) {
	if err := m.lane.want(topic, wanted); err != nil {
		m.log.Warn("the bus does not take an interest", "error", err)
	}
}

// Close leaves.
func (m *member) Close() (err error) {
	m.end.Do(func() {
		close(m.done)
		err = m.lane.close()
		m.tasks.Wait()
		m.calling.Lock() // nothing is heard after this
		defer m.calling.Unlock()
		m.receive, m.peer, m.lost = func(string, []byte) {}, func(string, bool) {}, func() {}
	})
	return err
}

func (m *member) guard(fn func()) {
	guard.Run(m.log, m.metrics.Panics.WithLabelValues("bus").Inc, "bus", fn)
}

// call runs one of the listener's functions, one at a time.
func (m *member) call(fn func()) {
	m.calling.Lock()
	defer m.calling.Unlock()
	m.guard(fn)
}

// beat asks for a beat soon.
func (m *member) beat() {
	select {
	case m.soon <- struct{}{}:
	default:
	}
}

// write numbers, signs and sends what is queued, beats, and ends leases.
func (m *member) write() {
	var sequence uint64
	again := newRepeater(m.carry)
	defer again.timer.Stop()
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	var last time.Time // of a beat
	send := func(p parcel) {
		sequence++
		b := m.sealer.seal(header{p.kind, m.self, sequence}, p.body)
		m.carry(p.topics, b)
		if p.urgent {
			again.add(p.topics, b)
		}
	}
	for {
		select {
		case p := <-m.queue:
			send(p)
		case <-m.soon:
			if wait := beatGap - time.Since(last); wait > 0 {
				time.AfterFunc(wait, m.beat)
				continue
			}
			last = time.Now()
			send(m.greeting())
		case <-tick.C:
			last = time.Now()
			send(m.greeting())
			m.expire()
		case <-again.timer.C:
			again.round()
		case <-m.done:
			return
		}
	}
}

func (m *member) carry(topics []string, b []byte) {
	err := m.lane.carry(topics, b)
	switch {
	case err == nil:
		m.metrics.Bus.Sent.Inc()
		m.metrics.Bus.SentBytes.Add(float64(len(b)))
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled):
	default:
		m.metrics.Bus.Unsent.WithLabelValues("error").Inc()
	}
}

func (m *member) greeting() parcel {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := greeting{nonce: m.nonce, heard: make(map[source]uint64, len(m.peers)+len(m.strangers))}
	for from, p := range m.peers {
		if p.here {
			g.heard[from] = p.nonce
		}
	}
	for from, nonce := range m.strangers {
		g.heard[from] = nonce
	}
	return parcel{kind: kindBeat, body: g.append(nil)}
}
