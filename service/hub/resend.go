package hub

import (
	"time"

	"hongyan/model"
)

// resend is the acknowledgement of one: of a message that is in the store
// and that nobody here has seen yet.
type resend struct {
	seq      int64
	delivery model.Delivery
	ack      *Frame
}

// repeat acknowledges a resend, once what it says is in the timeline has been
// delivered here: an acknowledgement is the message's place among what a socket
// gets, and what comes before it is still under way.
func (o *order) repeat(d *model.Delivery) {
	n := o.hub.origins.find(d.Origin)
	if n == nil {
		return // nobody waits for it any more
	}
	l, ok := talkOf(d.Ack, n.UserID)
	if !ok {
		o.acknowledge(d, nil)
		return
	}
	s := o.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	t, seq := s.lines[l], d.Ack.Seq
	switch {
	case !o.concerned(l):
	case t == nil: // what comes from before it is late
		s.lines[l] = &track{first: seq + 1, last: seq, used: time.Now()}
	case seq > t.last:
		t.resends = append(t.resends, resend{seq, *d, o.reserve(d)})
		t.wanted = max(t.wanted, seq)
		if len(t.resends) > maxHeld {
			o.giveUp(l, t)
			return
		}
		o.open(l, t, holdTime)
		return
	}
	o.acknowledge(d, nil)
}

// talkOf is the conversation of what a user's acknowledgement speaks of; false
// if that has no place in one.
func talkOf(ack *model.Message, userID int64) (l talk, ok bool) {
	switch {
	case ack.ID == 0: // of a read: its seq is another's
	case ack.Kind == model.KindRoom:
		return talk{kind: ack.Kind, low: ack.DstID}, true
	case ack.Kind == model.KindSingle:
		return talk{ack.Kind, min(userID, ack.DstID), max(userID, ack.DstID)}, true
	}
	return l, false
}

// repeated acknowledges the resends whose place has come.
func (o *order) repeated(t *track) {
	kept := t.resends[:0]
	for _, r := range t.resends {
		if r.seq > t.last {
			kept = append(kept, r)
			continue
		}
		o.acknowledge(&r.delivery, r.ack)
	}
	clear(t.resends[len(kept):])
	t.resends = kept
}

// reserve keeps a place for the acknowledgement of d among those that its
// socket gets, and gives its frame; nil where there is nobody to get it.
func (o *order) reserve(d *model.Delivery) *Frame {
	if d.Origin == 0 || d.Ack == nil {
		return nil
	}
	n := o.hub.origins.find(d.Origin)
	if n == nil {
		return nil
	}
	f := o.hub.frame(d.Ack, false)
	if f != nil {
		n.DataQueue.reserve(f, n.UserID)
	}
	return f
}
