package service

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/util/guard"
	"hongyan/util/limit"
	"hongyan/util/metrics"
)

// CallTimes are how long a call waits: Ring for an answer, Grace for a device
// whose socket is lost.
type CallTimes struct{ Ring, Grace time.Duration }

// CallGrace is long enough for a change from one network to another.
const CallGrace = 20 * time.Second

// entryTime bounds the writing of a call's entry.
const entryTime = 10 * time.Second

// CallService connects two devices: it rings, lets the first that accepts have
// the call and hands signals between the two. A call is nothing that is stored
// but its entry in the timeline when it has ended. All methods are safe for
// concurrent use.
type CallService struct {
	// Wake, if set before the first frame, is told of each call that rings, for
	// people who are away; still tells whether it does. It must not block.
	Wake func(caller, callee int64, video bool, still func() bool)

	may     func(ctx context.Context, m *model.Message) error
	store   func(ctx context.Context, entry model.Message, seen bool) error
	out     Publisher
	times   CallTimes
	invites *limit.Limiter // by caller
	metrics *metrics.Metrics
	log     *slog.Logger
	trunk   *trunk // to the other nodes, set before the first frame; nil where there are none

	mu      sync.Mutex // guards the following; deliveries are published under it, so that they keep their order
	board   switchboard
	closed  bool
	entries sync.WaitGroup // being written
}

// NewCallService makes the service; with limits, nobody rings others without end.
func NewCallService(messages *MessageService, out Publisher, times CallTimes, limits bool, m *metrics.Metrics, logger *slog.Logger) *CallService {
	s := &CallService{may: messages.mayPost, store: messages.appendCall, out: out, times: times, metrics: m, log: logger}
	s.board.calls = map[int64]*call{}
	if limits {
		s.invites = limit.New(limit.Every(6*time.Second), 10, 50_000)
	}
	return s
}

// Handle takes a frame of a call, commands 20 to 29. The error says why it had
// no effect. Where another node has the call and refuses the frame, refused
// hears of it later.
func (s *CallService) Handle(ctx context.Context, from model.Sender, m model.Message, refused func(error)) error {
	home, err := s.act(ctx, from, &m)
	if err != nil || home == "" {
		return err
	}
	return s.trunk.forward(home, from, m, refused)
}

// act does what a frame asks for, or names the node that has its call.
func (s *CallService) act(ctx context.Context, from model.Sender, m *model.Message) (home string, err error) {
	ext := new(model.CallExt)
	if len(m.Ext) > model.MaxExt || len(m.Ext) > 0 && json.Unmarshal(m.Ext, ext) != nil {
		return "", model.Invalid("ext")
	}
	if err := ext.Valid(); err != nil {
		return "", err
	}
	if len(m.Content) > model.MaxSignal {
		return "", model.TooLarge("content")
	}
	m.Kind = model.KindSingle
	if m.Cmd == model.CmdCallInvite {
		return s.invite(ctx, from, m, ext)
	}
	if home, err := s.elsewhere(ctx, from, ext.Call); err != nil || home != "" {
		return home, err
	}
	switch m.Cmd {
	case model.CmdCallAccept:
		return "", s.accept(ctx, from, ext)
	case model.CmdCallResume:
		s.resume(from, m, ext)
		return "", nil
	}
	return "", s.locked(func() error { return s.signal(from, m, ext) })
}

// locked runs fn on the board and publishes what it has to tell.
func (s *CallService) locked(fn func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := fn()
	s.metrics.Calls.Set(float64(len(s.board.calls) / 2))
	for _, d := range s.board.sent() {
		if d.node == "" {
			s.out.Publish(d.Delivery)
		} else {
			s.trunk.deliver(d)
		}
	}
	return err
}

// accept lets the first device that accepts have the call.
func (s *CallService) accept(ctx context.Context, from model.Sender, ext *model.CallExt) error {
	s.mu.Lock()
	c := s.find(from.UserID, ext.Call)
	s.mu.Unlock()
	if c == nil {
		return model.Fail(model.CodeNotFound)
	}
	// Between the ringing and the answer one of them may have blocked the other.
	may := model.Message{UserID: c.caller.userID, DstID: c.callee.userID, Kind: model.KindSingle}
	if err := s.may(ctx, &may); err != nil {
		return err
	}
	return s.locked(func() error {
		switch {
		case s.find(from.UserID, c.id) == nil:
			return model.Fail(model.CodeNotFound)
		case c.callee.userID != from.UserID:
			return model.Fail(model.CodeForbidden)
		case !c.answered.IsZero() && c.callee.holds(from, ext.Device):
			return nil // sent again
		case !c.answered.IsZero():
			return &model.Error{Code: model.CodeConflict, Key: "answered"}
		}
		s.accepted(c, from, ext, time.Now())
		return nil
	})
}

// accepted starts the conversation, for who holds mu.
func (s *CallService) accepted(c *call, from model.Sender, ext *model.CallExt, now time.Time) {
	c.timer.Stop()
	s.board.accept(c, from, ext.Device, ext.Video, now)
}

// find gives the call that userID is in, if its id is the one asked for; for who
// holds mu.
func (s *CallService) find(userID int64, id string) *call {
	c := s.board.calls[userID]
	if c == nil || id != "" && c.id != id {
		return nil
	}
	return c
}

// signal does what needs no look into the store, for who holds mu.
func (s *CallService) signal(from model.Sender, m *model.Message, ext *model.CallExt) error {
	c := s.find(from.UserID, ext.Call)
	if c == nil {
		return model.Fail(model.CodeNotFound)
	}
	own, other := c.sides(from.UserID)
	rings := c.answered.IsZero()
	if rings && own == &c.callee { // any device of the callee may speak
		switch m.Cmd {
		case model.CmdCallRinging:
			if c.signals.Allow() {
				s.board.tell(other.at, frame(m.Cmd, from.UserID, other.userID, model.CallExt{Call: c.id, Video: c.video}))
			}
			return nil
		case model.CmdCallReject, model.CmdCallEnd:
			reason := model.CallDeclined
			if ext.Reason == model.CallBusy {
				reason = model.CallBusy
			}
			s.end(c, model.CmdCallReject, from.UserID, reason)
			return nil
		}
		return model.Fail(model.CodeForbidden)
	}
	if !own.holds(from, ext.Device) {
		return model.Fail(model.CodeForbidden)
	}
	s.returned(c, own, socketOf(from))
	switch m.Cmd {
	case model.CmdCallEnd:
		s.end(c, m.Cmd, from.UserID, endReason(rings, ext.Reason))
		return nil
	case model.CmdCallDescription, model.CmdCallCandidate, model.CmdCallMedia:
		if rings {
			return model.Fail(model.CodeConflict)
		}
		if !c.signals.Allow() {
			return &model.Error{Code: model.CodeRateLimited, RetryAfter: time.Second}
		}
		s.board.relay(c, from, m, ext)
		return nil
	}
	return model.Invalid("cmd")
}

// end ends a call and leaves its entry, for who holds mu.
func (s *CallService) end(c *call, cmd int, by int64, reason string) {
	for _, timer := range []*time.Timer{c.timer, c.caller.timer, c.callee.timer} {
		if timer != nil {
			timer.Stop()
		}
	}
	now := time.Now()
	s.board.end(c, cmd, by, reason, now)
	if s.trunk != nil {
		s.trunk.lines.free(c.id, c.caller.userID, c.callee.userID)
	}
	seconds := c.seconds(now)
	if reason == model.CallFailed {
		seconds = 0
	}
	s.write(c, c.result(reason), seconds)
}

// after ends the call for a reason in a while, if it is still there and holds.
func (s *CallService) after(d time.Duration, c *call, holds func() bool, reason string) *time.Timer {
	return time.AfterFunc(d, func() {
		s.guard(func() {
			_ = s.locked(func() error {
				if s.board.calls[c.caller.userID] == c && holds() {
					s.end(c, model.CmdCallEnd, 0, reason)
				}
				return nil
			})
		})
	})
}

// Close ends the calls of this node, as long as their entries can be written.
func (s *CallService) Close() {
	_ = s.locked(func() error {
		s.closed = true
		for _, c := range s.board.calls { // each is there twice, and gone after the first
			if s.board.calls[c.caller.userID] == c {
				reason := model.CallCancelled
				if !c.answered.IsZero() {
					reason = model.CallAnswered
				}
				s.end(c, model.CmdCallEnd, 0, reason)
			}
		}
		return nil
	})
	if s.trunk != nil {
		s.trunk.finish()
	}
	s.entries.Wait()
}

func (s *CallService) guard(fn func()) {
	guard.Run(s.log, s.metrics.Panics.WithLabelValues("call").Inc, "call", fn)
}
