// Package cluster has the buses that join the nodes of a cluster: bytes in,
// bytes out. What the bytes mean is the business of those who send them. It
// imports nothing of ours but util.
package cluster

import "sync"

// Local joins nodes that live in one process.
type Local struct {
	mu      sync.RWMutex // guards members
	members []*Member
}

// NewLocal makes a bus without members.
func NewLocal() *Local { return new(Local) }

// Member is one node's end of a bus.
type Member struct {
	bus     *Local
	receive func(envelope []byte)
}

// Join makes a new end. It hears nothing before Listen.
func (l *Local) Join() *Member { return &Member{bus: l} }

// Listen names the receiver of what the other members send. It is called in the
// sender's goroutine and must not block.
func (m *Member) Listen(receive func(envelope []byte)) {
	m.bus.mu.Lock()
	defer m.bus.mu.Unlock()
	if m.receive == nil {
		m.bus.members = append(m.bus.members, m)
	}
	m.receive = receive
}

// Send hands an envelope to every other member. What one member sends arrives
// everywhere in that order; nobody may change the bytes afterwards.
func (m *Member) Send(envelope []byte) {
	m.bus.mu.RLock()
	defer m.bus.mu.RUnlock()
	for _, other := range m.bus.members {
		if other != m {
			other.receive(envelope)
		}
	}
}

// Leave ends the membership: nothing arrives after it has returned.
func (m *Member) Leave() {
	m.bus.mu.Lock()
	defer m.bus.mu.Unlock()
	for i, other := range m.bus.members {
		if other == m {
			m.bus.members = append(m.bus.members[:i], m.bus.members[i+1:]...)
			break
		}
	}
	m.receive = nil
}
