package service

import (
	"context"
	"slices"

	"hongyan/model"

	"xorm.io/xorm"
)

// maxRequests bounds the list of requests; the oldest ones wait their turn.
const maxRequests = 500

// ask puts requests for places before the owner and the admins. There is one
// row a person and group, asked anew in place; a person's own request is not
// overwritten by an invitation.
func (g *group) ask(ids []int64, inviter int64, memo string) error {
	known := map[int64]model.Request{}
	for part := range slices.Chunk(ids, chunk) {
		var list []model.Request
		if err := g.tx.Where("kind = ? AND dstid = ?", model.KindRoom, g.row.ID).In("userid", part).Find(&list); err != nil {
			return err
		}
		for _, r := range list {
			known[r.UserID] = r
		}
	}
	judges, err := g.judges()
	if err != nil {
		return err
	}
	asked := false
	for _, id := range ids {
		r := known[id]
		if inviter != 0 && r.Status == model.RequestPending {
			continue
		}
		next := model.Request{
			Kind: model.KindRoom, UserID: id, DstID: g.row.ID, InviterID: inviter, Memo: memo,
			Status: model.RequestPending, CreateAt: g.tx.Now(),
		}
		if r.ID == 0 {
			_, err = g.tx.Insert(&next)
		} else {
			_, err = g.tx.ID(r.ID).Cols("inviterid", "memo", "answer", "status", "createat", "handledat").Update(&next)
		}
		if err != nil {
			return err
		}
		asked = true
	}
	if asked {
		g.tell(model.EventGroupRequest, judges...)
	}
	return nil
}

// judges are those who may let people in.
func (g *group) judges() (ids []int64, err error) {
	err = g.tx.Table("member").Where("conversationid = ?", g.line.ID).
		In("role", model.RoleOwner, model.RoleAdmin).Cols("userid").Find(&ids)
	return ids, err
}

// outsiders gives those of ids who have no seat.
func (g *group) outsiders(ids []int64) ([]int64, error) {
	in := map[int64]bool{}
	for part := range slices.Chunk(ids, chunk) {
		var seated []int64
		if err := g.tx.Table("member").Where("conversationid = ?", g.line.ID).In("userid", part).Cols("userid").Find(&seated); err != nil {
			return nil, err
		}
		for _, id := range seated {
			in[id] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return in[id] }), nil
}

// Accept lets in who a request is for. The judge must be the group's owner or
// admin by then; a request that is not the judge's to see does not exist.
func (s *CommunityService) Accept(ctx context.Context, userID, requestID int64) error {
	return s.judge(ctx, userID, requestID, func(g *group, r *model.Request) error {
		if err := g.room(1); err != nil {
			return err
		}
		if r.InviterID != 0 { // a friend's word stood for the invited: it must still do
			if err := wantFriends(g.tx.Session, r.InviterID, []int64{r.UserID}); err != nil {
				return err
			}
		}
		return g.admit([]int64{r.UserID})
	})
}

// Reject turns a request down. Who asked is told nothing but the answer, if there
// is one.
func (s *CommunityService) Reject(ctx context.Context, userID, requestID int64, answer string) error {
	return s.judge(ctx, userID, requestID, func(g *group, r *model.Request) error {
		if _, err := g.tx.ID(r.ID).Cols("status", "handledat", "answer").
			Update(&model.Request{Status: model.RequestRejected, HandledAt: g.tx.Now(), Answer: answer}); err != nil {
			return err
		}
		if answer != "" {
			g.tell(model.EventGroupRequest, r.Asker())
		}
		return nil
	})
}

func (s *CommunityService) judge(ctx context.Context, userID, requestID int64, verdict func(g *group, r *model.Request) error) error {
	if requestID <= 0 {
		return model.Invalid("id")
	}
	var groupID int64 // of a request never changes; all else is believed once the group is locked
	err := s.db.View(ctx, func(v *xorm.Session) error {
		found, err := v.SQL("SELECT dstid FROM request WHERE id = ? AND kind = ?", requestID, model.KindRoom).Get(&groupID)
		if err == nil && !found {
			err = model.Fail(model.CodeNotFound)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.committer.doOn(ctx, pairOf(model.KindRoom, userID, groupID), func(tx *Tx) error {
		g, err := openGroup(tx, groupID, userID)
		if err != nil {
			return err
		}
		if g == nil || g.me == nil || rank(g.me.Role) < rank(model.RoleAdmin) {
			return model.Fail(model.CodeNotFound)
		}
		r := new(model.Request)
		if has, err := tx.ID(requestID).Get(r); err != nil {
			return err
		} else if !has || r.Status != model.RequestPending {
			return &model.Error{Code: model.CodeConflict, Key: "handled"}
		}
		judges, err := g.judges()
		if err != nil {
			return err
		}
		if err := verdict(g, r); err != nil {
			return err
		}
		g.tell(model.EventGroupRequest, judges...)
		return nil
	})
}

// Requests gives what waits for a user's verdict, newest first: the pending
// requests for places in groups where the user is owner or admin.
func (s *CommunityService) Requests(ctx context.Context, userID int64) ([]model.RequestRow, error) {
	list := []model.RequestRow{}
	err := s.db.View(ctx, func(v *xorm.Session) error {
		var found []model.Request
		err := v.SQL(`SELECT r.* FROM member m JOIN conversation c ON c.id = m.conversationid
			JOIN request r ON r.kind = c.kind AND r.dstid = c.low
			WHERE m.userid = ? AND m.role IN (?, ?) AND c.kind = ? AND r.status = ?
			ORDER BY r.createat DESC, r.id DESC LIMIT ?`,
			userID, model.RoleOwner, model.RoleAdmin, model.KindRoom, model.RequestPending, maxRequests).Find(&found)
		if err != nil || len(found) == 0 {
			return err
		}
		users, groups := map[int64]model.User{}, map[int64]model.Community{}
		for part := range slices.Chunk(found, chunk) {
			var userIDs, groupIDs []int64
			for _, r := range part {
				userIDs, groupIDs = append(userIDs, r.UserID), append(groupIDs, r.DstID)
			}
			if err := v.In("id", userIDs).Find(&users); err != nil {
				return err
			}
			if err := v.In("id", groupIDs).Find(&groups); err != nil {
				return err
			}
		}
		for _, r := range found {
			user, in := users[r.UserID], groups[r.DstID]
			list = append(list, model.RequestRow{
				ID: r.ID, Kind: r.Kind, User: user.Public(), Group: &in, Memo: r.Memo, Status: r.Status, Inviter: r.InviterID, CreateAt: r.CreateAt,
			})
		}
		return nil
	})
	return list, err
}
