// Package oneport serves TLS and plain HTTP on one port: who types an address
// without https:// is led on instead of met with a broken connection. The first
// byte tells which of the two a client speaks (a TLS record of a handshake
// begins with 22, RFC 8446 section 5.1). It imports nothing of ours.
package oneport

import (
	"errors"
	"net"
	"sync"
	"time"
)

const (
	handshake = 22
	// firstByteTime is for a client's first byte; a browser that opens a
	// connection ahead of need may send none, and opens another later.
	firstByteTime = 10 * time.Second
	// maxSilent bounds the connections that have not said anything yet.
	maxSilent = 4096
)

// Split sorts what a listener accepts into two: connections that speak TLS, not
// yet decrypted, and others. A half that is closed takes no more; when both are,
// the listener under them closes, and what has not said anything by then.
func Split(under net.Listener) (secure, plain net.Listener) {
	return split(under, maxSilent)
}

func split(under net.Listener, most int) (secure, plain net.Listener) {
	s := &splitter{under: under, most: most, done: make(chan struct{}), silent: map[net.Conn]struct{}{}, open: 2}
	one, two := newHalf(s), newHalf(s)
	s.tasks.Go(func() { s.accept(one, two) })
	return one, two
}

type splitter struct {
	under net.Listener
	most  int // silent connections
	tasks sync.WaitGroup
	once  sync.Once
	done  chan struct{}

	mu     sync.Mutex // guards the following
	fault  error      // why accepting ended
	open   int        // halves
	silent map[net.Conn]struct{}
}

func (s *splitter) accept(secure, plain *half) {
	for {
		conn, err := s.under.Accept()
		if err != nil {
			if temporary(err) && !closed(s.done) {
				select {
				case <-time.After(50 * time.Millisecond): // out of descriptors: some will be given back
				case <-s.done:
				}
				continue
			}
			s.end(err)
			return
		}
		if !s.hold(conn) {
			_ = conn.Close()
			continue
		}
		s.tasks.Go(func() { s.sort(conn, secure, plain) })
	}
}

// temporary tells whether accepting may work again later.
func temporary(err error) bool {
	var e interface{ Temporary() bool }
	return errors.As(err, &e) && e.Temporary() && !errors.Is(err, net.ErrClosed)
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// hold notes a connection until it says something. Where too many are silent,
// one of them gives way, whichever: who means it has spoken by then, and nobody
// keeps others out by saying nothing.
func (s *splitter) hold(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if closed(s.done) {
		return false
	}
	if len(s.silent) >= s.most {
		for other := range s.silent {
			delete(s.silent, other)
			_ = other.Close()
			break
		}
	}
	s.silent[conn] = struct{}{}
	return true
}

func (s *splitter) sort(conn net.Conn, secure, plain *half) {
	first := make([]byte, 1)
	_ = conn.SetReadDeadline(time.Now().Add(firstByteTime))
	_, err := conn.Read(first)
	s.mu.Lock()
	delete(s.silent, conn)
	s.mu.Unlock()
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.Close() // gone, or silent
		return
	}
	to := plain
	if first[0] == handshake {
		to = secure
	}
	select {
	case to.conns <- &begun{Conn: conn, first: first}:
	case <-to.done:
		_ = conn.Close()
	case <-s.done:
		_ = conn.Close()
	}
}

// end stops accepting; the first reason is the one that both halves give.
func (s *splitter) end(reason error) {
	s.once.Do(func() {
		s.mu.Lock()
		s.fault = reason
		close(s.done)
		for conn := range s.silent {
			_ = conn.Close()
		}
		s.mu.Unlock()
		_ = s.under.Close()
	})
}

// left is called when a half closes; the last one ends it all.
func (s *splitter) left() {
	s.mu.Lock()
	s.open--
	last := s.open == 0
	s.mu.Unlock()
	if last {
		s.end(net.ErrClosed)
		s.tasks.Wait()
	}
}

func (s *splitter) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// half is one of the two listeners.
type half struct {
	splitter *splitter
	conns    chan net.Conn
	once     sync.Once
	done     chan struct{}
}

func newHalf(s *splitter) *half {
	return &half{splitter: s, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for the next connection of this half.
func (h *half) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.done:
		return nil, net.ErrClosed
	case <-h.splitter.done:
		return nil, h.splitter.reason()
	}
}

// Close ends this half. The second to be closed waits for what sorts.
func (h *half) Close() error {
	h.once.Do(func() {
		close(h.done)
		h.splitter.left()
	})
	return nil
}

// Addr is the address of both.
func (h *half) Addr() net.Addr { return h.splitter.under.Addr() }

// begun is a connection whose first byte has been read.
type begun struct {
	net.Conn
	first []byte
}

// Read gives the first byte again, then what follows.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 && len(p) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}
