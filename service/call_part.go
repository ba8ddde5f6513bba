package service

import (
	"context"

	"hongyan/model"
)

// Part ends the call that two are in who may not speak any more, ringing
// included: to the other it looks as if by had hung up. The node that has the
// call hears of it by a letter. It may run concurrently.
func (s *CallService) Part(ctx context.Context, by, other int64) {
	if s.part(by, other) || s.trunk == nil {
		return
	}
	line, err := s.trunk.lines.line(ctx, by)
	if err != nil {
		s.log.Warn("whether two who part are in a call", "error", err)
		return
	}
	if line != nil && line.PeerID == other && line.Node != s.trunk.lines.node {
		s.trunk.post(line.Node, &callLetter{UserID: by, Part: other})
	}
}

// part is Part for the calls of this node; it tells whether there was one.
func (s *CallService) part(by, other int64) (ended bool) {
	_ = s.locked(func() error {
		c := s.find(by, "")
		if c == nil {
			return nil
		}
		own, peer := c.sides(by)
		if peer.userID != other {
			return nil
		}
		ended = true
		if rings := c.answered.IsZero(); rings && own == &c.callee {
			s.end(c, model.CmdCallReject, by, model.CallDeclined)
		} else {
			s.end(c, model.CmdCallEnd, by, endReason(rings, ""))
		}
		return nil
	})
	return ended
}
