package service

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

const (
	// ticketLife is how long a ticket waits for its socket.
	ticketLife = 30 * time.Second
	// maxSite bounds the origin that a ticket names: a name of DNS and a port.
	maxSite = 300
)

// Ticket makes a secret that opens one socket for a session: one that may
// stand in an address, since it is worth nothing a moment later. site is the
// origin of the page that asked, "" where that was no page.
func (v *SessionService) Ticket(ctx context.Context, session *model.Session, site string) (ticket string, expires int64, err error) {
	ticket = newSecret()
	if site != "" && len(site) <= maxSite {
		ticket += "." + base64.RawURLEncoding.EncodeToString([]byte(site))
	}
	expires = v.now().Add(ticketLife).UnixMilli()
	err = v.db.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Insert(&model.Ticket{Hash: secretHash(ticket), SessionID: session.ID, Expires: expires})
		return err
	})
	return ticket, expires, err
}

// TicketSite is the origin whose pages may open a socket with a ticket at
// whichever node, "" if it names none. What it says is true of a ticket that
// Redeem takes, and of no other: the store knows tickets whole.
func TicketSite(ticket string) string {
	_, encoded, _ := strings.Cut(ticket, ".")
	site, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(site) > maxSite {
		return ""
	}
	return string(site)
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
