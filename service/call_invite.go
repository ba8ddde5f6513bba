package service

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"hongyan/model"
)

// invite rings on all devices of the callee.
func (s *CallService) invite(ctx context.Context, from model.Sender, m *model.Message, ext *model.CallExt) (home string, err error) {
	m.UserID = from.UserID
	if err := m.Valid(); err != nil {
		return "", err
	}
	if ok, retryAfter := s.invites.Allow(strconv.FormatInt(from.UserID, 10)); !ok {
		return "", &model.Error{Code: model.CodeRateLimited, RetryAfter: retryAfter}
	}
	if err := s.may(ctx, m); err != nil {
		return "", err
	}
	if s.trunk != nil {
		return s.dial(ctx, from, m, ext)
	}
	return "", s.locked(func() error {
		if may, err := s.picksUp(from, m, ext); !may {
			return err
		}
		s.open(rand.Text(), from, m, ext)
		return nil
	})
}

// picksUp tells whether a call may be opened, as far as this node knows of other
// calls of the two; if not, it does what is right instead. For who holds mu.
func (s *CallService) picksUp(from model.Sender, m *model.Message, ext *model.CallExt) (may bool, err error) {
	now := time.Now()
	switch own := s.board.calls[from.UserID]; {
	case s.closed:
		return false, model.Fail(model.CodeUnavailable)
	case own == nil:
	case own.answered.IsZero() && own.caller.userID == m.DstID: // both called: they want to talk
		s.accepted(own, from, ext, now)
		return false, nil
	case own.caller.holds(from, ext.Device) && own.callee.userID == m.DstID && own.answered.IsZero():
		s.returned(own, &own.caller, socketOf(from))
		s.board.calling(own, m.CID, now) // sent again
		return false, nil
	default:
		side, _ := own.sides(from.UserID)
		if !side.away {
			return false, &model.Error{Code: model.CodeConflict, Key: "in_call"}
		}
		s.end(own, model.CmdCallEnd, from.UserID, model.CallLost)
	}
	if s.board.calls[m.DstID] != nil {
		s.busy(from, m, ext)
		return false, nil
	}
	return true, nil
}

// open has a call ring, for who holds mu.
func (s *CallService) open(id string, from model.Sender, m *model.Message, ext *model.CallExt) {
	now := time.Now()
	c := s.board.open(id, from, m, ext, now, now.Add(s.times.Ring))
	c.timer = s.after(s.times.Ring, c, func() bool { return c.answered.IsZero() }, model.CallMissed)
	if s.Wake != nil {
		s.Wake(c.caller.userID, c.callee.userID, c.video, func() bool { return s.rings(c) })
	}
}

// busy answers for a callee who is in another call, and leaves the entry.
func (s *CallService) busy(from model.Sender, m *model.Message, ext *model.CallExt) {
	reject := frame(model.CmdCallReject, m.DstID, from.UserID, model.CallExt{Video: ext.Video, Reason: model.CallBusy})
	reject.CID = m.CID
	s.board.tell(socketOf(from), reject)
	s.write(&call{video: ext.Video, caller: party{userID: from.UserID}, callee: party{userID: m.DstID}}, model.CallBusy, 0)
}

// dial is invite among several nodes: the lines of the two are engaged first, or
// tell who is in a call of which node.
func (s *CallService) dial(ctx context.Context, from model.Sender, m *model.Message, ext *model.CallExt) (home string, err error) {
	release, err := s.trunk.turn(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	may := false
	err = s.locked(func() (err error) {
		may, err = s.picksUp(from, m, ext)
		return err
	})
	if err != nil || !may {
		return "", err
	}
	id := rand.Text()
	taken, void, err := s.trunk.lines.engage(ctx, id, from.UserID, m.DstID)
	if err != nil {
		s.trunk.lines.free(id, from.UserID, m.DstID) // nobody knows whether it was committed
		return "", err
	}
	s.gone(void)
	for _, line := range taken {
		if line.UserID != from.UserID {
			continue
		}
		if from.Node != "" { // it has been sent on once
			return "", &model.Error{Code: model.CodeConflict, Key: "in_call"}
		}
		return line.Node, nil // to hear there whether it is an answer, the same call again, or one too many
	}
	return "", s.locked(func() error {
		switch {
		case len(taken) > 0:
			s.busy(from, m, ext)
			return nil
		case s.closed:
			s.trunk.lines.free(id, from.UserID, m.DstID)
			return model.Fail(model.CodeUnavailable)
		}
		s.open(id, from, m, ext)
		return nil
	})
}
