package verify

import (
	"slices"
	"strings"
	"time"

	"hongyan/model"
)

func (j *judge) send(e *Event) {
	if n, again := j.byCID[e.CID]; again {
		m := &j.messages[n]
		m.resent = true
		m.copies.another(j.device(e.Dev).sockets)
		if !j.seat(m.user, m.talk).inSince(m.sentAt) {
			m.retried = true // the copy before may have been refused
		}
		if m.hash != e.Hash || m.talk.name != e.Conv {
			j.broken("I2", "the history says two things of cid %s", e.CID)
		}
		return // a resend
	}
	t := j.talk(e.Conv)
	n := int32(len(j.messages))
	j.messages = append(j.messages, message{
		cid: e.CID, dev: e.Dev, user: e.User, talk: t, hash: e.Hash, cmd: e.Cmd, ref: e.Ref, sentAt: e.T, floor: t.acked, calm: j.delays.calm(e.T),
	})
	j.messages[n].copies.another(j.device(e.Dev).sockets)
	j.byCID[e.CID] = n
	if strings.HasPrefix(e.CID, "~") {
		j.byHash[e.Hash] = n
	}
	p := j.device(e.Dev).place(t)
	p.order = append(p.order, n)
	switch e.Cmd {
	case model.CmdEdit:
		t.texts[e.Ref] = append(t.texts[e.Ref], e.Hash)
	case model.CmdRecall:
		t.recalled[e.Ref] = true
	}
}

// outcome is what became of a Send.
func (j *judge) outcome(e *Event) {
	n, known := j.byCID[e.CID]
	if !known {
		j.broken("I2", "%s for cid %s, which nobody sent", e.What, e.CID)
		return
	}
	m := &j.messages[n]
	early := m.copies.answer()
	switch e.What {
	case Retry:
		m.retried = true
		j.retries[e.T/1e6] = true
	case Info:
		if m.state == sent {
			m.state = unknown
		}
	case Fail:
		j.fail(e, m, early)
	case OK:
		j.ok(e, m, n)
	}
}

func (j *judge) fail(e *Event, m *message, early bool) {
	if m.state == acked || m.seq != 0 {
		if early {
			if m.state == sent {
				m.state = unknown
			}
			return
		}
		j.broken("I3", "cid %s is refused (%s) after it was stored at seq %d of %s", m.cid, e.Code, m.seq, m.talk.name)
	}
	// The refusal of one copy says nothing of the others: the sender may have come
	// in between, or gone.
	if m.state = refused; m.resent {
		m.state = unknown
	}
	isPost := m.cmd == model.CmdSingle || m.cmd == model.CmdRoom
	if isPost && j.seat(m.user, m.talk).inSince(m.sentAt) {
		j.broken("I6", "cid %s of user %d, who is in %s, is refused: %s", m.cid, m.user, m.talk.name, e.Code)
	}
}

func (j *judge) ok(e *Event, m *message, n int32) {
	switch m.state {
	case refused:
		j.broken("I2", "cid %s is acknowledged after it was refused", m.cid)
	case sent, unknown:
		j.acks[e.T/100_000]++
		m.state = acked
		j.verdict.Waited = max(j.verdict.Waited, time.Duration(e.T-m.sentAt)*time.Microsecond)
	}
	if j.seat(m.user, m.talk).outSince(m.sentAt) {
		j.broken("I6", "cid %s of user %d, who is not in %s, is acknowledged", m.cid, m.user, m.talk.name)
	}
	j.settle(m, n, e.Seq, e.MID)
	m.talk.acked = max(m.talk.acked, e.Seq)
	// The acknowledgement takes the message's place among what comes live.
	d := j.device(e.Dev)
	if p := d.place(m.talk); e.Seq > max(p.live, p.shown) {
		j.gap(d, m.talk, p, e.Seq)
		p.live = e.Seq
	}
}

// settle notes where a message is, which is for ever.
func (j *judge) settle(m *message, n int32, seq, mid int64) {
	if m.seq == 0 {
		if seq <= m.floor {
			j.broken("I4", "cid %s got seq %d of %s though seq %d was acknowledged before it was sent", m.cid, seq, m.talk.name, m.floor)
		}
		m.seq, m.mid = seq, mid
		m.copies.early = m.copies.sent
	}
	if m.seq != seq || m.mid != mid {
		j.broken("I3", "cid %s is seq %d id %d of %s, and seq %d id %d", m.cid, m.seq, m.mid, m.talk.name, seq, mid)
	}
	j.occupy(m.talk, seq, mid, n+1)
}

// occupy notes what is at a place of a conversation: the same to everybody.
func (j *judge) occupy(t *talk, seq, mid int64, owner int32) {
	if seq < 1 || seq > int64(len(t.mids))+maxJump {
		j.broken("I4", "seq %d of %s is far from the %d before", seq, t.name, len(t.mids))
		return
	}
	for int64(len(t.mids)) < seq {
		t.mids, t.owner = append(t.mids, 0), append(t.owner, 0)
	}
	t.top = max(t.top, seq)
	switch i := seq - 1; {
	case t.mids[i] == 0:
		t.mids[i], t.owner[i] = mid, owner
	case t.mids[i] != mid || t.owner[i] != owner:
		j.broken("I4", "seq %d of %s is message %d (%s) to one and %d (%s) to another", seq, t.name,
			t.mids[i], j.cid(t.owner[i]), mid, j.cid(owner))
	}
}

func (j *judge) cid(owner int32) string {
	if owner == 0 {
		return "the server's"
	}
	return "cid " + j.messages[owner-1].cid
}

// find is the message that an event shows; false if nobody sent one like it.
func (j *judge) find(e *Event) (int32, bool) {
	if e.CID == "" {
		n, ok := j.byHash[e.Hash]
		return n, ok
	}
	n, ok := j.byCID[e.CID]
	return n, ok
}

func (j *judge) recv(e *Event) {
	t := j.talk(e.Conv)
	d := j.device(e.Dev)
	p := d.place(t)
	if e.Cmd == model.CmdEvent { // the server's own: who came, who went
		j.occupy(t, e.Seq, e.MID, 0)
	} else if n, known := j.find(e); known {
		j.same(e, &j.messages[n], t)
		j.eavesdrop(e, &j.messages[n], d)
		j.settle(&j.messages[n], n, e.Seq, e.MID)
		j.messages[n].stored = j.messages[n].stored || e.Via == Last
	} else {
		j.broken("I2", "device %d got seq %d of %s (cid %q), which nobody sent", e.Dev, e.Seq, t.name, e.CID)
	}
	switch e.Via {
	case Live:
		j.live(e, d, t, p)
	default:
		j.row(e, p)
	}
}

// same compares what came with what was sent.
func (j *judge) same(e *Event, m *message, t *talk) {
	if e.User != m.user {
		j.broken("I7", "cid %s was sent by user %d and comes as from user %d", m.cid, m.user, e.User)
	}
	if t != m.talk || e.Cmd != m.cmd {
		j.broken("I2", "cid %s was sent as %d to %s and comes as %d in %s", m.cid, m.cmd, m.talk.name, e.Cmd, t.name)
	}
	if m.state == refused {
		j.broken("I2", "cid %s was refused and is delivered to device %d at seq %d of %s", m.cid, e.Dev, e.Seq, t.name)
	}
	switch {
	case e.Hash == m.hash, slices.Contains(t.texts[e.Seq], e.Hash):
	case e.Hash == 0 && (t.recalled[e.Seq] || m.cmd == model.CmdEdit && t.recalled[m.ref]):
	default:
		j.broken("I2", "cid %s has another content at device %d, seq %d of %s", m.cid, e.Dev, e.Seq, t.name)
	}
}

// eavesdrop looks whether a device hears what was said after its user was out.
// When it was sent counts, not when it came: a busy client reads late.
func (j *judge) eavesdrop(e *Event, m *message, d *device) {
	if s := j.seat(d.user, m.talk); e.Via == Live && s.outSince(m.sentAt-kickTime.Microseconds()) {
		j.broken("I6", "device %d of user %d got seq %d of %s, which was sent %.1f s after it was out", d.id, d.user, e.Seq,
			m.talk.name, float64(m.sentAt-s.since)/1e6)
	}
}

// live is what a socket brings: each once, in rising order, without a hole.
func (j *judge) live(e *Event, d *device, t *talk, p *place) {
	switch {
	case e.Seq == p.live:
		j.broken("I3", "device %d got seq %d of %s twice on one socket", d.id, e.Seq, t.name)
	case e.Seq < p.live:
		j.broken("I4", "device %d got seq %d of %s after %d on one socket", d.id, e.Seq, t.name, p.live)
	}
	j.gap(d, t, p, e.Seq)
	p.live = max(p.live, e.Seq)
}

// gap looks for what is missing before seq. There may be something as long as a
// new member has not read what was before.
func (j *judge) gap(d *device, t *talk, p *place, seq int64) {
	s := j.seat(d.user, t)
	if seq <= p.shown+1 || !s.in || s.unsure || p.caught < s.began && d.caught < s.since {
		return
	}
	if j.terms != nil && j.terms.HoleMicros > 0 {
		p.hole = &hole{dev: d.id, talk: t, from: p.shown + 1, to: seq - 1, at: j.now}
		j.holes = append(j.holes, p.hole)
		return
	}
	j.broken("I8", "device %d got seq %d of %s after %d, and was not told of a hole", d.id, seq, t.name, p.shown)
}

// heal ends a hole of which the device was told, or whose socket ended.
func (p *place) heal(now, within int64) {
	if p.hole != nil && now-p.hole.at <= within {
		p.hole.healed = true
	}
	p.hole = nil
}

func (j *judge) shown(e *Event) {
	d, t := j.device(e.Dev), j.talk(e.Conv)
	p := d.place(t)
	switch {
	case e.Seq <= p.shown:
		j.broken("I3", "device %d shows seq %d of %s twice", e.Dev, e.Seq, e.Conv)
	case e.Seq > p.shown+1:
		j.broken("I8", "device %d shows seq %d of %s after %d", e.Dev, e.Seq, e.Conv, p.shown)
	}
	p.shown = max(p.shown, e.Seq)
	j.verdict.Shown++
	j.delayed(d, t, e.Seq)
}

// heard is what a live room brings: at most once, and to nobody by a promise.
func (j *judge) heard(e *Event) {
	d := j.device(e.Dev)
	by, known := j.shouts[e.Hash]
	switch {
	case !known:
		j.broken("I2", "device %d hears in a live room what nobody said", e.Dev)
	case by != e.User:
		j.broken("I7", "device %d hears from user %d what user %d said in a live room", e.Dev, e.User, by)
	case d.heard[e.Hash]:
		j.broken("I3", "device %d hears twice what user %d said in a live room", e.Dev, by)
	}
	d.heard[e.Hash] = true
}
