package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hongyan/model"
)

func frameOf(t testing.TB, m model.Message, ephemeral bool) *Frame {
	t.Helper()
	f, err := newFrame(&m, ephemeral)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestQueueBounds(t *testing.T) {
	typing := frameOf(t, model.Message{Cmd: model.CmdTyping, Kind: model.KindRoom, DstID: 7}, true)
	post := func(group int64) *Frame { return frameOf(t, text(group, 1, "x"), false) }

	t.Run("ephemeral frames are dropped first", func(t *testing.T) {
		q := DataQueue{busy: true}
		for q.count < fullFrames-10 {
			q.push(post(7), 1)
		}
		for range 10 {
			if q.push(typing, 1) != queued {
				t.Fatal("typing dropped below 90 %")
			}
		}
		if q.push(typing, 1) != dropped {
			t.Error("typing queued at 90 %")
		}
		for range maxFrames - fullFrames + 10 { // what typing had taken is given back
			if o := q.push(post(7), 1); o != queued {
				t.Fatalf("chat frame: outcome %d", o)
			}
		}
		if q.count != maxFrames {
			t.Errorf("%d frames", q.count)
		}
		if q.push(post(7), 1) != overflow || q.push(post(7), 1) != missed || q.push(post(8), 1) != missed {
			t.Error("no overflow")
		}
	})
	t.Run("bytes count", func(t *testing.T) {
		q := DataQueue{busy: true}
		big := frameOf(t, text(7, 1, padding(60<<10)), false)
		for range 4 {
			q.push(big, 1)
		}
		if q.push(big, 1) != overflow {
			t.Error("more bytes than allowed")
		}
		if q.push(post(8), 1) != queued {
			t.Error("a small frame of another conversation fits")
		}
		if q.push(post(7), 1) != missed {
			t.Error("a frame jumped over the hole")
		}
	})
	t.Run("an empty queue takes any frame", func(t *testing.T) {
		q := DataQueue{busy: true}
		if q.push(frameOf(t, text(7, 1, padding(2*maxBytes)), false), 1) != queued {
			t.Error("refused")
		}
	})
	t.Run("resyncs are paid when nothing waits before them", func(t *testing.T) {
		q := DataQueue{busy: true}
		for range maxFrames {
			q.push(post(7), 1)
		}
		q.push(post(7), 1)
		q.push(frameOf(t, model.Message{Cmd: model.CmdSingle, UserID: 5, DstID: 1}, false), 1)
		q.push(frameOf(t, model.Message{Cmd: model.CmdSingle, UserID: 1, DstID: 5}, false), 1) // the same conversation
		var got []*Frame
		for {
			batch, _ := q.take(nil)
			if len(batch) == 0 {
				break
			}
			got = append(got, batch...)
			size := 0
			for _, f := range batch {
				size += len(f.data)
			}
			q.wrote(len(batch), size)
		}
		if len(got) != maxFrames+2 || q.count != 0 || q.bytes != 0 {
			t.Fatalf("%d frames, left %d frames, %d bytes", len(got), q.count, q.bytes)
		}
		for i, want := range []string{`{"cmd":8,"dstid":7,"amount":0,"kind":11}`, `{"cmd":8,"dstid":5,"amount":0,"kind":10}`} {
			if s := string(got[maxFrames+i].payload()); s != want {
				t.Errorf("resync %s, want %s", s, want)
			}
		}
		if q.push(post(7), 1) != awakened {
			t.Error("the conversation does not flow again")
		}
	})
	t.Run("too many conversations become all of them", func(t *testing.T) {
		q := DataQueue{busy: true}
		for range maxFrames {
			q.push(post(7), 1)
		}
		for g := range int64(maxOwed + 1) {
			q.push(post(100+g), 1)
		}
		if q.push(post(7), 1) != missed {
			t.Error("a frame jumped over a hole")
		}
		q.frames = nil
		if batch, paid := q.take(nil); paid != 1 || string(batch[0].payload()) != `{"cmd":8,"amount":0}` {
			t.Errorf("paid %d", paid)
		}
	})
	t.Run("resyncs are paid though nothing else is queued", func(t *testing.T) {
		q := DataQueue{}
		q.push(frameOf(t, text(7, 1, padding(maxBytes-1000)), false), 1)
		batch, _ := q.take(nil)
		if q.push(frameOf(t, text(8, 1, padding(60<<10)), false), 1) != overflow {
			t.Fatal("no overflow beside what is being written")
		}
		if more, _ := q.wrote(1, len(batch[0].data)); !more {
			t.Fatal("the writer goes, and nobody tells the client")
		}
		if batch, paid := q.take(nil); paid != 1 || len(batch) != 1 {
			t.Errorf("paid %d in %d frames", paid, len(batch))
		}
	})
	t.Run("nothing after the farewell", func(t *testing.T) {
		q := DataQueue{busy: true, held: true}
		q.push(post(7), 1)
		q.end(closeFrame(4001, "x"), false)
		if q.push(post(7), 1) != dropped || q.release(post(7)) != dropped {
			t.Error("queued")
		}
		batch, _ := q.take(nil)
		if len(batch) != 2 || batch[1].data[0] != opClose {
			t.Errorf("batch %v", batch)
		}
	})
}

// TestSlowReader: a client that reads nothing for a while gets a prefix of the
// room's messages without a hole, then a resync, then the live ones again.
func TestSlowReader(t *testing.T) {
	h := newHub(t, nil)
	slow := connect(t, h, socket{userID: 1, groups: []int64{7}})
	quick := connect(t, h, socket{userID: 2, groups: []int64{7}})
	const total = 300 // few and large: the slow one is to be waiting for less than what it is closed for
	body := padding(40_000)
	read := make(chan error, 1)
	go func() {
		for seq := int64(1); seq <= total; seq++ {
			m, err := quick.read(5 * time.Second)
			if err != nil || m.Seq != seq {
				read <- fmt.Errorf("seq %d, want %d: %w", m.Seq, seq, err)
				return
			}
		}
		read <- nil
	}()
	for seq := int64(1); seq <= total; seq++ {
		h.Publish(model.Delivery{Message: text(7, seq, body), Group: 7})
		if seq%4 == 0 { // the quick one is to keep up
			eventually(t, "room", func() bool { return quick.node.DataQueue.depth() == 0 })
		}
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for {
		m := slow.next()
		if m.Cmd == model.CmdResync {
			if m.Kind != model.KindRoom || m.DstID != 7 {
				t.Errorf("resync %+v", m)
			}
			break
		}
		if m.Seq != last+1 {
			t.Fatalf("seq %d after %d", m.Seq, last)
		}
		last = m.Seq
	}
	if last == 0 || last == total {
		t.Errorf("resync after %d of %d", last, total)
	}
	h.Publish(model.Delivery{Message: text(7, total+1, "live again"), Group: 7})
	slow.expect("live again")
}

// TestStuckReaders: sockets that never read are closed in time, and nobody waits
// for them meanwhile. The clock is synctest's, the sockets are in memory.
func TestStuckReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, nil)
		stuck := connect(t, h, socket{userID: 1, groups: []int64{7}, inMemory: true})
		quick := connect(t, h, socket{userID: 2, groups: []int64{7}, inMemory: true})
		for seq := range int64(2 * maxFrames) {
			h.Publish(model.Delivery{Message: text(7, seq+1, "x"), Group: 7})
			quick.expect("x")
		}
		if !stuck.node.DataQueue.owing(1) {
			t.Fatal("no hole")
		}
		start := time.Now()
		<-stuck.node.Done()
		if took := time.Since(start); took > stuckTimeout {
			t.Errorf("closed after %v", took)
		}
		time.Sleep(lastWords + closeGrace)
		synctest.Wait()
		if c := h.Counts(); c.Sockets != 1 {
			t.Errorf("left: %+v", c)
		}
		quick.silent()
	})
}

// brake is a connection that writes nothing while it is held, without an error.
type brake struct {
	net.Conn
	mu   sync.Mutex
	held chan struct{}
}

func (b *brake) Write(p []byte) (int, error) {
	b.mu.Lock()
	held := b.held
	b.mu.Unlock()
	if held != nil {
		<-held
	}
	return b.Conn.Write(p)
}

// TestStuckIsToldWhy: a client that is stuck for stuckTimeout and then reads
// after all gets 4008.
func TestStuckIsToldWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, nil)
		b := new(brake)
		d := connect(t, h, socket{userID: 1, groups: []int64{7}, inMemory: true, wrap: func(c net.Conn) net.Conn { b.Conn = c; return b }})
		b.mu.Lock()
		b.held = make(chan struct{})
		b.mu.Unlock()
		for seq := range int64(2 * maxFrames) {
			h.Publish(model.Delivery{Message: text(7, seq+1, "x"), Group: 7})
		}
		time.Sleep(stuckTimeout + lastWords/2)
		close(b.held)
		b.mu.Lock()
		b.held = nil
		b.mu.Unlock()
		if code := d.closed(5 * time.Second); code != CloseSlow {
			t.Errorf("closed with %d", code)
		}
	})
}

func TestSilentSocketsArePingedAndReaped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, nil)
		answers := connect(t, h, socket{userID: 1, inMemory: true})
		mute := connect(t, h, socket{userID: 2, inMemory: true})
		mute.SetPingHandler(func(string) error { return nil })
		done := make(chan time.Time, 1)
		start := time.Now()
		go func() { _, _, _ = mute.ReadMessage() }()
		go func() {
			<-mute.node.Done()
			done <- time.Now()
		}()
		_ = answers.SetReadDeadline(time.Time{})
		go func() { _, _, _ = answers.ReadMessage() }() // answers pings by itself
		if took := (<-done).Sub(start); took > ReadTimeout+sweepEvery {
			t.Errorf("reaped after %v", took)
		}
		time.Sleep(10 * time.Minute)
		if !h.Online(1) {
			t.Error("who answers was closed")
		}
		_ = answers.raw.Close()
		_ = mute.raw.Close()
	})
}

// TestJoinWaitsForNobody: a group with sockets that take no bytes at all is
// joined and written to as fast as ever.
func TestJoinWaitsForNobody(t *testing.T) {
	h := newHub(t, nil)
	for u := range int64(20) {
		connect(t, h, socket{userID: 100 + u, groups: []int64{7}}) // reads nothing from here on
	}
	big := padding(16 << 10)
	for seq := range int64(100) {
		h.Publish(model.Delivery{Message: text(7, seq+1, big), Group: 7})
	}
	start := time.Now()
	quick := connect(t, h, socket{userID: 1, groups: []int64{7}})
	h.Publish(model.Delivery{Message: text(7, 101, "now"), Group: 7})
	quick.expect("now")
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// faulty is a connection whose writes panic.
type faulty struct {
	net.Conn
	armed chan struct{}
}

func (f faulty) Write(p []byte) (int, error) {
	select {
	case <-f.armed:
		panic("as asked")
	default:
		return f.Conn.Write(p)
	}
}

func TestPanicInAWriterEndsOneSocket(t *testing.T) {
	h := newHub(t, nil)
	armed := make(chan struct{})
	victim := connect(t, h, socket{userID: 1, groups: []int64{7}, wrap: func(c net.Conn) net.Conn { return faulty{c, armed} }})
	bystander := connect(t, h, socket{userID: 2, groups: []int64{7}})
	close(armed)
	h.Publish(model.Delivery{Message: text(7, 1, "boom"), Group: 7})
	bystander.expect("boom")
	if _, err := victim.read(time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("victim: %v", err)
	}
	bystander.silent()
	eventually(t, "registry", func() bool { return h.Counts().Sockets == 1 })
}

func TestOverflowWhileLoading(t *testing.T) {
	h := newHub(t, nil)
	full := make(chan struct{})
	d := make(chan *device)
	load := func(context.Context) ([]int64, error) { <-full; return nil, nil }
	go func() { d <- connect(t, h, socket{userID: 1, load: load}) }()
	eventually(t, "registered", func() bool { return h.Online(1) })
	for seq := range int64(maxFrames + 10) {
		m := model.Message{Cmd: model.CmdSingle, Kind: model.KindSingle, UserID: 2, DstID: 1, Seq: seq + 1}
		h.Publish(model.Delivery{Message: m, Users: []int64{1}})
	}
	close(full)
	client := <-d // has read the hello
	for seq := range int64(maxFrames) {
		if m := client.next(); m.Seq != seq+1 {
			t.Fatalf("got %+v", m)
		}
	}
	if m := client.next(); m.Cmd != model.CmdResync || m.DstID != 2 {
		t.Errorf("got %+v", m)
	}
}
