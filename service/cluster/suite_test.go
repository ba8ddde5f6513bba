package cluster

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/util/freeport"
	"hongyan/util/metrics"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "the same on every node"

func options(address string) Options {
	return Options{
		Address: address, Secret: secret, Scope: "s", Node: fmt.Sprint("node", random()), Metrics: metrics.New(),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// node is a bus with what it heard.
type node struct {
	Bus
	t       *testing.T
	metrics *metrics.Metrics

	mu     sync.Mutex
	change chan struct{}
	heard  []string
	peers  map[string]bool
	lost   int
}

func listen(t *testing.T, b Bus, m *metrics.Metrics) *node {
	t.Helper()
	n := &node{Bus: b, t: t, metrics: m, peers: map[string]bool{}, change: make(chan struct{})}
	b.Listen(
		func(_ string, body []byte) { n.note(func() { n.heard = append(n.heard, string(body)) }) },
		func(name string, here bool) {
			n.note(func() {
				if n.peers[name] = here; !here {
					delete(n.peers, name)
				}
			})
		},
		func() { n.note(func() { n.lost++ }) },
	)
	t.Cleanup(func() { _ = b.Close() })
	return n
}

func (n *node) note(fn func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fn()
	close(n.change)
	n.change = make(chan struct{})
}

func (n *node) others() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.peers)
}

func (n *node) knows(other *node) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[other.Name()]
}

func (n *node) losses() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lost
}

// await waits until holds, which is asked after each change.
func (n *node) await(what string, holds func() bool) {
	n.t.Helper()
	late := time.After(30 * time.Second)
	for {
		n.mu.Lock()
		ok, change := holds(), n.change
		n.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-change:
		case <-late:
			n.mu.Lock()
			defer n.mu.Unlock()
			n.t.Fatalf("%s does not come; heard %.500q, peers %v", what, n.heard, n.peers)
		}
	}
}

// hears waits until the node has heard exactly that, in that order.
func (n *node) hears(want ...string) {
	n.t.Helper()
	n.await(fmt.Sprintf("%.200q", want), func() bool { return len(n.heard) >= len(want) })
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.heard, want) {
		n.t.Errorf("heard %.500q, want %.500q", n.heard, want)
	}
	n.heard = nil
}

// kinds are the buses under test: each makes nodes that hear each other.
func kinds() map[string]func(t *testing.T, count int) []*node {
	return map[string]func(t *testing.T, count int) []*node{
		"local": func(t *testing.T, count int) (nodes []*node) {
			bus := NewLocal()
			for range count {
				nodes = append(nodes, listen(t, bus.Join(), metrics.New()))
			}
			return nodes
		},
		"udp broadcast": func(t *testing.T, count int) []*node {
			return over(t, fmt.Sprintf("udp://127.255.255.255:%d", port(t)), count)
		},
		"udp broadcast by an interface": func(t *testing.T, count int) []*node {
			if runtime.GOOS != "linux" {
				t.Skip("loopback has another name here, or broadcasts have no interface to choose")
			}
			return over(t, fmt.Sprintf("udp://127.255.255.255:%d?interface=lo", port(t)), count)
		},
		"udp multicast": func(t *testing.T, count int) []*node {
			return over(t, fmt.Sprintf("udp://239.77.3.1:%d?interface=lo", port(t)), count)
		},
		"nats":          func(t *testing.T, count int) []*node { return over(t, external(t), count) },
		"nats embedded": embedded,
	}
}

func over(t *testing.T, address string, count int) (nodes []*node) {
	t.Helper()
	for range count {
		nodes = append(nodes, opened(t, options(address)))
	}
	return nodes
}

func opened(t *testing.T, o Options) *node {
	t.Helper()
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return listen(t, b, o.Metrics)
}

func port(t *testing.T) int {
	t.Helper()
	found, err := freeport.Find()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// external is a NATS server as one would find it.
func external(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("no NATS server")
	}
	return "nats://u:p@" + s.Addr().String()
}

func embedded(t *testing.T, count int) (nodes []*node) {
	t.Helper()
	var ports []string
	for range count {
		ports = append(ports, fmt.Sprintf("127.0.0.1:%d", port(t)))
	}
	for _, p := range ports {
		nodes = append(nodes, opened(t, options("nats+embedded://"+p+"?peers="+strings.Join(ports, ","))))
	}
	return nodes
}

// TestSuite is what holds of every bus.
func TestSuite(t *testing.T) {
	for name, make := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := make(t, 3)
			met(nodes...)
			a, b, c := nodes[0], nodes[1], nodes[2]

			a.Send(nil, []byte("1"), nil, false)
			a.Send(nil, []byte("2"), nil, true)
			b.hears("1", "2")
			c.hears("1", "2")

			b.Want("u.7", true)
			c.Want("u.8", true)
			b.Send([]string{"u.8"}, []byte("interest"), nil, false)
			// An interest travels too; what is sent before it has arrived is lost.
			awaitInterest(a, b, c)

			a.Send([]string{"u.7"}, []byte("3"), nil, false)
			a.Send([]string{"u.7", "u.8"}, []byte("4"), nil, true)
			a.Send(nil, []byte("5"), nil, false)
			b.await("5", func() bool { return slices.Contains(b.heard, "5") })
			b.without("interest")
			b.hears("3", "4", "5")

			long := strings.Repeat("x", 1000)
			a.Send(nil, []byte(long), []byte("hint"), false)
			b.hears(long)

			names := a.Name()
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if err := a.Close(); err != nil {
				t.Error("closed twice:", err)
			}
			a.Send(nil, []byte("after"), nil, false)
			if names == b.Name() {
				t.Error("two nodes have one name")
			}
		})
	}
}

// met waits until all know all.
func met(nodes ...*node) {
	for _, n := range nodes {
		n.t.Helper()
		n.await("the others", func() bool { return len(n.peers) >= len(nodes)-1 })
	}
}

// awaitInterest sends to what b and c want until they hear it.
func awaitInterest(a, b, c *node) {
	b.t.Helper()
	for _, x := range []struct {
		n     *node
		topic string
	}{{b, "u.7"}, {c, "u.8"}} {
		late := time.Now().Add(30 * time.Second)
		for heard := false; !heard; {
			a.Send([]string{x.topic}, []byte("interest"), nil, false)
			time.Sleep(10 * time.Millisecond)
			x.n.mu.Lock()
			heard = slices.Contains(x.n.heard, "interest")
			x.n.mu.Unlock()
			if time.Now().After(late) {
				b.t.Fatal("an interest does not travel")
			}
		}
	}
}

// without forgets a word that may have come several times.
func (n *node) without(word string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = slices.DeleteFunc(n.heard, func(s string) bool { return s == word })
}

// TestInterest: over NATS a message reaches the nodes that have somebody for it
// and no other.
func TestInterest(t *testing.T) {
	for name, make := range map[string]func(*testing.T, int) []*node{"nats": kinds()["nats"], "nats embedded": embedded} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := make(t, 3)
			met(nodes...)
			a, b, c := nodes[0], nodes[1], nodes[2]
			b.Want("u.7", true)
			c.Want("u.8", true)
			awaitInterest(a, b, c)
			before := testutil.ToFloat64(c.metrics.Bus.Received)
			for i := range 500 {
				a.Send([]string{"u.7", "g.1"}, fmt.Append(nil, i), nil, false)
			}
			b.await("all", func() bool { return slices.Contains(b.heard, "499") })
			a.Send(nil, []byte("end"), nil, false)
			c.await("end", func() bool { return slices.Contains(c.heard, "end") })
			if n := testutil.ToFloat64(c.metrics.Bus.Received) - before; n > 100 { // beats, and the end
				t.Errorf("the node without a receiver got %v datagrams", n)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if slices.Contains(c.heard, "499") {
				t.Error("the node without a receiver heard it")
			}
		})
	}
}

// TestTooLong: what does not fit into one datagram goes as its hint.
func TestTooLong(t *testing.T) {
	nodes := kinds()["udp broadcast"](t, 2)
	met(nodes...)
	a, b := nodes[0], nodes[1]
	a.Send(nil, make([]byte, maxDatagram), []byte("look"), false)
	a.Send(nil, make([]byte, maxDatagram), nil, false)
	a.Send(nil, []byte(strings.Repeat("y", maxDatagram-overhead)), nil, false)
	b.hears("look", strings.Repeat("y", maxDatagram-overhead))
	if n := testutil.ToFloat64(a.metrics.Bus.Hints); n != 1 {
		t.Errorf("%v hints", n)
	}
	if n := testutil.ToFloat64(a.metrics.Bus.Unsent.WithLabelValues("long")); n != 1 {
		t.Errorf("%v unsent", n)
	}
}

// TestPanicOfAListener: a fault over one body takes nothing else with it.
func TestPanicOfAListener(t *testing.T) {
	address := fmt.Sprintf("udp://127.255.255.255:%d", port(t))
	a, o := opened(t, options(address)), options(address)
	b, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 4)
	b.Listen(func(_ string, body []byte) {
		if string(body) == "bad" {
			panic("bad")
		}
		heard <- string(body)
	}, func(string, bool) {}, func() {})
	defer b.Close()
	met(a)
	a.await("the other", func() bool { return len(a.peers) == 1 })
	a.Send(nil, []byte("bad"), nil, false)
	a.Send(nil, []byte("good"), nil, true)
	select {
	case s := <-heard:
		if s != "good" {
			t.Errorf("heard %q", s)
		}
	case <-time.After(20 * time.Second):
		t.Error("nothing is heard any more")
	}
}

func TestConcurrently(t *testing.T) {
	for name, make := range kinds() {
		t.Run(name, func(t *testing.T) {
			nodes := make(t, 2)
			met(nodes...)
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					for j := range 100 {
						topic := fmt.Sprint("u.", i, ".", j%5)
						nodes[i%2].Want(topic, j%2 == 0)
						nodes[i%2].Send([]string{topic}, []byte("x"), nil, j%10 == 0)
					}
				})
			}
			all.Wait()
			for _, n := range nodes {
				all.Go(func() { _ = n.Close() })
			}
			all.Wait()
		})
	}
}
