package hub

import (
	"context"
	"sync"
	"time"

	"hongyan/model"
)

// Store reads what a bus has lost.
type Store interface {
	// Between gives what a conversation has after one seq and up to another, by
	// rising seq, addressed as it was when it was sent. Low and high name the
	// conversation as the store does: two people, or a group and 0.
	Between(ctx context.Context, kind int, low, high, after, upto int64) ([]model.Delivery, error)
	// Members gives who is in a group, and up to which seq of it that holds.
	Members(ctx context.Context, group int64) (members []int64, seq int64, err error)
}

const (
	// holdTime is how long a message waits for the one before it, which is on
	// another way, until that is read from the store.
	holdTime = 30 * time.Millisecond
	// holdMost is how long it waits while the store does not answer; then the
	// sockets are told to resync.
	holdMost = 5 * time.Second
	// fillTime bounds one look into the store, fillAgain is between two.
	fillTime  = 3 * time.Second
	fillAgain = 250 * time.Millisecond
	// maxHeld messages wait in one conversation.
	maxHeld = 512
	// lineLife is how long it is remembered how far a conversation has come
	// here; longer than anything is under way.
	lineLife = 2 * time.Minute
	// orderShards spreads the locks.
	orderShards = 16
	// fillers look into the store at the same time.
	fillers = 4
)

// talk names a conversation as the store does.
type talk struct {
	kind      int
	low, high int64
}

// order puts what has a place in a timeline into its order, once: on several
// nodes messages of one conversation come from several of them, each by its own
// way. Without a bus it is not used.
type order struct {
	hub    *Hub
	shards [orderShards]orderShard
	slots  chan struct{} // of fillers
	ctx    context.Context
	cancel context.CancelFunc
}

// orderShard has a part of the lines. Its lock is held while a message is
// handed to the queues, so that two of one line cannot overtake each other; it
// comes before all locks of nodes and indexes.
type orderShard struct {
	mu    sync.Mutex // guards the following and what is in them
	lines map[talk]*track
	own   map[place]time.Time // what this node has committed and not published yet
	// cursors are how far people have read, as far as it is told here.
	cursors map[reader]cursor
}

// track is how far a line has come here.
type track struct {
	first, last int64 // what is delivered, without a hole between
	held        map[int64]held
	wanted      int64       // what is known to be in the store; 0: nothing
	resends     []resend    // to be acknowledged once what they say is delivered here
	timer       *time.Timer // until the hole is filled
	opened      time.Time   // when the hole was
	used        time.Time
}

// held is a message that waits for the one before it.
type held struct {
	delivery model.Delivery
	parcel   parcel // with the ack for which its sender's queue keeps a place
}

func newOrder(h *Hub) *order {
	o := &order{hub: h, slots: make(chan struct{}, fillers)}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	for i := range o.shards {
		s := &o.shards[i]
		s.lines, s.own, s.cursors = make(map[talk]*track), make(map[place]time.Time), make(map[reader]cursor)
	}
	return o
}

// placeOf tells where a delivery belongs in a timeline; false if it has no
// place there.
func placeOf(d *model.Delivery) (p place, ok bool) {
	m := &d.Message
	if m.Seq <= 0 || d.Silent || d.Ephemeral || d.Only != 0 {
		return p, false
	}
	switch m.Cmd {
	case model.CmdSingle, model.CmdRoom, model.CmdNotice, model.CmdRecall, model.CmdEdit, model.CmdReact, model.CmdEvent:
	default:
		return p, false // a read has a seq too, but of another meaning
	}
	kind := m.Kind
	if kind == 0 && m.IsPost() {
		kind = m.Cmd
	}
	switch {
	case kind == model.KindRoom && d.Group == m.DstID:
		return place{Kind: kind, Low: m.DstID, Seq: m.Seq}, true
	case kind == model.KindSingle:
		return place{kind, min(m.UserID, m.DstID), max(m.UserID, m.DstID), m.Seq}, true
	case kind == model.KindNotice && len(d.Users) == 1:
		return place{Kind: kind, Low: d.Users[0], Seq: m.Seq}, true
	}
	return p, false
}

func (o *order) shard(l talk) *orderShard {
	return &o.shards[uint64(l.low^l.high*31)%orderShards]
}

// take delivers d in its order: at once, once those before it are there, or not
// at all if it was before.
func (o *order) take(d *model.Delivery, f *Frame) {
	p, ok := placeOf(d)
	switch {
	case ok:
		o.line(d, f, p)
	case d.Message.Cmd == model.CmdRead:
		o.read(d, f)
	case d.Ack != nil && d.Message.Cmd == 0:
		o.repeat(d)
	default:
		o.hub.apply(d, parcel{message: f})
	}
}

// line is take of what has a place.
func (o *order) line(d *model.Delivery, f *Frame, p place) {
	l := talk{p.Kind, p.Low, p.High}
	s := o.shard(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f != nil || d.Origin != 0 {
		delete(s.own, p)
	}
	t := s.lines[l]
	if !o.concerned(l) && d.Origin == 0 {
		o.bring(s, l, p.Seq, held{*d, parcel{message: f}})
		return
	}
	if t == nil {
		t = &track{first: p.Seq, last: p.Seq - 1}
		s.lines[l] = t
	}
	t.used = time.Now()
	switch {
	case p.Seq == t.last+1:
		o.pass(t, held{*d, parcel{message: f}})
		o.release(t)
	case p.Seq > t.last:
		o.hold(l, t, p.Seq, held{*d, parcel{message: f}})
	case p.Seq >= t.first:
		o.acknowledge(d, nil)
	default: // it belongs before what is out already
		o.acknowledge(d, nil)
		o.late(l)
	}
}

// bring is line of what finds nobody of the conversation here: it may bring
// somebody, with whom the line begins anew. What is acknowledged here already,
// to somebody whose coming was still on its way, is not to be said again.
func (o *order) bring(s *orderShard, l talk, seq int64, h held) {
	t := s.lines[l]
	if t != nil && seq <= t.last {
		if len(h.delivery.Subscribe) > 0 {
			o.late(l)
		}
		return
	}
	if t != nil {
		o.empty(t)
	}
	o.hub.apply(&h.delivery, h.parcel)
	if t != nil || o.concerned(l) {
		s.lines[l] = &track{first: seq, last: seq, used: time.Now()}
	}
}

// pass delivers what is next.
func (o *order) pass(t *track, h held) {
	t.last++
	o.hub.apply(&h.delivery, h.parcel)
	o.repeated(t)
}

// late makes up for what comes when those after it are out already.
func (o *order) late(l talk) {
	o.resync(l)
	if l.kind == model.KindRoom {
		go o.hub.guard("order", func() { o.seats(l.low, 1) })
	}
}

// acknowledge delivers what of d is for the sender's socket alone; ack is that
// if it is encoded already.
func (o *order) acknowledge(d *model.Delivery, ack *Frame) {
	if d.Origin != 0 && d.Ack != nil {
		o.hub.apply(&model.Delivery{Origin: d.Origin, Ack: d.Ack}, parcel{ack: ack})
	}
}

// concerned tells whether anybody here may see a line.
func (o *order) concerned(l talk) bool {
	switch l.kind {
	case model.KindRoom:
		return o.hub.groups.count(l.low) > 0
	case model.KindSingle:
		return o.hub.users.count(l.low) > 0 || o.hub.users.count(l.high) > 0
	}
	return o.hub.users.count(l.low) > 0
}

// release delivers what was held and is next; the hole may be closed with it.
func (o *order) release(t *track) {
	for len(t.held) > 0 {
		next, ok := t.held[t.last+1]
		if !ok {
			return
		}
		delete(t.held, t.last+1)
		o.hub.metrics.Bus.Held.Dec()
		o.pass(t, next)
	}
	if t.timer != nil && t.last >= t.wanted {
		t.timer.Stop()
		t.timer = nil
	}
}

// hold keeps a message until those before it are there.
func (o *order) hold(l talk, t *track, seq int64, h held) {
	if before, twice := t.held[seq]; twice {
		if before.delivery.Origin != 0 {
			return // it has the sender's ack
		}
		o.hub.metrics.Bus.Held.Dec()
	}
	if t.held == nil {
		t.held = make(map[int64]held)
	}
	h.parcel.ack = o.reserve(&h.delivery)
	t.held[seq] = h
	o.hub.metrics.Bus.Held.Inc()
	if len(t.held) > maxHeld {
		o.giveUp(l, t)
		return
	}
	o.open(l, t, holdTime)
}

// giveUp lets a line go on behind a hole; whoever is concerned is told to look.
func (o *order) giveUp(l talk, t *track) {
	top := max(t.last, t.wanted)
	for seq := range t.held {
		top = max(top, seq)
	}
	o.empty(t)
	t.wanted, t.first, t.last = 0, top, top
	o.late(l)
}

// empty acknowledges what is held and forgets it.
func (o *order) empty(t *track) {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	for _, h := range t.held {
		o.acknowledge(&h.delivery, h.parcel.ack)
	}
	for _, r := range t.resends {
		o.acknowledge(&r.delivery, r.ack)
	}
	o.hub.metrics.Bus.Held.Sub(float64(len(t.held)))
	t.held, t.resends = nil, nil
}

// resync tells who is concerned to read a line again.
func (o *order) resync(l talk) {
	m := model.Message{Cmd: model.CmdResync, Kind: l.kind}
	switch l.kind {
	case model.KindRoom:
		m.DstID = l.low
		o.hub.apply(&model.Delivery{Message: m, Group: l.low}, parcel{})
	case model.KindSingle:
		m.DstID = l.high
		o.hub.apply(&model.Delivery{Message: m, Users: []int64{l.low}}, parcel{})
		m.DstID = l.low
		o.hub.apply(&model.Delivery{Message: m, Users: []int64{l.high}}, parcel{})
	default:
		o.hub.apply(&model.Delivery{Message: m, Users: []int64{l.low}}, parcel{})
	}
}

// drop forgets a line; for who holds its shard.
func (o *order) drop(s *orderShard, l talk, t *track) {
	o.empty(t)
	delete(s.lines, l)
}
