package service

import (
	"context"

	"hongyan/model"
	"hongyan/util/mutant"

	"xorm.io/xorm"
)

// The checks of the right to speak: one for two people, one for a group.
const (
	checkFriend = `SELECT (SELECT COUNT(*) FROM contact WHERE userid = ? AND dstid = ?),
		(SELECT COUNT(*) FROM block WHERE userid = ? AND dstid = ?)`
	checkSeat = `SELECT m.muteduntil, CASE WHEN m.role = 'member' AND g.quiet THEN 1 ELSE 0 END
		FROM member m JOIN conversation c ON c.id = m.conversationid JOIN community g ON g.id = c.low
		WHERE c.kind = ? AND c.low = ? AND c.high = 0 AND m.userid = ?`
	checkRole = `SELECT m.role FROM member m JOIN conversation c ON c.id = m.conversationid
		WHERE c.kind = ? AND c.low = ? AND c.high = 0 AND m.userid = ?`
	readRights = "SELECT value FROM state WHERE name = 'rights'"
)

// way is where somebody speaks: to whom, and as what kind of conversation.
type way struct {
	kind          int
	userID, dstID int64
}

func wayOf(m *model.Message) way { return way{m.Kind, m.UserID, m.DstID} }

// right is what the store says of a way.
type right struct {
	known      bool // friends, or a seat in the group
	blocked    bool
	quiet      bool  // all but owner and admins are silent
	mutedUntil int64 // Unix milliseconds
}

// allow gives why somebody may not speak, nil if they may. What does not exist
// and what is not the sender's answer alike.
func (r right) allow(w way, now int64) error {
	if w.kind == model.KindRoom {
		switch {
		case !r.known && !mutant.SkipMembership:
			return model.Fail(model.CodeNotMember)
		case r.mutedUntil > now:
			return &model.Error{Code: model.CodeForbidden, Key: "muted"}
		case r.quiet:
			return &model.Error{Code: model.CodeForbidden, Key: "quiet"}
		}
		return nil
	}
	switch {
	case !r.known || w.dstID == w.userID:
		return model.Fail(model.CodeNotFriend)
	case r.blocked:
		return model.Fail(model.CodeBlocked)
	}
	return nil
}

// readRight asks the store for the right of a way.
func readRight(w way, row func(query string, args []any, into ...any) (bool, error)) (r right, err error) {
	if w.kind == model.KindRoom {
		var quiet int64
		r.known, err = row(checkSeat, []any{model.KindRoom, w.dstID, w.userID}, &r.mutedUntil, &quiet)
		r.quiet = quiet > 0
		return r, err
	}
	var friends, blocks int
	_, err = row(checkFriend, []any{w.userID, w.dstID, w.dstID, w.userID}, &friends, &blocks)
	r.known, r.blocked = friends > 0, blocks > 0
	return r, err
}

// maySpeak tells whether m's sender may speak where m goes, within the
// transaction that stores m: who was removed while the message waited does not
// speak. What was asked before is remembered while it holds.
func (tx *Tx) maySpeak(m *model.Message) error {
	w := wayOf(m)
	if err := tx.trust(); err != nil {
		return err
	}
	r, known := tx.memory.rights[w]
	if !known || !tx.trusted {
		var err error
		if r, err = readRight(w, tx.prepared.Row); err != nil {
			return err
		}
		if tx.trusted {
			remember(tx.memory.rights, w, r)
		}
	}
	return r.allow(w, tx.Now())
}

// trust makes sure, once between two ops that may have changed them, that the
// remembered rights hold. Ops themselves ask the store.
func (tx *Tx) trust() error {
	if tx.trusted || tx.inOp {
		return nil
	}
	version := int64(0) // of MySQL: none; what is remembered is this transaction's
	if tx.db.ForUpdate() == "" {
		found, err := tx.prepared.Row(readRights, nil, &version)
		if err != nil || !found {
			return err
		}
	}
	if version == 0 || version != tx.memory.version {
		clear(tx.memory.rights)
		tx.memory.version = version
	}
	tx.trusted = true
	return nil
}

// mayPost tells whether m's sender may speak where m goes, before anything is
// queued; the committer looks again.
func (s *MessageService) mayPost(ctx context.Context, m *model.Message) error {
	w := wayOf(m)
	r, err := readRight(w, func(query string, args []any, into ...any) (bool, error) {
		return s.checks.Row(ctx, query, args, into...)
	})
	if err != nil {
		return err
	}
	return r.allow(w, s.now.millis())
}

// mayStillPost is mayPost within a transaction of the committer.
func (s *MessageService) mayStillPost(tx *Tx, m *model.Message) error { return tx.maySpeak(m) }

// mayRead tells whether a user may see a conversation: a member may; so may
// friends who have not spoken yet.
func (s *MessageService) mayRead(ctx context.Context, userID int64, kind int, dstID int64) error {
	return s.db.View(ctx, func(v *xorm.Session) error { return mayRead(v, userID, kind, dstID) })
}

func mayRead(v *xorm.Session, userID int64, kind int, dstID int64) error {
	if kind == model.KindNotice {
		return nil // one's own, always
	}
	seat, err := seatIn(v, kind, userID, dstID)
	if err != nil || seat != nil {
		return err
	}
	if kind == model.KindRoom {
		return model.Fail(model.CodeNotMember)
	}
	friends, err := v.Table("contact").Where("userid = ? AND dstid = ?", userID, dstID).Exist()
	if err == nil && !friends {
		return model.Fail(model.CodeNotFriend)
	}
	return err
}

// seatIn finds a user's place in a conversation; nil if there is none.
func seatIn(v *xorm.Session, kind int, userID, dstID int64) (*model.Member, error) {
	p, seat := pairOf(kind, userID, dstID), new(model.Member)
	found, err := v.SQL(`SELECT m.* FROM member m JOIN conversation c ON c.id = m.conversationid
		WHERE c.kind = ? AND c.low = ? AND c.high = ? AND m.userid = ?`, p.kind, p.low, p.high, userID).Get(seat)
	if err != nil || !found {
		return nil, err
	}
	return seat, nil
}
