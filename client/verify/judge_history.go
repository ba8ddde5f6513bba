package verify

import "hongyan/model"

// history is what a device reads instead of hearing it: a page after a seq, or
// the whole in the end.
func (j *judge) history(e *Event) {
	t := j.talk(e.Conv)
	d := j.device(e.Dev)
	p := d.place(t)
	switch e.What {
	case Ask:
		p.floor, p.asked = t.top, e.T
	case Final:
		p.read = reading{next: 1, left: e.N}
		switch {
		case t.final >= 0 && t.final != e.N:
			j.broken("I4", "%s has %d messages to one and %d to device %d in the end", t.name, t.final, e.N, e.Dev)
		case e.N < t.top:
			j.broken("I1", "%s has %d messages in the end, and seq %d was told", t.name, e.N, t.top)
		}
		t.final = max(t.final, e.N)
	case Page:
		j.page(e, t, p)
	}
}

func (j *judge) page(e *Event, t *talk, p *place) {
	s := j.seat(e.User, t)
	if e.Code != "" {
		if s.inSince(p.asked) {
			j.broken("I6", "user %d, who is in %s, may not read it: %s", e.User, t.name, e.Code)
		}
		return
	}
	if s.outSince(p.asked) {
		j.broken("I6", "user %d, who is not in %s, may read it", e.User, t.name)
	}
	p.caught = p.asked
	p.read = reading{next: e.Seq + 1, left: e.N, size: e.N, limit: e.Limit}
	j.whole(e, p)
}

// row is a message of a page.
func (j *judge) row(e *Event, p *place) {
	if e.Seq != p.read.next {
		j.broken("I8", "device %d reads seq %d of %s where %d comes next", e.Dev, e.Seq, e.Conv, p.read.next)
	}
	p.read.next = e.Seq + 1
	p.read.left--
	if e.Via == Aged {
		j.whole(e, p)
	}
}

// whole looks at the end of a page whether it has all that had been told when it
// was asked for.
func (j *judge) whole(e *Event, p *place) {
	if p.read.left > 0 {
		return
	}
	if last := p.read.next - 1; p.read.size < p.read.limit && last < p.floor {
		j.broken("I8", "device %d asked for %s and got up to seq %d, though %d had been told before", e.Dev, e.Conv, last, p.floor)
	}
}

// list is a user's conversations: cursors and counts.
func (j *judge) list(e *Event) {
	d := j.device(e.Dev)
	if e.What == List {
		d.caught = e.T
		clear(d.listed)
		for _, t := range j.person(e.User).talks {
			d.listed[t] = listing{top: t.top, read: j.seat(e.User, t).read}
		}
		return
	}
	t := j.talk(e.Conv)
	s, before := j.seat(e.User, t), d.listed[t]
	switch {
	case e.Seq < before.read:
		j.broken("I9", "user %d had read %s up to seq %d, and now up to %d", e.User, t.name, before.read, e.Seq)
	case e.Last < before.top:
		j.broken("I9", "%s ends at seq %d, though %d had been told before", t.name, e.Last, before.top)
	case e.N < 0 || e.Seq < 0 || e.N > e.Last-e.Seq:
		j.broken("I9", "user %d has %d unread of %s after seq %d, which ends at %d", e.User, e.N, t.name, e.Seq, e.Last)
	}
	s.read = max(s.read, e.Seq)
	if e.Name == Last {
		j.unread(e, e.User, t)
	}
}

// unread counts what a user has not read, once nothing changes any more.
func (j *judge) unread(e *Event, user int64, t *talk) {
	if t.final != e.Last {
		return // it has not been looked at, or I1 speaks of it
	}
	want := int64(0)
	for seq := e.Seq + 1; seq <= min(t.final, int64(len(t.owner))); seq++ {
		if n := t.owner[seq-1]; n > 0 {
			if m := &j.messages[n-1]; m.user != user && (m.cmd == model.CmdSingle || m.cmd == model.CmdRoom) {
				want++
			}
		}
	}
	if want != e.N {
		j.broken("I9", "user %d has %d unread of %s after seq %d; there are %d", user, e.N, t.name, e.Seq, want)
	}
}

// seenBy is a read cursor that a socket tells of.
func (j *judge) seenBy(e *Event) {
	d, k := j.device(e.Dev), seatKey{e.User, j.talk(e.Conv)}
	if e.Seq < d.seen[k] {
		j.broken("I9", "device %d was told that user %d has read %s up to seq %d, and then %d", e.Dev, e.User, e.Conv, d.seen[k], e.Seq)
	}
	d.seen[k] = max(d.seen[k], e.Seq)
	if d.user == e.User {
		s := j.seat(e.User, k.talk)
		s.read = max(s.read, e.Seq)
	}
}
