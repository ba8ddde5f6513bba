package service

import (
	"context"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// noLink answers every token that opens nothing: unknown, revoked, used up, too
// old, or of somebody who may not invite any more.
func noLink() error { return &model.Error{Code: model.CodeNotFound, Key: "invite"} }

// NewInvite says what a link is to be: good for Hours (nil: a week; 0: for ever,
// which the owner and admins alone may give) and for Uses (0: any number).
type NewInvite struct {
	Hours *int64
	Uses  int64
}

// MakeInvite makes a link into a group: any member's to make where the group is
// open, else the owner's and the admins'. The token is told this once.
func (s *CommunityService) MakeInvite(ctx context.Context, userID, groupID int64, in NewInvite) (token string, made *model.Invite, err error) {
	hours := int64(model.InviteHours)
	if in.Hours != nil {
		hours = *in.Hours
	}
	switch {
	case hours < 0 || hours > model.MaxInviteHours:
		return "", nil, model.Invalid("hours")
	case in.Uses < 0 || in.Uses > model.MaxInviteUses:
		return "", nil, model.Invalid("uses")
	}
	token = newSecret()
	err = s.change(ctx, userID, groupID, model.RoleMember, func(g *group) error {
		rules := rank(g.me.Role) >= rank(model.RoleAdmin)
		switch {
		case !rules && g.row.Join != model.JoinOpen:
			return model.Fail(model.CodeForbidden)
		case !rules && hours == 0:
			return model.Invalid("hours")
		}
		good, err := g.tx.Where("groupid = ? AND (expires = 0 OR expires > ?) AND (uses = 0 OR used < uses)", groupID, g.tx.Now()).Count(new(model.Invite))
		if err != nil {
			return err
		}
		if good >= model.MaxInvites {
			return &model.Error{Code: model.CodeConflict, Key: "invites"}
		}
		if _, err := g.tx.Exec("DELETE FROM invite WHERE groupid = ? AND (expires > 0 AND expires <= ? OR uses > 0 AND used >= uses)", groupID, g.tx.Now()); err != nil {
			return err
		}
		made = &model.Invite{Hash: secretHash(token), GroupID: groupID, UserID: userID, Uses: int(in.Uses), CreateAt: g.tx.Now()}
		if hours > 0 {
			made.Expires = made.CreateAt + (time.Duration(hours) * time.Hour).Milliseconds()
		}
		_, err = g.tx.Insert(made)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return token, made, nil
}

// Invites gives the good links of a group, newest first: all of them to its
// owner and admins, one's own to others. None has its token.
func (s *CommunityService) Invites(ctx context.Context, userID, groupID int64) ([]model.Invite, error) {
	if groupID <= 0 {
		return nil, model.Invalid("dstid")
	}
	var list []model.Invite
	now := s.now.millis()
	err := s.db.View(ctx, func(v *xorm.Session) error {
		seat, err := seatIn(v, model.KindRoom, userID, groupID)
		if err != nil {
			return err
		}
		if seat == nil {
			return model.Fail(model.CodeNotMember)
		}
		v.Where("groupid = ? AND (expires = 0 OR expires > ?) AND (uses = 0 OR used < uses)", groupID, now)
		if rank(seat.Role) < rank(model.RoleAdmin) {
			v.And("userid = ?", userID)
		}
		return v.Desc("id").Find(&list)
	})
	return list, err
}

// RevokeInvite ends a link, named by its id or by its token: its maker's to do,
// and the owner's and the admins'.
func (s *CommunityService) RevokeInvite(ctx context.Context, userID, id int64, token string) error {
	row, err := s.invite(ctx, id, token)
	if err != nil {
		return err
	}
	return s.committer.doOn(ctx, pairOf(model.KindRoom, userID, row.GroupID), func(tx *Tx) error {
		g, err := openGroup(tx, row.GroupID, userID)
		switch {
		case err != nil:
			return err
		case g == nil || g.me == nil || row.UserID != userID && rank(g.me.Role) < rank(model.RoleAdmin):
			return noLink() // like one that is not there
		}
		_, err = tx.Exec("DELETE FROM invite WHERE id = ?", row.ID)
		return err
	})
}

// invite finds a link, good or not.
func (s *CommunityService) invite(ctx context.Context, id int64, token string) (*model.Invite, error) {
	row := new(model.Invite)
	err := s.db.View(ctx, func(v *xorm.Session) error {
		if id > 0 {
			v.Where("id = ?", id)
		} else {
			v.Where("hash = ?", secretHash(token))
		}
		found, err := v.Get(row)
		if err == nil && !found {
			err = noLink()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return row, nil
}

// Invitation is what a good link shows before it is used. Member says that the
// reader is in the group already, Asks that using it asks the owner and the
// admins.
type Invitation struct {
	Group   model.Community
	Inviter model.PublicUser
	Expires int64
	Member  bool
	Asks    bool
}

// Invitation looks at a link for userID, 0 for somebody who is not signed in.
func (s *CommunityService) Invitation(ctx context.Context, userID int64, token string) (*Invitation, error) {
	row, err := s.invite(ctx, 0, token)
	if err != nil {
		return nil, err
	}
	if !row.Good(s.now.millis()) {
		return nil, noLink()
	}
	out := &Invitation{Expires: row.Expires}
	err = s.db.View(ctx, func(v *xorm.Session) error {
		inviter := new(model.User)
		seat, err := seatIn(v, model.KindRoom, row.UserID, row.GroupID)
		if err != nil || seat == nil {
			return orNoLink(err)
		}
		if has, err := v.ID(row.GroupID).Get(&out.Group); err != nil || !has {
			return orNoLink(err)
		}
		if has, err := v.ID(row.UserID).Get(inviter); err != nil || !has {
			return orNoLink(err)
		}
		out.Group.Notice, out.Group.NoticeAt, out.Group.NoticeBy = "", 0, 0
		out.Inviter = inviter.Public()
		out.Asks = out.Group.Join != model.JoinOpen && rank(seat.Role) < rank(model.RoleAdmin)
		if userID == 0 {
			return nil
		}
		own, err := seatIn(v, model.KindRoom, userID, row.GroupID)
		out.Member = own != nil
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func orNoLink(err error) error {
	if err != nil {
		return err
	}
	return noLink()
}

// JoinByInvite brings userID into the group of a link: at once where the group
// is open or the link an admin's, else, and for somebody who was sent away,
// by a request. It gives the group and which it was.
func (s *CommunityService) JoinByInvite(ctx context.Context, userID int64, token, memo string) (groupID int64, status string, err error) {
	if !model.ValidMemo(memo, model.MaxGroupMemo) {
		return 0, "", model.Invalid("memo")
	}
	row, err := s.invite(ctx, 0, token)
	if err != nil {
		return 0, "", err
	}
	err = s.committer.doOn(ctx, pairOf(model.KindRoom, userID, row.GroupID), func(tx *Tx) error {
		status, err = joinBy(tx, userID, row, memo)
		return err
	})
	if err != nil {
		return 0, "", err
	}
	return row.GroupID, status, nil
}

// joinBy is JoinByInvite's op. The group is locked before the link is believed:
// its last use is given once.
func joinBy(tx *Tx, userID int64, row *model.Invite, memo string) (string, error) {
	g, err := openGroup(tx, row.GroupID, userID)
	if err != nil || g == nil {
		return "", orNoLink(err)
	}
	now := new(model.Invite)
	if has, err := tx.ID(row.ID).Get(now); err != nil || !has || !now.Good(tx.Now()) {
		return "", orNoLink(err)
	}
	inviter, err := g.seat(now.UserID)
	switch {
	case err != nil || inviter == nil:
		return "", orNoLink(err)
	case g.me != nil:
		return "", model.Fail(model.CodeAlreadyMember)
	}
	if err := g.room(1); err != nil {
		return "", err
	}
	removed, err := g.removed(userID)
	if err != nil {
		return "", err
	}
	straight := !removed && (g.row.Join == model.JoinOpen || rank(inviter.Role) >= rank(model.RoleAdmin))
	if !straight {
		waits, err := tx.Where("kind = ? AND dstid = ? AND userid = ? AND status = ?", model.KindRoom, g.row.ID, userID, model.RequestPending).Exist(new(model.Request))
		if err != nil {
			return "", err
		}
		if !waits { // asking again is no further use
			err = useUp(tx, now.ID)
		}
		if err == nil {
			err = g.ask([]int64{userID}, 0, memo)
		}
		return RequestedGroup, err
	}
	if err := useUp(tx, now.ID); err != nil {
		return "", err
	}
	return JoinedGroup, g.admit([]int64{userID})
}

func useUp(tx *Tx, id int64) error {
	_, err := tx.Exec("UPDATE invite SET used = used + 1 WHERE id = ?", id)
	return err
}
