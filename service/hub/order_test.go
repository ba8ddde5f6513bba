package hub

import (
	"context"
	"fmt"
	"testing"

	"hongyan/model"
	"hongyan/service/cluster"
)

// shelf is a store with what is put there.
type shelf map[int64]model.Delivery // of group 7, by seq

func (s shelf) Between(_ context.Context, _ int, _, _, after, upto int64) (list []model.Delivery, err error) {
	for seq := after + 1; seq <= upto; seq++ {
		if d, ok := s[seq]; ok {
			list = append(list, d)
		}
	}
	return list, nil
}

func (s shelf) Members(context.Context, int64) (members []int64, seq int64, err error) {
	for at := range s {
		seq = max(seq, at)
	}
	return []int64{1, 2}, seq, nil
}

// ordered makes a node with others, and a socket in three groups of which one
// has come to seq 1.
func ordered(t *testing.T, store Store) (*Hub, *device) {
	h := newHub(t, func(o *Options) { o.Bus, o.Store = cluster.NewLocal().Join(), store })
	d := connect(t, h, socket{userID: 1, groups: []int64{7, 8, 9}})
	h.Publish(model.Delivery{Message: text(7, 1, "7/1"), Group: 7})
	d.expect("7/1")
	return h, d
}

// said is what the device has sent, and is committed here.
func (d *device) said(group, seq int64) model.Delivery {
	said := fmt.Sprintf("%d/%d", group, seq)
	ack := model.Message{Cmd: model.CmdAck, ID: 100*group + seq, CID: said, Kind: model.KindRoom, DstID: group, Seq: seq}
	return model.Delivery{Message: text(group, seq, said), Group: group, Origin: d.node.ID, Ack: &ack}
}

// resent is the same, sent again.
func (d *device) resent(group, seq int64) model.Delivery {
	said := d.said(group, seq)
	return model.Delivery{Origin: said.Origin, Ack: said.Ack}
}

// hear brings what somebody else said at another node.
func (h *Hub) hear(group, seq int64) {
	d := model.Delivery{Message: text(group, seq, fmt.Sprintf("%d/%d", group, seq)), Group: group}
	h.order.take(&d, h.frame(&d.Message, false))
}

// gets asserts what comes: contents of messages, and cids of acks after a '+'.
func (d *device) gets(list ...string) {
	d.t.Helper()
	for i, want := range list {
		m := d.next()
		got := m.Content
		switch m.Cmd {
		case model.CmdAck:
			got = "+" + m.CID
		case model.CmdResync:
			got = fmt.Sprint("resync ", m.DstID)
		}
		if got != want {
			d.t.Fatalf("frame %d of %v is %q", i+1, list, got)
		}
	}
}

// Acks that waited for their places passed each other: that of group 8, which
// waits for nothing, went out before that of group 7, which had been committed
// before it. Now it waits, and what group 8 has after it too; group 9 does not.
func TestAcksDoNotOvertakeEachOther(t *testing.T) {
	h, d := ordered(t, shelf{})
	h.Publish(d.said(7, 3))
	h.Publish(d.said(8, 1))
	h.hear(8, 2)
	h.Publish(d.said(7, 4))
	h.hear(9, 1)
	d.gets("9/1")
	d.silent()
	h.hear(7, 2)
	d.gets("7/2", "+7/3", "+8/1", "8/2", "+7/4")
}

// The ack of a resend went out at once: before what its place comes after, and
// before acks that still waited.
func TestAcksOfResendsComeInTheirPlaces(t *testing.T) {
	h, d := ordered(t, shelf{})
	h.Publish(d.resent(7, 4)) // another node has stored it
	h.Publish(d.resent(7, 1))
	h.hear(7, 2)
	h.Publish(d.said(7, 5))
	d.gets("7/2")
	d.silent()
	h.hear(7, 4)
	h.hear(7, 3)
	d.gets("7/3", "7/4", "+7/4", "+7/1", "+7/5")
	h.Publish(d.resent(7, 5))
	d.gets("+7/5")
}

// What a resend speaks of is read from the store if nobody tells of it.
func TestAResendIsAHint(t *testing.T) {
	store := shelf{}
	h, d := ordered(t, store)
	for seq := int64(2); seq <= 3; seq++ {
		store[seq] = model.Delivery{Message: text(7, seq, fmt.Sprintf("7/%d", seq)), Group: 7}
	}
	h.Publish(d.resent(7, 3))
	d.gets("7/2", "7/3", "+7/3")
}

// After the ack of a resend in a conversation that is new to a node, what comes
// from before it is late: it is not handed out, but told of.
func TestAResendBeginsALine(t *testing.T) {
	h, d := ordered(t, shelf{})
	h.Publish(d.resent(8, 3))
	d.gets("+8/3")
	h.hear(8, 2)
	d.gets("resync 8")
	h.hear(8, 4)
	d.gets("8/4")
}

// The acks of a hole that is given up came in any order.
func TestAcksKeepTheirOrderWhenAHoleIsGivenUp(t *testing.T) {
	h, d := ordered(t, nil)
	var want []string
	for seq := int64(3); seq < 30; seq++ {
		h.Publish(d.said(7, seq))
		want = append(want, fmt.Sprintf("+7/%d", seq))
	}
	d.gets(append(want, "resync 7")...)
	h.hear(7, 30)
	d.gets("7/30")
}

// A read cursor went back where the bus brought the older one later.
func TestCursorsNeverGoBack(t *testing.T) {
	h, d := ordered(t, shelf{})
	read := func(user, seq, origin int64) {
		m := model.Message{Cmd: model.CmdRead, UserID: user, Kind: model.KindSingle, DstID: 3 - user, Seq: seq, Content: fmt.Sprintf("%d read %d", user, seq)}
		ack := model.Message{Cmd: model.CmdAck, CID: "r", Seq: seq}
		h.order.take(&model.Delivery{Message: m, Users: []int64{1, 2}, Origin: uint64(origin), Ack: &ack}, nil)
	}
	read(2, 5, 0)
	read(2, 4, 0)
	read(2, 5, int64(d.node.ID)) // told already, but not acknowledged
	read(1, 2, 0)
	read(2, 6, 0)
	d.gets("2 read 5", "+r", "1 read 2", "2 read 6")
}

// What waits behind an ack counts in the queue, and ends with it.
func TestWhatIsDueIsBounded(t *testing.T) {
	ack := frameOf(t, model.Message{Cmd: model.CmdAck, Kind: model.KindRoom, DstID: 7}, false)
	own := frameOf(t, model.Message{Cmd: model.CmdAck, Kind: model.KindRoom, DstID: 8}, false)
	post := frameOf(t, text(8, 1, "x"), false)
	q := DataQueue{busy: true}
	q.reserve(ack, 1)
	q.push(own, 1)
	for q.count < maxFrames {
		if q.push(post, 1) != queued {
			t.Fatalf("outcome at %d frames", q.count)
		}
	}
	if o := q.push(post, 1); o != overflow || len(q.frames) > 0 {
		t.Errorf("outcome %d, %d frames pass", o, len(q.frames))
	}
	if !q.come(ack) {
		t.Fatal("the ack has no place")
	}
	for _, ok := q.settle(); ok; _, ok = q.settle() {
	}
	if len(q.frames) != maxFrames || q.frames[0] != ack || q.frames[1] != own {
		t.Errorf("%d frames", len(q.frames))
	}
	q.reserve(ack, 1)
	if q.end(closeFrame(1001, ""), false); len(q.dues) > 0 || q.count != maxFrames {
		t.Errorf("%d due, %d count", len(q.dues), q.count)
	}
}

// A line that began with somebody's coming to a group knew nothing of that, and
// what was looked at in the store then went out once more, in front of it too.
func TestWhoComesBeginsALine(t *testing.T) {
	store := shelf{}
	for seq := int64(4); seq <= 6; seq++ {
		store[seq] = model.Delivery{Message: text(6, seq, fmt.Sprintf("6/%d", seq)), Group: 6}
	}
	h, d := ordered(t, store)
	came := model.Delivery{Message: model.Message{Cmd: model.CmdEvent, Content: model.EventGroupJoined, Kind: model.KindRoom, DstID: 6, UserID: 2, Seq: 5}, Group: 6, Subscribe: []int64{1}}
	h.order.take(&came, h.frame(&came.Message, false))
	d.gets(model.EventGroupJoined)
	h.Fill(model.KindRoom, 6, 0, 4, 6)
	d.gets("resync 6", "6/6")
	d.silent()
}

// Who spoke in a group at a node that had not heard of the coming yet got it
// again, as a message, after the event that told of the coming.
func TestWhatIsAcknowledgedBeforeTheComing(t *testing.T) {
	store := shelf{}
	h, d := ordered(t, store)
	h.Publish(d.said(6, 43))
	d.gets("+6/43")
	h.hear(6, 44) // of others; nobody is known to be there
	store[44] = model.Delivery{}
	came := model.Delivery{Message: model.Message{Cmd: model.CmdEvent, Content: model.EventGroupJoined, Kind: model.KindRoom, DstID: 6, UserID: 2, Seq: 42}, Group: 6, Subscribe: []int64{1}}
	h.order.take(&came, h.frame(&came.Message, false))
	d.gets("resync 6")
	if h.Missing(model.KindRoom, 6, 0, 44) {
		t.Error("what the resync reads is missing")
	}
	h.hear(6, 44)
	h.hear(6, 45)
	d.gets("6/45")
	d.silent()
}

// busy is a store whose groups are never at rest.
type busy struct {
	shelf
	reads chan struct{}
}

func (b busy) Members(context.Context, int64) (members []int64, seq int64, err error) {
	b.reads <- struct{}{}
	return []int64{1, 2}, 99, nil
}

// Who looked at what the bus had lost waited for each group that people had come
// to until it was at rest, seconds for several, and told of nothing meanwhile.
func TestSeatsDoNotWaitForAGroupAtRest(t *testing.T) {
	store := busy{shelf{}, make(chan struct{}, seatTries)}
	h, _ := ordered(t, store)
	h.Seats(7)
	if n := len(store.reads); n != 1 {
		t.Errorf("%d looks before it returned", n)
	}
	for range seatTries { // and it goes on by itself
		<-store.reads
	}
}
