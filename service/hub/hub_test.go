package hub

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/cluster"
)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func TestPublish(t *testing.T) {
	h := newHub(t, nil)
	a1 := connect(t, h, socket{userID: 1, groups: []int64{7}})
	a2 := connect(t, h, socket{userID: 1, groups: []int64{7}})
	b := connect(t, h, socket{userID: 2, groups: []int64{7, 8}})
	c := connect(t, h, socket{userID: 3})

	t.Run("the origin gets the ack, each other socket the message once", func(t *testing.T) {
		ack := model.Message{Cmd: model.CmdAck, CID: "x", Seq: 1}
		h.Publish(model.Delivery{Message: text(7, 1, "one"), Users: []int64{1, 2, 2}, Group: 7, Origin: a1.node.ID, Ack: &ack})
		if m := a1.next(); m.Cmd != model.CmdAck || m.CID != "x" {
			t.Errorf("origin got %+v", m)
		}
		a2.expect("one")
		b.expect("one")
		for _, d := range []*device{a1, a2, b, c} {
			d.silent()
		}
	})
	t.Run("an origin without an ack gets nothing", func(*testing.T) {
		h.Publish(model.Delivery{Message: text(7, 2, "two"), Group: 7, Origin: a1.node.ID})
		a2.expect("two")
		b.expect("two")
		a1.silent()
	})
	t.Run("the ack reaches an origin that is nobody's receiver", func(t *testing.T) {
		h.Publish(model.Delivery{Origin: c.node.ID, Ack: &model.Message{Cmd: model.CmdAck, CID: "again"}})
		if m := c.next(); m.CID != "again" {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("subscribed before, unsubscribed after", func(*testing.T) {
		h.Publish(model.Delivery{Message: text(8, 1, "welcome"), Group: 8, Subscribe: []int64{3}})
		c.expect("welcome")
		b.expect("welcome")
		h.Publish(model.Delivery{Message: text(8, 2, "farewell"), Group: 8, Unsubscribe: []int64{3}})
		c.expect("farewell")
		b.expect("farewell")
		h.Publish(model.Delivery{Message: text(8, 3, "secret"), Group: 8})
		b.expect("secret")
		c.silent()
	})
	t.Run("one socket alone", func(*testing.T) {
		h.Publish(model.Delivery{Message: text(7, 9, "for you"), Users: []int64{1, 2}, Group: 7, Only: a2.node.ID})
		a2.expect("for you")
		a1.silent()
		b.silent()
		h.Publish(model.Delivery{Message: text(7, 9, "for nobody"), Only: 999})
	})
	t.Run("membership without a message", func(*testing.T) {
		h.Publish(model.Delivery{Silent: true, Group: 9, Subscribe: []int64{3}})
		h.Publish(model.Delivery{Message: text(9, 1, "nine"), Group: 9})
		c.expect("nine")
	})
}

func TestDisconnect(t *testing.T) {
	h := newHub(t, nil)
	a := connect(t, h, socket{userID: 1, sessionID: 10})
	b := connect(t, h, socket{userID: 1, sessionID: 11})
	h.Publish(model.Delivery{Message: text(0, 1, "last words"), Users: []int64{1}})
	h.Disconnect(1, []int64{10}, 4001, "logout")
	a.expect("last words") // what was queued is still written
	if code := a.closed(time.Second); code != 4001 {
		t.Errorf("closed with %d", code)
	}
	b.expect("last words")
	h.Disconnect(1, nil, 4001, "")
	if code := b.closed(time.Second); code != 4001 {
		t.Errorf("closed with %d", code)
	}
	if h.Online(1) {
		t.Error("still online")
	}
}

func TestAttachRacesWithMembership(t *testing.T) {
	h := newHub(t, nil)
	loading, kicked := make(chan struct{}), make(chan struct{})
	load := func(context.Context) ([]int64, error) {
		close(loading)
		<-kicked
		return []int64{5, 6}, nil // read before the kick and the invitation
	}
	done := make(chan *device)
	go func() { done <- connect(t, h, socket{userID: 1, load: load}) }()
	<-loading
	h.Publish(model.Delivery{Message: text(5, 1, "kicked"), Group: 5, Unsubscribe: []int64{1}})
	h.Publish(model.Delivery{Message: text(4, 1, "invited"), Group: 4, Subscribe: []int64{1}})
	h.Publish(model.Delivery{Message: text(0, 1, "direct"), Users: []int64{1}})
	close(kicked)
	d := <-done // has read the hello before anything else
	d.expect("invited")
	d.expect("direct")
	h.Publish(model.Delivery{Message: text(5, 2, "not for ghosts"), Group: 5})
	h.Publish(model.Delivery{Message: text(4, 2, "four"), Group: 4})
	h.Publish(model.Delivery{Message: text(6, 1, "six"), Group: 6})
	d.expect("four")
	d.expect("six")
	d.silent()
}

// TestAttachWithWhatWasReadBefore: groups that were read before the socket was
// there hold as long as no membership has changed and no session has ended since.
func TestAttachWithWhatWasReadBefore(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(h *Hub)
		holds     bool
	}{
		"nothing":         {func(h *Hub) { h.Publish(model.Delivery{Message: text(5, 1, "x"), Group: 5}) }, true},
		"somebody enters": {func(h *Hub) { h.Publish(model.Delivery{Group: 5, Subscribe: []int64{2}, Silent: true}) }, false},
		"somebody leaves": {func(h *Hub) { h.Publish(model.Delivery{Group: 5, Unsubscribe: []int64{2}, Silent: true}) }, false},
		"a session ends":  {func(h *Hub) { h.Disconnect(2, []int64{7}, 4001, "ended") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, nil)
			mark, ok := h.Mark()
			if !ok {
				t.Fatal("not on a single node")
			}
			c.meanwhile(h)
			asked := false
			d := connect(t, h, socket{userID: 1, early: &Early{Mark: mark, Groups: []int64{5}}, load: func(context.Context) ([]int64, error) {
				asked = true
				return []int64{5}, nil
			}})
			if asked == c.holds {
				t.Errorf("the store was asked: %v", asked)
			}
			h.Publish(model.Delivery{Message: text(5, 2, "five"), Group: 5})
			d.expect("five")
		})
	}
}

func TestAttachRefused(t *testing.T) {
	t.Run("load fails", func(t *testing.T) {
		h := newHub(t, nil)
		d := connect(t, h, socket{userID: 1, mute: true, load: func(context.Context) ([]int64, error) { return nil, errors.New("no store") }})
		if code := d.closed(time.Second); code != 1011 {
			t.Errorf("closed with %d", code)
		}
		eventually(t, "registry empty", func() bool { return h.Counts() == Counts{} })
	})
	t.Run("too many of a user", func(t *testing.T) {
		h := newHub(t, func(o *Options) { o.PerUser = 2 })
		connect(t, h, socket{userID: 1})
		connect(t, h, socket{userID: 1})
		if err := h.Room(1, "a"); !errors.Is(err, ErrTooMany) {
			t.Errorf("Room = %v", err)
		}
		if err := h.Room(2, "a"); err != nil {
			t.Errorf("Room of another = %v", err)
		}
		d := connect(t, h, socket{userID: 1, mute: true})
		if code := d.closed(time.Second); code != CloseTryLater {
			t.Errorf("closed with %d", code)
		}
		connect(t, h, socket{userID: 2})
	})
	t.Run("too many of an address", func(t *testing.T) {
		h := newHub(t, func(o *Options) { o.PerAddress = 1 })
		d := connect(t, h, socket{userID: 1})
		if err := h.Room(2, "127.0.0.1"); !errors.Is(err, ErrTooMany) {
			t.Errorf("Room = %v", err)
		}
		_ = d.raw.Close()
		eventually(t, "room again", func() bool { return h.Room(2, "127.0.0.1") == nil })
	})
}

// wanting is a bus that tells what is wanted.
type wanting struct {
	*cluster.LocalMember
	wants chan string
}

func (w *wanting) Want(topic string, on bool) {
	w.LocalMember.Want(topic, on)
	if on {
		w.wants <- topic
	}
}

func TestTwoHubsOnOneBus(t *testing.T) {
	bus, wants := cluster.NewLocal(), make(chan string, 100)
	join := func(o *Options) { o.Bus = &wanting{bus.Join(), wants} }
	h1, h2 := newHub(t, join), newHub(t, join)
	want := func(topics ...string) { // what was said before an interest is known is found in the store
		for len(topics) > 0 {
			topic := <-wants
			topics = slices.DeleteFunc(topics, func(s string) bool { return s == topic })
		}
	}
	a := connect(t, h1, socket{userID: 1, groups: []int64{7}})
	phone := connect(t, h2, socket{userID: 1, groups: []int64{7}})
	b := connect(t, h2, socket{userID: 2, sessionID: 20})
	want("g.7", "u.2")

	ack := model.Message{Cmd: model.CmdAck, CID: "x"}
	h1.Publish(model.Delivery{Message: text(7, 1, "<三>"), Group: 7, Origin: a.node.ID, Ack: &ack, Subscribe: []int64{2}})
	if m := a.next(); m.CID != "x" {
		t.Errorf("origin got %+v", m)
	}
	phone.expect("<三>") // its id may equal the origin's of the other node
	b.expect("<三>")
	h1.Publish(model.Delivery{Message: text(7, 2, padding(70_000)), Group: 7, Unsubscribe: []int64{2}})
	b.expect(padding(70_000))
	h2.Publish(model.Delivery{Message: text(7, 3, "back"), Group: 7})
	phone.expect(padding(70_000))
	phone.expect("back")
	a.expect(padding(70_000))
	a.expect("back")
	b.silent()

	h2.Enter(b.node, 99)
	want("r.99")
	h1.Live(a.node, model.Message{Cmd: model.CmdLive, UserID: 1, DstID: 99, Content: "live"})
	b.expect("live")

	h1.Disconnect(2, []int64{20}, 4001, "logout")
	if code := b.closed(time.Second); code != 4001 {
		t.Errorf("closed with %d", code)
	}
	for _, bad := range []string{"", "{", `{"v":9}`, `{"v":1,"message":[]}`, `{"v":1,"users":[1],"message":{"cmd":"x"}}`} {
		h1.receive("x", []byte(bad))
	}
	a.silent()
}

func TestLiveRooms(t *testing.T) {
	h := newHub(t, nil)
	a, b := connect(t, h, socket{userID: 1}), connect(t, h, socket{userID: 2})
	for room := range int64(maxRooms) {
		if !h.Enter(a.node, room+1) || !h.Enter(a.node, room+1) { //nolint:staticcheck // entering twice is once
			t.Fatal("room refused")
		}
	}
	if h.Enter(a.node, 1000) {
		t.Error("one room too many")
	}
	h.Live(b.node, model.Message{Cmd: model.CmdLive, DstID: 3, Content: "to three"})
	a.expect("to three")
	h.Live(a.node, model.Message{Cmd: model.CmdLive, DstID: 3, Content: "no echo"})
	h.Exit(a.node, 3)
	h.Live(b.node, model.Message{Cmd: model.CmdLive, DstID: 3, Content: "unheard"})
	a.silent()
	b.silent()
	_ = a.raw.Close()
	eventually(t, "rooms empty", func() bool { return h.Counts().Rooms == 0 })
}

func TestChanged(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	var h *Hub
	h = newHub(t, func(o *Options) {
		o.Changed = func(u int64) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprint(u, h.Online(u)))
		}
	})
	a := connect(t, h, socket{userID: 1})
	b := connect(t, h, socket{userID: 1})
	a.node.Close(1000, "")
	_ = b.raw.Close()
	eventually(t, "offline", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == 2 && seen[0] == "1 true" && seen[1] == "1 false"
	})
}

func TestDrain(t *testing.T) {
	h := newHub(t, nil)
	a := connect(t, h, socket{userID: 1})
	stuck := connect(t, h, socket{userID: 2, mute: true})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	drained := make(chan struct{})
	go func() { h.Drain(ctx, 1500*time.Millisecond); close(drained) }()
	if m := a.next(); m.Cmd != model.CmdMove || m.Amount != 1500 {
		t.Errorf("got %+v, want a move", m)
	}
	if code := a.closed(3 * time.Second); code != CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
	if !errors.Is(h.Room(3, ""), ErrDraining) {
		t.Error("still room")
	}
	<-drained
	if c := h.Counts(); c != (Counts{}) {
		t.Errorf("left: %+v", c)
	}
	_ = stuck
}
