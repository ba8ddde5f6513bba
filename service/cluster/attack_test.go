package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// attacker sends what it likes to a UDP bus, and hears what goes over it.
func attacker(t *testing.T, address string) (send func([]byte), recorded func() [][]byte) {
	t.Helper()
	lane, err := openUDP(t.Context(), Options{Address: address})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all [][]byte
	lane.run(func(b []byte) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, bytes.Clone(b))
	}, nil)
	t.Cleanup(func() { _ = lane.close() })
	return func(b []byte) { _ = lane.carry(nil, b) }, func() [][]byte {
		mu.Lock()
		defer mu.Unlock()
		return append([][]byte(nil), all...)
	}
}

// TestAttacks is C69: what is forged, replayed, cut, of another cluster or
// nonsense is dropped and counted, nothing of it is heard, and the bus lives.
func TestAttacks(t *testing.T) {
	address := fmt.Sprintf("udp://127.255.255.255:%d", port(t))
	send, recorded := attacker(t, address)
	a, b := opened(t, options(address)), opened(t, options(address))
	met(a, b)
	a.Send(nil, []byte("one"), nil, false)
	b.hears("one")

	other := options(address)
	other.Secret = "another secret, as long"
	foreigner := opened(t, other)
	foreigner.Send(nil, []byte("forged"), nil, true)
	scoped := options(address)
	scoped.Scope = "another store"
	opened(t, scoped).Send(nil, []byte("of another cluster"), nil, true)

	records := recorded()
	for _, r := range records {
		send(r) // again, as it was
		send(r[:len(r)-1])
		for _, i := range []int{2, 3, 5, 13, 27, 28, len(r) - 1} {
			bad := bytes.Clone(r)
			bad[min(i, len(r)-1)] ^= 1
			send(bad)
		}
	}
	noise := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := noise.IntN(maxDatagram)
		junk := make([]byte, n)
		for i := range junk {
			junk[i] = byte(noise.Uint32())
		}
		send(junk)
	}
	send(make([]byte, 60_000))
	send(nil)
	a.Send(nil, []byte("two"), nil, true)
	b.hears("two")
	for _, why := range []string{"forged", "replayed", "foreign"} {
		if testutil.ToFloat64(b.metrics.Bus.Refused.WithLabelValues(why)) == 0 {
			t.Errorf("nothing is counted as %s", why)
		}
	}
	if a.others() != 1 || b.others() != 1 {
		t.Errorf("%d and %d peers", a.others(), b.others())
	}
}

// TestRecordsOfAnEarlierLife: what was recorded before a node started does not
// make it believe in a peer.
func TestRecordsOfAnEarlierLife(t *testing.T) {
	address := fmt.Sprintf("udp://127.255.255.255:%d", port(t))
	send, recorded := attacker(t, address)
	a, b := opened(t, options(address)), opened(t, options(address))
	met(a, b)
	a.Send(nil, []byte("old"), nil, false)
	b.hears("old")
	_, _ = a.Close(), b.Close()
	c := opened(t, options(address))
	for _, r := range recorded() {
		send(r)
	}
	d := opened(t, options(address))
	met(c, d)
	d.Send(nil, []byte("new"), nil, true)
	c.hears("new")
	if c.others() != 1 {
		t.Errorf("%d peers", c.others())
	}
}

// TestForeignPublish is C70: a stranger with the credentials of the NATS server
// but not the secret is not heard; one without credentials does not get in.
func TestForeignPublish(t *testing.T) {
	address := external(t)
	if _, err := Open(context.Background(), options(strings.Replace(address, "u:p@", "u:wrong@", 1))); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong credentials: %v", err)
	}
	a, b := opened(t, options(address)), opened(t, options(address))
	met(a, b)
	stranger, err := nats.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	var mu sync.Mutex
	var records [][]byte
	if _, err := stranger.Subscribe("hongyan.>", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		records = append(records, m.Data)
	}); err != nil {
		t.Fatal(err)
	}
	_ = stranger.Flush()
	a.Send(nil, []byte("one"), nil, false)
	b.hears("one")
	mu.Lock()
	for _, r := range append(records, []byte("junk"), nil) {
		_ = stranger.Publish("hongyan.s.all", r)
	}
	mu.Unlock()
	_ = stranger.Flush()
	a.Send(nil, []byte("two"), nil, false)
	b.hears("two")
	if n := testutil.ToFloat64(b.metrics.Bus.Refused.WithLabelValues("foreign")); n != 2 {
		t.Errorf("%v foreign", n)
	}
}

// TestRoutesNeedTheSecret: a server that does not know the secret gets no route
// to the one inside a node.
func TestRoutesNeedTheSecret(t *testing.T) {
	ports := []string{fmt.Sprintf("127.0.0.1:%d", port(t)), fmt.Sprintf("127.0.0.1:%d", port(t))}
	peers := "?peers=" + strings.Join(ports, ",")
	a := opened(t, options("nats+embedded://"+ports[0]+peers))
	o := options("nats+embedded://" + ports[1] + peers)
	o.Secret = "another secret, as long"
	b := opened(t, o)
	// Both are up and try; only one of them could be admitted by a mistake.
	for range 3 {
		a.Send(nil, []byte("x"), nil, false)
		time.Sleep(beatEvery / 2)
	}
	refused := testutil.ToFloat64(b.metrics.Bus.Refused.WithLabelValues("forged"))
	if a.others()+b.others() > 0 || refused > 0 {
		t.Errorf("%d, %d peers; %v came over a route that must not be", a.others(), b.others(), refused)
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"udp://192.168.0.255:3000":                   "",
		"udp://239.1.2.3:3000?interface=eth0":        "",
		"nats://a:4222,b":                            "",
		"nats+embedded://0.0.0.0:6222?peers=a:1,b:2": "",
		"local":                                 "",
		"redis://x":                             "want local",
		"udp://":                                "ADDRESS:PORT",
		"udp://host:3000":                       "ADDRESS:PORT",
		"udp://192.168.0.255":                   "ADDRESS:PORT",
		"udp://0.0.0.0:1":                       "reaches nobody",
		"udp://[ff02::1]:1":                     "IPv4",
		"udp://1.2.3.255:1?inteface=eth0":       `unknown parameter "inteface"`,
		"nats://":                               "host:4222",
		"nats://h/x":                            "host:4222",
		"nats+embedded://:6222":                 "BIND:PORT",
		"nats+embedded://0.0.0.0":               "BIND:PORT",
		"nats+embedded://0.0.0.0:6222?peers=a":  `peer "a"`,
		"nats+embedded://0.0.0.0:6222?peer=a:1": `unknown parameter "peer"`,
	} {
		err := Check(address, secret)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	for address, ok := range map[string]bool{"local": true, "nats://h": true, "udp://192.168.0.255:3000": false, "nats+embedded://0.0.0.0:6222": false} {
		if err := Check(address, ""); (err == nil) != ok {
			t.Errorf("%s without a secret: %v", address, err)
		}
	}
	if Check("nats://h", "short") == nil {
		t.Error("a short secret is taken")
	}
}

// TestTaken: what another program has is said at once.
func TestTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Open(context.Background(), options("nats+embedded://"+l.Addr().String())); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a taken port: %v", err)
	}
	c, err := net.ListenPacket("udp4", ":0") // without sharing
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := Open(context.Background(), options("udp://127.255.255.255:"+fmt.Sprint(c.LocalAddr().(*net.UDPAddr).Port))); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a taken UDP port: %v", err)
	}
	if _, err := Open(context.Background(), options("udp://239.77.3.1:3001?interface=nowhere0")); err == nil || !strings.Contains(err.Error(), "nowhere0") {
		t.Errorf("no such interface: %v", err)
	}
}

// TestServerAway: a NATS server that is away is waited for, and nothing blocks.
func TestServerAway(t *testing.T) {
	o := options(fmt.Sprintf("nats://127.0.0.1:%d", port(t)))
	n := opened(t, o)
	for range 2 * maxQueue {
		n.Send(nil, []byte("x"), nil, false)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// wire is a carrier in memory, for the passing of time.
type wire struct {
	others []*wire
	in     chan []byte
	down   atomic.Bool
	done   chan struct{}
}

func newWire() *wire { return &wire{in: make(chan []byte, 1000), done: make(chan struct{})} }

func (w *wire) carry(_ []string, b []byte) error {
	for _, o := range w.others {
		if !w.down.Load() && !o.down.Load() {
			o.in <- b
		}
	}
	return nil
}
func (w *wire) want(string, bool) error { return nil }
func (w *wire) limit() int              { return maxDatagram }
func (w *wire) lossy() bool             { return true }
func (w *wire) close() error            { close(w.done); return nil }
func (w *wire) run(receive func([]byte), _ func()) {
	go func() {
		for {
			select {
			case b := <-w.in:
				receive(b)
			case <-w.done:
				return
			}
		}
	}()
}

// TestLease: a silent node goes after its lease, and its return is heard; one
// that starts again takes the place of what it was.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lanes := [3]*wire{}
		for i := range lanes {
			lanes[i] = newWire()
		}
		lanes[0].others, lanes[1].others, lanes[2].others = []*wire{lanes[1], lanes[2]}, []*wire{lanes[0]}, []*wire{lanes[0]}
		var nodes [3]*node
		for i, lane := range lanes {
			o := options("")
			if o.Node = "a"; i > 0 {
				o.Node = "b" // both: the second is a later start of the first
			}
			if i < 2 {
				nodes[i] = listen(t, newMember(o, lane), o.Metrics)
			}
		}
		a, b := nodes[0], nodes[1]
		time.Sleep(2 * beatEvery)
		if !a.knows(b) || !b.knows(a) {
			t.Fatal("they do not meet")
		}
		lanes[1].down.Store(true)
		time.Sleep(lease - 2*beatEvery)
		if a.others() != 1 {
			t.Error("gone within its lease")
		}
		time.Sleep(4 * beatEvery)
		if a.others() != 0 {
			t.Error("there after its lease")
		}
		lost := a.losses()
		lanes[1].down.Store(false)
		time.Sleep(2 * beatEvery)
		if a.others() != 1 || a.losses() == lost {
			t.Errorf("after its return: %d peers, lost %d", a.others(), a.losses()-lost)
		}
		o := options("")
		o.Node = "b"
		nodes[2] = listen(t, newMember(o, lanes[2]), o.Metrics)
		time.Sleep(2 * beatEvery)
		if !a.knows(nodes[2]) || a.knows(b) {
			t.Errorf("after a new start: %d peers", a.others())
		}
		for _, n := range nodes {
			_ = n.Close()
		}
	})
}

// TestUrgent: what is urgent gets through a line that loses much, once; what is
// missing is told.
func TestUrgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newWire(), newWire()
		x.others, y.others = []*wire{y}, []*wire{x}
		o, p := options(""), options("")
		a, b := listen(t, newMember(o, x), o.Metrics), listen(t, newMember(p, y), p.Metrics)
		time.Sleep(2 * beatEvery)
		lost := b.losses()
		y.down.Store(true)
		a.Send(nil, []byte("lost"), nil, false)
		a.Send(nil, []byte("urgent"), nil, true)
		time.Sleep(100 * time.Millisecond)
		y.down.Store(false)
		time.Sleep(2 * beatEvery)
		b.hears("urgent")
		if b.losses() == lost {
			t.Error("the gap is not told")
		}
		_, _ = a.Close(), b.Close()
	})
}

func TestWindow(t *testing.T) {
	w := new(window)
	w.start(10)
	for _, c := range []struct {
		sequence   uint64
		fresh, gap bool
	}{
		{10, false, false}, {9, false, false}, {11, true, false}, {14, true, true}, {12, true, false}, {12, false, false},
		{13, true, false}, {15, true, false}, {15 + windowSize, true, true}, {15, false, false}, {16, true, false}, {16, false, false},
		{15 + 3*windowSize, true, true}, {15 + 2*windowSize, false, false}, {16 + 2*windowSize, true, false},
	} {
		if fresh, gap := w.accept(c.sequence); fresh != c.fresh || gap != c.gap {
			t.Errorf("%d: %v %v, want %v %v", c.sequence, fresh, gap, c.fresh, c.gap)
		}
	}
}

// FuzzDatagram: nothing that comes in makes a member fall over, and nothing that
// is not signed is heard. The first byte of a datagram tells the test whether to
// sign it.
func FuzzDatagram(f *testing.F) {
	g := greeting{nonce: 5, heard: map[source]uint64{{1, 2}: 3}}
	f.Add(byte(0), uint64(1), uint64(2), g.append(nil))
	f.Add(byte(1), uint64(1), uint64(2), []byte("body"))
	f.Add(byte(2), uint64(1), uint64(2), []byte("HY\x01\x00"))
	f.Add(byte(1), uint64(7), uint64(1)<<63, binary.BigEndian.AppendUint16(make([]byte, 8), 0xffff))
	o := options("")
	f.Fuzz(func(t *testing.T, how byte, node, sequence uint64, body []byte) {
		m := newMember(o, &wire{})
		m.peers[source{7, 7}] = &peer{here: true}
		m.peers[source{7, 7}].window.start(1)
		heard := 0
		m.receive, m.peer, m.lost = func(string, []byte) { heard++ }, func(string, bool) {}, func() {}
		b := body
		if how < 2 {
			b = m.sealer.seal(header{kind(how), source{node, node}, sequence}, body)
		}
		m.take(b)
		if want := how == 0 && node == 7 && sequence > 1; (heard == 1) != want {
			t.Errorf("heard %d", heard)
		}
	})
}

// TestCorpus holds that what was found once is tried for ever.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/fuzz/FuzzDatagram/*")
	if err != nil || len(files) == 0 {
		t.Errorf("no corpus: %v", err)
	}
}
