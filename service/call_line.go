package service

import (
	"context"
	"slices"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// lineLease is how long a line is engaged without its node saying so again: long
// enough for a database that stumbles, short enough for who wants to call again.
const lineLease = 15 * time.Second

// callLines say who is in a call on any node: a row for each of the two, written
// in one transaction. So a user is in one call at most, wherever the sockets are.
type callLines struct {
	db   *db.DB
	node string
	now  Clock
	kick chan struct{} // has an element when there are lines to be freed

	mu   sync.Mutex // guards over
	over []model.CallLine
}

func newCallLines(d *db.DB, node string, now Clock) *callLines {
	return &callLines{db: d, node: node, now: now, kick: make(chan struct{}, 1)}
}

// engage takes the lines of two people for a call of this node: both, or none
// if one is taken. void are those of nodes that are gone which it replaced. A
// line of this node is void too: who engages has looked whether the call is here.
func (l *callLines) engage(ctx context.Context, id string, caller, callee int64) (taken, void []model.CallLine, err error) {
	if err := l.clear(ctx); err != nil {
		return nil, nil, err
	}
	low, high := min(caller, callee), max(caller, callee) // in one order on all nodes, so that none waits for another in a ring
	for attempt := 0; ; attempt++ {
		err = l.db.Tx(ctx, func(s *xorm.Session) error {
			taken, void = nil, nil
			var rows []model.CallLine
			if err := s.SQL("SELECT * FROM callline WHERE userid IN (?, ?) ORDER BY userid"+l.db.ForUpdate(), low, high).Find(&rows); err != nil {
				return err
			}
			now := l.now()
			for _, row := range rows {
				if row.Node != l.node && row.Expires > now.UnixMilli() {
					taken = append(taken, row)
				} else {
					void = append(void, row)
				}
			}
			if len(taken) > 0 {
				void = nil
				return nil
			}
			if len(void) > 0 {
				if _, err := s.Exec("DELETE FROM callline WHERE userid IN (?, ?)", low, high); err != nil {
					return err
				}
			}
			expires := now.Add(lineLease).UnixMilli()
			_, err := s.Exec("INSERT INTO callline (userid, peerid, callid, node, expires) VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)",
				low, high, id, l.node, expires, high, low, id, l.node, expires)
			return err
		})
		if !db.IsDuplicate(err) || attempt == 3 { // else another node was first: look again
			return taken, void, err
		}
	}
}

// line gives that of a user who is in a call of any node; nil if there is none.
func (l *callLines) line(ctx context.Context, userID int64) (*model.CallLine, error) {
	row := new(model.CallLine)
	var found bool
	err := l.db.View(ctx, func(s *xorm.Session) (err error) {
		found, err = s.Where("userid = ? AND expires > ?", userID, l.now.millis()).Get(row)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return row, nil
}

// free lets go of the lines of a call of this node, soon, and before this node
// engages any again.
func (l *callLines) free(id string, caller, callee int64) {
	l.mu.Lock()
	l.over = append(l.over, model.CallLine{CallID: id, UserID: caller, PeerID: callee})
	l.mu.Unlock()
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// clear removes the lines that are to be freed.
func (l *callLines) clear(ctx context.Context) error {
	l.mu.Lock()
	list := slices.Clone(l.over)
	l.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	err := l.db.Tx(ctx, func(s *xorm.Session) error {
		for _, row := range list {
			low, high := min(row.UserID, row.PeerID), max(row.UserID, row.PeerID)
			if _, err := s.Exec("DELETE FROM callline WHERE userid IN (?, ?) AND callid = ?", low, high, row.CallID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = slices.DeleteFunc(l.over, func(row model.CallLine) bool { return slices.Contains(list, row) })
	return nil
}

// renew prolongs the lines of this node and gives them.
func (l *callLines) renew(ctx context.Context) (rows []model.CallLine, err error) {
	err = l.db.Tx(ctx, func(s *xorm.Session) error {
		rows = nil
		if _, err := s.Exec("UPDATE callline SET expires = ? WHERE node = ?", l.now().Add(lineLease).UnixMilli(), l.node); err != nil {
			return err
		}
		return s.Where("node = ?", l.node).Find(&rows)
	})
	return rows, err
}

// void gives the lines whose node does not renew them.
func (l *callLines) void(ctx context.Context) (rows []model.CallLine, err error) {
	err = l.db.View(ctx, func(s *xorm.Session) error {
		return s.Where("expires <= ?", l.now.millis()).Find(&rows)
	})
	return rows, err
}

// bury removes a void line; false if it is so no longer, or another node was first.
func (l *callLines) bury(ctx context.Context, row model.CallLine) (done bool, err error) {
	err = l.db.Tx(ctx, func(s *xorm.Session) error {
		result, err := s.Exec("DELETE FROM callline WHERE userid = ? AND callid = ? AND expires <= ?", row.UserID, row.CallID, l.now.millis())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		done = n > 0
		return err
	})
	return done, err
}
