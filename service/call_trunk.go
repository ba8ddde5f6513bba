package service

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/limit"
)

const (
	// homeKept is how long a node believes where a call's home is without looking.
	homeKept = 5 * time.Second
	// maxHomes and maxExpected bound what is remembered of calls of other nodes.
	maxHomes    = 10_000
	maxExpected = 50_000
	// frameTime bounds the handling of a frame that came by letter, as ctrl does
	// for those of its sockets.
	frameTime = 2 * time.Second
	// farewell bounds what a node that drains does for calls of other nodes.
	farewell = 2 * time.Second
)

// trunk leads from this node's switchboard to those of the others. A call has a
// home, the node where it was opened, whose switchboard has it: frames of its
// devices go there by letter from where their sockets are, and what it has to
// tell them comes back so. All methods are safe for concurrent use.
type trunk struct {
	lines   *callLines
	letters *Letters
	rate    *limit.Limiter // of frames to other nodes, by user
	now     Clock
	log     *slog.Logger
	dialing chan struct{} // held by who engages lines or renews them

	mu       sync.Mutex // guards the following; nothing waits while it is held
	homes    map[string]home
	lent     map[uint64]string // the node that a socket's frames went to last
	expected map[int64]expected
	number   int64
}

// home is where a call is, as it was told at some time.
type home struct {
	node string
	at   time.Time
}

// expected is whoever hears if a frame is refused elsewhere.
type expected struct {
	refused func(error)
	at      time.Time
}

// callLetter is what nodes have to say to each other about calls: a frame or the
// loss of a socket or of the right to speak to a call's home, what is to be told or a refusal from there.
// An empty one asks whether anybody reads.
type callLetter struct {
	UserID int64          `json:"userid,omitempty"`
	Socket uint64         `json:"socket,omitempty"`
	Number int64          `json:"number,omitempty"` // of the frame, for its refusal
	Frame  *model.Message `json:"frame,omitempty"`
	Left   bool           `json:"left,omitempty"`
	Part   int64          `json:"part,omitempty"` // whom UserID may not speak to any more
	Tell   *callTell      `json:"tell,omitempty"`
	Refuse *callRefusal   `json:"refuse,omitempty"`
}

// callTell is a delivery that names a socket of the node it goes to.
type callTell struct {
	Message   model.Message `json:"message"`
	Only      uint64        `json:"only,omitempty"`
	Users     []int64       `json:"users,omitempty"`
	Except    uint64        `json:"except,omitempty"`
	Ephemeral bool          `json:"ephemeral,omitempty"`
}

// callRefusal is an error of the home's.
type callRefusal struct {
	Code       model.Code    `json:"code"`
	Key        string        `json:"key,omitempty"`
	RetryAfter time.Duration `json:"retryafter,omitempty"`
}

// Connect joins the calls of this node with those of the others that share the
// database. It is called before the first frame; Listen and Keep must run.
func (s *CallService) Connect(d *db.DB, letters *Letters, now Clock) {
	s.trunk = &trunk{
		lines: newCallLines(d, letters.node, now), letters: letters, now: now, log: s.log,
		rate: limit.New(signalsPerSecond, signalsBurst, 50_000), dialing: make(chan struct{}, 1),
		homes: map[string]home{}, lent: map[uint64]string{}, expected: map[int64]expected{},
	}
	s.board.several = true
}

// turn waits for the right to engage lines: who has it finds each call of this
// node either on the board or over.
func (t *trunk) turn(ctx context.Context) (release func(), err error) {
	select {
	case t.dialing <- struct{}{}:
		return func() { <-t.dialing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// elsewhere names the node that has the call of a frame, if it is another one.
func (s *CallService) elsewhere(ctx context.Context, from model.Sender, id string) (string, error) {
	if s.trunk == nil || from.Node != "" { // from another node, which has looked
		return "", nil
	}
	s.mu.Lock()
	here := s.find(from.UserID, id) != nil
	s.mu.Unlock()
	if here {
		return "", nil
	}
	return s.trunk.home(ctx, from.UserID, id)
}

// home looks up where a user's call is, if it is the one asked for and not here.
func (t *trunk) home(ctx context.Context, userID int64, id string) (string, error) {
	t.mu.Lock()
	known, ok := t.homes[id]
	t.mu.Unlock()
	if ok && t.now().Sub(known.at).Abs() < homeKept {
		return known.node, nil
	}
	line, err := t.lines.line(ctx, userID)
	if err != nil || line == nil || line.Node == t.lines.node || id != "" && line.CallID != id {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.homes) >= maxHomes {
		clear(t.homes)
	}
	t.homes[line.CallID] = home{line.Node, t.now()}
	return line.Node, nil
}

// forward sends a frame to the home of its call.
func (t *trunk) forward(node string, from model.Sender, m model.Message, refused func(error)) error {
	if ok, retryAfter := t.rate.Allow(strconv.FormatInt(from.UserID, 10)); !ok {
		return &model.Error{Code: model.CodeRateLimited, RetryAfter: retryAfter}
	}
	t.mu.Lock()
	t.number++
	number := t.number
	if refused != nil && len(t.expected) < maxExpected {
		t.expected[number] = expected{refused, t.now()}
	}
	t.lent[from.Origin] = node
	t.mu.Unlock()
	if !t.post(node, &callLetter{UserID: from.UserID, Socket: from.Origin, Number: number, Frame: &m}) {
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: time.Second}
	}
	return nil
}

// left tells the home of a call that one of its sockets here is lost.
func (t *trunk) left(from model.Sender) {
	t.mu.Lock()
	node, ok := t.lent[from.Origin]
	delete(t.lent, from.Origin)
	t.mu.Unlock()
	if ok {
		t.post(node, &callLetter{UserID: from.UserID, Socket: from.Origin, Left: true})
	}
}

// deliver hands what names a socket of another node to that node.
func (t *trunk) deliver(d told) {
	t.post(d.node, &callLetter{Tell: &callTell{
		Message: d.Message, Only: d.Only, Users: d.Users, Except: d.Origin, Ephemeral: d.Ephemeral,
	}})
}

func (t *trunk) post(node string, l *callLetter) bool {
	body, err := json.Marshal(l)
	ok := err == nil && t.letters.Post(node, body)
	if !ok {
		t.log.Warn("a letter of a call is lost", "to", node, "error", err)
	}
	return ok
}

// Listen handles what other nodes write, until ctx ends.
func (s *CallService) Listen(ctx context.Context) {
	s.trunk.letters.Read(ctx, func(sender, body string) {
		s.guard(func() { s.heed(ctx, sender, body) })
	})
}

// heed does what a letter says.
func (s *CallService) heed(ctx context.Context, sender, body string) {
	var l callLetter
	if err := json.Unmarshal([]byte(body), &l); err != nil {
		s.log.Warn("a letter that cannot be read", "from", sender, "error", err)
		return
	}
	from := model.Sender{UserID: l.UserID, Origin: l.Socket, Node: sender}
	switch {
	case l.Tell != nil:
		s.out.Publish(model.Delivery{
			Message: l.Tell.Message, Only: l.Tell.Only, Users: l.Tell.Users, Origin: l.Tell.Except, Ephemeral: l.Tell.Ephemeral,
		})
	case l.Refuse != nil:
		s.trunk.refused(l.Number, l.Refuse)
	case l.Left:
		s.Left(from)
	case l.Part != 0:
		s.part(l.UserID, l.Part)
	case l.Frame != nil:
		ctx, cancel := context.WithTimeout(ctx, frameTime)
		defer cancel()
		if _, err := s.act(ctx, from, l.Frame); err != nil {
			s.trunk.refuse(sender, l.Number, err)
		}
	}
}

// refuse tells the node of a frame why it had no effect here.
func (t *trunk) refuse(node string, number int64, err error) {
	r := &callRefusal{Code: model.CodeOf(err)}
	if errors.Is(err, context.DeadlineExceeded) {
		r.Code, r.RetryAfter = model.CodeUnavailable, time.Second
	}
	if e, ok := errors.AsType[*model.Error](err); ok {
		r.Key, r.RetryAfter = e.Key, e.RetryAfter
	}
	if r.Code == model.CodeInternal || r.Code == model.CodeUnavailable {
		t.log.Warn("a frame of another node failed", "node", node, "error", err)
	}
	t.post(node, &callLetter{Number: number, Refuse: r})
}

// refused tells who sent a frame that it had no effect.
func (t *trunk) refused(number int64, r *callRefusal) {
	t.mu.Lock()
	e, ok := t.expected[number]
	delete(t.expected, number)
	t.mu.Unlock()
	if ok {
		e.refused(&model.Error{Code: r.Code, Key: r.Key, RetryAfter: r.RetryAfter})
	}
}

// forget drops what was remembered for longer than it is of use.
func (t *trunk) forget() {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, h := range t.homes {
		if now.Sub(h.at) >= homeKept {
			delete(t.homes, id)
		}
	}
	for number, e := range t.expected {
		if now.Sub(e.at) >= letterLife {
			delete(t.expected, number)
		}
	}
}

// finish frees the lines of calls that have ended and sees the last letters off.
func (t *trunk) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := t.lines.clear(ctx); err != nil {
		t.log.Warn("lines of calls stay engaged for a while", "error", err)
	}
	t.letters.Flush(ctx)
}
