package hub

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
)

// errFlood ends the reading of a socket whose frames carry next to nothing.
var errFlood = errors.New("too many bytes for one message")

const (
	// wireFactor bounds the bytes read for one message: four times the longest
	// message leaves room for any sane fragmentation and none for a million
	// empty fragments.
	wireFactor = 4
	// readAhead is read from a socket at once where a poller wakes its reader:
	// the buffer is shared. waitAhead is the same where each socket has a
	// goroutine, and a buffer, of its own.
	readAhead = 8 << 10
	waitAhead = 512
)

// filler is an empty frame, masked as a client's have to be.
const filler = "\x82\x80\x00\x00\x00\x00"

// Pipe is the connection beneath a websocket.Conn. The answer to the handshake
// is kept, to go out in one write with the hello; once a Node has it, whatever the websocket.Conn wants to write by itself
// goes to the node's queue instead, so that a socket has one writer, and what
// it reads is handed to it a frame at a time, so that it never holds more than
// it is asked for.
type Pipe struct {
	net.Conn
	raw  syscall.RawConn // nil where reading and writing cannot be tried without blocking
	node atomic.Pointer[Node]
	// ended: the poller has told that the client sends no more.
	ended atomic.Bool

	answer []byte // to the handshake, until a node has it

	// All below belongs to the reader.
	ahead   []byte  // read, but not by the websocket.Conn yet
	buffer  *buffer // beneath ahead; nil while nobody reads
	frame   framer
	polled  bool  // a poller tells when there is more: the reader should not wait
	filled  bool  // a filler was put in
	drained bool  // the last read left nothing; the poller tells of what came since
	wire    int64 // bytes read since the message began
	maxWire int64
}

// buffer is what a socket is read into. Where a poller watches, it has one for
// a moment only, from the hub's pool.
type buffer struct {
	probe probe
	bytes []byte
}

// NewPipe wraps a connection for the upgrade to a WebSocket.
func NewPipe(c net.Conn) *Pipe {
	p := &Pipe{Conn: c, maxWire: wireFactor * model.MaxFrame}
	if tcp, ok := c.(*net.TCPConn); ok && canTry {
		if raw, err := tcp.SyscallConn(); err == nil {
			p.raw = raw
		}
	}
	return p
}

// Read reads for the websocket.Conn, never beyond the frame at hand.
func (p *Pipe) Read(b []byte) (int, error) {
	n := p.node.Load()
	if n == nil {
		return p.Conn.Read(b)
	}
	if len(p.ahead) == 0 {
		if err := p.fill(n); err != nil {
			return 0, err
		}
	}
	size := p.frame.cut(p.ahead[:min(len(p.ahead), len(b))])
	copy(b, p.ahead[:size])
	p.ahead = p.ahead[size:]
	return size, nil
}

// fill reads ahead, and waits for bytes where it has to. Between two messages
// a polled socket does not wait: the websocket.Conn, which after a control
// frame would look for the next, is given an empty message to return with.
func (p *Pipe) fill(n *Node) error {
	ready, err := p.ready(n)
	switch {
	case err != nil || ready:
		return err
	case p.polled && p.frame.atMessageEnd():
		p.filled = true
		p.ahead = append(p.buffer.bytes[:0], filler...)
		return nil
	case p.polled:
		n.hub.readers.away(1) // in the middle of a message: others must not wait for this client
		defer n.hub.readers.away(-1)
	}
	got, err := p.Conn.Read(p.buffer.bytes)
	if got > 0 {
		return p.got(n, got)
	}
	return err
}

// ready tells whether there is something to read, without waiting for it.
func (p *Pipe) ready(n *Node) (bool, error) {
	if len(p.ahead) > 0 {
		return true, nil
	}
	switch {
	case p.buffer == nil && p.polled:
		p.buffer = n.hub.buffers.Get().(*buffer)
	case p.buffer == nil:
		p.buffer = &buffer{bytes: make([]byte, waitAhead)}
	}
	if !p.polled || p.drained && !p.ended.Load() {
		return false, nil
	}
	got, blocked, err := p.buffer.probe.try(p, p.buffer.bytes)
	switch {
	case got > 0:
		return true, p.got(n, got)
	case blocked:
		return false, nil
	case err == nil:
		err = io.EOF
	}
	return false, err
}

// got takes note of bytes that were read into buffer.
func (p *Pipe) got(n *Node, size int) error {
	if p.wire += int64(size); p.wire > p.maxWire {
		n.Close(closePolicy, "flood")
		return errFlood
	}
	p.ahead, p.drained = p.buffer.bytes[:size], size < len(p.buffer.bytes)
	return nil
}

// wasFilled tells whether the message that was just read is only a filler.
func (p *Pipe) wasFilled() bool {
	filled := p.filled
	p.filled = false
	return filled
}

// release gives the buffer back while nobody reads.
func (p *Pipe) release(n *Node) {
	if p.buffer != nil && len(p.buffer.bytes) == readAhead {
		n.hub.buffers.Put(p.buffer)
	}
	p.buffer, p.ahead, p.drained = nil, nil, false
}

// Write queues what the websocket.Conn says by itself: a close frame after a
// violation of the protocol.
func (p *Pipe) Write(b []byte) (int, error) {
	n := p.node.Load()
	switch {
	case n == nil:
		p.answer = append(p.answer, b...)
	case len(b) >= 4 && b[0] == opClose:
		code, reason := int(binary.BigEndian.Uint16(b[2:])), string(b[4:])
		if code == websocket.CloseProtocolError && p.frame.opcode() == opClose&0x0f && strings.Contains(reason, "utf8") {
			code, reason = CloseNotUTF8, "not UTF-8" // RFC 6455 section 7.4.1; the package makes it 1002
		}
		n.Close(code, reason)
	default:
		n.send(&Frame{data: append([]byte(nil), b...)})
	}
	return len(b), nil
}

// SetWriteDeadline is the writer's business, not the websocket.Conn's.
func (p *Pipe) SetWriteDeadline(t time.Time) error {
	if p.node.Load() != nil {
		return nil
	}
	return p.Conn.SetWriteDeadline(t)
}
