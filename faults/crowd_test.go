//go:build linux

package faults

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"hongyan/client"
	"hongyan/model"
)

// slack is a socket of somebody who reads little, if anything: pace bytes a
// second. Its own buffer is small, so that the server notices soon.
func slack(t *testing.T, c *client.Client, pace int) *websocket.Conn {
	t.Helper()
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	dialer := websocket.Dialer{NetDialContext: small.DialContext, ReadBufferSize: 1024}
	conn, answer, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(c.Address(), "http")+"/chat", http.Header{"Authorization": {"Bearer " + c.Token()}})
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	if pace > 0 {
		go func() {
			b := make([]byte, pace/10)
			for {
				if _, err := conn.NetConn().Read(b); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}()
	}
	return conn
}

// reader notes how many of the group's messages a socket has seen, in order.
type reader struct {
	mu   sync.Mutex
	last int64
	hole bool
	late []time.Duration
}

func (r *reader) follow(s *client.Socket) {
	for m := range s.Frames {
		if m.Cmd != model.CmdRoom {
			continue
		}
		r.mu.Lock()
		if r.last != 0 && m.Seq != r.last+1 {
			r.hole = true
		}
		r.last = m.Seq
		var sent int64
		if _, err := fmt.Sscan(m.Content, &sent); err == nil {
			r.late = append(r.late, time.Since(time.Unix(0, sent)))
		}
		r.mu.Unlock()
	}
}

// TestSlowReaders: some read nothing, some next to nothing. They are closed;
// everybody else has every message, in order.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	s := spawn(t, t.TempDir())
	w := newTown(t, s.public)
	var readers []*reader
	var ends []*client.Socket
	for n := range 36 {
		socket, err := w.client(1+n%3, s.public).Dial(t.Context())
		w.ok(err)
		defer socket.Close()
		r := &reader{}
		go r.follow(socket)
		readers, ends = append(readers, r), append(ends, socket)
	}
	quiet := w.flood(t, s, 3*time.Second)
	before := p99(readers)
	slack(t, w.client(1, s.public), 0)
	for range 3 {
		slack(t, w.client(2, s.public), 1000)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			quiet = w.flood(t, s, time.Second)
		}
	})
	took := await(t, "that the slow ones are closed", func() bool {
		n, err := s.metric(t.Context(), "hongyan_slow_closed_total")
		return err == nil && n >= 4
	})
	stop()
	all.Wait()
	await(t, "that all have the last message", func() bool {
		return !slices.ContainsFunc(readers, func(r *reader) bool { r.mu.Lock(); defer r.mu.Unlock(); return r.last < quiet })
	})
	for i, r := range readers {
		if r.hole || ends[i].Err() != nil {
			t.Errorf("bystander %d: hole %v, %v", i, r.hole, ends[i].Err())
		}
	}
	meanwhile := p99(readers)
	t.Logf("4 slow readers closed within %v; %d bystanders without a hole, p99 %v before and %v meanwhile", took, len(readers), before, meanwhile)
	goal(t, "until slow readers are closed", took, 15*time.Second)
}

// flood sends large messages to the group, a hundred a second, and gives the
// seq of the last.
func (w *town) flood(t *testing.T, s *server, d time.Duration) (last int64) {
	socket, err := w.client(0, s.public).Dial(t.Context())
	w.ok(err)
	defer socket.Close()
	go func() {
		for range socket.Frames {
		}
	}()
	filler := strings.Repeat("雁", 2500)
	for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		ack, err := socket.Send(t.Context(), model.Message{Cmd: model.CmdRoom, DstID: w.group, Media: model.MediaText, Content: fmt.Sprint(time.Now().UnixNano(), " ", filler)})
		w.ok(err)
		last = ack.Seq
	}
	return last
}

// p99 takes the delays of all readers, and forgets them.
func p99(readers []*reader) time.Duration {
	var all []time.Duration
	for _, r := range readers {
		r.mu.Lock()
		all = append(all, r.late...)
		r.late = nil
		r.mu.Unlock()
	}
	slices.Sort(all)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)*99/100]
}

// TestLittleMemory: in a box of 128 MB, with many who do not read, the server
// sheds them and lives.
func TestLittleMemory(t *testing.T) {
	t.Parallel()
	box := filepath.Join("/sys/fs/cgroup/memory", fmt.Sprint("hongyan-", os.Getpid()))
	if err := os.Mkdir(box, 0o755); err != nil {
		t.Skip("no memory cgroup here, which takes root:", err)
	}
	t.Cleanup(func() { _ = os.Remove(box) })
	if err := os.WriteFile(filepath.Join(box, "memory.limit_in_bytes"), []byte("134217728"), 0o600); err != nil {
		t.Skip("no memory cgroup here:", err)
	}
	by := []string{"sh", "-c", `echo $$ >` + box + `/cgroup.procs && exec "$0" "$@"`}
	s, err := launch(t, by, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := newTown(t, s.public)
	for n := range 150 {
		slack(t, w.client(1+n%3, s.public), 0)
	}
	var last int64
	shed := await(t, "that they are shed", func() bool {
		last = w.flood(t, s, time.Second)
		n, err := s.metric(t.Context(), "hongyan_slow_closed_total")
		return err == nil && n >= 150
	})
	most := s.rss(t)
	began := time.Now()
	if seq := w.flood(t, s, 50*time.Millisecond); seq <= last {
		t.Errorf("seq %d after %d", seq, last)
	}
	next := time.Since(began)
	t.Logf("150 who do not read, 128 MB: shed within %v, RSS %d MB, the next ack after %v", shed, most>>20, next)
	goal(t, "until the next ack", next, 5*time.Second)
}
