package hub

import (
	"context"
	"time"

	"hongyan/model"
)

// seatTries is how often the members of a group are read while it changes.
const seatTries = 8

// Missing tells whether somebody here may see a conversation of which less is
// delivered than up to seq.
func (h *Hub) Missing(kind int, low, high, seq int64) bool {
	l := talk{kind, low, high}
	if !h.order.concerned(l) {
		return false
	}
	s := h.order.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	t, p := s.lines[l], place{kind, low, high, seq}
	return !s.awaits(p) && (t == nil || seq < t.first || t.last < seq)
}

// Expect is told of what this node is about to commit and then publishes, so
// that nobody reads it from the store meanwhile: its sender is to get the ack.
func (h *Hub) Expect(d *model.Delivery) {
	p, ok := placeOf(d)
	if !ok || h.bus == nil {
		return
	}
	s := h.order.shard(talk{p.Kind, p.Low, p.High})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own[p] = time.Now()
}

// Unexpect ends Expect for what is not committed after all.
func (h *Hub) Unexpect(d *model.Delivery) {
	p, ok := placeOf(d)
	if !ok || h.bus == nil {
		return
	}
	s := h.order.shard(talk{p.Kind, p.Low, p.High})
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.own, p)
}

// awaits tells whether a message of this node is about to be published.
func (s *orderShard) awaits(p place) bool {
	since, ok := s.own[p]
	return ok && time.Since(since) < holdMost
}

// Seats makes those of a group's members who are here hear it, and nobody else.
// It does not wait for the group to come to rest: it looks again later by itself.
func (h *Hub) Seats(group int64) { h.order.seats(group, 1) }

// seats is the try-th look.
func (o *order) seats(group int64, try int) {
	if o.hub.store == nil || o.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(o.ctx, fillTime)
	members, seq, err := o.hub.store.Members(ctx, group)
	cancel()
	if err != nil {
		o.hub.log.Warn("who is in a group is not read", "error", err)
		return
	}
	l := talk{kind: model.KindRoom, low: group}
	s := o.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.lines[l]
	if t != nil && t.last < seq && !o.concerned(l) { // nobody waits for what is between
		o.empty(t)
		t.last = seq
	}
	switch {
	case t == nil || t.last == seq || t.last < seq && try == seatTries:
		o.seat(group, members)
	case try < seatTries: // it has changed meanwhile, or is about to
		time.AfterFunc(fillAgain, func() { o.hub.guard("order", func() { o.seats(group, try+1) }) })
	}
}

// seat sets who of the sockets here is in a group. Those who come are told to
// look: what brought them was not heard here.
func (o *order) seat(group int64, members []int64) {
	in, seated := make(map[int64]bool, len(members)), map[int64]bool{}
	d := model.Delivery{Silent: true, Group: group}
	for _, n := range o.hub.groups.list(group) {
		seated[n.UserID] = true
	}
	look := model.Delivery{Message: model.Message{Cmd: model.CmdResync, Kind: model.KindRoom, DstID: group}}
	for _, id := range members {
		if in[id] = true; o.hub.OnlineHere(id) {
			d.Subscribe = append(d.Subscribe, id)
			if !seated[id] {
				look.Users = append(look.Users, id)
			}
		}
	}
	for id := range seated {
		if !in[id] {
			d.Unsubscribe = append(d.Unsubscribe, id)
		}
	}
	o.hub.apply(&d, parcel{})
	if len(look.Users) > 0 {
		o.hub.apply(&look, parcel{})
	}
}

// Fill has what a conversation has from seq from (or from where it has come to
// here) up to another read from the store and delivered.
func (h *Hub) Fill(kind int, low, high, from, upto int64) {
	h.order.want(talk{kind, low, high}, from, upto)
}

// hint is told that a message is in the store, in its place.
func (o *order) hint(p place) { o.want(talk{p.Kind, p.Low, p.High}, p.Seq, p.Seq) }

func (o *order) want(l talk, from, upto int64) {
	if !o.concerned(l) {
		return
	}
	s := o.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.lines[l]
	if t == nil {
		t = &track{first: from, last: from - 1}
		s.lines[l] = t
	}
	t.used = time.Now()
	if from < t.first { // what came later came first
		t.first = from
		o.late(l)
	}
	if upto > t.last {
		t.wanted = max(t.wanted, upto)
		o.open(l, t, 0)
	}
}

// open begins to fill a hole after a while, unless that is under way.
func (o *order) open(l talk, t *track, after time.Duration) {
	if t.timer == nil {
		t.opened = time.Now()
		o.fillIn(after, l, t)
	}
}

func (o *order) fillIn(after time.Duration, l talk, t *track) {
	if o.ctx.Err() != nil {
		return
	}
	t.timer = time.AfterFunc(after, func() { o.hub.guard("order", func() { o.fill(l) }) })
}

// fill reads what is missing and delivers it; what was held behind it follows.
func (o *order) fill(l talk) {
	select {
	case o.slots <- struct{}{}:
	case <-o.ctx.Done():
		return
	}
	defer func() { <-o.slots }()
	s := o.shard(l)
	s.mu.Lock()
	t := s.lines[l]
	if t == nil || t.timer == nil {
		s.mu.Unlock()
		return
	}
	after, upto := t.last, t.upto()
	for seq := after + 1; seq <= upto; seq++ {
		if s.awaits(place{l.kind, l.low, l.high, seq}) {
			upto = seq - 1
		}
	}
	s.mu.Unlock()
	if upto > after && o.hub.store != nil {
		ctx, cancel := context.WithTimeout(o.ctx, fillTime)
		list, err := o.hub.store.Between(ctx, l.kind, l.low, l.high, after, upto)
		cancel()
		if err != nil {
			o.hub.log.Warn("what the bus lost is not read yet", "error", err)
		}
		for i := range list {
			o.hub.metrics.Bus.Repaired.Inc()
			o.take(&list[i], nil)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t = s.lines[l]; t == nil || t.timer == nil {
		return
	}
	t.timer = nil
	switch {
	case !t.behind():
	case time.Since(t.opened) > holdMost || o.hub.store == nil:
		o.giveUp(l, t)
	default:
		again := fillAgain
		if t.last > after { // it goes on
			again, t.opened = 0, time.Now()
		}
		o.fillIn(again, l, t)
	}
}

// behind tells whether there is a hole to be filled.
func (t *track) behind() bool { return len(t.held) > 0 || t.last < t.wanted }

// upto is the last seq that is worth reading.
func (t *track) upto() int64 {
	low := t.wanted
	for seq := range t.held {
		if seq-1 < low || low <= t.last {
			low = seq - 1
		}
	}
	return low
}

// forget drops the lines that have been quiet for lineLife.
func (o *order) forget() {
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.Lock()
		for l, t := range s.lines {
			if t.timer == nil && time.Since(t.used) > lineLife {
				delete(s.lines, l)
			}
		}
		for p, since := range s.own {
			if time.Since(since) > holdMost {
				delete(s.own, p)
			}
		}
		for r, c := range s.cursors {
			if time.Since(c.told) > lineLife {
				delete(s.cursors, r)
			}
		}
		s.mu.Unlock()
	}
}

// stop ends what is under way. What is held goes out as far as it may.
func (o *order) stop() {
	o.cancel()
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.Lock()
		for l, t := range s.lines {
			o.drop(s, l, t)
		}
		s.mu.Unlock()
	}
}
