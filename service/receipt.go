package service

import (
	"context"
	"maps"
	"slices"

	"hongyan/model"

	"xorm.io/xorm"
)

// maxReceipts is how many messages one question for counts may name.
const maxReceipts = 50

// Receipts decides whether people learn how far what they said has come. The
// zero value tells all. It is set before the services are used.
type Receipts struct {
	Off bool // the operator's switch
}

// hidden gives those of users who tell nobody how far they have come, and are
// not told of others.
func (r Receipts) hidden(v *xorm.Session, users ...int64) (map[int64]bool, error) {
	if !r.Off {
		return hiding(v, hideRead, users...)
	}
	list := map[int64]bool{}
	for _, id := range users {
		list[id] = true
	}
	return list, nil
}

// mayTell tells whether the other of two people hears at once how far userID has
// come: whom one blocked is not told that one is there just now.
func (r Receipts) mayTell(v *xorm.Session, userID, otherID int64) (bool, error) {
	hidden, err := r.hidden(v, userID, otherID)
	if err != nil || len(hidden) > 0 {
		return false, err
	}
	blocked, err := isBlocked(v, userID, otherID)
	return !blocked, err
}

// reading is how far a member of a conversation has come.
type reading struct {
	UserID    int64 `xorm:"'userid'"`
	ReadSeq   int64 `xorm:"'readseq'"`
	Delivered int64
	CreateAt  int64 `xorm:"'createat'"`
}

func (r reading) state(seq int64) string {
	switch {
	case r.ReadSeq >= seq:
		return model.ReceiptRead
	case r.Delivered >= seq:
		return model.ReceiptDelivered
	}
	return model.ReceiptStored
}

// Readers gives who has a message and who has read it, to who said it and to
// nobody else: those who read it first, then those who have it.
func (s *MessageService) Readers(ctx context.Context, userID int64, kind int, dstID, seq int64) ([]model.Reader, error) {
	var list []model.Reader
	err := s.db.View(ctx, func(v *xorm.Session) error {
		said, others, err := s.readings(v, userID, kind, dstID, []int64{seq})
		if err != nil {
			return err
		}
		if len(said) == 0 {
			return model.Fail(model.CodeNotFound)
		}
		there := slices.DeleteFunc(others, func(r reading) bool { return r.CreateAt > said[0].At })
		list, err = describeReaders(v, there, seq)
		return err
	})
	return list, err
}

func describeReaders(v *xorm.Session, there []reading, seq int64) ([]model.Reader, error) {
	users := map[int64]model.User{}
	for part := range slices.Chunk(there, chunk) {
		ids := make([]int64, len(part))
		for i := range part {
			ids[i] = part[i].UserID
		}
		if err := v.In("id", ids).Find(&users); err != nil {
			return nil, err
		}
	}
	list := make([]model.Reader, 0, len(there))
	for _, r := range there {
		if user, ok := users[r.UserID]; ok {
			list = append(list, model.Reader{PublicUser: user.Public(), State: r.state(seq)})
		}
	}
	order := []string{model.ReceiptRead, model.ReceiptDelivered, model.ReceiptStored}
	slices.SortStableFunc(list, func(a, b model.Reader) int {
		return slices.Index(order, a.State) - slices.Index(order, b.State)
	})
	return list, nil
}

// ReceiptsOf counts the readers of some of one's own messages. What is not one's
// own is left out. It reads the seats of the conversation once.
func (s *MessageService) ReceiptsOf(ctx context.Context, userID int64, kind int, dstID int64, seqs []int64) ([]model.Receipt, error) {
	if len(seqs) == 0 || len(seqs) > maxReceipts {
		return nil, model.Invalid("seqs")
	}
	list := []model.Receipt{}
	err := s.db.View(ctx, func(v *xorm.Session) error {
		said, others, err := s.readings(v, userID, kind, dstID, seqs)
		for _, row := range said {
			count := model.Receipt{Seq: row.Seq}
			for _, r := range others {
				if r.CreateAt > row.At {
					continue
				}
				count.Of++
				if r.ReadSeq >= row.Seq {
					count.Read++
				}
				if max(r.ReadSeq, r.Delivered) >= row.Seq {
					count.Delivered++
				}
			}
			list = append(list, count)
		}
		return err
	})
	return list, err
}

// readings gives the seq and the time of those of a user's own messages, and how
// far the others in the conversation have come. Who hides it, or blocked the user,
// has come nowhere.
func (s *MessageService) readings(v *xorm.Session, userID int64, kind int, dstID int64, seqs []int64) (said []model.Post, others []reading, err error) {
	if kind != model.KindSingle && kind != model.KindRoom {
		return nil, nil, model.Invalid("kind")
	}
	if s.Receipts.Off {
		return nil, nil, &model.Error{Code: model.CodeForbidden, Key: "receipts"}
	}
	seat, err := seatIn(v, kind, userID, dstID)
	switch {
	case err != nil:
		return nil, nil, err
	case seat == nil && kind == model.KindRoom:
		return nil, nil, model.Fail(model.CodeNotMember)
	case seat == nil:
		return nil, nil, model.Fail(model.CodeNotFriend)
	}
	err = v.Cols("seq", "at").Where("conversationid = ? AND userid = ?", seat.ConversationID, userID).
		In("seq", seqs).In("cmd", model.CmdSingle, model.CmdRoom).Asc("seq").Find(&said)
	if err != nil || len(said) == 0 {
		return nil, nil, err
	}
	err = v.SQL("SELECT userid, readseq, delivered, createat FROM member WHERE conversationid = ? AND userid <> ? ORDER BY id",
		seat.ConversationID, userID).Find(&others)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(others))
	for i := range others {
		ids[i] = others[i].UserID
	}
	hidden, err := s.Receipts.hidden(v, append(ids, userID)...)
	if err != nil {
		return nil, nil, err
	}
	for part := range slices.Chunk(ids, chunk) {
		blocked, err := blocking(v, userID, part)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(hidden, blocked)
	}
	for i := range others {
		if hidden[others[i].UserID] || hidden[userID] {
			others[i].ReadSeq, others[i].Delivered = 0, 0
		}
	}
	return said, others, nil
}

// Delivered notes that a device of the user has everything up to m.Seq. In a
// conversation of two the other one hears of it.
func (s *MessageService) Delivered(ctx context.Context, from model.Sender, m model.Message, done func(error)) {
	err := s.mayRead(ctx, from.UserID, m.Kind, m.DstID)
	if m.Seq < 0 || m.DstID < 0 || m.Kind != model.KindSingle && m.Kind != model.KindRoom && m.Kind != model.KindNotice {
		err = model.Invalid("kind")
	}
	if err == nil {
		err = s.committer.submit(ctx, &job{
			run: func(tx *Tx) error { return s.deliver(tx, from, m) }, on: pairOf(m.Kind, from.UserID, m.DstID), size: 1024, done: done,
		})
	}
	if err != nil {
		done(err)
	}
}

func (s *MessageService) deliver(tx *Tx, from model.Sender, m model.Message) error {
	c, seat, err := tx.seat(m.Kind, from.UserID, m.DstID)
	switch {
	case err != nil:
		return err
	case c == nil || m.Seq > c.Seq:
		return model.Invalid("seq")
	case m.Seq <= seat.Delivered:
		return nil
	}
	if _, err := tx.Exec("UPDATE member SET delivered = ? WHERE id = ?", m.Seq, seat.ID); err != nil {
		return err
	}
	if m.Kind != model.KindSingle || m.Seq <= seat.ReadSeq { // who was told "read" need not hear it
		return nil
	}
	if may, err := s.Receipts.mayTell(tx.Session, from.UserID, m.DstID); err != nil || !may {
		return err
	}
	tx.Publish(model.Delivery{Users: []int64{m.DstID}, Ephemeral: true, Message: model.Message{
		Cmd: model.CmdEvent, Content: model.EventDelivered, Kind: m.Kind, DstID: m.DstID, UserID: from.UserID, Ref: m.Seq, At: tx.Now()}})
	return nil
}
