package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// Measures of TestKilled.
const (
	crashRounds = 5
	crashHands  = 4 // messages that each client has under way
)

// writer is a client that notes what it sent and what it was promised.
type writer struct {
	*client.Client
	id, friend int64

	mu   sync.Mutex
	sent map[string]model.Message
	acks map[string]model.Message
}

// TestKilled is P22: a server that is killed in the midst of things, again and
// again, keeps every message that it acknowledged, in its place, and takes what
// is sent again once.
func TestKilled(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		data := filepath.Join(t.TempDir(), "data")
		node := spawn(t, data, source, "-limits", "off")
		writers, group := crashTown(t, node.public)
		for round := range crashRounds {
			var all sync.WaitGroup
			var first sync.Once
			begun := make(chan struct{})
			for _, w := range writers {
				all.Go(func() {
					w.resend(t)
					w.write(t, round, group, func() { first.Do(func() { close(begun) }) })
				})
			}
			select {
			case <-begun:
			case <-time.After(20 * time.Second):
				t.Fatalf("nothing is acknowledged: %s", node.log)
			}
			time.Sleep(rand.N(300 * time.Millisecond))
			node.kill()
			all.Wait()
			node = spawn(t, data, source, "-limits", "off")
			for i, w := range writers {
				writers[i] = w.moved(t, node.public)
			}
		}
		acked := 0
		for _, w := range writers {
			acked += len(w.acks)
		}
		kept(t, writers, group) // before anything is sent again
		resent := 0
		for _, w := range writers {
			resent += len(w.sent) - len(w.acks)
			w.resend(t)
			if len(w.acks) != len(w.sent) {
				t.Errorf("%d of %d are acknowledged after all", len(w.acks), len(w.sent))
			}
		}
		kept(t, writers, group)
		if acked < crashRounds || resent == 0 {
			t.Errorf("no test: %d acknowledged, %d sent again", acked, resent)
		}
		t.Logf("%d acknowledged, %d sent again at the end", acked, resent)
	})
}

// crashTown registers two pairs of friends who share a group.
func crashTown(t *testing.T, address string) (writers []*writer, group int64) {
	t.Helper()
	for i := range 4 {
		w := &writer{Client: client.New(address), sent: map[string]model.Message{}, acks: map[string]model.Message{}}
		t.Cleanup(w.Close)
		check(t, w.Register(t.Context(), fmt.Sprintf("+861390000%04d", i), "a good password", fmt.Sprint("writer", i)))
		w.id = w.User().ID
		writers = append(writers, w)
	}
	first := writers[0]
	var members []int64
	for i, w := range writers[1:] {
		check(t, first.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": w.id}, nil))
		check(t, w.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": first.id}, nil))
		members = append(members, w.id)
		if i == 0 {
			first.friend = w.id
		}
		w.friend = first.id
	}
	var g struct{ ID int64 }
	check(t, first.Post(t.Context(), "/contact/createcommunity", map[string]any{"name": "group", "members": members}, &g))
	return writers, g.ID
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write sends to the friend and to the group in turn until the socket ends.
func (w *writer) write(t *testing.T, round int, group int64, acked func()) {
	s, err := w.Dial(t.Context())
	if err != nil {
		return // killed before
	}
	defer s.Close()
	go func() {
		for range s.Frames { // read, or the server takes it for slow
		}
	}()
	var hands sync.WaitGroup
	for hand := range crashHands {
		hands.Go(func() {
			for i := 0; ; i++ {
				m := model.Message{Cmd: model.CmdSingle, DstID: w.friend, Media: model.MediaText}
				if (hand+i)%2 == 0 {
					m.Cmd, m.DstID = model.CmdRoom, group
				}
				m.CID = fmt.Sprintf("%d-%d-%d-%d", w.id, round, hand, i)
				m.Content = m.CID
				if !w.send(t, s, m) {
					return
				}
				acked()
			}
		})
	}
	hands.Wait()
}

// send notes a message and its ack; false if the socket has ended.
func (w *writer) send(t *testing.T, s *client.Socket, m model.Message) bool {
	w.mu.Lock()
	w.sent[m.CID] = m
	w.mu.Unlock()
	ack, err := s.Send(t.Context(), m)
	if model.CodeOf(err) != model.CodeInternal && err != nil {
		t.Errorf("%s is refused: %v", m.CID, err)
	}
	if err != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks[m.CID] = ack
	return true
}

// resend sends again what has no ack.
func (w *writer) resend(t *testing.T) {
	s, err := w.Dial(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	go func() {
		for range s.Frames {
		}
	}()
	for cid, m := range w.sent {
		if _, done := w.acks[cid]; !done && !w.send(t, s, m) {
			return // killed once more
		}
	}
}

// moved is the writer with a new address for its session.
func (w *writer) moved(t *testing.T, address string) *writer {
	next := client.New(address)
	next.SetToken(w.Token())
	t.Cleanup(next.Close)
	return &writer{Client: next, id: w.id, friend: w.friend, sent: w.sent, acks: w.acks}
}

// kept looks whether each timeline is without a gap and has every message at
// most once, and those that were acknowledged where the ack said.
func kept(t *testing.T, writers []*writer, group int64) {
	t.Helper()
	found := map[string]model.Message{}
	read := func(w *writer, kind int, dstID int64) {
		after := int64(0)
		for {
			page, err := w.History(t.Context(), kind, dstID, after, 200)
			check(t, err)
			for _, m := range page {
				if m.Seq != after+1 {
					t.Errorf("seq %d after %d in %d/%d", m.Seq, after, kind, dstID)
				}
				after = m.Seq
				if before, twice := found[m.Content]; twice && m.IsPost() {
					t.Errorf("%s is there twice: %+v and %+v", m.Content, before, m)
				}
				if m.IsPost() {
					found[m.Content] = m
				}
			}
			if len(page) < 200 {
				return
			}
		}
	}
	read(writers[0], model.KindRoom, group)
	for _, w := range writers[1:] {
		read(w, model.KindSingle, w.friend)
	}
	for _, w := range writers {
		for cid, ack := range w.acks {
			if m, there := found[cid]; !there || m.ID != ack.ID || m.Seq != ack.Seq {
				t.Errorf("%s was acknowledged as id %d seq %d; the timeline has id %d seq %d", cid, ack.ID, ack.Seq, m.ID, m.Seq)
			}
		}
	}
}
