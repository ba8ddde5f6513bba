package service

import (
	"context"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// ticketLife is how long a ticket waits for its socket.
const ticketLife = 30 * time.Second

// Ticket makes a secret that opens one socket for a session: one that may
// stand in an address, since it is worth nothing a moment later.
func (v *SessionService) Ticket(ctx context.Context, session *model.Session) (ticket string, expires int64, err error) {
	ticket = newSecret()
	expires = v.now().Add(ticketLife).UnixMilli()
	err = v.db.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Insert(&model.Ticket{Hash: secretHash(ticket), SessionID: session.ID, Expires: expires})
		return err
	})
	return ticket, expires, err
}

// Redeem takes a ticket and gives the session it was made for. Of those who
// come with the same ticket, on whichever nodes, one gets it; the others, and
// those who are late, get CodeUnauthenticated.
func (v *SessionService) Redeem(ctx context.Context, ticket string) (*model.Session, error) {
	session := new(model.Session)
	hash := secretHash(ticket)
	// Anybody may come with anything: only what exists is worth the writer.
	err := v.db.View(ctx, func(s *xorm.Session) error {
		found, err := s.Where("hash = ?", hash).Exist(new(model.Ticket))
		if err == nil && !found {
			return model.Fail(model.CodeUnauthenticated)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = v.db.Tx(ctx, func(s *xorm.Session) error {
		row := new(model.Ticket)
		found, err := s.SQL("SELECT * FROM ticket WHERE hash = ?"+v.db.ForUpdate(), hash).Get(row)
		if err != nil {
			return err
		}
		if !found || row.Expires <= v.now.millis() {
			return model.Fail(model.CodeUnauthenticated)
		}
		if _, err := s.Exec("DELETE FROM ticket WHERE hash = ?", hash); err != nil {
			return err
		}
		*session = model.Session{} // the transaction may run again
		found, err = s.Where("id = ? AND seenat > ?", row.SessionID, v.deadline()).Get(session)
		if err == nil && !found {
			return model.Fail(model.CodeUnauthenticated)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	v.touch(session.ID, session.SeenAt)
	return session, nil
}
