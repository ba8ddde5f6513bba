package service

import (
	"context"

	"hongyan/model"

	"xorm.io/xorm"
)

// Block keeps somebody's messages and requests from a user. Friends stay
// friends on paper, so that unblocking restores what was. Blocking again is fine.
func (c *ContactService) Block(ctx context.Context, userID, dstID int64) error {
	if err := validPeer(dstID); err != nil {
		return err
	}
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		if _, err := c.pairUp(s, userID, dstID); err != nil {
			return err
		}
		blocked, err := isBlocked(s, userID, dstID)
		if err != nil || blocked {
			return err
		}
		if _, err := s.Insert(&model.Block{UserID: userID, DstID: dstID, CreateAt: c.now.millis()}); err != nil {
			return err
		}
		// What was asked before is not answered any more; the other is not told.
		_, err = s.Exec(`UPDATE request SET status = ?, handledat = ? WHERE kind = ? AND status = ?
			AND ((userid = ? AND dstid = ?) OR (userid = ? AND dstid = ?))`,
			model.RequestRejected, c.now.millis(), model.KindSingle, model.RequestPending, userID, dstID, dstID, userID)
		return err
	})
	if err == nil {
		c.notice(model.EventContactChanged, userID, dstID, userID)
		c.part(ctx, userID, dstID)
	}
	return err
}

// Unblock ends a block; where there is none it is fine too.
func (c *ContactService) Unblock(ctx context.Context, userID, dstID int64) error {
	if err := validPeer(dstID); err != nil {
		return err
	}
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Where("userid = ? AND dstid = ?", userID, dstID).Delete(new(model.Block))
		return err
	})
	if err == nil {
		c.notice(model.EventContactChanged, userID, dstID, userID)
	}
	return err
}

// Blocked gives those whom a user blocked, the newest first.
func (c *ContactService) Blocked(ctx context.Context, userID int64) ([]model.PublicUser, error) {
	var ids []int64
	err := c.db.View(ctx, func(s *xorm.Session) error {
		return s.SQL("SELECT dstid FROM block WHERE userid = ? ORDER BY id DESC", userID).Find(&ids)
	})
	if err != nil {
		return nil, err
	}
	users, err := c.users.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]model.PublicUser, 0, len(ids))
	for _, id := range ids {
		if user, ok := users[id]; ok {
			list = append(list, user.Public())
		}
	}
	return list, nil
}

// isBlocked tells whether by blocked userID.
func isBlocked(s *xorm.Session, by, userID int64) (bool, error) {
	return s.Where("userid = ? AND dstid = ?", by, userID).Exist(new(model.Block))
}

// blocking gives those of users, at most chunk of them, who blocked userID.
func blocking(s *xorm.Session, userID int64, users []int64) (map[int64]bool, error) {
	var ids []int64
	if err := s.Table("block").Cols("userid").In("userid", users).And("dstid = ?", userID).Find(&ids); err != nil {
		return nil, err
	}
	list := make(map[int64]bool, len(ids))
	for _, id := range ids {
		list[id] = true
	}
	return list, nil
}
