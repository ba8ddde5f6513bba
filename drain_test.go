package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"xorm.io/xorm"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
)

// hold keeps the database's writers waiting until release.
func hold(t *testing.T, source string) (release func()) {
	t.Helper()
	d, err := db.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	held, letGo, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- d.Tx(context.Background(), func(s *xorm.Session) error {
			// Every message moves the conversation it is in.
			if _, err := s.Exec("UPDATE conversation SET id = id"); err != nil {
				return err
			}
			close(held)
			<-letGo
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-ended:
		t.Fatalf("the database cannot be held: %v", err)
	}
	return func() {
		close(letGo)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// outcomes reads a line to its end and gives the acks and errors by cid.
func (l *line) outcomes() (acked, refused []string, end error) {
	for {
		select {
		case m := <-l.frames:
			switch m.Cmd {
			case model.CmdAck:
				acked = append(acked, m.CID)
			case model.CmdError:
				if m.Error != string(model.CodeUnavailable) {
					l.t.Errorf("refused with %+v", m)
				}
				refused = append(refused, m.CID)
			}
		case end = <-l.closed:
			for len(l.frames) > 0 { // read before the end
				m := <-l.frames
				switch m.Cmd {
				case model.CmdAck:
					acked = append(acked, m.CID)
				case model.CmdError:
					refused = append(refused, m.CID)
				}
			}
			return acked, refused, end
		case <-time.After(30 * time.Second):
			l.t.Fatal("the socket does not close")
		}
	}
}

// awaitFrames waits until the node has read that many direct messages.
func (n *node) awaitFrames(least int) {
	n.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for read := 0; read < least; {
		if time.Now().After(deadline) {
			n.t.Fatalf("%d frames were read, want %d", read, least)
		}
		_, counts := n.get(n.internal + "/metrics")
		if _, after, found := strings.Cut(counts, `frames_total{cmd="10"} `); found {
			if _, err := fmt.Sscan(after, &read); err != nil {
				n.t.Fatal(err)
			}
		}
	}
}

// TestDrainInTheMiddleOfSending: a node that is told to stop while messages are
// under way acknowledges what it took, refuses the rest, and keeps what it
// acknowledged.
func TestDrainInTheMiddleOfSending(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		const total = 100 // more than one socket may have in flight
		n := start(t, "-db", source, "-limits", "off")
		a, b := n.pair(n.public)
		l := a.connect()
		if m := l.outcome(b.id, "first", "first"); m.Cmd != model.CmdAck {
			t.Fatalf("got %+v", m)
		}
		release := hold(t, source)
		var sent []string
		for i := range total {
			cid := fmt.Sprintf("c%d", i)
			l.send(model.Message{Cmd: model.CmdSingle, DstID: b.id, Media: model.MediaText, Content: cid, CID: cid})
			sent = append(sent, cid)
		}
		n.awaitFrames(10)
		n.stop()
		l.await(model.CmdMove, "")
		release()
		acked, refused, end := l.outcomes()
		var closed *websocket.CloseError
		if !errors.As(end, &closed) || closed.Code != websocket.CloseGoingAway {
			t.Errorf("closed with %v, want 1001", end)
		}
		answered := slices.Sorted(slices.Values(append(slices.Clone(acked), refused...)))
		if slices.Sort(sent); !slices.Equal(answered, sent) {
			t.Errorf("acknowledged %v and refused %v of %d", acked, refused, total)
		}
		if len(acked) == 0 {
			t.Error("nothing was under way")
		}
		if err := n.end(); err != nil {
			t.Errorf("drain: %v", err)
		}
		again := start(t, "-db", source)
		a.base = again.public
		stored := a.history(b.id)
		for _, cid := range acked {
			if !slices.Contains(stored, cid) {
				t.Errorf("%s was acknowledged and is not there", cid)
			}
		}
	})
}

// TestDrainDoesNotWaitForAHungDatabase: the process ends in its time, and says
// what it gave up.
func TestDrainDoesNotWaitForAHungDatabase(t *testing.T) {
	source := dbtest.MySQL(t)
	n := start(t, "-db", source, "-limits", "off", "-drain-timeout", "2s")
	a, b := n.pair(n.public)
	l := a.connect()
	if m := l.outcome(b.id, "first", "first"); m.Cmd != model.CmdAck {
		t.Fatalf("got %+v", m)
	}
	release := hold(t, source)
	defer release()
	l.send(model.Message{Cmd: model.CmdSingle, DstID: b.id, Media: model.MediaText, Content: "x", CID: "x"})
	n.awaitFrames(2)
	began := time.Now()
	n.stop()
	_, _, end := l.outcomes()
	var closed *websocket.CloseError
	if !errors.As(end, &closed) || closed.Code != websocket.CloseGoingAway {
		t.Errorf("closed with %v, want 1001", end)
	}
	if err := n.end(); err != nil {
		t.Errorf("drain: %v", err)
	}
	if took := time.Since(began); took > 7*time.Second {
		t.Errorf("the drain took %v", took)
	}
	if !strings.Contains(n.stderr.String(), "given up") && !strings.Contains(n.stderr.String(), "no outcome") {
		t.Errorf("the log does not tell what was given up:\n%s", n.stderr)
	}
}
