package service

import (
	"context"
	"strings"

	"hongyan/model"
)

// GroupChange is what an owner or admin changes of a group; nil leaves a field
// as it is, and an empty value clears it where that makes sense.
type GroupChange struct {
	Name   *string
	Icon   *string
	Cate   *int
	Memo   *string
	Join   *string
	Notice *string
	Quiet  *bool // only the owner and the admins speak
}

// apply gives the group as it would be.
func (c *GroupChange) apply(row model.Community) model.Community {
	if c.Name != nil {
		row.Name = strings.TrimSpace(*c.Name)
	}
	if c.Quiet != nil {
		row.Quiet = *c.Quiet
	}
	if c.Cate != nil {
		row.Cate = *c.Cate
	}
	for _, f := range []struct{ to, from *string }{
		{&row.Icon, c.Icon}, {&row.Memo, c.Memo}, {&row.Join, c.Join}, {&row.Notice, c.Notice},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return row
}

// Update changes what a group says of itself; the owner's and the admins' to
// do. A new name or notice, and silence for all, have their entry in the timeline.
func (s *CommunityService) Update(ctx context.Context, userID, groupID int64, change GroupChange) (*model.Community, error) {
	var result model.Community
	err := s.change(ctx, userID, groupID, model.RoleAdmin, func(g *group) error {
		next := change.apply(*g.row)
		if err := validGroup(&next); err != nil {
			return err
		}
		if next != *g.row {
			if err := g.update(&next); err != nil {
				return err
			}
		}
		result = next
		result.Role = g.me.Role
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &result, nil
}

func (g *group) update(next *model.Community) error {
	before := *g.row
	if next.Notice != before.Notice {
		next.NoticeAt, next.NoticeBy = g.tx.Now(), g.by
	}
	*g.row = *next
	if _, err := g.tx.ID(next.ID).Cols("name", "icon", "cate", "memo", "join_policy", "notice", "noticeat", "noticeby", "quiet").Update(next); err != nil {
		return err
	}
	var e entry
	if next.Name != before.Name {
		e.Name = &next.Name
	}
	if next.Notice != before.Notice {
		quote := string([]rune(next.Notice)[:min(len([]rune(next.Notice)), quotedNotice)])
		e.Notice = &quote
	}
	if next.Quiet != before.Quiet {
		e.Quiet = &next.Quiet
	}
	if e.Name == nil && e.Notice == nil && e.Quiet == nil {
		g.tx.Publish(model.Delivery{Message: g.event(model.EventGroupChanged), Group: g.row.ID})
		return nil
	}
	return g.record(model.EventGroupChanged, e, model.Delivery{})
}
