package service

import (
	"context"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/emoji"
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
	j := &job{keepsRights: true, impatient: true, size: sizeOf(&m)}
	var ack *model.Message
	if m.IsPost() {
		j.post = &post{from: from, sent: m, digest: digest(&m)}
		ack = &j.post.ack
	} else {
		ack = new(model.Message)
		j.on = pairOf(m.Kind, m.UserID, m.DstID)
		j.run = func(tx *Tx) (err error) {
			*ack, err = op(tx, m)
			return err
		}
	}
	j.done = func(err error) {
		if err != nil {
			done(model.Message{}, err)
			return
		}
		s.indexed()
		done(*ack, nil)
	}
	if err := s.committer.submit(ctx, j); err != nil {
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
		if err == nil && (!found || !sameSent(row, &m)) {
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

// change is the part of a change that runs in the committer.
type change func(tx *Tx, m model.Message) (ack model.Message, err error)

// prepare stamps and checks m and tells what is to be done with it: nothing but
// storing it, if it is a message.
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
		return nil, s.showRecord(ctx, m) // who may speak is looked at in the commit
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
		if m.Content == "" || len(m.Content) > maxReaction || m.Amount == 1 && !emoji.Is(m.Content) || (m.Amount != 0 && m.Amount != 1) {
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
