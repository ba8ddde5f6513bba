package service

import (
	"context"
	"slices"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// maxFriends bounds what a list of friends holds and a change of a profile tells.
const maxFriends = 5000

// Answers to asking somebody to be a friend.
const (
	StatusFriend    = "friend"
	StatusRequested = "requested"
)

// ContactService knows who is whose friend, who asked and who is blocked. What
// two people do to each other is serialised by a lock on both their accounts.
type ContactService struct {
	db    *db.DB
	users *UserService
	out   Publisher
	now   Clock

	// Parted, if set before use, hears that two may not speak any more, by whose wish.
	Parted func(ctx context.Context, by, other int64)
}

// NewContactService makes a ContactService.
func NewContactService(d *db.DB, users *UserService, out Publisher, now Clock) *ContactService {
	return &ContactService{db: d, users: users, out: out, now: now}
}

// pairUp checks the other's id and locks both accounts; it gives the other's.
func (c *ContactService) pairUp(s *xorm.Session, userID, dstID int64) (*model.User, error) {
	if dstID == userID {
		return nil, model.Invalid("dstid")
	}
	var both []model.User
	err := s.SQL("SELECT id, addable FROM user WHERE id IN (?, ?) ORDER BY id"+c.db.ForUpdate(), userID, dstID).Find(&both)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(both, func(u model.User) bool { return u.ID == dstID })
	if i < 0 || len(both) != 2 {
		return nil, model.Fail(model.CodeNotFound)
	}
	return &both[i], nil
}

// validPeer checks the form of another user's id.
func validPeer(dstID int64) error {
	if dstID <= 0 || dstID > model.MaxID {
		return model.Invalid("dstid")
	}
	return nil
}

// notice tells users that a list of theirs changed by what actor did; about is
// the other user it concerns, as the receivers see it.
func (c *ContactService) notice(name string, actor, about int64, users ...int64) {
	c.out.Publish(model.Delivery{
		Message: model.Message{Cmd: model.CmdEvent, Content: name, UserID: actor, DstID: about, At: c.now.millis()},
		Users:   users,
	})
}

// noticeBoth tells two people that they are friends now, or are no longer.
func (c *ContactService) noticeBoth(name string, actor, dstID int64) {
	c.notice(name, actor, dstID, actor)
	c.notice(name, actor, actor, dstID)
}

// befriend makes two people friends and answers what they asked each other.
func (c *ContactService) befriend(s *xorm.Session, a, b int64) error {
	for _, id := range []int64{a, b} {
		n, err := s.Where("userid = ?", id).Count(new(model.Contact))
		if err != nil {
			return err
		}
		if n >= maxFriends {
			return &model.Error{Code: model.CodeConflict, Key: "friends"}
		}
	}
	now := c.now.millis()
	if _, err := s.Insert(&[]model.Contact{{UserID: a, DstID: b, CreateAt: now}, {UserID: b, DstID: a, CreateAt: now}}); err != nil {
		return err
	}
	_, err := s.Exec(`UPDATE request SET status = ?, handledat = ? WHERE kind = ? AND status = ?
		AND ((userid = ? AND dstid = ?) OR (userid = ? AND dstid = ?))`,
		model.RequestAccepted, now, model.KindSingle, model.RequestPending, a, b, b, a)
	return err
}

// Friends gives a user's friends, in the order in which they became that. One
// who blocked the user seems away, and nothing is told of when they were there.
func (c *ContactService) Friends(ctx context.Context, userID int64) ([]model.Friend, error) {
	var rows []model.Contact
	var blockers []int64
	var hidden map[int64]bool
	var seen []model.Session
	err := c.db.View(ctx, func(s *xorm.Session) (err error) {
		if err := s.Where("userid = ?", userID).Asc("id").Find(&rows); err != nil {
			return err
		}
		if hidden, err = hiding(s, hideOnline, userID); err != nil {
			return err
		}
		if !hidden[userID] {
			err := s.SQL(`SELECT userid, MAX(seenat) AS seenat FROM session
				WHERE userid IN (SELECT dstid FROM contact WHERE userid = ?) GROUP BY userid`, userID).Find(&seen)
			if err != nil {
				return err
			}
		}
		return s.SQL("SELECT c.dstid FROM contact c JOIN block b ON b.userid = c.dstid AND b.dstid = c.userid WHERE c.userid = ?", userID).Find(&blockers)
	})
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].DstID
	}
	users, err := c.users.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	seenAt := make(map[int64]int64, len(seen))
	for _, s := range seen {
		seenAt[s.UserID] = s.SeenAt
	}
	list := make([]model.Friend, 0, len(rows))
	for _, row := range rows {
		if user, ok := users[row.DstID]; ok {
			tells := !user.HideOnline && !hidden[userID] && !slices.Contains(blockers, row.DstID)
			user.Online = tells && c.users.presence.Online(row.DstID)
			friend := model.Friend{PublicUser: user.Public(), Remark: row.Remark, Starred: row.Starred}
			if tells && !user.Online {
				friend.SeenAt = seenAt[row.DstID]
			}
			list = append(list, friend)
		}
	}
	return list, nil
}

// Remark names a friend as the user likes; empty for the friend's own nickname.
func (c *ContactService) Remark(ctx context.Context, userID, dstID int64, remark string) error {
	if err := validPeer(dstID); err != nil {
		return err
	}
	if remark != "" && !model.ValidName(remark, model.MaxRemark) {
		return model.Invalid("memo")
	}
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		n, err := s.Where("userid = ? AND dstid = ?", userID, dstID).Cols("remark").Update(&model.Contact{Remark: remark})
		if err == nil && n == 0 {
			return model.Fail(model.CodeNotFound)
		}
		return err
	})
	if err == nil {
		c.notice(model.EventContactChanged, userID, dstID, userID)
	}
	return err
}

// Remove ends a friendship for both. What they wrote stays.
func (c *ContactService) Remove(ctx context.Context, userID, dstID int64) error {
	if err := validPeer(dstID); err != nil {
		return err
	}
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		if _, err := c.pairUp(s, userID, dstID); err != nil {
			return err
		}
		n, err := s.Where("(userid = ? AND dstid = ?) OR (userid = ? AND dstid = ?)", userID, dstID, dstID, userID).
			Delete(new(model.Contact))
		if err == nil && n == 0 {
			return model.Fail(model.CodeNotFound)
		}
		return err
	})
	if err == nil {
		c.noticeBoth(model.EventFriendRemoved, userID, dstID)
		c.part(ctx, userID, dstID)
	}
	return err
}

func (c *ContactService) part(ctx context.Context, by, other int64) {
	if c.Parted != nil {
		c.Parted(ctx, by, other)
	}
}

// FriendIDs gives the ids of the friends who may know whether a user is there:
// those whom the user has not blocked and who show it themselves; nobody, if
// the user hides it.
func (c *ContactService) FriendIDs(ctx context.Context, userID int64) ([]int64, error) {
	return c.db.ReadIDs(ctx, watching+" AND (SELECT hideonline FROM user WHERE id = c.userid) = 0 ORDER BY c.id", userID)
}

// watching selects the friends who would be told whether a user is there.
const watching = `SELECT c.dstid FROM contact c JOIN user u ON u.id = c.dstid WHERE c.userid = ? AND u.hideonline = 0 AND NOT EXISTS
	(SELECT 1 FROM block b WHERE b.userid = c.userid AND b.dstid = c.dstid)`

// watchers are the friends who would be told whether a user is there.
func watchers(s *xorm.Session, userID int64) ([]int64, error) {
	ids := []int64{}
	err := s.SQL(watching+" ORDER BY c.id", userID).Find(&ids)
	return ids, err
}

func friendIDs(s *xorm.Session, userID int64) ([]int64, error) {
	ids := []int64{}
	err := s.SQL("SELECT dstid FROM contact WHERE userid = ? ORDER BY id", userID).Find(&ids)
	return ids, err
}

// areFriends looks at one row of the two: they come and go together.
func areFriends(s *xorm.Session, a, b int64) (bool, error) {
	return s.Where("userid = ? AND dstid = ?", a, b).Exist(new(model.Contact))
}

// Star puts a friend on top of the user's list, or back among the others.
func (c *ContactService) Star(ctx context.Context, userID, dstID int64, on bool) error {
	if err := validPeer(dstID); err != nil {
		return err
	}
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		n, err := s.Where("userid = ? AND dstid = ?", userID, dstID).Cols("starred").Update(&model.Contact{Starred: on})
		if err == nil && n == 0 {
			return model.Fail(model.CodeNotFound)
		}
		return err
	})
	if err == nil {
		c.notice(model.EventContactChanged, userID, dstID, userID)
	}
	return err
}
