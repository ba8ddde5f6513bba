package service

import (
	"context"

	"hongyan/model"
)

// Ranks by role; an outsider has none.
func rank(role string) int {
	switch role {
	case model.RoleOwner:
		return 3
	case model.RoleAdmin:
		return 2
	case model.RoleMember:
		return 1
	}
	return 0
}

// change runs fn on a group as an op, for a member whose role is at least role.
// A group that does not exist and one that the user is not in are answered alike.
func (s *CommunityService) change(ctx context.Context, userID, groupID int64, role string, fn func(g *group) error) error {
	if groupID <= 0 {
		return model.Invalid("dstid")
	}
	return s.committer.doOn(ctx, pairOf(model.KindRoom, userID, groupID), func(tx *Tx) error {
		g, err := openGroup(tx, groupID, userID)
		switch {
		case err != nil:
			return err
		case g == nil || g.me == nil:
			return model.Fail(model.CodeNotMember)
		case rank(g.me.Role) < rank(role):
			return model.Fail(model.CodeForbidden)
		}
		return fn(g)
	})
}

// Join lets a user into an open group, or asks its owner and admins to: also in
// an open group for somebody whom they sent away. It tells which: JoinedGroup or
// RequestedGroup.
func (s *CommunityService) Join(ctx context.Context, userID, groupID int64, memo string) (string, error) {
	switch {
	case groupID <= 0:
		return "", model.Invalid("dstid")
	case !model.ValidMemo(memo, model.MaxGroupMemo):
		return "", model.Invalid("memo")
	}
	var status string
	err := s.committer.doOn(ctx, pairOf(model.KindRoom, userID, groupID), func(tx *Tx) error {
		g, err := openGroup(tx, groupID, userID)
		switch {
		case err != nil:
			return err
		case g == nil:
			return model.Fail(model.CodeNotFound)
		case g.me != nil:
			return model.Fail(model.CodeAlreadyMember)
		}
		if err := g.room(1); err != nil {
			return err
		}
		removed, err := g.removed(userID)
		switch {
		case err != nil:
			return err
		case g.row.Join == model.JoinOpen && !removed:
			status = JoinedGroup
			return g.admit([]int64{userID})
		case g.row.Join == model.JoinInvite:
			return &model.Error{Code: model.CodeForbidden, Key: "invite_only"}
		}
		status = RequestedGroup
		return g.ask([]int64{userID}, 0, memo)
	})
	if err != nil {
		return "", err
	}
	return status, nil
}

// Leave takes a user out of a group. An owner leaves only after a transfer, or
// as the last one, which ends the group.
func (s *CommunityService) Leave(ctx context.Context, userID, groupID int64) error {
	return s.change(ctx, userID, groupID, model.RoleMember, func(g *group) error {
		switch {
		case g.me.Role != model.RoleOwner:
			return g.vacate(g.me, false)
		case g.row.Size > 1:
			return &model.Error{Code: model.CodeConflict, Key: "owner"}
		}
		return g.dismiss()
	})
}

// Invited is what became of an invitation: who is in now, and for whom the
// owner and the admins are asked. Those who were in already are in neither.
type Invited struct {
	Joined    []int64
	Requested []int64
}

// Invite brings friends into a group: at once where the group is open or the
// inviter may let people in, else by a request for each.
func (s *CommunityService) Invite(ctx context.Context, userID, groupID int64, members []int64) (*Invited, error) {
	ids := others(members, userID)
	if len(ids) == 0 {
		return nil, model.Invalid("members")
	}
	var result Invited
	err := s.change(ctx, userID, groupID, model.RoleMember, func(g *group) error {
		result = Invited{}
		if err := wantFriends(g.tx.Session, userID, ids); err != nil {
			return err
		}
		outside, err := g.outsiders(ids)
		if err != nil || len(outside) == 0 {
			return err
		}
		if err := g.room(len(outside)); err != nil {
			return err
		}
		result.Joined, result.Requested, err = g.partInvited(outside)
		if err != nil {
			return err
		}
		if len(result.Joined) > 0 {
			if err := g.admit(result.Joined); err != nil {
				return err
			}
		}
		if len(result.Requested) == 0 {
			return nil
		}
		return g.ask(result.Requested, userID, "")
	})
	if err != nil {
		return nil, err
	}
	return &result, nil
}

// partInvited parts those whom g.me invites into who comes in at once and for whom
// the owner and the admins are asked.
func (g *group) partInvited(ids []int64) (in, asked []int64, err error) {
	switch {
	case rank(g.me.Role) >= rank(model.RoleAdmin):
		return ids, nil, nil
	case g.row.Join != model.JoinOpen:
		return nil, ids, nil
	}
	for _, id := range ids {
		removed, err := g.removed(id)
		switch {
		case err != nil:
			return nil, nil, err
		case removed:
			asked = append(asked, id)
		default:
			in = append(in, id)
		}
	}
	return in, asked, nil
}
