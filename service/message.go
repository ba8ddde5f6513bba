package service

import (
	"context"
	"encoding/json"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/mutant"

	"xorm.io/xorm"
)

// MessageService takes what people say and do in conversations: who may, once
// only, durable before acknowledged.
type MessageService struct {
	db        *db.DB
	committer *Committer
	out       Publisher
	now       Clock
	recall    time.Duration
	indexed   func()         // tells the search index that there is something new
	checks    *db.Statements // of mayPost

	// Receipts decides who learns how far messages have come.
	Receipts Receipts
}

// The checks that every message runs.
const (
	checkFriend = `SELECT (SELECT COUNT(*) FROM contact WHERE userid = ? AND dstid = ?),
		(SELECT COUNT(*) FROM block WHERE userid = ? AND dstid = ?)`
	checkSeat = `SELECT m.muteduntil, CASE WHEN m.role = 'member' AND g.quiet THEN 1 ELSE 0 END
		FROM member m JOIN conversation c ON c.id = m.conversationid JOIN community g ON g.id = c.low
		WHERE c.kind = ? AND c.low = ? AND c.high = 0 AND m.userid = ?`
)

// NewMessageService makes the service; recall is how long a sender may take a
// message back, indexed is called after each commit of something to search.
func NewMessageService(ctx context.Context, d *db.DB, c *Committer, out Publisher, now Clock, recall time.Duration, indexed func()) (*MessageService, error) {
	checks, err := d.PrepareReads(ctx, checkFriend, checkSeat)
	if err != nil {
		return nil, err
	}
	return &MessageService{db: d, committer: c, out: out, now: now, recall: recall, indexed: indexed, checks: checks}, nil
}

// Send takes a message (cmd 10, 11) or a change (13, 15 to 17) from a user. It
// checks what can be checked at once and queues the rest; done is called once,
// with the acknowledgement or with why the frame had no effect, from another
// goroutine or before Send returns, and must not block. The socket it came
// through (from.Origin) gets the acknowledgement by way of the Publisher, in
// order with what else goes to it.
func (s *MessageService) Send(ctx context.Context, from model.Sender, m model.Message, done func(ack model.Message, err error)) {
	op, err := s.prepare(ctx, from, &m)
	if err != nil {
		done(s.resent(ctx, from, m, err))
		return
	}
	var ack model.Message
	err = s.committer.Submit(ctx, func(tx *Tx) error {
		var err error
		ack, err = op(tx, m)
		return err
	}, func(err error) {
		if err == nil {
			s.indexed()
		}
		done(ack, err)
	})
	if err != nil {
		done(model.Message{}, err)
	}
}

// resent answers for a message that its sender may not send any more, but did
// while that was allowed: a resend is the same message for ever. Anything else
// is refused as it was.
func (s *MessageService) resent(ctx context.Context, from model.Sender, m model.Message, refusal error) (model.Message, error) {
	switch model.CodeOf(refusal) {
	case model.CodeNotFriend, model.CodeBlocked, model.CodeNotMember, model.CodeForbidden:
	default:
		return model.Message{}, refusal
	}
	if m.CID == "" {
		return model.Message{}, refusal
	}
	row := new(model.Post)
	err := s.db.View(ctx, func(v *xorm.Session) error {
		found, err := v.Where("userid = ? AND cid = ?", m.UserID, m.CID).Get(row)
		if err == nil && (!found || row.Digest != digest(&m)) {
			err = refusal
		}
		return err
	})
	if err != nil {
		return model.Message{}, err
	}
	stored := messageOf(row, m.Kind)
	ack := ackOf(&stored)
	s.out.Publish(model.Delivery{Origin: from.Origin, Ack: &ack})
	return ack, nil
}

// change is the part of a send that runs in the committer.
type change func(tx *Tx, m model.Message) (ack model.Message, err error)

// prepare stamps and checks m and tells what is to be done with it.
func (s *MessageService) prepare(ctx context.Context, from model.Sender, m *model.Message) (change, error) {
	if !mutant.TrustUserID || m.UserID == 0 {
		m.UserID = from.UserID
	}
	m.ID, m.Seq, m.At, m.Error, m.Msg = 0, seqOf(m), 0, "", ""
	if m.IsPost() {
		m.Kind, m.Ref = m.Cmd, max(m.Ref, 0)
	}
	if err := m.Valid(); err != nil {
		return nil, err
	}
	ext, err := CleanExt(m.Ext)
	if err != nil {
		return nil, err
	}
	m.Ext = ext
	if !m.IsPost() {
		// Of a change, only what it means counts and is stored.
		*m = model.Message{UserID: m.UserID, Cmd: m.Cmd, DstID: m.DstID, Kind: m.Kind, CID: m.CID,
			Content: m.Content, Amount: m.Amount, Ref: m.Ref, Seq: m.Seq}
	}
	switch m.Cmd {
	case model.CmdSingle, model.CmdRoom:
		if err := s.showRecord(ctx, m); err != nil {
			return nil, err
		}
		return s.poster(from), s.mayPost(ctx, m)
	case model.CmdRead:
		return s.reader(from), s.mayRead(ctx, m.UserID, m.Kind, m.DstID)
	case model.CmdRecall:
		m.Content, m.Amount = "", 0
		return s.recaller(from), s.mayRead(ctx, m.UserID, m.Kind, m.DstID)
	case model.CmdEdit:
		if m.Content == "" {
			return nil, model.Invalid("content")
		}
		m.Amount = 0
		return s.editor(from), s.mayPost(ctx, m)
	case model.CmdReact:
		if m.Content == "" || len(m.Content) > maxReaction || (m.Amount != 0 && m.Amount != 1) {
			return nil, model.Invalid("content")
		}
		return s.reactor(from), s.mayPost(ctx, m)
	}
	return nil, model.Invalid("cmd")
}

// seqOf keeps the one seq that a client may send: how far it has read.
func seqOf(m *model.Message) int64 {
	if m.Cmd == model.CmdRead {
		return m.Seq
	}
	return 0
}

// poster stores a message and hands it out.
func (s *MessageService) poster(from model.Sender) change {
	return func(tx *Tx, m model.Message) (model.Message, error) {
		if err := s.mayStillPost(tx, &m); err != nil {
			if before, lookup := tx.sentBefore(&m); lookup == nil && before {
				return tx.repeat(from, m), nil
			}
			return model.Message{}, err
		}
		c, err := tx.Conversation(m.Kind, m.UserID, m.DstID)
		if err == nil && c == nil { // the first message: look before anything is written
			if before, err := tx.sentBefore(&m); err != nil || before {
				return tx.repeat(from, m), err
			}
			c, err = tx.Open(m.Kind, m.UserID, m.DstID)
		}
		if err != nil {
			return model.Message{}, err
		}
		if stored, err := tx.Append(c, &m); err != nil || !stored {
			return tx.repeat(from, m), err
		}
		ack := ackOf(&m)
		if err := tx.mention(c, &m); err != nil {
			return ack, err
		}
		if err := tx.postRecord(c, &m); err != nil {
			return ack, err
		}
		tx.Publish(delivery(from, m, &ack))
		return ack, nil
	}
}

// repeat acknowledges once more what was stored before.
func (tx *Tx) repeat(from model.Sender, m model.Message) model.Message {
	ack := ackOf(&m)
	tx.Publish(model.Delivery{Origin: from.Origin, Ack: &ack})
	return ack
}

// delivery addresses a message to everybody in its conversation.
func delivery(from model.Sender, m model.Message, ack *model.Message) model.Delivery {
	d := model.Delivery{Message: m, Origin: from.Origin, Ack: ack}
	if m.Kind == model.KindRoom {
		d.Group = m.DstID
	} else {
		d.Users = []int64{m.DstID, m.UserID}
	}
	return d
}

// ackOf is the acknowledgement of a stored message, as its sender files it.
func ackOf(m *model.Message) model.Message {
	return model.Message{Cmd: model.CmdAck, CID: m.CID, ID: m.ID, Seq: m.Seq, Kind: m.Kind, DstID: m.DstID, At: m.At}
}

// maxMentions bounds the members one message can call by name.
const maxMentions = 100

// mention marks the seats of the members a group message calls: ext.mentions
// is a list of ids, or "all" from those who may.
func (tx *Tx) mention(c *model.Conversation, m *model.Message) error {
	if m.Kind != model.KindRoom || len(m.Ext) == 0 {
		return nil
	}
	var ext struct {
		Mentions json.RawMessage `json:"mentions"`
	}
	if json.Unmarshal(m.Ext, &ext) != nil || len(ext.Mentions) == 0 {
		return nil
	}
	var ids []int64
	if string(ext.Mentions) == `"all"` {
		_, err := tx.Exec(`UPDATE member SET mentionseq = ? WHERE conversationid = ? AND userid <> ? AND EXISTS
			(SELECT 1 FROM (SELECT role FROM member WHERE conversationid = ? AND userid = ?) AS own WHERE own.role <> ?)`,
			m.Seq, c.ID, m.UserID, c.ID, m.UserID, model.RoleMember)
		return err
	}
	if json.Unmarshal(ext.Mentions, &ids) != nil || len(ids) == 0 || len(ids) > maxMentions {
		return nil
	}
	_, err := tx.Table("member").Where("conversationid = ?", c.ID).In("userid", ids).
		Update(map[string]any{"mentionseq": m.Seq})
	return err
}

// mayPost tells whether m's sender may speak where m goes. What does not exist
// and what is not the sender's answer alike. It is the first look, that lets
// strangers not get as far as the committer; mayStillPost is the one that counts.
func (s *MessageService) mayPost(ctx context.Context, m *model.Message) error {
	return s.maySpeak(m, func(query string, args []any, into ...any) (bool, error) {
		return s.checks.Row(ctx, query, args, into...)
	})
}

// mayStillPost is mayPost within the transaction that stores m: who was removed
// while the message waited does not speak.
func (s *MessageService) mayStillPost(tx *Tx, m *model.Message) error {
	return s.maySpeak(m, tx.prepared.Row)
}

func (s *MessageService) maySpeak(m *model.Message, row func(query string, args []any, into ...any) (bool, error)) error {
	if m.Kind == model.KindRoom {
		var mutedUntil, quiet int64
		found, err := row(checkSeat, []any{model.KindRoom, m.DstID, m.UserID}, &mutedUntil, &quiet)
		switch {
		case err != nil:
			return err
		case !found && !mutant.SkipMembership:
			return model.Fail(model.CodeNotMember)
		case mutedUntil > s.now.millis():
			return &model.Error{Code: model.CodeForbidden, Key: "muted"}
		case quiet > 0:
			return &model.Error{Code: model.CodeForbidden, Key: "quiet"}
		}
		return nil
	}
	var friends, blocked int
	_, err := row(checkFriend, []any{m.UserID, m.DstID, m.DstID, m.UserID}, &friends, &blocked)
	switch {
	case err != nil:
		return err
	case friends == 0 || m.DstID == m.UserID:
		return model.Fail(model.CodeNotFriend)
	case blocked > 0:
		return model.Fail(model.CodeBlocked)
	}
	return nil
}

// mayRead tells whether a user may see a conversation: a member may; so may
// friends who have not spoken yet.
func (s *MessageService) mayRead(ctx context.Context, userID int64, kind int, dstID int64) error {
	return s.db.View(ctx, func(v *xorm.Session) error { return mayRead(v, userID, kind, dstID) })
}

func mayRead(v *xorm.Session, userID int64, kind int, dstID int64) error {
	if kind == model.KindNotice {
		return nil // one's own, always
	}
	seat, err := seatIn(v, kind, userID, dstID)
	if err != nil || seat != nil {
		return err
	}
	if kind == model.KindRoom {
		return model.Fail(model.CodeNotMember)
	}
	friends, err := v.Table("contact").Where("userid = ? AND dstid = ?", userID, dstID).Exist()
	if err == nil && !friends {
		return model.Fail(model.CodeNotFriend)
	}
	return err
}

// seatIn finds a user's place in a conversation; nil if there is none.
func seatIn(v *xorm.Session, kind int, userID, dstID int64) (*model.Member, error) {
	p, seat := pairOf(kind, userID, dstID), new(model.Member)
	found, err := v.SQL(`SELECT m.* FROM member m JOIN conversation c ON c.id = m.conversationid
		WHERE c.kind = ? AND c.low = ? AND c.high = ? AND m.userid = ?`, p.kind, p.low, p.high, userID).Get(seat)
	if err != nil || !found {
		return nil, err
	}
	return seat, nil
}

// Typing tells the others in a conversation that a user is writing. It is never
// stored, and goes to nobody if the user may not speak there.
func (s *MessageService) Typing(ctx context.Context, from model.Sender, m model.Message) error {
	typing := model.Message{Cmd: model.CmdTyping, UserID: from.UserID, Kind: m.Kind, DstID: m.DstID}
	if err := typing.Valid(); err != nil {
		return err
	}
	if err := s.mayPost(ctx, &typing); err != nil {
		return err
	}
	concerned := []int64{from.UserID}
	if typing.Kind == model.KindSingle {
		concerned = append(concerned, typing.DstID)
	}
	var hidden map[int64]bool
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		hidden, err = hiding(v, hideTyping, concerned...)
		return err
	})
	if err != nil || len(hidden) > 0 {
		return err
	}
	d := model.Delivery{Message: typing, Origin: from.Origin, Ephemeral: true}
	if typing.Kind == model.KindRoom {
		d.Group = typing.DstID
	} else {
		d.Users = []int64{typing.DstID}
	}
	s.out.Publish(d)
	return nil
}
