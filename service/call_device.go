package service

import (
	"time"

	"hongyan/model"
)

// Arrived is called when a socket is open: a device that comes while its user is
// called rings too.
func (s *CallService) Arrived(from model.Sender) {
	_ = s.locked(func() error {
		if c := s.board.calls[from.UserID]; c != nil && c.callee.userID == from.UserID && c.answered.IsZero() {
			s.board.tell(socketOf(from), c.ringing(time.Now()))
		}
		return nil
	})
}

// Left is called when a socket has closed. A device of a call has a while to come
// back with another one.
func (s *CallService) Left(from model.Sender) {
	if s.trunk != nil && from.Node == "" {
		s.trunk.left(from)
	}
	_ = s.locked(func() error {
		c := s.board.calls[from.UserID]
		if c == nil {
			return nil
		}
		if own, _ := c.sides(from.UserID); own.at == socketOf(from) {
			s.lose(c, own)
		}
		return nil
	})
}

// lose notes that the socket of a side is lost, for who holds mu.
func (s *CallService) lose(c *call, own *party) {
	s.board.leave(c, own)
	own.timer = s.after(s.times.Grace, c, func() bool { return own.away }, model.CallLost)
}

// returned notes the socket that a device uses now, for who holds mu.
func (s *CallService) returned(c *call, own *party, at socket) {
	if own.away && own.timer != nil {
		own.timer.Stop()
	}
	s.board.back(c, own, at)
}

// resume gives a device its call back, or tells it that there is none any more.
func (s *CallService) resume(from model.Sender, m *model.Message, ext *model.CallExt) {
	_ = s.locked(func() error {
		c := s.find(from.UserID, ext.Call)
		if c != nil {
			own, _ := c.sides(from.UserID)
			if own.holds(from, ext.Device) {
				s.returned(c, own, socketOf(from))
				state := c.state(own, model.CallCalling, "")
				if !c.answered.IsZero() {
					state = c.state(own, model.CallInCall, "")
				}
				state.CID = m.CID
				s.board.tell(socketOf(from), state)
				return nil
			}
		}
		gone := frame(model.CmdCallState, 0, from.UserID, model.CallExt{Call: ext.Call, State: model.CallEnded, Reason: model.CallLost})
		gone.CID = m.CID
		s.board.tell(socketOf(from), gone)
		return nil
	})
}

// rings tells whether a call still waits for its answer.
func (s *CallService) rings(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board.calls[c.callee.userID] == c && c.answered.IsZero()
}
