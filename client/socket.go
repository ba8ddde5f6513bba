package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
)

const (
	// writeTimeout bounds the writing of one frame.
	writeTimeout = 10 * time.Second
	// silence is how long a server may say nothing, in heartbeats.
	silence = 3
	// defaultHeart is used where the hello names no heartbeat.
	defaultHeart = 25 * time.Second
	// maxFrame is far above what the server sends: a full message, escaped.
	maxFrame = 1 << 20
	// frameBuffer is the number of frames read ahead.
	frameBuffer = 64
)

// ErrClosed is the failure of what was under way when a socket ended.
var ErrClosed = errors.New("the socket is closed")

// Socket is one connection to /chat. Frames must be read, or the server will
// close it for being too slow.
type Socket struct {
	// Hello is the server's first frame.
	Hello model.Message
	// Frames are what the server sends, but for the hello, hearts and what a
	// Send waits for; closed when the socket has ended.
	Frames <-chan model.Message

	conn   *websocket.Conn
	heart  time.Duration
	frames chan model.Message
	done   chan struct{}
	ended  sync.Once

	write sync.Mutex // held while a frame is written

	mu      sync.Mutex // guards the following
	waiting map[string]chan model.Message
	err     error
}

// Dial opens a socket at the first address that takes it.
func (c *Client) Dial(ctx context.Context) (*Socket, error) {
	var faults []error
	for range c.count() {
		address := c.Address()
		s, err := c.dial(ctx, address)
		if err == nil {
			return s, nil
		}
		if refused, ok := errors.AsType[*Error](err); ok && refused.Code != model.CodeUnavailable {
			return nil, err // another address would say the same
		}
		faults = append(faults, fmt.Errorf("%s: %w", address, err))
		c.rotate(address)
	}
	return nil, errors.Join(faults...)
}

func (c *Client) dial(ctx context.Context, address string) (*Socket, error) {
	return open(ctx, address+"/chat", http.Header{"Authorization": {"Bearer " + c.Token()}})
}

// Open opens a socket at the address of a /chat, with headers or a query of the
// caller's own.
func Open(ctx context.Context, address string, header http.Header) (*Socket, error) {
	return open(ctx, address, header)
}

func open(ctx context.Context, address string, header http.Header) (*Socket, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	dialer := websocket.Dialer{HandshakeTimeout: dialTimeout, ReadBufferSize: 4096, WriteBufferSize: 1024}
	conn, answer, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(address, "http"), header)
	if err != nil {
		return nil, refusal(answer, err)
	}
	s := &Socket{conn: conn, frames: make(chan model.Message, frameBuffer), done: make(chan struct{}), waiting: map[string]chan model.Message{}}
	s.Frames = s.frames
	conn.SetReadLimit(maxFrame)
	_ = conn.SetReadDeadline(time.Now().Add(dialTimeout))
	if s.Hello, err = s.read(); err == nil && s.Hello.Cmd != model.CmdHello {
		err = fmt.Errorf("first frame has cmd %d", s.Hello.Cmd)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.heart = time.Duration(s.Hello.Amount) * time.Second
	if s.heart <= 0 {
		s.heart = defaultHeart
	}
	go s.readAll()
	go s.beat()
	return s, nil
}

// refusal tells why a handshake failed.
func refusal(answer *http.Response, err error) error {
	if answer == nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read
	data, readErr := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if readErr != nil {
		return err
	}
	return errors.Join(read(answer, data, nil), err)
}

func (s *Socket) read() (model.Message, error) {
	var m model.Message
	kind, b, err := s.conn.ReadMessage()
	if err != nil {
		return m, err
	}
	if kind != websocket.TextMessage {
		return m, errors.New("a binary frame")
	}
	return m, json.Unmarshal(b, &m)
}

func (s *Socket) readAll() {
	defer close(s.frames)
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(silence * s.heart))
		m, err := s.read()
		if err != nil {
			s.end(err)
			return
		}
		if m.Cmd == model.CmdHeart || s.settle(m) {
			continue
		}
		select {
		case s.frames <- m:
		case <-s.done:
			return
		}
	}
}

// settle hands an ack or an error to the Send that waits for it, if one does.
func (s *Socket) settle(m model.Message) bool {
	if m.CID == "" || m.Cmd != model.CmdAck && m.Cmd != model.CmdError {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.waiting[m.CID]
	if wait == nil {
		return false
	}
	wait <- m
	delete(s.waiting, m.CID)
	return true
}

// beat sends the heart and closes the connection when the socket has ended.
func (s *Socket) beat() {
	ticker := time.NewTicker(s.heart)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if s.Write(model.Message{Cmd: model.CmdHeart}) != nil {
				return
			}
		case <-s.done:
			return
		}
	}
}

// Write sends a frame and waits for nothing.
func (s *Socket) Write(m model.Message) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.WriteText(b)
}

// WriteText sends a text frame as it is.
func (s *Socket) WriteText(b []byte) error {
	s.write.Lock()
	defer s.write.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	err := s.conn.WriteMessage(websocket.TextMessage, b)
	if err != nil {
		s.end(err)
	}
	return err
}

// Send sends a message and waits until it is on durable storage (its ack) or
// refused (an *Error). A message without a cid gets one.
func (s *Socket) Send(ctx context.Context, m model.Message) (ack model.Message, err error) {
	if m.CID == "" {
		m.CID = NewCID()
	}
	wait := make(chan model.Message, 1)
	s.mu.Lock()
	s.waiting[m.CID] = wait
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, m.CID)
	}()
	if err := s.Write(m); err != nil {
		return ack, err
	}
	select {
	case ack = <-wait:
		return ack, failure(ack)
	case <-s.done:
		return ack, ErrClosed
	case <-ctx.Done():
		return ack, ctx.Err()
	}
}

// failure is the error in an error frame.
func failure(m model.Message) error {
	if m.Cmd == model.CmdError {
		return &Error{Code: model.Code(m.Error), Msg: m.Msg}
	}
	return nil
}

// NewCID makes a cid that nobody has used. It begins with the time in
// milliseconds, which keeps the server's index of cids in one place.
func NewCID() string { return fmt.Sprintf("%012x", time.Now().UnixMilli()) + rand.Text()[:20] }

// Done is closed when the socket has ended.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Err tells why the socket has ended; nil before.
func (s *Socket) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Code is the close code with which the socket has ended; 1006 if there was none.
func (s *Socket) Code() int {
	if c, ok := errors.AsType[*websocket.CloseError](s.Err()); ok {
		return c.Code
	}
	return websocket.CloseAbnormalClosure
}

// Close says goodbye and ends the socket.
func (s *Socket) Close() {
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	s.end(ErrClosed)
}

func (s *Socket) end(err error) {
	s.ended.Do(func() {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
		close(s.done)
		_ = s.conn.Close()
	})
}
