package hub

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"hongyan/model"
)

// maxWire bounds the bytes read for one message. The message itself is bounded
// by model.MaxFrame; four times that leaves room for any sane fragmentation and
// none for a million empty fragments.
const maxWire = 4 * model.MaxFrame

// errFlood ends the reading of a socket whose frames carry next to nothing.
var errFlood = errors.New("too many bytes for one message")

// Pipe is the connection beneath a websocket.Conn. The handshake passes through
// it; once a Node has it, whatever the websocket.Conn wants to write by itself
// goes to the node's queue instead, so that a socket has one writer.
type Pipe struct {
	net.Conn
	raw  syscall.RawConn // nil where a write cannot be tried without blocking
	node atomic.Pointer[Node]
	wire int // bytes read since the message began; the reader's alone
}

// NewPipe wraps a connection for the upgrade to a WebSocket.
func NewPipe(c net.Conn) *Pipe {
	p := &Pipe{Conn: c}
	if tcp, ok := c.(*net.TCPConn); ok && canTry {
		if raw, err := tcp.SyscallConn(); err == nil {
			p.raw = raw
		}
	}
	return p
}

// Read reads for the websocket.Conn.
func (p *Pipe) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if p.wire += n; p.wire > maxWire {
		if node := p.node.Load(); node != nil {
			node.Close(closePolicy, "flood")
		}
		return 0, errFlood
	}
	return n, err
}

// Write queues what the websocket.Conn says by itself: a close frame after a
// violation of the protocol.
func (p *Pipe) Write(b []byte) (int, error) {
	n := p.node.Load()
	switch {
	case n == nil:
		return p.Conn.Write(b)
	case len(b) >= 4 && b[0] == opClose:
		n.Close(int(binary.BigEndian.Uint16(b[2:])), string(b[4:]))
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
