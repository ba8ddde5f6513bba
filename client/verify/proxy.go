package verify

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// smallBuffer is what the kernel may hold for a connection on its way here,
	// so that what stalls is felt by the server soon.
	smallBuffer = 32 << 10
	dialTime    = 3 * time.Second
	// slicesAtMost bounds how much of a chunk goes out byte by byte.
	slicesAtMost = 256
)

// Proxy hands on TCP connections, and may do to them what networks do.
type Proxy struct {
	listener net.Listener
	tasks    sync.WaitGroup

	mu     sync.Mutex // guards the following
	target string
	wires  map[*wire]struct{}
	closed bool
}

// wire is a connection through the proxy.
type wire struct {
	client, server net.Conn
	done           chan struct{}
	ended          sync.Once

	mu   sync.Mutex // guards mood
	mood mood
}

// mood is how a wire behaves.
type mood struct {
	held    chan struct{} // nothing passes until it is closed; nil: not held
	latency time.Duration // of each chunk
	sliced  bool          // byte by byte
	rate    int           // bytes a second; 0: any
}

// NewProxy listens on a free port of 127.0.0.1.
func NewProxy() (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, wires: map[*wire]struct{}{}}
	p.tasks.Go(p.accept)
	return p, nil
}

// Address is HOST:PORT of the proxy.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Lead makes address (http://HOST:PORT) the one where new connections go.
func (p *Proxy) Lead(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = strings.TrimPrefix(address, "http://")
}

// Close ends the proxy and all connections.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for w := range p.wires {
		w.end()
	}
	p.mu.Unlock()
	p.tasks.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.tasks.Go(func() { p.serve(conn) })
	}
}

func (p *Proxy) serve(conn net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", target, dialTime)
	if err != nil {
		_ = conn.Close()
		return
	}
	_ = server.(*net.TCPConn).SetReadBuffer(smallBuffer) // else it stalls later
	w := &wire{client: conn, server: server, done: make(chan struct{})}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		w.end()
		return
	}
	p.wires[w] = struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { w.pump(w.server, w.client) })
	both.Go(func() { w.pump(w.client, w.server) })
	both.Wait()
	p.mu.Lock()
	delete(p.wires, w)
	p.mu.Unlock()
}

// end closes both sides.
func (w *wire) end() {
	w.ended.Do(func() {
		close(w.done)
		_ = w.client.Close()
		_ = w.server.Close()
	})
}

// pump hands on one direction until either side ends.
func (w *wire) pump(to, from net.Conn) {
	defer w.end()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !w.pass(to, buffer[:n]) {
			return
		}
		if err != nil {
			w.hold()
			return
		}
	}
}

// hold keeps the end of one side from the other for as long as nothing passes.
func (w *wire) hold() {
	w.mu.Lock()
	held := w.mood.held
	w.mu.Unlock()
	if held == nil {
		return
	}
	select {
	case <-held:
	case <-w.done:
	}
}

// pass writes a chunk as the wire's mood is; false if the wire has ended.
func (w *wire) pass(to io.Writer, b []byte) bool {
	w.mu.Lock()
	m := w.mood
	w.mu.Unlock()
	if m.held != nil {
		select {
		case <-m.held:
		case <-w.done:
			return false
		}
	}
	if delay := m.latency + m.slowness(len(b)); delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-w.done:
			return false
		}
	}
	for m.sliced && len(b) > 1 {
		n := max(1, len(b)/slicesAtMost)
		if _, err := to.Write(b[:n]); err != nil {
			return false
		}
		b = b[n:]
	}
	_, err := to.Write(b)
	return err == nil
}

func (m mood) slowness(n int) time.Duration {
	if m.rate == 0 {
		return 0
	}
	return time.Duration(n) * time.Second / time.Duration(m.rate)
}

// Troubles are what Trouble can do.
func Troubles() []string {
	return []string{"cut", "stall", "reset", "slice", "ghost", "latency", "bandwidth"}
}

// Trouble does something to a random half of the connections, or to all, and
// returns when it is over.
func (p *Proxy) Trouble(ctx context.Context, kind string, random *rand.Rand) {
	wires := p.some(random, random.IntN(3) == 0)
	lasting := 200*time.Millisecond + time.Duration(random.Int64N(int64(800*time.Millisecond)))
	switch kind {
	case "cut":
		for _, w := range wires {
			w.end()
		}
	case "reset":
		for _, w := range wires {
			_ = w.client.(*net.TCPConn).SetLinger(0)
			_ = w.server.(*net.TCPConn).SetLinger(0)
			w.end()
		}
	case "ghost": // the client has gone, and the server does not learn of it
		for _, w := range wires {
			w.change(mood{held: make(chan struct{})})
			_ = w.client.Close()
		}
		pause(ctx, lasting)
		for _, w := range wires {
			w.end()
		}
	case "stall":
		p.under(ctx, wires, mood{held: make(chan struct{})}, 2*lasting)
	case "slice":
		p.under(ctx, wires, mood{sliced: true}, lasting)
	case "latency":
		p.under(ctx, wires, mood{latency: lasting / 4}, lasting)
	case "bandwidth":
		p.under(ctx, wires, mood{rate: 10 << 10}, lasting)
	}
}

// some are about half of the connections, or all.
func (p *Proxy) some(random *rand.Rand, all bool) (wires []*wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.wires {
		if all || random.IntN(2) == 0 {
			wires = append(wires, w)
		}
	}
	return wires
}

// under puts wires into a mood for a time.
func (p *Proxy) under(ctx context.Context, wires []*wire, m mood, lasting time.Duration) {
	for _, w := range wires {
		w.change(m)
	}
	pause(ctx, lasting)
	for _, w := range wires {
		w.change(mood{})
	}
	if m.held != nil {
		close(m.held)
	}
}

func (w *wire) change(m mood) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mood = m
}
