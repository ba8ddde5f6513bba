package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// town is a whole server with people on it.
type town struct {
	*testing.T
	address string
	people  int
}

// inTown runs a test against a whole server on each kind of database.
func inTown(t *testing.T, fn func(t *town)) {
	t.Helper()
	dbtest.Sources(t, func(t *testing.T, source string) {
		fn(&town{T: t, address: start(t, "-db", source, "-limits", "off").public})
	})
}

// citizen is a signed-in user.
type citizen struct {
	*client.Client
	t  *town
	id int64
}

func (t *town) citizen() *citizen {
	t.Helper()
	t.people++
	c := client.New(t.address)
	t.Cleanup(c.Close)
	name := fmt.Sprintf("user%d", t.people)
	if err := c.Register(t.Context(), fmt.Sprintf("+861380000%04d", t.people), "a good password", name); err != nil {
		t.Fatal(err)
	}
	return &citizen{c, t, c.User().ID}
}

func (c *citizen) post(route string, in, out any) {
	c.t.Helper()
	if err := c.Post(c.t.Context(), route, in, out); err != nil {
		c.t.Fatalf("%s: %v", route, err)
	}
}

// friends makes two users friends, with consent.
func (t *town) friends() (a, b *citizen) {
	t.Helper()
	a, b = t.citizen(), t.citizen()
	a.post("/contact/addfriend", map[string]any{"dstid": b.id, "memo": "hello"}, nil)
	var requests []model.RequestRow
	b.post("/contact/requests", nil, &requests)
	if len(requests) != 1 || requests[0].User.ID != a.id {
		t.Fatalf("requests %+v", requests)
	}
	b.post("/contact/accept", map[string]any{"id": requests[0].ID}, nil)
	return a, b
}

// device is a socket whose frames are awaited one by one.
type device struct {
	*client.Socket
	t *town
}

func (c *citizen) device() *device {
	c.t.Helper()
	s, err := c.Dial(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(s.Close)
	return &device{s, c.t}
}

// next gives the next frame with one of the commands.
func (d *device) next(cmds ...int) model.Message {
	d.t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case m, ok := <-d.Frames:
			if !ok {
				d.t.Fatalf("closed with %d", d.Code())
			}
			for _, cmd := range cmds {
				if m.Cmd == cmd {
					return m
				}
			}
		case <-timeout:
			d.t.Fatalf("no frame of %v", cmds)
		}
	}
}

func (d *device) send(m model.Message) model.Message {
	d.t.Helper()
	ack, err := d.Send(d.t.Context(), m)
	if err != nil {
		d.t.Fatal(err)
	}
	return ack
}

func note(to int64, content string) model.Message {
	return model.Message{Cmd: model.CmdSingle, DstID: to, Media: model.MediaText, Content: content}
}

func TestTwoPeopleTalk(t *testing.T) {
	inTown(t, func(t *town) {
		a, b := t.friends()
		phone, tablet, bob := a.device(), a.device(), b.device()
		m := note(b.id, "你好")
		m.CID, m.UserID = "c1", b.id // spoofed
		first := phone.send(m)
		if first.Cmd != model.CmdAck || first.CID != "c1" || first.Seq == 0 || first.ID == 0 || first.Kind != model.KindSingle || first.DstID != b.id {
			t.Errorf("ack %+v", first)
		}
		for _, d := range []*device{tablet, bob} {
			if got := d.next(model.CmdSingle); got.UserID != a.id || got.Content != "你好" || got.Seq != first.Seq || got.ID != first.ID {
				t.Errorf("got %+v", got)
			}
		}
		again := phone.send(m)
		if again.ID != first.ID || again.Seq != first.Seq {
			t.Errorf("resend is %+v, first %+v", again, first)
		}
		m.Content = "other"
		if _, err := phone.Send(t.Context(), m); model.CodeOf(err) != model.CodeCIDReused {
			t.Errorf("cid reused: %v", err)
		}
		second := bob.send(note(a.id, "好"))
		if second.Seq != first.Seq+1 {
			t.Errorf("seq %d after %d", second.Seq, first.Seq)
		}
		for _, d := range []*device{phone, tablet} { // nothing came between
			if got := d.next(model.CmdSingle); got.Seq != second.Seq || got.UserID != b.id {
				t.Errorf("got %+v", got)
			}
		}
		history, err := b.History(t.Context(), model.KindSingle, a.id, 0, 50)
		if err != nil || len(history) != int(second.Seq) || history[len(history)-1].Content != "好" {
			t.Errorf("history %+v, %v", history, err)
		}
		if _, err := t.citizen().device().Send(t.Context(), note(a.id, "stranger")); model.CodeOf(err) != model.CodeNotFriend {
			t.Errorf("a stranger: %v", err)
		}
	})
}

// TestOneOrder: two people and their devices talk at once; all see one order
// without a gap.
func TestOneOrder(t *testing.T) {
	inTown(t, func(t *town) {
		a, b := t.friends()
		const each = 100
		lines := map[*citizen][]*client.Line{a: {a.Follow(t.Context(), nil), a.Follow(t.Context(), nil)}, b: {b.Follow(t.Context(), nil)}}
		var senders, readers sync.WaitGroup
		orders := make(chan string, 3)
		for c, list := range lines {
			for _, line := range list {
				readers.Go(func() { orders <- order(t, line, 2*each) })
			}
			peer := map[*citizen]*citizen{a: b, b: a}[c]
			for i := range each {
				senders.Go(func() {
					if _, err := list[i%len(list)].Send(t.Context(), note(peer.id, fmt.Sprint(c.id, "-", i))); err != nil {
						t.Error(err)
					}
				})
			}
			if i := len(list); i > 1 {
				list[1].Drop() // in the middle of it
			}
		}
		senders.Wait()
		readers.Wait()
		close(orders)
		want := <-orders
		for got := range orders {
			if got != want {
				t.Errorf("orders differ:\n%s\n%s", got, want)
			}
		}
		for _, list := range lines {
			for _, line := range list {
				line.Close()
			}
		}
	})
}

// order gives the first count messages of a line as text, after looking for gaps.
func order(t *town, line *client.Line, count int) string {
	var b strings.Builder
	timeout := time.After(30 * time.Second)
	for last := int64(0); count > 0; {
		select {
		case m, ok := <-line.Frames:
			switch {
			case !ok:
				t.Errorf("the line ended: %v", line.Err())
				return ""
			case m.Seq == 0 || m.Kind != model.KindSingle || m.Cmd == model.CmdAck:
				continue
			case last != 0 && m.Seq != last+1:
				t.Errorf("seq %d after %d", m.Seq, last)
			}
			last = m.Seq
			if m.Cmd == model.CmdSingle {
				fmt.Fprintf(&b, "%d:%d:%s ", m.Seq, m.UserID, m.Content)
				count--
			}
		case <-timeout:
			t.Errorf("%d messages missing after %s", count, b.String())
			return ""
		}
	}
	return b.String()
}

// TestAwayAndBack: what was said while a client was away is there when it
// returns, once, and what it said itself meanwhile goes out.
func TestAwayAndBack(t *testing.T) {
	inTown(t, func(t *town) {
		a, b := t.friends()
		phone := a.device()
		start := phone.send(note(b.id, "before")).Seq
		away := map[client.Conversation]int64{{Kind: model.KindSingle, DstID: a.id}: start}
		for i := range 250 { // more than a page
			phone.send(note(b.id, fmt.Sprint(i)))
		}
		line := b.Follow(t.Context(), away)
		defer line.Close()
		go func() {
			if _, err := line.Send(t.Context(), note(a.id, "back again")); err != nil {
				t.Error(err)
			}
		}()
		got := order(t, line, 251)
		if !strings.HasPrefix(got, fmt.Sprintf("%d:%d:0 ", start+1, a.id)) || !strings.Contains(got, "back again") {
			t.Errorf("got %s", got)
		}
		if m := phone.next(model.CmdSingle); m.Content != "back again" {
			t.Errorf("got %+v", m)
		}
	})
}

func TestGroupTalk(t *testing.T) {
	inTown(t, func(t *town) {
		a, b := t.friends()
		alice, bob := a.device(), b.device()
		var group model.Community
		a.post("/contact/createcommunity", map[string]any{"name": "鸿雁", "members": []int64{b.id}}, &group)
		ack := alice.send(model.Message{Cmd: model.CmdRoom, DstID: group.ID, Media: model.MediaText, Content: "hi all"})
		if m := bob.next(model.CmdRoom); m.Seq != ack.Seq || m.DstID != group.ID || m.UserID != a.id {
			t.Errorf("got %+v, ack %+v", m, ack)
		}
		if err := bob.Write(model.Message{Cmd: model.CmdTyping, Kind: model.KindRoom, DstID: group.ID}); err != nil {
			t.Fatal(err)
		}
		if m := alice.next(model.CmdTyping); m.UserID != b.id {
			t.Errorf("got %+v", m)
		}
		a.post("/community/kick", map[string]any{"dstid": group.ID, "memberid": b.id}, nil)
		alice.send(model.Message{Cmd: model.CmdRoom, DstID: group.ID, Media: model.MediaText, Content: "secret"})
		alice.send(note(b.id, "marker"))
		if m := bob.next(model.CmdRoom, model.CmdSingle); m.Content != "marker" {
			t.Errorf("got %+v after the kick", m)
		}
		_, err := bob.Send(t.Context(), model.Message{Cmd: model.CmdRoom, DstID: group.ID, Media: model.MediaText, Content: "x"})
		_, absent := bob.Send(t.Context(), model.Message{Cmd: model.CmdRoom, DstID: 1 << 40, Media: model.MediaText, Content: "x"})
		if model.CodeOf(err) != model.CodeNotMember || err.Error() != absent.Error() {
			t.Errorf("kicked: %v, absent: %v", err, absent)
		}
	})
}

func TestPresenceReachesFriends(t *testing.T) {
	inTown(t, func(t *town) {
		a, b := t.friends()
		alice := a.device()
		b.device()
		if m := alice.next(model.CmdPresence); m.UserID != b.id || m.Amount != 1 {
			t.Errorf("got %+v", m)
		}
	})
}

func TestSocketsEndWithTheirSession(t *testing.T) {
	inTown(t, func(t *town) {
		c := t.citizen()
		other := client.New(t.address)
		defer other.Close()
		if err := other.Login(t.Context(), c.User().Mobile, "a good password"); err != nil {
			t.Fatal(err)
		}
		mine, theirs := c.device(), (&citizen{other, t, c.id}).device()
		line := c.Follow(t.Context(), nil)
		defer line.Close()
		start := time.Now()
		if err := c.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range mine.Frames {
		}
		if took := time.Since(start); mine.Code() != 4001 || took > time.Second {
			t.Errorf("closed with %d after %v", mine.Code(), took)
		}
		for range line.Frames {
		}
		if err := line.Err(); !errors.Is(err, client.ErrEnded) && model.CodeOf(err) != model.CodeUnauthenticated {
			t.Errorf("the line ended with %v", err)
		}
		if _, err := c.Dial(t.Context()); model.CodeOf(err) != model.CodeUnauthenticated {
			t.Errorf("dial after logout: %v", err)
		}
		select {
		case <-theirs.Done():
			t.Error("the other session's socket was closed")
		default:
		}
	})
}

func TestDeadAddressIsLeft(t *testing.T) {
	inTown(t, func(t *town) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c := t.citizen()
		two := client.New("http://"+l.Addr().String(), t.address)
		defer two.Close()
		two.SetToken(c.Token())
		start := time.Now()
		s, err := two.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("connected after %v", took)
		}
	})
}
