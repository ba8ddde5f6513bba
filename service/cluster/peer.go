package cluster

import (
	"bytes"
	"time"

	"hongyan/util/mutant"
)

// take opens a datagram and hands on what is in it.
func (m *member) take(b []byte) {
	h, body, err := m.sealer.open(b)
	if err != nil {
		m.metrics.Bus.Refused.WithLabelValues(err.Error()).Inc()
		return
	}
	if h.source == m.self {
		return // a broadcast comes back
	}
	var greets greeting
	if h.kind == kindBeat {
		if greets, err = readGreeting(body); err != nil {
			m.metrics.Bus.Refused.WithLabelValues(err.Error()).Inc()
			return
		}
	}
	fresh, gap, came, gone := m.judge(h, greets)
	for _, g := range gone {
		m.call(func() { m.peer(g.String(), false) })
	}
	if came {
		m.log.Info("a node has come", "node", h.String())
		m.call(func() { m.peer(h.String(), true) })
		m.call(m.lost)
	}
	if !fresh {
		return
	}
	m.metrics.Bus.Received.Inc()
	m.metrics.Bus.GotBytes.Add(float64(len(b)))
	if gap {
		m.metrics.Bus.Missing.Inc()
		m.call(m.lost)
	}
	if h.kind == kindBody {
		body = bytes.Clone(body) // the lane's buffer is used again
		m.call(func() { m.receive(h.String(), body) })
	}
}

// judge tells whether a datagram is news: fresh, with others missing before it,
// of a peer that has come with it, in place of others.
func (m *member) judge(h header, greets greeting) (fresh, gap, came bool, gone []source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.peers[h.source]
	if p == nil {
		if p, gone = m.admit(h, greets); p == nil {
			return false, false, false, nil
		}
		return true, false, true, gone
	}
	fresh, gap = p.window.accept(h.sequence)
	if !fresh && !mutant.UDPDupNotFiltered {
		m.metrics.Bus.Refused.WithLabelValues("replayed").Inc()
		return false, false, false, nil
	}
	p.heard = time.Now()
	came = !p.here
	p.here = true
	m.count()
	return true, gap && m.lane.lossy(), came, nil
}

// admit makes a peer of a node that has heard this one; nil of one that has not,
// which is beaten to. For who holds mu.
func (m *member) admit(h header, greets greeting) (p *peer, gone []source) {
	if m.retired[h.source] {
		m.metrics.Bus.Refused.WithLabelValues("replayed").Inc()
		return nil, nil
	}
	if h.kind != kindBeat || greets.heard[m.self] != m.nonce {
		if h.kind == kindBeat {
			if len(m.strangers) >= maxStrangers {
				clear(m.strangers)
			}
			m.strangers[h.source] = greets.nonce
		}
		m.metrics.Bus.Refused.WithLabelValues("stranger").Inc()
		m.beat()
		return nil, nil
	}
	delete(m.strangers, h.source)
	for other, before := range m.peers {
		if other.node == h.node { // it has started again
			m.retire(other)
			if before.here {
				gone = append(gone, other)
			}
		}
	}
	p = &peer{nonce: greets.nonce, heard: time.Now(), here: true}
	p.window.start(h.sequence)
	m.peers[h.source] = p
	m.count()
	return p, gone
}

// retire forgets a peer for ever; for who holds mu.
func (m *member) retire(s source) {
	delete(m.peers, s)
	if len(m.retired) >= 16*maxGone {
		clear(m.retired)
	}
	m.retired[s] = true
}

// expire ends the leases of peers that have said nothing.
func (m *member) expire() {
	var gone []source
	m.mu.Lock()
	away := 0
	for from, p := range m.peers {
		if p.here && time.Since(p.heard) > lease {
			p.here = false
			gone = append(gone, from)
		}
		if !p.here {
			if away++; away > maxGone {
				m.retire(from)
			}
		}
	}
	m.count()
	m.mu.Unlock()
	for _, g := range gone {
		m.log.Warn("a node is silent", "node", g.String(), "for", lease)
		m.call(func() { m.peer(g.String(), false) })
	}
}

// count shows how many peers are here; for who holds mu.
func (m *member) count() {
	here := 0
	for _, p := range m.peers {
		if p.here {
			here++
		}
	}
	m.metrics.Bus.Peers.Set(float64(here))
}
