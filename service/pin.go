package service

import (
	"context"

	"hongyan/model"

	"xorm.io/xorm"
)

// Pin marks a message of a conversation for all in it, or takes the mark off:
// either of two people, in a group the owner and the admins. The change has a
// place in the timeline; what is so already stays so without one.
func (s *MessageService) Pin(ctx context.Context, userID int64, kind int, dstID, seq int64, pinned bool) error {
	switch {
	case kind != model.KindSingle && kind != model.KindRoom:
		return model.Invalid("kind")
	case dstID <= 0 || dstID > model.MaxID:
		return model.Invalid("dstid")
	case seq <= 0 || seq > model.MaxID:
		return model.Invalid("seq")
	}
	m := model.Message{Cmd: model.CmdEvent, Content: model.EventPinned, UserID: userID, Kind: kind, DstID: dstID, Ref: seq}
	if pinned {
		m.Amount = 1
	}
	return s.committer.doOn(ctx, pairOf(kind, userID, dstID), func(tx *Tx) error { return s.pin(tx, m) })
}

func (s *MessageService) pin(tx *Tx, m model.Message) error {
	if m.Kind == model.KindSingle { // who may not write here does not change it either
		if err := s.mayStillPost(tx, &m); err != nil {
			return err
		}
	}
	c, seat, err := tx.seat(m.Kind, m.UserID, m.DstID)
	switch {
	case err != nil:
		return err
	case c == nil && m.Kind == model.KindRoom:
		return model.Fail(model.CodeNotMember)
	case c == nil: // nothing was said yet
		return model.Fail(model.CodeNotFound)
	case m.Kind == model.KindRoom && rank(seat.Role) < rank(model.RoleAdmin):
		return model.Fail(model.CodeForbidden)
	}
	has, err := tx.Where("conversationid = ? AND seq = ?", c.ID, m.Ref).Exist(new(model.Pin))
	if err != nil || has == (m.Amount == 1) {
		return err
	}
	if m.Amount == 0 {
		if _, err := tx.Exec("DELETE FROM pin WHERE conversationid = ? AND seq = ?", c.ID, m.Ref); err != nil {
			return err
		}
		return tx.tellPin(c, m)
	}
	rows, err := pinned(tx.Session, c.ID, m.Kind)
	if err != nil {
		return err
	}
	target := new(model.Post)
	found, err := tx.SQL("SELECT * FROM message WHERE conversationid = ? AND seq = ?", c.ID, m.Ref).Get(target)
	switch {
	case err != nil:
		return err
	case !found || target.Cmd != model.CmdSingle && target.Cmd != model.CmdRoom || takenBack(target.Ext):
		return model.Fail(model.CodeNotFound)
	case len(rows) >= model.MaxPins:
		return &model.Error{Code: model.CodeConflict, Key: "pins"}
	}
	if _, err := tx.Insert(&model.Pin{ConversationID: c.ID, Seq: m.Ref, UserID: m.UserID, CreateAt: tx.Now()}); err != nil {
		return err
	}
	return tx.tellPin(c, m)
}

// tellPin gives the change its place and sends it to everybody in c.
func (tx *Tx) tellPin(c *model.Conversation, m model.Message) error {
	if _, err := tx.Append(c, &m); err != nil {
		return err
	}
	tx.Publish(delivery(model.Sender{UserID: m.UserID}, m, nil))
	return nil
}

// takenBack tells from a message's ext whether it was recalled.
func takenBack(ext string) bool {
	recalled := false
	extKey(ext, "recalled", &recalled)
	return recalled
}

// pinned gives the pinned messages of a conversation as they are now, the last
// pinned first; what was taken back since is not among them.
func pinned(v *xorm.Session, conversationID int64, kind int) ([]model.PinnedRow, error) {
	var pins []model.Pin
	if err := v.Where("conversationid = ?", conversationID).Desc("id").Find(&pins); err != nil || len(pins) == 0 {
		return nil, err
	}
	seqs := make([]int64, len(pins))
	for i, p := range pins {
		seqs[i] = p.Seq
	}
	var posts []model.Post
	if err := v.Where("conversationid = ?", conversationID).In("seq", seqs).Find(&posts); err != nil {
		return nil, err
	}
	if err := intact(posts...); err != nil {
		return nil, err
	}
	if err := unquote(v, pointers(posts)...); err != nil {
		return nil, err
	}
	at := map[int64]*model.Post{}
	for i := range posts {
		at[posts[i].Seq] = &posts[i]
	}
	var rows []model.PinnedRow
	for _, p := range pins {
		if post := at[p.Seq]; post != nil && !takenBack(post.Ext) {
			rows = append(rows, model.PinnedRow{Message: messageOf(post, kind), PinnedBy: p.UserID, PinnedAt: p.CreateAt})
		}
	}
	return rows, nil
}

// Pins gives the pinned messages of a conversation to one of those in it.
func (s *MessageService) Pins(ctx context.Context, userID int64, kind int, dstID int64) ([]model.PinnedRow, error) {
	switch {
	case kind != model.KindSingle && kind != model.KindRoom:
		return nil, model.Invalid("kind")
	case dstID <= 0 || dstID > model.MaxID:
		return nil, model.Invalid("dstid")
	}
	var rows []model.PinnedRow
	err := s.db.View(ctx, func(v *xorm.Session) error {
		seat, err := seatIn(v, kind, userID, dstID)
		if err == nil && seat == nil {
			err = mayRead(v, userID, kind, dstID) // friends who have not spoken yet
		}
		if err != nil || seat == nil {
			return err
		}
		rows, err = pinned(v, seat.ConversationID, kind)
		return err
	})
	return rows, err
}
