package cluster

import (
	"slices"
	"strconv"
	"sync"
)

// Local joins nodes that live in one process: for tests, and as the measure of
// what a bus is.
type Local struct {
	mu      sync.RWMutex // guards the following
	members []*LocalMember
	count   int
}

// NewLocal makes a bus without members.
func NewLocal() *Local { return new(Local) }

// LocalMember is one node's end of a Local.
type LocalMember struct {
	bus  *Local
	name string

	mu      sync.Mutex // guards the following
	wants   map[string]bool
	receive func(peer string, body []byte)
	peer    func(name string, here bool)
}

var _ Bus = (*LocalMember)(nil)

// Join makes a new end. It hears nothing before Listen.
func (l *Local) Join() *LocalMember {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	return &LocalMember{bus: l, name: "local" + strconv.Itoa(l.count), wants: map[string]bool{}}
}

// Name is the member's number.
func (m *LocalMember) Name() string { return m.name }

// Want notes a topic.
func (m *LocalMember) Want(topic string, wanted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if wanted {
		m.wants[topic] = true
	} else {
		delete(m.wants, topic)
	}
}

// Listen joins. The functions are called in the sender's goroutine.
func (m *LocalMember) Listen(receive func(peer string, body []byte), peer func(name string, here bool), _ func()) {
	m.bus.mu.Lock()
	m.mu.Lock()
	m.receive, m.peer = receive, peer
	m.mu.Unlock()
	others := slices.Clone(m.bus.members)
	m.bus.members = append(m.bus.members, m)
	m.bus.mu.Unlock()
	for _, other := range others {
		other.peer(m.name, true)
		peer(other.name, true)
	}
}

// Send hands a body to the other members that want it. What one member sends
// arrives everywhere in that order.
func (m *LocalMember) Send(topics []string, body, _ []byte, _ bool) {
	m.bus.mu.RLock()
	defer m.bus.mu.RUnlock()
	for _, other := range m.bus.members {
		if other != m && other.wanted(topics) {
			other.receive(m.name, body)
		}
	}
}

func (m *LocalMember) wanted(topics []string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(topics) == 0 || slices.ContainsFunc(topics, func(t string) bool { return m.wants[t] })
}

// Close ends the membership.
func (m *LocalMember) Close() error {
	m.bus.mu.Lock()
	before := len(m.bus.members)
	m.bus.members = slices.DeleteFunc(m.bus.members, func(other *LocalMember) bool { return other == m })
	others := slices.Clone(m.bus.members)
	m.bus.mu.Unlock()
	if len(others) < before {
		for _, other := range others {
			other.peer(m.name, false)
		}
	}
	return nil
}
