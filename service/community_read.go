package service

import (
	"context"

	"hongyan/model"

	"xorm.io/xorm"
)

// Mine gives the groups that a user is in, with the user's role in each.
func (s *CommunityService) Mine(ctx context.Context, userID int64) ([]model.Community, error) {
	var list []struct {
		model.Community `xorm:"extends"`
		Standing        string
	}
	err := s.db.View(ctx, func(v *xorm.Session) error {
		return v.SQL("SELECT g.*, m.role AS standing "+mine+" JOIN community g ON g.id = c.low ORDER BY g.id", userID, model.KindRoom).Find(&list)
	})
	groups := make([]model.Community, 0, len(list))
	for _, row := range list {
		row.Role = row.Standing
		groups = append(groups, row.Community)
	}
	return groups, err
}

// mine joins a user's seats with the conversations of a kind.
const mine = "FROM member m JOIN conversation c ON c.id = m.conversationid AND m.userid = ? AND c.kind = ?"

// Info gives a group: all of it to its members, and what one must know to ask
// for a place to everybody else, unless the group takes no such questions.
func (s *CommunityService) Info(ctx context.Context, userID, groupID int64) (*model.Community, error) {
	if groupID <= 0 {
		return nil, model.Invalid("dstid")
	}
	row := new(model.Community)
	err := s.db.View(ctx, func(v *xorm.Session) error {
		has, err := v.ID(groupID).Get(row)
		if err != nil {
			return err
		}
		seat, err := seatIn(v, model.KindRoom, userID, groupID)
		switch {
		case err != nil:
			return err
		case seat != nil && has:
			row.Role = seat.Role
		case !has || row.Join == model.JoinInvite:
			return model.Fail(model.CodeNotFound)
		default:
			row.Notice, row.NoticeAt, row.NoticeBy, row.Quiet = "", 0, 0, false
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return row, nil
}

// Members gives the members of a group to one of them: the owner, the admins,
// then the others in the order in which they came.
func (s *CommunityService) Members(ctx context.Context, userID, groupID int64) ([]model.GroupMember, error) {
	if groupID <= 0 {
		return nil, model.Invalid("dstid")
	}
	var list []struct {
		model.User `xorm:"extends"`
		Alias      string
		Standing   string
		Away       bool // to who asks, whether or not it is so
		Until      int64
	}
	err := s.db.View(ctx, func(v *xorm.Session) error {
		seat, err := seatIn(v, model.KindRoom, userID, groupID)
		if err != nil {
			return err
		}
		if seat == nil {
			return model.Fail(model.CodeNotMember)
		}
		return v.SQL(`SELECT u.id, u.nickname, u.avatar, u.sex, u.memo, m.nick AS alias, m.role AS standing, m.muteduntil AS until,
			CASE WHEN u.id <> ? AND (u.hideonline = 1 OR EXISTS (SELECT 1 FROM user o WHERE o.id = ? AND o.hideonline = 1)
				OR EXISTS (SELECT 1 FROM block b WHERE b.userid = u.id AND b.dstid = ?)) THEN 1 ELSE 0 END AS away
			FROM member m JOIN user u ON u.id = m.userid WHERE m.conversationid = ?
			ORDER BY CASE m.role WHEN ? THEN 0 WHEN ? THEN 1 ELSE 2 END, m.id`,
			userID, userID, userID, seat.ConversationID, model.RoleOwner, model.RoleAdmin).Find(&list)
	})
	members, now := make([]model.GroupMember, 0, len(list)), s.now.millis()
	for _, row := range list {
		row.Online = !row.Away && s.presence.Online(row.ID)
		m := model.GroupMember{PublicUser: row.Public(), Nick: row.Alias, Role: row.Standing}
		if row.Until > now {
			m.Muted, m.MutedUntil = true, row.Until
		}
		members = append(members, m)
	}
	return members, err
}
