package bench

import (
	"context"
	"errors"
	"time"
)

// conn is one client connection that belongs to a loop.
type conn struct {
	index int // of the client it is

	link   link   // the loop's own
	rest   []byte // read and not yet a whole frame
	text   []byte // of a message that came in parts
	closed bool
	why    error // once closed: nil if the server said goodbye or we did
}

// link is what a loop knows of a connection.
type link interface {
	// write takes text as one frame, and keeps what the socket does not take.
	write(op byte, payload []byte) error
	// freeze stops reading, as a phone in a tunnel does.
	freeze() error
	close()
}

// loop drives many connections from one goroutine, so that on a small machine
// most of the processor is left to the server. All methods but wake are for
// that goroutine; what comes in is told to the receiver from within run.
type loop interface {
	// dial connects and upgrades; it may be called from any goroutine.
	dial(ctx context.Context, to endpoint, index int) (*conn, error)
	// add takes a dialled connection over.
	add(c *conn) error
	// run handles what comes in until the time, or until stop says so.
	run(until time.Time, stop func() bool) error
	// every calls tick at that interval from within run; 0 ends it.
	every(interval time.Duration, tick func()) error
	// counts are the frames and the reads so far.
	counts() (frames, reads uint64)
	close()
}

// endpoint is where and how a client connects.
type endpoint struct {
	address string // host:port
	tls     bool
	path    string
	header  string // lines with their line ends
	buffer  int    // bytes of the receiving socket buffer; zero: the system's
}

// receiver hears what comes in. text is only valid during the call.
type receiver struct {
	message func(c *conn, text []byte)
	gone    func(c *conn) // once for each that closed by itself
}

// feed takes the frames in c.rest apart; answer sends a pong.
func (c *conn) feed(r *receiver, b []byte) (rest []byte, frames uint64, err error) {
	for !c.closed {
		f, err := parseFrame(b)
		if err != nil {
			return nil, frames, err
		}
		if f.size == 0 {
			return b, frames, nil
		}
		b = b[f.size:]
		frames++
		switch {
		case f.op == opPing:
			if err := c.link.write(opPong, f.payload); err != nil {
				return nil, frames, err
			}
		case f.op == opPong:
		case f.op == opClose:
			return nil, frames, errGoodbye
		case !f.fin:
			c.text = append(c.text, f.payload...)
		case f.op == opContinue:
			c.text = append(c.text, f.payload...)
			r.message(c, c.text)
			c.text = c.text[:0]
		default:
			r.message(c, f.payload)
		}
	}
	return nil, frames, nil
}

// errGoodbye: the server closed the socket in order.
var errGoodbye = errors.New("the server closed the socket")

// errGone: the connection ended without a word.
var errGone = errors.New("the connection was cut")
