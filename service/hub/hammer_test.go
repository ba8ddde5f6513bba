package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
)

// TestHammer does everything at once from 64 goroutines; the race detector and
// the empty registry at the end are the judges.
func TestHammer(t *testing.T) {
	h := newHub(t, func(o *Options) { o.PerUser = MaxPerUser })
	devices := make([]*device, 32)
	for i := range devices {
		devices[i] = connect(t, h, socket{userID: int64(i%8 + 1), sessionID: int64(i), groups: []int64{7}})
		go func() {
			for {
				if _, _, err := devices[i].ReadMessage(); err != nil {
					return
				}
			}
		}()
	}
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			for range 200 {
				n, user, group := devices[r.IntN(len(devices))].node, r.Int64N(8)+1, r.Int64N(4)+6
				switch r.IntN(10) {
				case 0:
					h.Publish(model.Delivery{Message: text(group, 1, "in"), Group: group, Subscribe: []int64{user}})
				case 1:
					h.Publish(model.Delivery{Message: text(group, 1, "out"), Group: group, Unsubscribe: []int64{user}})
				case 2:
					h.Enter(n, group)
					h.Live(n, model.Message{Cmd: model.CmdLive, DstID: group})
					h.Exit(n, group)
				case 3:
					n.send(controlFrame(opPing, []byte("x")))
				case 4:
					h.Counts()
					h.sweep()
				case 5:
					if r.IntN(20) == 0 {
						n.Close(1000, "")
					}
				case 6:
					if r.IntN(20) == 0 {
						h.Disconnect(user, []int64{n.SessionID}, 4001, "")
					}
				default:
					h.Publish(model.Delivery{Message: text(group, 1, "x"), Group: group, Users: []int64{user}, Origin: n.ID, Ack: &model.Message{Cmd: model.CmdAck}})
				}
			}
		})
	}
	wg.Wait()
	for _, d := range devices {
		d.node.Close(1000, "")
	}
	eventually(t, "registry empty", func() bool { return h.Counts() == Counts{} })
}

// TestChurn: sockets that come and are killed leave nothing behind.
func TestChurn(t *testing.T) {
	h := newHub(t, nil)
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for g := range int64(8) {
		wg.Go(func() {
			for i := range 250 {
				d := connect(t, h, socket{userID: g*250 + 1, groups: []int64{7, g}})
				h.Publish(model.Delivery{Message: text(7, 1, "x"), Group: 7})
				if i%2 == 0 {
					_ = d.raw.Close() // killed
				} else {
					d.node.Close(1000, "")
					_ = d.raw.Close()
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "registry empty", func() bool { return h.Counts() == Counts{} })
	eventually(t, "goroutines back", func() bool {
		h.readers.mu.Lock()
		defer h.readers.mu.Unlock()
		return h.readers.tasks <= h.readers.min+1 && runtime.NumGoroutine() <= before+h.readers.tasks
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.addresses) != 0 || len(h.origins.nodes) != 0 || h.sweeper != nil {
		t.Errorf("left: %d addresses, %d origins, sweeper %v", len(h.addresses), len(h.origins.nodes), h.sweeper != nil)
	}
}

// TestIdleSocketsHaveNoGoroutine: where a poller tells what has come, sockets that
// wait cost the readers that there are, however many they are.
func TestIdleSocketsHaveNoGoroutine(t *testing.T) {
	h := newHub(t, nil)
	if h.goroutines || runtime.GOOS != "linux" {
		t.Skip("a goroutine each is kept here")
	}
	const sockets = 300
	for i := range int64(sockets) {
		connect(t, h, socket{userID: i + 1, groups: []int64{7}}) // which reads the hello and nothing more
		h.Publish(model.Delivery{Message: text(7, i+1, "x"), Group: 7})
	}
	eventually(t, "only readers are left", func() bool {
		h.readers.mu.Lock()
		defer h.readers.mu.Unlock()
		return h.readers.tasks <= h.readers.min+1 && runtime.NumGoroutine() < sockets/2
	})
}

// TestCanary: with buffers shared by all sockets, no byte meant for one user
// reaches another.
func TestCanary(t *testing.T) {
	h := newHub(t, nil)
	const users, each = 16, 500
	var readers, writers sync.WaitGroup
	for u := range int64(users) {
		d := connect(t, h, socket{userID: u + 1})
		mine := fmt.Sprintf("canary-%d.", u+1)
		readers.Go(func() {
			for range each {
				_ = d.SetReadDeadline(time.Now().Add(10 * time.Second))
				_, b, err := d.ReadMessage()
				if err != nil {
					t.Error(err)
					return
				}
				if strings.Count(string(b), "canary-") != strings.Count(string(b), mine) {
					t.Errorf("user %d got %s", u+1, b)
				}
			}
		})
		writers.Go(func() {
			for i := range int64(each) {
				m := text(0, i+1, strings.Repeat(mine, int(i%40)+1))
				h.Publish(model.Delivery{Message: m, Users: []int64{u + 1}})
				for d.node.DataQueue.depth() > maxFrames/2 {
					runtime.Gosched()
				}
			}
		})
	}
	writers.Wait()
	readers.Wait()
}

// TestOneEncodingPerMessage: what a delivery allocates does not depend on how
// many sockets it is for.
func TestOneEncodingPerMessage(t *testing.T) {
	allocations := func(members int) float64 {
		h, _ := idle(t, members)
		d := model.Delivery{Message: text(7, 1, padding(128)), Group: 7}
		return testing.AllocsPerRun(20, func() { h.Publish(d) })
	}
	one, many := allocations(1), allocations(500)
	if many > one+5 {
		t.Errorf("%v allocations for 500 members, %v for one", many, one)
	}
}

// idle makes a hub with nodes in group 7 whose queues a writer has already, so
// that nothing is written.
func idle(t testing.TB, members int) (*Hub, []*Node) {
	h := newHub(t, nil)
	nodes := make([]*Node, members)
	for i := range nodes {
		server, client := pair(t, true)
		t.Cleanup(func() { _, _ = server.Close(), client.Close() })
		n := h.Node(new(websocket.Conn), NewPipe(server), int64(i+1), 0, "")
		n.DataQueue.held = false
		n.DataQueue.busy = true
		n.DataQueue.frames = make([]*Frame, 0, maxFrames)
		n.join(7)
		nodes[i] = n
	}
	return h, nodes
}

// BenchmarkPublish is the fan-out without the writing.
func BenchmarkPublish(b *testing.B) {
	for _, members := range []int{1, 1000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			h, nodes := idle(b, members)
			d := model.Delivery{Message: text(7, 1, padding(128)), Group: 7}
			b.ReportAllocs()
			for b.Loop() {
				h.Publish(d)
				for _, n := range nodes {
					n.DataQueue.frames, n.DataQueue.count, n.DataQueue.bytes = n.DataQueue.frames[:0], 0, 0
				}
			}
		})
	}
}

// BenchmarkFanout is the whole way to 1,000 sockets, read by as many clients:
// one message after the other, and with 64 under way, where frames leave
// several at a time.
func BenchmarkFanout(b *testing.B) {
	for _, window := range []int{1, 64} {
		b.Run(fmt.Sprintf("window-%d", window), func(b *testing.B) {
			h := newHub(b, nil)
			const members = 1000
			var read sync.WaitGroup
			for i := range int64(members) {
				d := connect(b, h, socket{userID: i + 1, groups: []int64{7}})
				_ = d.SetReadDeadline(time.Time{})
				go func() {
					buffer := make([]byte, 32<<10)
					for {
						n, err := d.raw.Read(buffer) // the frames are all of one size
						if err != nil {
							return
						}
						read.Add(-n)
					}
				}()
			}
			d := model.Delivery{Message: text(7, 1, padding(128)), Group: 7}
			size := len(frameOf(b, d.Message, false).data)
			b.ReportAllocs()
			for b.Loop() {
				read.Add(window * members * size)
				for range window {
					h.Publish(d)
				}
				read.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*window*members), "ns/delivery")
		})
	}
}

func BenchmarkSend(b *testing.B) {
	h, nodes := idle(b, 1)
	_ = h
	q := &nodes[0].DataQueue
	m := model.Message{Cmd: model.CmdAck, CID: "0123456789abcdef", ID: 1, Seq: 1, Kind: 10, DstID: 2, At: 1}
	b.ReportAllocs()
	for b.Loop() {
		nodes[0].Send(m)
		q.frames, q.count, q.bytes = q.frames[:0], 0, 0
	}
}

func BenchmarkAttach(b *testing.B) {
	h := newHub(b, nil)
	for b.Loop() {
		d := connect(b, h, socket{userID: 1, load: func(context.Context) ([]int64, error) { return []int64{1, 2, 3}, nil }})
		_ = d.raw.Close()
	}
}
