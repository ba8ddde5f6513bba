package service

import (
	"context"
	"slices"
	"time"

	"hongyan/model"
)

const (
	// keepEvery is how often a node says that its calls go on and looks for those
	// of nodes that are gone. A device that comes while it rings waits as long.
	keepEvery = 3 * time.Second
	// voidFor is how long a line is seen void before its call is taken for lost.
	voidFor = 2 * keepEvery
	// lettersEvery is how often letters that nobody read are removed.
	lettersEvery = time.Minute
	// briefInvite is up to how many bytes of content an invitation is repeated
	// whole: without it, it fits the smallest bus.
	briefInvite = 600
)

// suspects are what looks dead. It is so if it still looks so after a while: when a
// database was away, nobody could renew or read anything.
type suspects struct {
	lines map[model.CallLine]time.Time // void since
	nodes []string                     // that left their letters when last seen
}

// Keep renews the lines of this node's calls, repeats what they told, and ends what
// the end of a node has left, until ctx ends.
func (s *CallService) Keep(ctx context.Context) {
	t := s.trunk
	dead := &suspects{lines: map[model.CallLine]time.Time{}}
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	sweep := time.NewTicker(lettersEvery)
	defer sweep.Stop()
	for {
		work := func(ctx context.Context) error { return s.keep(ctx, dead) }
		select {
		case <-t.lines.kick:
			work = t.lines.clear // if it fails, the next renewal does it
		case <-tick.C:
		case <-sweep.C:
			work = t.letters.Sweep
		case <-ctx.Done():
			return
		}
		if err := within(ctx, work); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "the calls of several nodes are not looked after", "error", err)
		}
	}
}

// within gives work the time of a round: what the database holds up must not
// hold up the next.
func within(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, keepEvery)
	defer cancel()
	return work(ctx)
}

// keep is one round. What fails has the next one.
func (s *CallService) keep(ctx context.Context, dead *suspects) error {
	s.trunk.forget()
	silent := dead.nodes
	dead.nodes = nil
	if calls, nodes := s.going(); calls > 0 {
		err := s.renew(ctx)
		if err != nil {
			return err
		}
		for node := range nodes {
			s.trunk.post(node, &callLetter{})
		}
		if dead.nodes, err = s.trunk.letters.Unread(ctx); err != nil {
			return err
		}
		s.loseNodes(slices.DeleteFunc(silent, func(node string) bool { return !slices.Contains(dead.nodes, node) }))
	}
	return s.clearVoid(ctx, dead.lines)
}

// going repeats what is to be known of the calls of this node, for devices that
// came since or did not hear it, and gives their number and the nodes they reach.
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
			s.board.again(c, now)
		}
		s.board.overAgain()
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

// loseNodes takes the sockets of nodes for lost.
func (s *CallService) loseNodes(nodes []string) {
	_ = s.locked(func() error {
		for userID, c := range s.board.calls {
			if own, _ := c.sides(userID); own.at.node != "" && slices.Contains(nodes, own.at.node) {
				s.lose(c, own)
			}
		}
		return nil
	})
}

// clearVoid frees the lines of nodes that are gone, and tells whose they are.
func (s *CallService) clearVoid(ctx context.Context, lines map[model.CallLine]time.Time) error {
	rows, err := s.trunk.lines.void(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	void := map[model.CallLine]bool{}
	for _, row := range rows {
		void[row] = true
		switch since, known := lines[row]; {
		case !known:
			lines[row] = now
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
	for row := range lines {
		if !void[row] {
			delete(lines, row)
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
