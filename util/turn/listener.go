package turn

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/pion/logging"
)

const (
	// maxConns bounds the TCP connections, and silence how long one may say
	// nothing: a relay in use has its keep-alives many times within.
	maxConns = 512
	silence  = 2 * time.Minute
)

// listener bounds how many connections there are and how long they are idle.
type listener struct {
	net.Listener
	slots chan struct{}
}

func newListener(l net.Listener) net.Listener {
	return &listener{Listener: l, slots: make(chan struct{}, maxConns)}
}

// Accept gives the next connection; above the bound it is closed at once.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &conn{Conn: c, leave: sync.OnceFunc(func() { <-l.slots })}, nil
		default:
			_ = c.Close()
		}
	}
}

type conn struct {
	net.Conn
	leave func()
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// logs writes what the library has to say into our log. It calls every wrong
// password an error, so nothing of it is more than a detail here.
type logs struct{ log *slog.Logger }

// NewLogger makes the logger of a part of the library.
func (l logs) NewLogger(scope string) logging.LeveledLogger {
	return leveled{l.log.With("part", "turn/"+scope)}
}

type leveled struct{ log *slog.Logger }

func (leveled) Trace(string)          {}
func (leveled) Tracef(string, ...any) {}
func (leveled) Debug(string)          {}
func (leveled) Debugf(string, ...any) {}
func (leveled) Info(string)           {}
func (leveled) Infof(string, ...any)  {}

func (l leveled) Warn(m string)             { l.log.Debug(m) }
func (l leveled) Warnf(f string, a ...any)  { l.log.Debug(fmt.Sprintf(f, a...)) }
func (l leveled) Error(m string)            { l.log.Debug(m) }
func (l leveled) Errorf(f string, a ...any) { l.log.Debug(fmt.Sprintf(f, a...)) }
