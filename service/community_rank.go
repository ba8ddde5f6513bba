package service

import (
	"context"
	"slices"
	"time"

	"hongyan/model"
)

// maxMute bounds a mute: as long as this is for ever.
const maxMute = 100 * 366 * 24 * time.Hour

// act runs fn on a member's seat for somebody whose role is at least role and
// above the member's. Nobody stands above himself.
func (s *CommunityService) act(ctx context.Context, userID, groupID, memberID int64, role string, fn func(g *group, seat *model.Member) error) error {
	if memberID <= 0 {
		return model.Invalid("memberid")
	}
	return s.change(ctx, userID, groupID, role, func(g *group) error {
		seat, err := g.seat(memberID)
		switch {
		case err != nil:
			return err
		case seat == nil:
			return &model.Error{Code: model.CodeNotMember, Key: "target"}
		case rank(seat.Role) >= rank(g.me.Role):
			return model.Fail(model.CodeForbidden)
		}
		return fn(g, seat)
	})
}

// Kick takes a member of lower rank out of a group.
func (s *CommunityService) Kick(ctx context.Context, userID, groupID, memberID int64) error {
	return s.act(ctx, userID, groupID, memberID, model.RoleAdmin, func(g *group, seat *model.Member) error {
		return g.vacate(seat, true)
	})
}

// Mute keeps a member of lower rank from speaking for a time; zero seconds end that.
func (s *CommunityService) Mute(ctx context.Context, userID, groupID, memberID, seconds int64) error {
	if seconds < 0 || seconds > int64(maxMute/time.Second) {
		return model.Invalid("seconds")
	}
	return s.act(ctx, userID, groupID, memberID, model.RoleAdmin, func(g *group, seat *model.Member) error {
		seat.MutedUntil = 0
		if seconds > 0 {
			seat.MutedUntil = g.tx.Now() + seconds*1000
		}
		if err := g.save(seat, "muteduntil"); err != nil {
			return err
		}
		g.tell(model.EventGroupChanged, g.by, seat.UserID)
		return nil
	})
}

// SetRole makes a member an admin, or an admin a member; the owner's to do.
func (s *CommunityService) SetRole(ctx context.Context, userID, groupID, memberID int64, role string) error {
	if role != model.RoleAdmin && role != model.RoleMember {
		return model.Invalid("role")
	}
	return s.act(ctx, userID, groupID, memberID, model.RoleOwner, func(g *group, seat *model.Member) error {
		if seat.Role == role {
			return nil
		}
		seat.Role = role
		if err := g.save(seat, "role"); err != nil {
			return err
		}
		return g.promoted(seat)
	})
}

// Transfer makes a member the owner; the owner becomes an admin.
func (s *CommunityService) Transfer(ctx context.Context, userID, groupID, memberID int64) error {
	return s.act(ctx, userID, groupID, memberID, model.RoleOwner, func(g *group, seat *model.Member) error {
		if err := mayOwn(g.tx, memberID); err != nil {
			return err
		}
		// Nobody could end the mute of an owner.
		seat.Role, seat.MutedUntil, g.me.Role = model.RoleOwner, 0, model.RoleAdmin
		if err := g.save(seat, "role", "muteduntil"); err != nil {
			return err
		}
		if err := g.save(g.me, "role"); err != nil {
			return err
		}
		if _, err := g.tx.Exec("UPDATE community SET ownerid = ? WHERE id = ?", memberID, g.row.ID); err != nil {
			return err
		}
		return g.promoted(seat)
	})
}

// promoted tells of a member's new role.
func (g *group) promoted(seat *model.Member) error {
	err := g.record(model.EventGroupChanged, entry{Members: []int64{seat.UserID}, Role: seat.Role}, model.Delivery{})
	g.tell(model.EventGroupChanged, seat.UserID)
	return err
}

func (g *group) save(seat *model.Member, columns ...string) error {
	_, err := g.tx.ID(seat.ID).Cols(columns...).Update(seat)
	return err
}

// Dismiss ends a group for all; the owner's to do.
func (s *CommunityService) Dismiss(ctx context.Context, userID, groupID int64) error {
	return s.change(ctx, userID, groupID, model.RoleOwner, func(g *group) error { return g.dismiss() })
}

// dismiss removes the group, its seats and what waits for it. The messages stay
// where nobody can reach them: their ids and cids are given for ever.
func (g *group) dismiss() error {
	var all []int64
	if err := g.tx.Table("member").Where("conversationid = ?", g.line.ID).Cols("userid").Find(&all); err != nil {
		return err
	}
	for _, statement := range []struct {
		text string
		args []any
	}{
		{"DELETE FROM member WHERE conversationid = ?", []any{g.line.ID}},
		{"DELETE FROM request WHERE kind = ? AND dstid = ?", []any{model.KindRoom, g.row.ID}},
		{"DELETE FROM invite WHERE groupid = ?", []any{g.row.ID}},
		{"DELETE FROM pin WHERE conversationid = ?", []any{g.line.ID}},
		{"DELETE FROM former WHERE conversationid = ?", []any{g.line.ID}},
		{"DELETE FROM community WHERE id = ?", []any{g.row.ID}},
	} {
		if _, err := g.tx.Exec(append([]any{statement.text}, statement.args...)...); err != nil {
			return err
		}
	}
	slices.Sort(all)
	g.tx.Publish(model.Delivery{Message: g.event(model.EventGroupDismissed), Users: all, Group: g.row.ID, Unsubscribe: all})
	return nil
}
