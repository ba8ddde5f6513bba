package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
)

const (
	// firstRetry and lastRetry bound the wait before a reconnect where no cluster
	// asks for another pace.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 15 * time.Second
	// pageSize is what the server gives at most.
	pageSize = 200
	// catchTimeout bounds one reading of what was missed.
	catchTimeout = time.Minute
)

// ErrEnded ends a Line that the server does not want back: signed out.
var ErrEnded = errors.New("the session has ended")

// Conversation names a timeline as the user files it.
type Conversation struct {
	Kind  int
	DstID int64
}

// Line is a user's connection that stays: it reconnects, reads what it missed
// from the history and gives every message of every conversation once, in
// rising seq without a gap, the user's own included.
type Line struct {
	// Frames are the messages, and what has no place in a timeline as it comes.
	// Closed when the line has ended.
	Frames <-chan model.Message

	client *Client
	frames chan model.Message
	ctx    context.Context //nolint:containedctx // the line's own life
	cancel context.CancelFunc
	done   chan struct{}

	userID int64 // as the hello says; run's alone

	mu     sync.Mutex // guards the following
	socket *Socket    // nil while there is none
	outbox []*pending
	err    error
	last   map[Conversation]int64
}

// pending is a message that is not acknowledged yet.
type pending struct {
	message model.Message
	outcome chan model.Message
}

// Follow starts a line. It begins after what last holds; conversations that it
// does not name begin at their start.
func (c *Client) Follow(ctx context.Context, last map[Conversation]int64) *Line {
	ctx, cancel := context.WithCancel(ctx)
	l := &Line{
		client: c, frames: make(chan model.Message, frameBuffer), ctx: ctx, cancel: cancel,
		done: make(chan struct{}), last: map[Conversation]int64{},
	}
	l.Frames = l.frames
	for conversation, seq := range last {
		l.last[conversation] = seq
	}
	go l.run()
	return l
}

// Close ends the line and waits for its end.
func (l *Line) Close() {
	l.cancel()
	<-l.done
}

// Err tells why the line has ended.
func (l *Line) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Last gives the seq up to which each conversation was given.
func (l *Line) Last() map[Conversation]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := make(map[Conversation]int64, len(l.last))
	for conversation, seq := range l.last {
		last[conversation] = seq
	}
	return last
}

// Send sends a message, again after each reconnect, until it is acknowledged or
// refused.
func (l *Line) Send(ctx context.Context, m model.Message) (ack model.Message, err error) {
	if m.CID == "" {
		m.CID = NewCID()
	}
	p := &pending{message: m, outcome: make(chan model.Message, 1)}
	l.mu.Lock()
	l.outbox = append(l.outbox, p)
	socket := l.socket
	l.mu.Unlock()
	if socket != nil {
		_ = socket.Write(m) // what fails here is sent on the next socket
	}
	select {
	case ack = <-p.outcome:
		return ack, failure(ack)
	case <-l.done:
		return ack, ErrClosed
	case <-ctx.Done():
		l.settle(model.Message{CID: m.CID})
		return ack, ctx.Err()
	}
}

// settle takes a message from the outbox and gives its sender the outcome.
func (l *Line) settle(outcome model.Message) (sent model.Message, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, p := range l.outbox {
		if p.message.CID == outcome.CID {
			l.outbox = append(l.outbox[:i:i], l.outbox[i+1:]...)
			p.outcome <- outcome
			return p.message, true
		}
	}
	return sent, false
}

func (l *Line) run() {
	defer close(l.done)
	defer close(l.frames)
	failed := 0
	for l.ctx.Err() == nil {
		began := time.Now()
		pause, err := l.connect()
		if l.over(err) {
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			return
		}
		if time.Since(began) > lastRetry {
			failed = 0
		}
		if failed++; pause > 0 || failed > 1 {
			_ = l.client.Discover(l.ctx) // what is known may do
		}
		if pause == 0 {
			pause = l.client.wait(failed - 1)
		}
		select {
		case <-time.After(pause):
		case <-l.ctx.Done():
		}
	}
}

// over tells whether there is no point in coming back.
func (l *Line) over(err error) bool {
	if errors.Is(err, ErrEnded) {
		return true
	}
	refused, ok := errors.AsType[*Error](err)
	return ok && (refused.Code == model.CodeUnauthenticated || refused.Code == model.CodeForbidden)
}

// connect is the life of one socket; pause, if not zero, is when the server
// wants the client back.
func (l *Line) connect() (pause time.Duration, err error) {
	socket, err := l.client.Dial(l.ctx)
	if err != nil {
		return 0, err
	}
	defer socket.Close()
	stop := context.AfterFunc(l.ctx, socket.Close)
	defer stop()
	if err := l.begin(socket); err != nil {
		return 0, err
	}
	defer l.use(nil)
	for m := range socket.Frames {
		if m.Cmd == model.CmdMove {
			pause = rand.N(time.Duration(max(m.Amount, 1))*time.Millisecond) + 1 //nolint:gosec // jitter is no secret
			if m.URL != "" {
				l.client.prefer(m.URL)
			}
		}
		if err := l.take(m); err != nil {
			return 0, err
		}
	}
	if code := socket.Code(); code >= 4000 && code <= 4007 {
		return 0, ErrEnded
	}
	return pause, socket.Err()
}

// begin brings a fresh socket up to date: it is subscribed already, so what the
// history gives and what it then delivers overlap and are merged by seq.
func (l *Line) begin(socket *Socket) error {
	l.userID = socket.Hello.UserID
	if err := l.catchAll(); err != nil {
		return err
	}
	for _, p := range l.use(socket) {
		if err := socket.Write(p.message); err != nil {
			return err
		}
	}
	return nil
}

// use makes a socket the one to send through and gives what waits to be sent.
func (l *Line) use(socket *Socket) []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket = socket
	return append([]*pending(nil), l.outbox...)
}

// take gives a frame its place.
func (l *Line) take(m model.Message) error {
	switch m.Cmd {
	case model.CmdAck, model.CmdError:
		sent, found := l.settle(m)
		if m.Cmd == model.CmdError || !found || sent.Cmd == model.CmdRead {
			return l.give(m)
		}
		sent.ID, sent.Seq, sent.Kind, sent.At, sent.UserID = m.ID, m.Seq, m.Kind, m.At, l.userID
		return l.place(sent)
	case model.CmdResync:
		if m.Kind == 0 {
			return l.catchAll()
		}
		return l.catch(Conversation{m.Kind, m.DstID})
	}
	if m.Seq == 0 || m.Kind == 0 || m.Cmd == model.CmdRead {
		return l.give(m)
	}
	return l.place(m)
}

// place gives a message in its order; before a gap it reads what is missing.
func (l *Line) place(m model.Message) error {
	conversation := Conversation{m.Kind, m.Peer(l.userID)}
	if m.Kind == model.KindNotice {
		conversation.DstID = 0
	}
	if m.Seq > l.seq(conversation)+1 {
		if err := l.catch(conversation); err != nil {
			return err
		}
	}
	if m.Seq <= l.seq(conversation) {
		return nil
	}
	return l.advance(conversation, m)
}

func (l *Line) seq(conversation Conversation) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last[conversation]
}

func (l *Line) advance(conversation Conversation, m model.Message) error {
	if err := l.give(m); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[conversation] = m.Seq
	return nil
}

func (l *Line) give(m model.Message) error {
	select {
	case l.frames <- m:
		return nil
	case <-l.ctx.Done():
		return l.ctx.Err()
	}
}

// catchAll reads what is missing of every conversation.
func (l *Line) catchAll() error {
	ctx, cancel := context.WithTimeout(l.ctx, catchTimeout)
	defer cancel()
	list, err := l.client.Conversations(ctx)
	if err != nil {
		return err
	}
	for _, row := range list {
		conversation := Conversation{row.Kind, row.DstID}
		if row.LastSeq > l.seq(conversation) {
			if err := l.catch(conversation); err != nil {
				return err
			}
		}
	}
	return nil
}

// catch reads what is missing of one conversation.
func (l *Line) catch(conversation Conversation) error {
	ctx, cancel := context.WithTimeout(l.ctx, catchTimeout)
	defer cancel()
	for {
		page, err := l.client.History(ctx, conversation.Kind, conversation.DstID, l.seq(conversation), pageSize)
		if refused, ok := errors.AsType[*Error](err); ok && refused.Status < 500 && refused.Code != model.CodeRateLimited &&
			refused.Code != model.CodeUnauthenticated {
			return nil // it is not ours any more
		}
		if err != nil {
			return err
		}
		for _, m := range page {
			if err := l.advance(conversation, m); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// Drop cuts the connection without a goodbye, as a tunnel does; the line comes
// back by itself.
func (l *Line) Drop() {
	l.mu.Lock()
	socket := l.socket
	l.mu.Unlock()
	if socket != nil {
		socket.end(&websocket.CloseError{Code: websocket.CloseAbnormalClosure})
	}
}
