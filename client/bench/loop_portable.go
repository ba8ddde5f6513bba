package bench

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// portable is a loop of a goroutine per connection, for other systems and for
// TLS. It costs the machine more, so that its figures say less of the server.
type portable struct {
	receiver *receiver
	arrived  chan arrival
	ended    chan struct{}
	readers  sync.WaitGroup
	conns    map[*pipe]struct{}
	ticker   *time.Ticker
	tick     func()
	frames   uint64
	reads    uint64
}

// arrival is what one read gave.
type arrival struct {
	pipe *pipe
	data []byte
	err  error
}

// pipe is a connection of a portable loop.
type pipe struct {
	*conn
	loop    *portable
	net     net.Conn
	resume  chan struct{} // closed: read on
	scratch []byte
	mu      sync.Mutex // guards resume
}

// writeTime bounds a write that the server does not take.
const writeTime = 10 * time.Second

func newPortable(r *receiver) *portable {
	return &portable{receiver: r, arrived: make(chan arrival, 1024), ended: make(chan struct{}), conns: map[*pipe]struct{}{}}
}

func (l *portable) dial(ctx context.Context, to endpoint, index int) (*conn, error) {
	dialer := net.Dialer{Timeout: writeTime}
	made, err := dialer.DialContext(ctx, "tcp", to.address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := made.(*net.TCPConn); ok && to.buffer > 0 {
		_ = tcp.SetReadBuffer(to.buffer) // a wish
	}
	if to.tls {
		host, _, _ := net.SplitHostPort(to.address) // it has been dialled
		//nolint:gosec // a server under test has a certificate of its own, and is told nothing secret
		made = tls.Client(made, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	}
	c := &conn{index: index}
	c.link = &pipe{conn: c, loop: l, net: made}
	if err = made.SetDeadline(time.Now().Add(6 * writeTime)); err == nil {
		if _, err = made.Write(to.upgrade()); err == nil {
			c.rest, err = upgraded(made.Read)
		}
	}
	if err == nil {
		err = made.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = made.Close() // err says what happened
		return nil, err
	}
	return c, nil
}

func (l *portable) add(c *conn) error {
	p := c.link.(*pipe)
	l.conns[p] = struct{}{}
	if len(c.rest) > 0 {
		l.take(arrival{pipe: p})
	}
	if !c.closed {
		l.readers.Go(p.read)
	}
	return nil
}

// read hands on what comes in until the connection or the loop ends.
func (p *pipe) read() {
	for {
		p.mu.Lock()
		resume := p.resume
		p.mu.Unlock()
		if resume != nil {
			select {
			case <-resume:
			case <-p.loop.ended:
				return
			}
		}
		data := make([]byte, 4096)
		n, err := p.net.Read(data)
		select {
		case p.loop.arrived <- arrival{p, data[:n], err}:
		case <-p.loop.ended:
			return
		}
		if err != nil {
			return
		}
	}
}

func (l *portable) every(interval time.Duration, tick func()) error {
	if l.ticker != nil {
		l.ticker.Stop()
		l.ticker = nil
	}
	if l.tick = tick; interval > 0 {
		l.ticker = time.NewTicker(interval)
	}
	return nil
}

func (l *portable) counts() (frames, reads uint64) { return l.frames, l.reads }

func (l *portable) run(until time.Time, stop func() bool) error {
	const longest = 20 * time.Millisecond // between two looks at stop
	pause := time.NewTimer(longest)
	defer pause.Stop()
	for {
		left := time.Until(until)
		if left <= 0 || stop != nil && stop() {
			return nil
		}
		pause.Reset(min(left, longest))
		var ticks <-chan time.Time
		if l.ticker != nil {
			ticks = l.ticker.C
		}
		select {
		case a := <-l.arrived:
			l.take(a)
		case <-ticks:
			l.tick()
		case <-pause.C:
		}
	}
}

func (l *portable) take(a arrival) {
	p := a.pipe
	if p.closed {
		return
	}
	l.reads++
	p.rest = append(p.rest, a.data...)
	rest, frames, err := p.feed(l.receiver, p.rest)
	l.frames += frames
	p.rest = append(p.rest[:0], rest...)
	if err == nil {
		err = a.err
	}
	if err != nil && !p.closed {
		p.why = err
		p.close()
		l.receiver.gone(p.conn)
	}
}

func (p *pipe) write(op byte, payload []byte) error {
	if p.closed {
		return errGone
	}
	p.scratch = appendFrame(p.scratch[:0], op, payload)
	if err := p.net.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := p.net.Write(p.scratch)
	return err
}

// freeze takes effect after the read that is under way.
func (p *pipe) freeze() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resume = make(chan struct{})
	return nil
}

func (p *pipe) close() {
	if !p.closed {
		p.closed = true
		delete(p.loop.conns, p)
		_ = p.net.Close() // nothing is lost with it
	}
}

func (l *portable) close() {
	_ = l.every(0, nil)
	close(l.ended)
	for p := range l.conns {
		p.close()
	}
	l.readers.Wait()
}
