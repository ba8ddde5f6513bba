package ctrl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/hub"
	"hongyan/util/mutant"

	"github.com/gorilla/websocket"
)

// Bounds of what one socket may do.
const (
	// framesPerSecond and framesBurst are far above what a person does and
	// enough for a client that empties its outbox after a night offline.
	framesPerSecond = 50
	framesBurst     = 500
	// refusedPerSecond and refusedBurst: frames above the rate get an error; a
	// client that does not mind is closed.
	refusedPerSecond = 10
	refusedBurst     = 100
	// maxInFlight messages of one socket wait for their commit; then it is not
	// read until one is through.
	maxInFlight = 64
	// frameTime bounds the handling of one frame, commit not included: when the
	// database does not answer, the sender is told to try again.
	frameTime = 2 * time.Second
	// attachTime bounds the reading of a user's groups.
	attachTime = 5 * time.Second
	// keptBuffer is the largest buffer that goes back to the pool.
	keptBuffer = 16 << 10
)

// bucket is the rate limit of one socket, for its reader alone: a third of the
// size of one that may be shared, for each of thousands of idle sockets.
type bucket struct {
	tokens float64
	at     int64 // when tokens held, Unix nanoseconds; 0 at the beginning
}

// take takes a token, of which perSecond come back, burst at most.
func (b *bucket) take(now time.Time, perSecond, burst float64) bool {
	at := now.UnixNano()
	if b.at != 0 {
		b.tokens = min(burst, b.tokens+max(0, time.Duration(at-b.at).Seconds())*perSecond)
	}
	if b.at = at; b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// errRate ends the reading of a socket that goes on and on.
var errRate = errors.New("rate limit")

// conversation is one socket seen from its reader, which decodes what the client
// sends and hands it to the services: the hub's Receiver.
type conversation struct {
	*Server
	node    *hub.Node
	early   *hub.Early // until the socket is attached
	lang    string
	request string // id of the request that opened it, for the log

	rate    bucket
	refused bucket
	slots   chan struct{} // one for each message in flight; made with the first
	arrived bool          // told to the calls

	// buffers hold frames while they are read and decoded: an idle socket has
	// none. What is decoded is copied out of them.
	buffers *sync.Pool
}

func (s *Server) conversation(node *hub.Node, buffers *sync.Pool, early *hub.Early, lang, request string) *conversation {
	return &conversation{
		Server: s, node: node, early: early, lang: lang, request: request,
		rate: bucket{tokens: framesBurst}, refused: bucket{tokens: refusedBurst},
		buffers: buffers,
	}
}

// Open attaches the socket.
func (c *conversation) Open() error {
	c.node.Limit(model.MaxFrame)
	c.node.Conn.SetPingHandler(c.ping)
	c.node.Conn.SetPongHandler(c.pong)
	if err := c.attach(); err != nil {
		c.Log.Warn("socket not attached", "request", c.request, "user", c.node.UserID, "error", err)
		return err
	}
	if calls := c.Chat.Calls; calls != nil {
		c.arrived = true
		calls.Arrived(c.sender())
	}
	return nil
}

// Ended takes leave of the socket.
func (c *conversation) Ended(err error) {
	c.Log.Debug("socket ended", "request", c.request, "user", c.node.UserID, "error", err)
	if c.arrived {
		c.Chat.Calls.Left(c.sender())
	}
}

func (c *conversation) sender() model.Sender {
	return model.Sender{UserID: c.node.UserID, Origin: c.node.ID}
}

func (c *conversation) attach() error {
	ctx, cancel := context.WithTimeout(withRequestID(context.Background(), c.request), attachTime)
	defer cancel()
	chat := c.Chat
	ext, err := json.Marshal(map[string]string{"epoch": chat.Epoch, "node": chat.Node, "version": chat.Version})
	if err != nil {
		return err
	}
	hello := model.Message{
		Cmd: model.CmdHello, UserID: c.node.UserID, At: time.Now().UnixMilli(),
		Amount: int64(hub.Heartbeat / time.Second), Ext: ext,
	}
	early := c.early
	c.early = nil
	return chat.Hub.Attach(ctx, c.node, hello, early, func(ctx context.Context) ([]int64, error) {
		groups, alive, err := chat.Standing(ctx, c.node.UserID, c.node.SessionID)
		if err == nil && !alive {
			c.node.Close(service.CloseSessionEnded, "session ended")
		}
		return groups, err
	})
}

// Receive reads one frame and does what it asks for.
func (c *conversation) Receive(kind int, r io.Reader) error {
	if kind != websocket.TextMessage {
		c.node.Close(hub.CloseNotText, "text only")
		return errors.New("a binary frame")
	}
	b := c.buffers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= keptBuffer {
			b.Reset()
			c.buffers.Put(b)
		}
	}()
	err := hub.ReadText(r, b)
	if errors.Is(err, hub.ErrNotUTF8) {
		c.node.Close(hub.CloseNotUTF8, "not UTF-8")
	}
	if err != nil {
		return err
	}
	if c.node.Closing() {
		return nil // what comes after the goodbye has no effect
	}
	m, err := decode(b.Bytes())
	if refused := c.count(); refused != nil {
		if errors.Is(refused, errRate) {
			return refused
		}
		err = refused
	}
	if err == nil {
		c.Metrics.Frames.WithLabelValues(commandLabel(m.Cmd)).Inc()
		err = c.dispatch(m)
	} else {
		c.Metrics.Frames.WithLabelValues("bad").Inc()
	}
	if err != nil {
		c.complain(m.CID, err)
	}
	return nil
}

// count takes note of a frame: the client is alive. A frame above the rate is
// refused; errRate ends a client that goes on all the same.
func (c *conversation) count() error {
	c.node.Heard()
	if c.Chat.Unlimited {
		return nil
	}
	now := time.Now()
	if c.rate.take(now, framesPerSecond, framesBurst) {
		return nil
	}
	c.Metrics.Limited.WithLabelValues("frames").Inc()
	if !c.refused.take(now, refusedPerSecond, refusedBurst) {
		c.node.Close(websocket.ClosePolicyViolation, "rate limit")
		return errRate
	}
	return &model.Error{Code: model.CodeRateLimited, RetryAfter: time.Second}
}

// ping answers a ping, within the rate.
func (c *conversation) ping(payload string) error {
	err := c.count()
	if err == nil {
		c.node.Pong(payload)
	}
	return onlyRate(err)
}

// pong takes a sign of life. Above the rate it is of no use; only a flood is.
func (c *conversation) pong(string) error {
	c.touch()
	return onlyRate(c.count())
}

// touch keeps the session of a device that holds a socket and asks for nothing.
func (c *conversation) touch() {
	if c.Chat.Touch != nil {
		c.Chat.Touch(c.node.SessionID)
	}
}

// onlyRate lets pass what is merely refused: it must not end the reader.
func onlyRate(err error) error {
	if errors.Is(err, errRate) {
		return err
	}
	return nil
}

// dispatch does what m asks for. The error says why it had no effect.
func (c *conversation) dispatch(m model.Message) error {
	if m.Cmd == model.CmdHeart {
		c.touch()
		if c.Chat.Looks != nil && m.Amount != 0 {
			c.Chat.Looks(c.node.UserID, c.node.SessionID, m.Amount == 1)
		}
		c.node.Send(model.Message{Cmd: model.CmdHeart, At: time.Now().UnixMilli()})
		return nil
	}
	if !c.Chat.Hub.Begin() {
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: retrySocket, Err: hub.ErrDraining}
	}
	later := false // the outcome comes from another goroutine
	defer func() {
		if !later {
			c.Chat.Hub.Done()
		}
	}()
	if !mutant.TrustUserID || m.UserID == 0 {
		m.UserID = c.node.UserID
	}
	ctx, cancel := context.WithTimeout(withRequestID(context.Background(), c.request), frameTime)
	defer cancel()
	from := c.sender()
	switch m.Cmd {
	case model.CmdAck:
		later = true
		return c.inFlight(func(done func(error)) { c.Chat.Messages.Delivered(ctx, from, m, done) }, "")
	case model.CmdEnter, model.CmdExit, model.CmdLive:
		return c.live(m)
	case model.CmdTyping:
		return c.Chat.Messages.Typing(ctx, from, m)
	case model.CmdSingle, model.CmdRoom, model.CmdRead, model.CmdRecall, model.CmdEdit, model.CmdReact:
		later = true
		return c.inFlight(func(done func(error)) {
			c.Chat.Messages.Send(ctx, from, m, func(_ model.Message, err error) {
				if err == nil {
					c.Metrics.Acks.Inc()
				}
				done(err)
			})
		}, m.CID)
	}
	if c.Chat.Calls != nil && m.Cmd >= model.CmdCallInvite && m.Cmd <= model.CmdCallResume {
		return c.Chat.Calls.Handle(ctx, from, m, func(err error) { c.complain(m.CID, err) })
	}
	return model.Invalid("cmd")
}

// inFlight starts what ends in a commit, and waits before it while too much of
// this socket's is under way. A failure is told to the client under cid. The
// hub counts the frame until then, or until start has panicked.
func (c *conversation) inFlight(start func(done func(error)), cid string) error {
	end := sync.OnceFunc(c.Chat.Hub.Done)
	if c.slots == nil {
		c.slots = make(chan struct{}, maxInFlight)
	}
	select {
	case c.slots <- struct{}{}:
	case <-c.node.Done():
		end()
		return nil
	}
	started := false
	defer func() {
		if !started {
			end()
		}
	}()
	start(func(err error) {
		defer end()
		<-c.slots
		if err != nil {
			c.complain(cid, err)
		}
	})
	started = true
	return nil
}

// live enters and leaves live rooms and speaks in them.
func (c *conversation) live(m model.Message) error {
	if m.DstID <= 0 {
		return model.Invalid("dstid")
	}
	switch m.Cmd {
	case model.CmdEnter:
		if !c.Chat.Hub.Enter(c.node, m.DstID) {
			return model.TooLarge("rooms")
		}
	case model.CmdExit:
		c.Chat.Hub.Exit(c.node, m.DstID)
	default:
		checked := m
		if checked.Cmd = model.CmdRoom; checked.Media == 0 {
			checked.Media = model.MediaUser // anything within the limits
		}
		if err := checked.Valid(); err != nil {
			return err
		}
		ext, err := service.CleanExt(m.Ext)
		if err != nil {
			return err
		}
		m.Ext = ext
		m.ID, m.Seq, m.Kind, m.Error, m.Msg, m.At = 0, 0, 0, "", "", time.Now().UnixMilli()
		c.Chat.Hub.Live(c.node, m)
	}
	return nil
}

// complain tells the client that a frame had no effect, and why.
func (c *conversation) complain(cid string, err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		err = &model.Error{Code: model.CodeUnavailable, RetryAfter: time.Second, Err: err}
	}
	code, text := c.explain(withRequestID(context.Background(), c.request), c.lang, c.request, err)
	if utf8.RuneCountInString(cid) > model.MaxCIDRunes {
		cid = ""
	}
	c.node.Send(model.Message{Cmd: model.CmdError, CID: cid, Error: string(code), Msg: text})
}

// commandLabel names a command for the metrics; there is no end to the others.
func commandLabel(cmd int) string {
	if cmd < 0 || cmd > 29 {
		return "unknown"
	}
	return strconv.Itoa(cmd)
}
