package service

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"hongyan/model"
)

// Bounds of reactions: bytes of one emoji (families are long), different ones
// on a message, and people counted under each.
const (
	maxReaction  = 64
	maxReactions = 20
	maxReactors  = 500
)

// reader moves a user's read cursor. It never goes back.
func (s *MessageService) reader(from model.Sender) change {
	return func(tx *Tx, m model.Message) (model.Message, error) {
		c, seat, err := tx.seat(m.Kind, m.UserID, m.DstID)
		if err != nil {
			return model.Message{}, err
		}
		if c == nil || m.Seq > c.Seq {
			return model.Message{}, model.Invalid("seq")
		}
		ack := model.Message{Cmd: model.CmdAck, CID: m.CID, Seq: m.Seq, Kind: m.Kind, DstID: m.DstID, At: tx.Now()}
		if m.Seq <= seat.ReadSeq {
			tx.Publish(model.Delivery{Origin: from.Origin, Ack: ackIfAsked(ack)})
			return ack, nil
		}
		if err := tx.read(c, seat, m.Seq); err != nil {
			return ack, err
		}
		d := model.Delivery{Origin: from.Origin, Ack: ackIfAsked(ack), Users: []int64{m.UserID}, Message: model.Message{
			Cmd: model.CmdRead, UserID: m.UserID, Kind: m.Kind, DstID: m.DstID, Seq: m.Seq, At: ack.At}}
		if m.Kind == model.KindSingle {
			d.Users = append(d.Users, m.DstID)
		}
		tx.Publish(d)
		return ack, nil
	}
}

// ackIfAsked is the ack of a change that carried a cid; others get none.
func ackIfAsked(ack model.Message) *model.Message {
	if ack.CID == "" {
		return nil
	}
	return &ack
}

// seat loads a conversation and a user's place in it; a stranger to it gets the
// error of one who may not look.
func (tx *Tx) seat(kind int, userID, dstID int64) (*model.Conversation, *model.Member, error) {
	if err := tx.Flush(); err != nil {
		return nil, nil, err
	}
	c, err := tx.Conversation(kind, userID, dstID)
	if err != nil || c == nil {
		return nil, nil, err
	}
	seat := new(model.Member)
	found, err := tx.SQL("SELECT * FROM member WHERE conversationid = ? AND userid = ?", c.ID, userID).Get(seat)
	if err == nil && !found {
		err = model.Fail(model.CodeNotMember)
	}
	return c, seat, err
}

// read sets a seat's cursor to seq and counts what is left after it.
func (tx *Tx) read(c *model.Conversation, seat *model.Member, seq int64) error {
	posts, own := c.Posts, int64(0)
	if seq < c.Seq {
		if _, err := tx.SQL("SELECT posts FROM message WHERE conversationid = ? AND seq = ?", c.ID, seq).Get(&posts); err != nil {
			return err
		}
		if _, err := tx.SQL(`SELECT COUNT(*) FROM message WHERE conversationid = ? AND seq > ? AND userid = ? AND cmd IN (?, ?)`,
			c.ID, seq, seat.UserID, model.CmdSingle, model.CmdRoom).Get(&own); err != nil {
			return err
		}
	}
	_, err := tx.Exec("UPDATE member SET readseq = ?, readposts = ?, own = ? WHERE id = ?", seq, posts, own, seat.ID)
	return err
}

// alter is the common way of recall, edit and react: one row of the timeline
// changes, and the change takes a place of its own.
func (s *MessageService) alter(from model.Sender, apply func(tx *Tx, seat *model.Member, target *model.Post, m *model.Message) error) change {
	return func(tx *Tx, m model.Message) (model.Message, error) {
		c, seat, err := tx.seat(m.Kind, m.UserID, m.DstID)
		if err != nil {
			return model.Message{}, err
		}
		if c == nil {
			return model.Message{}, model.Fail(model.CodeNotFound)
		}
		if before, err := tx.sentBefore(c, &m); err != nil || before {
			return tx.repeat(from, m), err
		}
		target := new(model.Post)
		found, err := tx.SQL("SELECT * FROM message WHERE conversationid = ? AND seq = ?", c.ID, m.Ref).Get(target)
		if err != nil {
			return model.Message{}, err
		}
		if !found || (target.Cmd != model.CmdSingle && target.Cmd != model.CmdRoom) {
			return model.Message{}, model.Fail(model.CodeNotFound)
		}
		if err := apply(tx, seat, target, &m); err != nil {
			return model.Message{}, err
		}
		if stored, err := tx.Append(c, &m); err != nil || !stored {
			return tx.repeat(from, m), err
		}
		if _, err := tx.ID(target.ID).Cols("content", "pic", "url", "memo", "amount", "ext").Update(target); err != nil {
			return model.Message{}, err
		}
		ack := ackOf(&m)
		tx.Publish(delivery(from, m, ackIfAsked(ack)))
		return ack, nil
	}
}

// sentBefore tells whether the sender stored m before, and if so sets m to it.
func (tx *Tx) sentBefore(c *model.Conversation, m *model.Message) (bool, error) {
	if m.CID == "" {
		return false, nil
	}
	row, err := tx.byCID(m.UserID, m.CID)
	if err != nil || row == nil {
		return false, err
	}
	if row.Digest != digest(m) {
		return false, model.Fail(model.CodeCIDReused)
	}
	*m = messageOf(row, c.Kind)
	return true, nil
}

// recaller takes a message back: its sender for a while, a group's owner or
// admin at any time. What it said is gone from the store.
func (s *MessageService) recaller(from model.Sender) change {
	return s.alter(from, func(tx *Tx, seat *model.Member, target *model.Post, m *model.Message) error {
		ext := extOf(target)
		switch {
		case ext["recalled"] != nil:
			return model.Fail(model.CodeConflict)
		case seat.Role != model.RoleMember: // owner or admin
		case target.UserID != m.UserID:
			return model.Fail(model.CodeForbidden)
		case tx.Now()-target.At > s.recall.Milliseconds():
			return &model.Error{Code: model.CodeConflict, Key: "late"}
		}
		if ext["edited"] != nil { // what it said in between goes too
			if _, err := tx.Exec("UPDATE message SET content = '' WHERE conversationid = ? AND seq > ? AND cmd = ? AND ref = ?",
				target.ConversationID, target.Seq, model.CmdEdit, target.Seq); err != nil {
				return err
			}
		}
		target.Content, target.Pic, target.URL, target.Memo, target.Amount = "", "", "", "", 0
		target.Ext = fmt.Sprintf(`{"recalled":true,"by":%d}`, m.UserID)
		return nil
	})
}

// editor replaces the text of one's own message.
func (s *MessageService) editor(from model.Sender) change {
	return s.alter(from, func(tx *Tx, _ *model.Member, target *model.Post, m *model.Message) error {
		ext := extOf(target)
		switch {
		case target.UserID != m.UserID:
			return model.Fail(model.CodeForbidden)
		case ext["recalled"] != nil || target.Media != model.MediaText:
			return model.Fail(model.CodeConflict)
		}
		target.Content = m.Content
		return putExt(target, ext, "edited", tx.Now())
	})
}

// reactor adds or takes off a person's emoji under a message.
func (s *MessageService) reactor(from model.Sender) change {
	return s.alter(from, func(_ *Tx, _ *model.Member, target *model.Post, m *model.Message) error {
		ext := extOf(target)
		if ext["recalled"] != nil {
			return model.Fail(model.CodeConflict)
		}
		reactions := map[string][]int64{}
		if raw := ext["reactions"]; raw != nil {
			if err := json.Unmarshal(raw, &reactions); err != nil {
				return err
			}
		}
		people := slices.DeleteFunc(reactions[m.Content], func(id int64) bool { return id == m.UserID })
		if m.Amount == 1 {
			people = append(people, m.UserID)
		}
		if len(people) == 0 {
			delete(reactions, m.Content)
		} else {
			reactions[m.Content] = people
		}
		if len(reactions) > maxReactions || len(people) > maxReactors {
			return model.TooLarge("reactions")
		}
		return putExt(target, ext, "reactions", reactions)
	})
}

func extOf(row *model.Post) map[string]json.RawMessage {
	ext := map[string]json.RawMessage{}
	if row.Ext != "" {
		_ = json.Unmarshal([]byte(row.Ext), &ext) // what is no object has no keys
	}
	return ext
}

func putExt(row *model.Post, ext map[string]json.RawMessage, key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	ext[key] = raw
	all, err := json.Marshal(ext)
	row.Ext = string(all)
	return err
}

// Delivered notes that a device of the user has everything up to m.Seq.
func (s *MessageService) Delivered(ctx context.Context, from model.Sender, m model.Message, done func(error)) {
	err := s.mayRead(ctx, from.UserID, m.Kind, m.DstID)
	if m.Seq < 0 || m.DstID < 0 || m.Kind != model.KindSingle && m.Kind != model.KindRoom && m.Kind != model.KindNotice {
		err = model.Invalid("kind")
	}
	if err == nil {
		err = s.committer.Submit(ctx, func(tx *Tx) error {
			c, seat, err := tx.seat(m.Kind, from.UserID, m.DstID)
			switch {
			case err != nil:
				return err
			case c == nil || m.Seq > c.Seq:
				return model.Invalid("seq")
			case m.Seq <= seat.Delivered:
				return nil
			}
			_, err = tx.Exec("UPDATE member SET delivered = ? WHERE id = ?", m.Seq, seat.ID)
			return err
		}, done)
	}
	if err != nil {
		done(err)
	}
}
