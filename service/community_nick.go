package service

import (
	"context"
	"strings"

	"hongyan/model"

	"xorm.io/xorm"
)

// SetNick sets what a user is called in a group; empty for the own nickname.
// The group hears of it, the timeline does not tell it.
func (s *CommunityService) SetNick(ctx context.Context, userID, groupID int64, nick string) error {
	nick = strings.TrimSpace(nick)
	if nick != "" && !model.ValidName(nick, model.MaxNickname) {
		return model.Invalid("nick")
	}
	return s.change(ctx, userID, groupID, model.RoleMember, func(g *group) error {
		switch {
		case g.me.Nick == nick:
			return nil
		case nick != "" && g.me.MutedUntil > g.tx.Now(): // all would hear of it
			return &model.Error{Code: model.CodeForbidden, Key: "muted"}
		}
		g.me.Nick = nick
		if err := g.save(g.me, "nick"); err != nil {
			return err
		}
		ext, err := encode(map[string]string{"nick": nick})
		if err != nil {
			return err
		}
		m := g.event(model.EventNickChanged)
		m.Ext = ext
		g.tx.Publish(model.Delivery{Message: m, Group: g.row.ID})
		return nil
	})
}

// Nicks gives the members of a group who have a name of their own there.
func (s *CommunityService) Nicks(ctx context.Context, userID, groupID int64) ([]model.MemberName, error) {
	if groupID <= 0 {
		return nil, model.Invalid("dstid")
	}
	var list []model.MemberName
	err := s.db.View(ctx, func(v *xorm.Session) error {
		seat, err := seatIn(v, model.KindRoom, userID, groupID)
		if err != nil {
			return err
		}
		if seat == nil {
			return model.Fail(model.CodeNotMember)
		}
		return v.SQL("SELECT userid AS id, nick FROM member WHERE conversationid = ? AND nick <> '' ORDER BY userid", seat.ConversationID).Find(&list)
	})
	return list, err
}
