package hub

import (
	"bytes"
	"errors"
	"io"
	"runtime/debug"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// Receiver acts on what a client sends. Its methods are called by one goroutine
// at a time, not always the same; a panic in them costs the socket alone. What
// they block is this socket, not others.
type Receiver interface {
	// Open attaches the node before anything is read of it. An error ends it.
	Open() error
	// Receive takes a message: its type and, until Receive returns, its bytes.
	// An error ends the node.
	Receive(kind int, r io.Reader) error
	// Ended is called once when nothing is read any more; the error says why.
	Ended(err error)
}

// ErrNotUTF8 is what ReadText gives for a text that is none.
var ErrNotUTF8 = errors.New("not UTF-8")

// maxTurn is how many messages of a socket are read before others have a turn.
const maxTurn = 64

// States of a node that a poller watches.
const (
	awake  int32 = iota // a goroutine reads it, or is about to
	again               // the same, and there may be more than it has seen
	asleep              // nobody does: the poller tells when to
)

// Serve opens n in the caller's goroutine, and has it read from then on. Where a
// poller can watch it, it has a goroutine only while there is something to read;
// elsewhere, and under TLS, it has one of its own, which is a fresh one: the
// caller's grown stack and the HTTP server's buffers must not live as long as
// the socket. The node's read limit is the caller's.
func (h *Hub) Serve(n *Node, r Receiver) {
	n.receiver = r
	n.Conn.SetCloseHandler(n.bye)
	if err := n.bear(r.Open); err != nil {
		go h.guard("reader", func() { n.conclude(err) })
		return
	}
	if h.readers.watches(n) {
		n.pipe.polled = true
		idle := n.sleep()
		switch watched := h.readers.watch(n); {
		case watched && idle:
			return
		case watched:
			h.readers.add(n)
			return
		case idle && !n.rouse():
			return // it has ended, and is being read to its end
		}
	}
	go h.guard("reader", n.rest)
}

// Limit bounds what may be read for one message, in bytes of its payload. It is
// to be called before Serve; without it nothing but the pipe's own bound holds.
func (n *Node) Limit(size int64) {
	n.Conn.SetReadLimit(size)
	n.pipe.maxWire = wireFactor * size
}

// turn reads what is there to read and lets the poller watch for more. It does
// not wait for the client but in the middle of a message.
func (n *Node) turn() {
	for range maxTurn {
		if n.Closing() {
			go n.hub.guard("reader", n.rest) // takes as long as the client's goodbye
			return
		}
		ready, err := n.pipe.ready(n)
		if err == nil && !ready {
			if n.sleep() {
				return
			}
			continue
		}
		if err == nil {
			err = n.bear(n.next)
		}
		if err != nil {
			n.pipe.release(n)
			go n.hub.guard("reader", func() { n.conclude(err) })
			return
		}
	}
	n.hub.readers.add(n)
}

// sleep leaves the node to the poller; false if there is more to do already.
func (n *Node) sleep() bool {
	n.pipe.release(n)
	if !n.reading.CompareAndSwap(awake, asleep) {
		n.reading.Store(awake)
		return false
	}
	return true
}

// rouse tells whether the caller has to have the node read; else somebody
// already does, and knows that there may be more.
func (n *Node) rouse() bool {
	for {
		if n.reading.CompareAndSwap(asleep, awake) {
			return true
		}
		if n.reading.CompareAndSwap(awake, again) || n.reading.Load() == again {
			return false
		}
	}
}

// rest reads the socket to its end.
func (n *Node) rest() {
	n.pipe.polled = false
	var err error
	for err == nil {
		err = n.bear(n.next)
	}
	n.conclude(err)
}

// next reads a message and hands it on.
func (n *Node) next() error {
	kind, r, err := n.Conn.NextReader()
	if err != nil || n.pipe.wasFilled() {
		return err
	}
	return n.receiver.Receive(kind, r)
}

// conclude is the end of the reading.
func (n *Node) conclude(err error) {
	defer n.goodbye()
	n.pipe.release(n)
	_ = n.bear(func() error {
		n.receiver.Ended(err)
		return nil
	})
}

// bear runs fn and turns a panic into the end of this socket.
func (n *Node) bear(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			n.hub.metrics.Panics.WithLabelValues("reader").Inc()
			n.hub.log.Error("panic in a reader", "socket", n.ID, "user", n.UserID, "panic", r, "stack", string(debug.Stack()))
			n.Close(websocket.CloseInternalServerErr, "internal")
			err = errPanic
		}
	}()
	return fn()
}

// bye answers the client's close frame.
func (n *Node) bye(code int, reason string) error {
	n.saidBye.Store(true)
	if n.pipe.frame.size() == 1 {
		code, reason = websocket.CloseProtocolError, "half a close code" // the package takes it for none
	}
	n.Close(code, reason)
	return nil
}

// ReadText appends a text message to b. A text that is not UTF-8 ends with
// ErrNotUTF8 as soon as its bytes show it, be there more to come or not.
func ReadText(r io.Reader, b *bytes.Buffer) error {
	checked := b.Len()
	for {
		b.Grow(bytes.MinRead)
		got, err := r.Read(b.AvailableBuffer()[:b.Available()])
		b.Write(b.AvailableBuffer()[:got])
		valid, whole := validUTF8(b.Bytes()[checked:])
		checked += valid
		switch {
		case !whole:
			return ErrNotUTF8
		case errors.Is(err, io.EOF) && checked < b.Len():
			return ErrNotUTF8
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// validUTF8 tells how much of b is UTF-8, and whether the rest may become so.
func validUTF8(b []byte) (valid int, whole bool) {
	if utf8.Valid(b) {
		return len(b), true
	}
	end := len(b)
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if utf8.RuneStart(b[len(b)-back]) {
			end = len(b) - back
			break
		}
	}
	if !utf8.Valid(b[:end]) || utf8.FullRune(b[end:]) {
		return 0, false
	}
	return end, true
}
