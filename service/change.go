package service

import (
	"fmt"
	"maps"
	"slices"

	"hongyan/model"
)

// Bounds of what changes a message: bytes of an emoji (families are long),
// different ones under a message, edits of it, and the bytes of ext beyond
// which nobody else can react: every page of history carries them.
const (
	maxReaction  = 64
	maxReactions = 20
	maxEdits     = 50
	maxStoredExt = 16 << 10
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
			may, err := s.Receipts.mayTell(tx.Session, m.UserID, m.DstID)
			if err != nil {
				return ack, err
			}
			if may {
				d.Users = append(d.Users, m.DstID)
			}
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
		// What was passed over, not what is left: each row is counted once in
		// a member's life, however often the cursor moves.
		if _, err := tx.SQL(`SELECT COUNT(*) FROM message WHERE conversationid = ? AND seq > ? AND seq <= ? AND userid = ? AND cmd IN (?, ?)`,
			c.ID, seat.ReadSeq, seq, seat.UserID, model.CmdSingle, model.CmdRoom).Get(&own); err != nil {
			return err
		}
		own = seat.Own - own
	}
	_, err := tx.Exec("UPDATE member SET readseq = ?, readposts = ?, own = ?, marked = ? WHERE id = ?", seq, posts, own, false, seat.ID)
	return err
}

// alteration is what a change does to a message. check looks and writes
// nothing; apply runs once the change has its seq and alters the row, which is
// then stored.
type alteration struct {
	check func(tx *Tx, seat *model.Member, target *model.Post, m *model.Message) error
	apply func(tx *Tx, target *model.Post, m *model.Message) error
}

// alter is the common way of recall, edit and react: one row of the timeline
// changes, and the change takes a place of its own.
func (s *MessageService) alter(from model.Sender, a alteration) change {
	return func(tx *Tx, m model.Message) (model.Message, error) {
		c, seat, err := tx.seat(m.Kind, m.UserID, m.DstID)
		if err != nil {
			// Who has left since may have been a member when it was stored.
			if before, lookup := tx.sentBefore(&m); lookup == nil && before {
				return tx.repeat(from, m), nil
			}
			return model.Message{}, err
		}
		if c == nil {
			return model.Message{}, model.Fail(model.CodeNotFound)
		}
		if before, err := tx.sentBefore(&m); err != nil || before {
			return tx.repeat(from, m), err
		}
		target := new(model.Post)
		found, err := tx.SQL("SELECT * FROM message WHERE conversationid = ? AND seq = ?", c.ID, m.Ref).Get(target)
		if err != nil {
			return model.Message{}, err
		}
		if err := intact(*target); err != nil { // which an alteration would seal
			return model.Message{}, err
		}
		if !found || (target.Cmd != model.CmdSingle && target.Cmd != model.CmdRoom) {
			return model.Message{}, model.Fail(model.CodeNotFound)
		}
		if err := a.check(tx, seat, target, &m); err != nil {
			return model.Message{}, err
		}
		if stored, err := tx.Append(c, &m); err != nil || !stored {
			return tx.repeat(from, m), err
		}
		if err := a.apply(tx, target, &m); err != nil {
			return model.Message{}, err
		}
		target.Sum = sum(target)
		if _, err := tx.ID(target.ID).Cols("content", "pic", "url", "memo", "amount", "ext", "sum").Update(target); err != nil {
			return model.Message{}, err
		}
		ack := ackOf(&m)
		tx.Publish(delivery(from, m, ackIfAsked(ack)))
		return ack, nil
	}
}

// recaller takes a message back: its sender for a while, a group's owner or
// admin at any time. What it said is gone from the store, in its edits too.
func (s *MessageService) recaller(from model.Sender) change {
	return s.alter(from, alteration{
		check: func(tx *Tx, seat *model.Member, target *model.Post, m *model.Message) error {
			switch {
			case readExt(target).Recalled:
				return model.Fail(model.CodeConflict)
			case readExt(target).Packet != 0: // what is in it is on its way
				return &model.Error{Code: model.CodeConflict, Key: "packet"}
			case seat.Role != model.RoleMember: // owner or admin
			case target.UserID != m.UserID:
				return model.Fail(model.CodeForbidden)
			case tx.Now()-target.At > s.recall.Milliseconds():
				return &model.Error{Code: model.CodeConflict, Key: "late"}
			}
			return nil
		},
		apply: func(tx *Tx, target *model.Post, m *model.Message) error {
			if edits := readExt(target).Edits; len(edits) > 0 {
				if _, err := tx.Table("message").Where("conversationid = ?", target.ConversationID).In("seq", edits).
					Update(map[string]any{"content": ""}); err != nil {
					return err
				}
				for _, seq := range edits {
					if err := tx.reseal(target.ConversationID, seq); err != nil {
						return err
					}
				}
			}
			if err := tx.unpostRecord(target); err != nil {
				return err
			}
			target.Content, target.Pic, target.URL, target.Memo, target.Amount = "", "", "", "", 0
			target.Ext = fmt.Sprintf(`{"recalled":true,"by":%d}`, m.UserID)
			return nil
		},
	})
}

// editor replaces the text of one's own message.
func (s *MessageService) editor(from model.Sender) change {
	return s.alter(from, alteration{
		check: func(tx *Tx, _ *model.Member, target *model.Post, m *model.Message) error {
			ext := readExt(target)
			switch {
			case target.UserID != m.UserID:
				return model.Fail(model.CodeForbidden)
			case ext.Recalled || target.Media != model.MediaText || len(ext.Edits) >= maxEdits:
				return model.Fail(model.CodeConflict)
			}
			return s.mayStillPost(tx, m)
		},
		apply: func(_ *Tx, target *model.Post, m *model.Message) error {
			target.Content = m.Content
			edits := append(readExt(target).Edits, m.Seq)
			return writeExt(target, map[string]any{"edited": m.At, "edits": edits})
		},
	})
}

// reactor adds or takes off a person's emoji under a message.
func (s *MessageService) reactor(from model.Sender) change {
	return s.alter(from, alteration{
		check: func(tx *Tx, _ *model.Member, target *model.Post, m *model.Message) error {
			ext := readExt(target)
			if ext.Recalled {
				return model.Fail(model.CodeConflict)
			}
			reactions := react(ext.Reactions, m)
			if len(reactions) > maxReactions || m.Amount == 1 && len(target.Ext) > maxStoredExt {
				return model.TooLarge("reactions")
			}
			return s.mayStillPost(tx, m)
		},
		apply: func(_ *Tx, target *model.Post, m *model.Message) error {
			return writeExt(target, map[string]any{"reactions": react(readExt(target).Reactions, m)})
		},
	})
}

// react gives the reactions of a message with m's added or taken off.
func react(reactions map[string][]int64, m *model.Message) map[string][]int64 {
	next := maps.Clone(reactions)
	if next == nil {
		next = map[string][]int64{}
	}
	people := slices.DeleteFunc(slices.Clone(next[m.Content]), func(id int64) bool { return id == m.UserID })
	if m.Amount == 1 {
		people = append(people, m.UserID)
	}
	if len(people) == 0 {
		delete(next, m.Content)
	} else {
		next[m.Content] = people
	}
	return next
}
