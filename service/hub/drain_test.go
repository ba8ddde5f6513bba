package hub

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hongyan/model"
	"hongyan/util/metrics"
)

// TestQuietWaitsForOutcomes: what was let in before the drain gets its answer
// before the sockets close, what comes later is not let in.
func TestQuietWaitsForOutcomes(t *testing.T) {
	h := newHub(t, nil)
	d := connect(t, h, socket{userID: 1})
	if !h.Begin() {
		t.Fatal("not let in")
	}
	h.Move(0)
	if m := d.next(); m.Cmd != model.CmdMove {
		t.Fatalf("got %+v, want a move", m)
	}
	if h.Begin() {
		t.Error("let in during the drain")
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		h.Quiet(t.Context())
		h.Close(t.Context())
	}()
	select {
	case <-drained:
		t.Error("did not wait for what is under way")
	case <-time.After(3 * hush):
	}
	h.Publish(model.Delivery{Origin: d.node.ID, Ack: &model.Message{Cmd: model.CmdAck, CID: "late"}})
	h.Done()
	if m := d.next(); m.CID != "late" {
		t.Errorf("got %+v, want the ack", m)
	}
	if code := d.closed(3 * time.Second); code != CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
	<-drained
}

func TestQuietGivesUp(t *testing.T) {
	h := newHub(t, nil)
	d := connect(t, h, socket{userID: 1})
	h.Begin()
	defer h.Done()
	h.Move(0)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	h.Quiet(ctx)
	h.Close(t.Context())
	if code := d.closed(time.Second); code != CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
}

// The clock is synctest's: under load a flood by the real one has pauses, which
// are the end of it to who waits for one.
func TestQuietDoesNotWaitForAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, nil)
		d := connect(t, h, socket{userID: 1, inMemory: true})
		go func() { _, _, _ = d.ReadMessage() }() // takes the move
		h.Move(0)
		stop := make(chan struct{})
		var flood sync.WaitGroup
		flood.Go(func() {
			tick := time.NewTicker(hush / 10)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					h.Begin()
				}
			}
		})
		start := time.Now()
		h.Quiet(t.Context())
		if took := time.Since(start); took < closeGrace || took > closeGrace+2*hush {
			t.Errorf("took %v", took)
		}
		close(stop)
		flood.Wait()
	})
}

// TestRefusedDuringTheDrain: sockets that come too late are told so, while the
// end of the writers is already awaited.
func TestRefusedDuringTheDrain(t *testing.T) {
	h := newHub(t, nil)
	h.Move(0)
	var late sync.WaitGroup
	for range 8 {
		late.Go(func() {
			d := connect(t, h, socket{userID: 1, mute: true})
			if code := d.closed(5 * time.Second); code != CloseTryLater {
				t.Errorf("closed with %d", code)
			}
		})
	}
	for range 100 {
		h.writers.wait()
	}
	late.Wait()
}

// TestWritersListStaysSmall: a list that is never empty does not grow.
func TestWritersListStaysSmall(t *testing.T) {
	h := newHub(t, nil)
	h.writers.max = 0 // nobody works it off but this test
	n := new(Node)
	h.call(n)
	for range 1_000_000 {
		h.call(n)
		if h.writers.next() != n {
			t.Fatal("the node was lost")
		}
	}
	if got := cap(h.writers.line.nodes); got > 4*smallLine {
		t.Errorf("the list has room for %d", got)
	}
	h.writers.running++ // as call would have counted it
	if h.writers.next() != n || h.writers.next() != nil {
		t.Error("there is not exactly one node left")
	}
}

func TestWatchEndsWithItsNode(t *testing.T) {
	h := newHub(t, nil)
	d := connect(t, h, socket{userID: 1})
	d.node.watch()
	_ = d.raw.Close()
	eventually(t, "gone", func() bool { return h.Counts().Sockets == 0 })
	<-d.node.Done()
	eventually(t, "registry", func() bool { return h.origins.find(d.node.ID) == nil })
	if d.node.watching.Load().Stop() {
		t.Error("the timer outlived its node")
	}
	d.node.watch() // too late
	if d.node.watching.Load().Stop() {
		t.Error("a timer was started for a node that is gone")
	}
}

// TestEndedWhileRegistered: a node that is closed by another in the middle of
// its registration leaves nothing behind.
func TestEndedWhileRegistered(t *testing.T) {
	h := newHub(t, nil)
	stop := make(chan struct{})
	var hunter sync.WaitGroup
	hunter.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				h.Disconnect(1, nil, 4001, "hunted")
			}
		}
	})
	for range 300 {
		server, client := net.Pipe()
		n := h.Node(nil, NewPipe(server), 1, 1, "a")
		drained := make(chan struct{})
		go func() { _, _ = io.Copy(io.Discard, client); close(drained) }()
		_ = h.register(n)
		<-n.Done()
		n.finish()
		_ = client.Close()
		<-drained
	}
	close(stop)
	hunter.Wait()
	h.origins.mu.Lock()
	defer h.origins.mu.Unlock()
	if left := len(h.origins.nodes); left > 0 {
		t.Errorf("%d nodes stay for ever", left)
	}
}

func TestPanicsOfTimersAndHooksAreCounted(t *testing.T) {
	var log strings.Builder
	m := metrics.New()
	h := newHub(t, func(o *Options) {
		o.Metrics, o.Log = m, slog.New(slog.NewTextHandler(&log, nil))
		o.Changed = func(int64) { panic(errors.New("as asked")) }
	})
	h.changed(1)
	h.guard("sweep", func() {
		h.users.add(1, nil, 0) // no node: reading its queue panics
		h.sweep()
	})
	h.users.remove(1, nil)
	for _, want := range []string{"where=changed", "as asked", "where=sweep", "drain_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &log)
		}
	}
}

// TestAWriterBearsWhatItsNodeCannot: a panic that the node's own net cannot take
// ends neither the writer nor the count of it.
func TestAWriterBearsWhatItsNodeCannot(t *testing.T) {
	h := newHub(t, nil)
	d := connect(t, h, socket{userID: 1})
	h.call(new(Node)) // has neither a hub nor a pipe
	d.node.Send(model.Message{Cmd: model.CmdEvent, Content: "still here"})
	d.expect("still here")
	h.writers.wait()
	h.writers.mu.Lock()
	defer h.writers.mu.Unlock()
	if h.writers.running != 0 || h.writers.tasks != 0 {
		t.Errorf("%d writers, %d tasks are left", h.writers.running, h.writers.tasks)
	}
}
