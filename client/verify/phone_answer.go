package verify

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"hongyan/model"
)

// acked takes an acknowledgement, which has a place among what comes live.
func (p *phone) acked(ctx context.Context, ack model.Message) error {
	t := talkOf(ack.Kind, p.who.id, ack.DstID)
	p.mu.Lock()
	if of, is := p.reads[ack.CID]; is && ack.CID != "" {
		seq := p.reading[ack.CID]
		delete(p.reads, ack.CID)
		delete(p.reading, ack.CID)
		p.mu.Unlock()
		p.run.rec.add(Event{What: Read, Dev: p.id, User: p.who.id, Conv: of.String(), Seq: seq})
		return nil
	}
	name := ack.CID
	i := slices.IndexFunc(p.pending, func(m *post) bool {
		return m.sent && (m.m.CID == ack.CID && (ack.CID != "" || m.talk == t))
	})
	if i >= 0 {
		m := p.pending[i]
		name, m.seq = m.name, ack.Seq
		p.pending = slices.Delete(p.pending, i, i+1)
		if m.m.CID != "" && m.m.IsPost() {
			if p.own = append(p.own, m); len(p.own) > remembered {
				p.own = p.own[1:]
			}
		}
	}
	p.mu.Unlock()
	if name == "" { // to one of those that were given up: it has a place all the same
		if ack.Seq > p.upTo(t) {
			return p.catch(ctx, t)
		}
		return nil
	}
	p.run.rec.add(Event{What: OK, Dev: p.id, CID: name, Seq: ack.Seq, MID: ack.ID})
	if i >= 0 {
		p.run.acks.Add(1)
	}
	p.run.check(p.who, t, ack.Seq)
	return p.place(ctx, t, ack.Seq)
}

// refused takes an error frame: for good, or to be tried again.
func (p *phone) refused(ctx context.Context, m model.Message) {
	if m.CID == "" {
		p.doubt()
		return
	}
	switch model.Code(m.Error) {
	case model.CodeUnavailable, model.CodeRateLimited, model.CodeInternal:
		if p.isRead(m.CID, false) {
			return // the next says more; it may be acknowledged all the same
		}
		p.run.rec.add(Event{What: Retry, Dev: p.id, CID: m.CID, Code: m.Error})
		if wait, ok := p.putOff(m.CID); ok {
			p.run.tasks.Go(func() {
				pause(ctx, wait)
				p.again(m.CID)
			})
		}
		return
	}
	if p.isRead(m.CID, true) {
		return
	}
	p.mu.Lock()
	p.pending = slices.DeleteFunc(p.pending, func(q *post) bool { return q.name == m.CID })
	p.mu.Unlock()
	p.run.rec.add(Event{What: Fail, Dev: p.id, CID: m.CID, Code: m.Error})
}

// putOff says how long a message waits that was refused for now, longer each
// time: a crowd that asks again at once keeps a busy server from getting any work
// done. False if it waits already, or for nothing.
func (p *phone) putOff(cid string) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.pending, func(q *post) bool { return q.name == cid })
	if i < 0 || p.pending[i].due {
		return 0, false
	}
	d := 100 * time.Millisecond << min(p.pending[i].put, 4)
	p.pending[i].put++
	p.pending[i].due = true
	return d + rand.N(d), true //nolint:gosec // jitter is no secret
}

// doubt follows a refusal that does not say of what, or answers that were
// dropped: from here on nobody can tell which of the messages without a cid the
// answers on this socket are for.
func (p *phone) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doubtful = true
	p.run.rec.add(p.forget()...)
}

// isRead tells whether a cid is that of a read cursor, and forgets it if it is
// refused for good.
func (p *phone) isRead(cid string, forget bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, is := p.reads[cid]
	if forget {
		delete(p.reads, cid)
		delete(p.reading, cid)
	}
	return is
}

// again sends a message once more, or all that wait if cid is empty.
func (p *phone) again(cid string) {
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	socket, list := p.socket, slices.Clone(p.pending)
	p.mu.Unlock()
	for _, m := range list {
		if cid != "" && cid != m.name {
			continue
		}
		p.mu.Lock()
		m.due = false
		p.mu.Unlock()
		if socket != nil && !bare(m.name) {
			p.run.rec.add(p.sending(m))
			_ = socket.Write(m.m) // what fails here is sent on the next socket
		}
	}
}
