//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hongyan/client/verify"

	nats "github.com/nats-io/nats-server/v2/server"
)

// badLAN stands between the nodes of a UDP bus: they send to its address, and it
// sends to all of them, less and more than it got, and in another order.
type badLAN struct {
	in      *net.UDPConn
	to      *net.UDPAddr
	loses   atomic.Int64 // of 100
	doubles atomic.Int64 // of 100
	parts   atomic.Bool  // nothing goes through
	mute    atomic.Value // the node, as datagrams name it, of which nothing does
	last    atomic.Value // the node that was heard last
	got     atomic.Int64
	lost    atomic.Int64
	tasks   sync.WaitGroup
}

// newBadLAN makes one and gives the bus to name to the nodes.
func newBadLAN(t *testing.T) (*badLAN, string) {
	t.Helper()
	port := sharedPort(t)
	// The relay's address is more special than the nodes' own, which is any: what
	// is sent there comes to it alone.
	l := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
	}}
	in, err := l.ListenPacket(t.Context(), "udp4", fmt.Sprintf("127.0.0.2:%d", port))
	if err != nil {
		t.Skip("this system has no 127.0.0.2:", err)
	}
	lan := &badLAN{in: in.(*net.UDPConn), to: &net.UDPAddr{IP: net.IPv4(127, 255, 255, 255), Port: port}}
	lan.mute.Store("")
	lan.last.Store("")
	lan.tasks.Go(lan.run)
	t.Cleanup(func() { _ = in.Close(); lan.tasks.Wait() })
	return lan, fmt.Sprintf("udp://127.0.0.2:%d", port)
}

// run loses and doubles some; where it loses, it cuts 1 % too and lets every
// fifth come late.
func (l *badLAN) run() {
	buffer := make([]byte, 2048)
	for {
		n, err := l.in.Read(buffer)
		if err != nil {
			return
		}
		l.got.Add(1)
		b := append([]byte(nil), buffer[:n]...)
		from := string(b[4:min(n, 12)]) // the node, in the form of a datagram
		l.last.Store(from)
		if l.parts.Load() || l.mute.Load() == from || rand.Int64N(100) < l.loses.Load() {
			l.lost.Add(1)
			continue
		}
		if l.loses.Load() > 0 && rand.IntN(100) == 0 {
			b = b[:n/2]
		}
		l.hand(b)
		if rand.Int64N(100) < l.doubles.Load() {
			l.hand(b)
		}
	}
}

// hand sends to all nodes, now or later.
func (l *badLAN) hand(b []byte) {
	if l.loses.Load() == 0 || rand.IntN(5) > 0 {
		_, _ = l.in.WriteTo(b, l.to)
		return
	}
	l.tasks.Go(func() {
		time.Sleep(rand.N(80 * time.Millisecond))
		_, _ = l.in.WriteTo(b, l.to)
	})
}

// faults are a bus that is away, and one over which a node hears and is not heard.
func (l *badLAN) faults() []verify.Injection {
	return []verify.Injection{
		{Name: "bus away", Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
			l.parts.Store(true)
			defer l.parts.Store(false)
			wait(ctx, 2*time.Second)
			return nil
		}},
		{Name: "one way", Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
			l.mute.Store(l.last.Load())
			defer l.mute.Store("")
			wait(ctx, 2*time.Second)
			return nil
		}},
	}
}

// broker is a NATS server of the test's own.
type broker struct {
	t    *testing.T
	port int

	mu     sync.Mutex
	server *nats.Server
}

func newNATS(t *testing.T) *broker {
	t.Helper()
	b := &broker{t: t, port: sharedPort(t)}
	check(t, b.start())
	t.Cleanup(b.stop)
	return b
}

func (b *broker) address() string { return fmt.Sprintf("127.0.0.1:%d", b.port) }

func (b *broker) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, err := nats.NewServer(&nats.Options{Host: "127.0.0.1", Port: b.port, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	s.Start()
	if b.server = s; !s.ReadyForConnections(clusterWait) {
		return fmt.Errorf("no NATS server at %s", b.address())
	}
	return nil
}

func (b *broker) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// down is a server that is away for a while.
func (b *broker) down() verify.Injection {
	return verify.Injection{Name: "server down", Times: 2, Inject: func(ctx context.Context, _ *verify.Target) error {
		b.stop()
		wait(ctx, 2*time.Second)
		return b.start()
	}}
}

// flap is a server that goes and comes.
func (b *broker) flap() verify.Injection {
	return verify.Injection{Name: "server flaps", Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
		for range 5 {
			b.stop()
			wait(ctx, 100*time.Millisecond)
			if err := b.start(); err != nil {
				return err
			}
			wait(ctx, 300*time.Millisecond)
		}
		return nil
	}}
}
