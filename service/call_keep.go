package service

import (
	"context"
	"time"

	"hongyan/model"
)

const (
	// keepEvery is how often a node says that its calls go on and looks for those
	// of nodes that are gone. A device that comes while it rings waits as long.
	keepEvery = 3 * time.Second
	// voidFor is how long a line is seen void before the call is taken for lost:
	// after a time without a database all are void, until their nodes were there.
	voidFor = 2 * keepEvery
	// lettersEvery is how often letters that nobody read are removed.
	lettersEvery = time.Minute
	// briefInvite is up to how many bytes of content an invitation is repeated
	// whole: without it, it fits the smallest bus.
	briefInvite = 600
)

// Keep renews the lines of this node's calls, repeats invitations, and ends what
// the end of a node has left, until ctx ends.
func (s *CallService) Keep(ctx context.Context) {
	t := s.trunk
	suspects := map[model.CallLine]time.Time{} // void lines, since when
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	sweep := time.NewTicker(lettersEvery)
	defer sweep.Stop()
	for {
		var err error
		select {
		case <-t.lines.kick:
			err = t.lines.clear(ctx) // if it fails, before the next renewal
		case <-tick.C:
			err = s.keep(ctx, suspects)
		case <-sweep.C:
			err = t.letters.Sweep(ctx)
		case <-ctx.Done():
			return
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "the calls of several nodes are not looked after", "error", err)
		}
	}
}

// keep is one round. What fails has the next one.
func (s *CallService) keep(ctx context.Context, suspects map[model.CallLine]time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, keepEvery)
	defer cancel()
	s.trunk.forget()
	if calls, nodes := s.going(); calls > 0 {
		if err := s.renew(ctx); err != nil {
			return err
		}
		for node := range nodes {
			s.trunk.post(node, &callLetter{})
		}
		if err := s.loseNodes(ctx); err != nil {
			return err
		}
	}
	return s.clearVoid(ctx, suspects)
}

// going repeats the invitations of this node, for devices that came since or did
// not hear the first, and gives the number of its calls and the nodes they reach.
func (s *CallService) going() (calls int, nodes map[string]bool) {
	nodes = map[string]bool{}
	_ = s.locked(func() error {
		now := time.Now()
		for userID, c := range s.board.calls {
			if userID != c.caller.userID { // each is there twice
				continue
			}
			calls++
			for _, own := range []*party{&c.caller, &c.callee} {
				if own.at.node != "" {
					nodes[own.at.node] = true
				}
			}
			if c.answered.IsZero() {
				s.board.ring(c, now, briefInvite)
			}
		}
		return nil
	})
	return calls, nodes
}

// renew prolongs the lines of this node. A call that has lost one, since this
// node was silent for too long, is over; a line without a call is freed.
func (s *CallService) renew(ctx context.Context) error {
	t := s.trunk
	release, err := t.turn(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := t.lines.clear(ctx); err != nil {
		return err
	}
	rows, err := t.lines.renew(ctx)
	if err != nil {
		return err
	}
	engaged := map[string]int{}
	for _, row := range rows {
		engaged[row.CallID]++
	}
	return s.locked(func() error {
		for _, c := range s.board.calls {
			if s.board.calls[c.caller.userID] == c && engaged[c.id] < 2 {
				s.end(c, model.CmdCallEnd, 0, model.CallLost)
			}
		}
		for _, row := range rows {
			if c := s.board.calls[row.UserID]; c == nil || c.id != row.CallID {
				t.lines.free(row.CallID, row.UserID, row.PeerID)
			}
		}
		return nil
	})
}

// loseNodes takes the sockets of nodes that leave their letters for lost.
func (s *CallService) loseNodes(ctx context.Context) error {
	nodes, err := s.trunk.letters.Unread(ctx)
	if err != nil {
		return err
	}
	return s.locked(func() error {
		for _, node := range nodes {
			for userID, c := range s.board.calls {
				if own, _ := c.sides(userID); own.at.node == node {
					s.lose(c, own)
				}
			}
		}
		return nil
	})
}

// clearVoid frees the lines of nodes that are gone, and tells whose they are.
func (s *CallService) clearVoid(ctx context.Context, suspects map[model.CallLine]time.Time) error {
	rows, err := s.trunk.lines.void(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	void := map[model.CallLine]bool{}
	for _, row := range rows {
		void[row] = true
		switch since, known := suspects[row]; {
		case !known:
			suspects[row] = now
		case now.Sub(since) >= voidFor:
			done, err := s.trunk.lines.bury(ctx, row)
			if err != nil {
				return err
			}
			if done {
				s.gone([]model.CallLine{row})
			}
		}
	}
	for row := range suspects {
		if !void[row] {
			delete(suspects, row)
		}
	}
	return nil
}

// gone tells people that the call of theirs is over whose node is gone.
func (s *CallService) gone(lines []model.CallLine) {
	for _, line := range lines {
		if line.Node == s.trunk.lines.node {
			continue
		}
		s.out.Publish(model.Delivery{Users: []int64{line.UserID}, Message: frame(model.CmdCallState, line.PeerID, line.UserID,
			model.CallExt{Call: line.CallID, State: model.CallEnded, Reason: model.CallLost})})
	}
}
