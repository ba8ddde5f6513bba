package bench

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// serving runs a server in this process and gives it as a target.
func serving(t *testing.T, name string) *target {
	t.Helper()
	if name != serverGorilla && runtime.GOOS != "linux" {
		t.Skip("the limit is one of epoll")
	}
	ctx, cancel := context.WithCancel(t.Context())
	out := newLines()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, []string{"limit", "-mode", mode(name)}, Host{Rows: newHeap}, out, out) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case address := <-out.address:
		return &target{
			name: name, speaker: plain{address: address, room: name == serverGorilla},
			alive: func() error { return nil }, stop: func() {},
		}
	case <-time.After(patience):
		t.Fatal("the server does not start")
		return nil
	}
}

// lines finds the address in what a server says.
type lines struct {
	mu      sync.Mutex
	text    string
	address chan string
}

func newLines() *lines { return &lines{address: make(chan string, 1)} }

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(b)
	if _, rest, ok := strings.Cut(l.text, "http://"); ok {
		if address, _, ok := strings.Cut(rest, "\n"); ok {
			l.text = ""
			l.address <- address
		}
	}
	return len(b), nil
}

// heap is a store of rows that refuses what a table would.
type heap map[[2]int64]bool

func newHeap(context.Context, string) (Rows, error) { return heap{}, nil }

func (h heap) Commit(rows []Row) error {
	for _, r := range rows {
		place := [2]int64{r.Conversation, r.Seq}
		if h[place] || len(r.Text) == 0 {
			return fmt.Errorf("twice: %+v", r)
		}
		h[place] = true
	}
	return nil
}

func (h heap) Close() error { return nil }

func tiny() *options {
	return &options{
		sockets: 20, members: 10, pairs: 5, body: 64, length: 200 * time.Millisecond, warm: 50 * time.Millisecond,
		settle: 20 * time.Millisecond, repeat: 1,
	}
}

// Whatever is sent reaches everybody, at every load.
func TestNothingIsMissing(t *testing.T) {
	for _, name := range []string{serverLimit, serverCoalesce, serverStored, serverGorilla} {
		t.Run(name, func(t *testing.T) {
			server := serving(t, name)
			list, err := fanout(t.Context(), server, tiny())
			if err != nil {
				t.Fatal(err)
			}
			if name != serverGorilla {
				more, err := pairs(t.Context(), server, tiny())
				if err != nil {
					t.Fatal(err)
				}
				o := tiny()
				o.rates = []float64{100}
				paced, err := pairs(t.Context(), server, o)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range slices.Concat(more, paced) {
					if stored := name == serverStored; stored != (r.Acked > 0) {
						t.Errorf("%s: %d acknowledged", r.Load, r.Acked)
					}
				}
				list = append(append(list, more...), paced...)
			}
			for _, r := range list {
				if r.Missing != 0 || r.Doubled != 0 || r.Gone != 0 || len(r.Faults) > 0 || r.TotalSent == 0 {
					t.Errorf("%s %s: %+v", r.Test, r.Load, r)
				}
			}
		})
	}
}

func TestIdleAndStorm(t *testing.T) {
	for _, name := range []string{serverLimit, serverGorilla} {
		server := serving(t, name)
		for test, run := range map[string]func(context.Context, *target, *options) ([]*Result, error){testIdle: idle, testStorm: storm} {
			list, err := run(t.Context(), server, tiny())
			if err != nil || len(list) != 1 || list[0].Connections != 20 || list[0].ConnectTotal <= 0 {
				t.Errorf("%s of %s: %+v, %v", test, name, list, err)
			}
		}
	}
}

// A server that loses messages is found out.
func TestALossIsSeen(t *testing.T) {
	server := serving(t, serverLimit)
	r, err := newRig(server)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := r.connect(t.Context(), 0, 4, 2, nil); err != nil {
		t.Fatal(err)
	}
	late := newLatencies()
	p := &couples{rig: r, senders: 4, size: 64, sent: make([]int, 4), got: make([]int, 4), late: late}
	r.onDeliver = p.deliver
	p.send(0, 0)
	p.sent[2] = 1 // as if one had been sent and lost
	p.send(2, 0)
	if err := r.wait(t.Context(), patience, func() bool { return p.under == 0 }); err != nil {
		t.Fatal(err)
	}
	if p.doubled != 1 || r.delivered != 2 {
		t.Errorf("%d out of order, %d delivered", p.doubled, r.delivered)
	}
	f := &fan{rig: r, size: 64, expected: 5, late: late} // one more than there are
	r.onDeliver = f.deliver
	f.send(0)
	if err := r.wait(t.Context(), 100*time.Millisecond, func() bool { return f.left[0] == 1 }); err != nil {
		t.Fatal(err)
	}
	if f.under != 1 {
		t.Error("a message that one member lacks counts as delivered")
	}
}

func TestAServerThatEnds(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close()
	gone := &target{name: serverLimit, speaker: plain{address: address}, alive: func() error { return net.ErrClosed }, stop: func() {}}
	if _, err := fanout(t.Context(), gone, tiny()); err == nil || !strings.Contains(err.Error(), "client 1 of 10") || !strings.Contains(err.Error(), net.ErrClosed.Error()) {
		t.Errorf("no server: %v", err)
	}
}
