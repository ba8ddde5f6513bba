package service

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// packetLife is how long a packet can be opened; what is left then goes back.
const packetLife = 24 * time.Hour

// PacketService puts red packets into conversations and lets members open them.
// A packet, its message and the money are one transaction of the committer.
type PacketService struct {
	db        *db.DB
	committer *Committer
	messages  *MessageService
	users     *UserService
	ledger    Ledger
	now       Clock
	log       *slog.Logger
}

// NewPacketService makes the service; Run is what lets packets expire.
func NewPacketService(d *db.DB, c *Committer, messages *MessageService, users *UserService, ledger Ledger, now Clock, logger *slog.Logger) *PacketService {
	return &PacketService{db: d, committer: c, messages: messages, users: users, ledger: ledger, now: now, log: logger}
}

// NewPacket is what a sender asks for. Amount is the sum, in cents.
type NewPacket struct {
	Kind   int
	DstID  int64
	Amount int64
	Count  int
	Mode   string
	Memo   string
	CID    string
}

func (p *NewPacket) valid() error {
	switch {
	case p.Kind != model.KindSingle && p.Kind != model.KindRoom:
		return model.Invalid("kind")
	case p.Mode != model.PacketEqual && p.Mode != model.PacketLucky:
		return model.Invalid("packet_mode")
	case p.Count < 1 || p.Count > model.MaxPacketCount || p.Kind == model.KindSingle && p.Count != 1:
		return model.Invalid("packet_count")
	case p.Amount < int64(p.Count):
		return model.Invalid("packet_least")
	case p.Amount > model.MaxPacketShare*int64(p.Count):
		return model.Invalid("packet_most")
	case utf8.RuneCountInString(p.Memo) > model.MaxPacketWish || !utf8.ValidString(p.Memo):
		return model.Invalid("packet_wish")
	}
	return nil
}

// message is what a sender's cid stands for: all of the packet but its number,
// which a resend cannot know.
func (p *NewPacket) message(userID int64) model.Message {
	ext, _ := json.Marshal(map[string]any{"count": p.Count, "mode": p.Mode}) // a number and a word
	return model.Message{UserID: userID, Cmd: p.Kind, Kind: p.Kind, DstID: p.DstID, Media: model.MediaRedPacket,
		Memo: p.Memo, Amount: p.Amount, CID: p.CID, Ext: ext}
}

// Send takes the amount from the sender and stores the message. A resend with
// the same cid is the same packet. It gives the message as it is stored.
func (s *PacketService) Send(ctx context.Context, userID int64, in NewPacket) (model.Message, error) {
	if err := in.valid(); err != nil {
		return model.Message{}, err
	}
	m := in.message(userID)
	if err := m.Valid(); err != nil {
		return model.Message{}, err
	}
	err := s.committer.doOn(ctx, pairOf(m.Kind, userID, m.DstID), func(tx *Tx) error {
		m = in.message(userID) // an op may run again
		return s.send(tx, &in, &m)
	})
	return m, err
}

func (s *PacketService) send(tx *Tx, in *NewPacket, m *model.Message) error {
	if before, err := tx.sentBefore(m); err != nil || before {
		return err
	}
	if err := s.messages.mayStillPost(tx, m); err != nil {
		return err
	}
	if err := enough(tx, in); err != nil {
		return err
	}
	if err := s.ledger.Afford(tx.Session, m.UserID, in.Amount); err != nil {
		return err
	}
	c, err := tx.Open(m.Kind, m.UserID, m.DstID)
	if err != nil {
		return err
	}
	if stored, err := tx.Append(c, m); err != nil || !stored {
		return err // another node was first with the cid: m is what it stored
	}
	row := &model.Packet{
		ConversationID: c.ID, Kind: m.Kind, DstID: m.DstID, UserID: m.UserID, Seq: m.Seq, Amount: in.Amount, Count: in.Count,
		Mode: in.Mode, Memo: in.Memo, LeftAmount: in.Amount, LeftCount: in.Count, CreateAt: m.At, Expires: m.At + packetLife.Milliseconds(),
	}
	if _, err := tx.Insert(row); err != nil {
		return err
	}
	err = s.move(tx, Transfer{
		From: UserAccount(m.UserID), To: PacketAccount(row.ID), User: m.UserID, Amount: in.Amount, Reason: MoveSend, PacketID: row.ID,
	})
	if err != nil {
		return err
	}
	return number(tx, m, row)
}

// move books a transfer. Its failure is nothing the caller may hear of as their
// own: it comes after writes, and has to take them back.
func (s *PacketService) move(tx *Tx, t Transfer) error {
	t.At = tx.Now()
	if err := s.ledger.Move(tx.Session, t); err != nil {
		return fmt.Errorf("ledger: %v", err) //nolint:errorlint // a *model.Error within would keep what was written
	}
	return nil
}

// enough keeps a group's packet from having more shares than the group members.
func enough(tx *Tx, in *NewPacket) error {
	if in.Kind != model.KindRoom {
		return nil
	}
	var size int
	if _, err := tx.SQL("SELECT size FROM community WHERE id = ?", in.DstID).Get(&size); err != nil {
		return err
	}
	if in.Count > size {
		return model.Invalid("packet_size")
	}
	return nil
}

// number writes into the stored message which packet it is, and hands it out.
func number(tx *Tx, m *model.Message, p *model.Packet) error {
	ext, err := json.Marshal(map[string]any{"packet": p.ID, "count": p.Count, "mode": p.Mode})
	if err != nil {
		return err
	}
	m.URL, m.Ext = "/packet/"+strconv.FormatInt(p.ID, 10), ext
	if _, err := tx.Exec("UPDATE message SET url = ?, ext = ? WHERE id = ?", m.URL, string(m.Ext), m.ID); err != nil {
		return err
	}
	if err := tx.reseal(p.ConversationID, p.Seq); err != nil {
		return err
	}
	tx.Publish(delivery(model.Sender{UserID: m.UserID}, *m, nil))
	return nil
}

// Open takes the user's share, once. Who took one before, came too late or may
// not take one (the sender of a packet between two) is told how it stands.
func (s *PacketService) Open(ctx context.Context, userID, id int64) (*model.PacketView, error) {
	if id <= 0 || id > model.MaxID {
		return nil, model.Fail(model.CodeNotFound)
	}
	err := s.committer.Do(ctx, func(tx *Tx) error { return s.open(tx, userID, id) })
	if err != nil {
		return nil, err
	}
	return s.Info(ctx, userID, id)
}

func (s *PacketService) open(tx *Tx, userID, id int64) error {
	p, err := packetOf(tx.Session, userID, id, s.db.ForUpdate())
	if err != nil {
		return err
	}
	if p.Kind == model.KindSingle && p.UserID == userID {
		return &model.Error{Code: model.CodeForbidden, Key: "packet_own"}
	}
	took, err := tx.Where("packetid = ? AND userid = ?", id, userID).Exist(new(model.PacketShare))
	if err != nil || took || p.State(tx.Now()) != model.PacketOpen {
		return err
	}
	share, err := draw(p)
	if err != nil {
		return err
	}
	if _, err := tx.Insert(&model.PacketShare{PacketID: id, UserID: userID, Amount: share, At: tx.Now()}); err != nil {
		return err
	}
	p.LeftAmount -= share
	p.LeftCount--
	if p.LeftCount == 0 {
		p.ClosedAt = tx.Now()
	}
	if _, err := tx.ID(id).Cols("leftamount", "leftcount", "closedat").Update(p); err != nil {
		return err
	}
	err = s.move(tx, Transfer{
		From: PacketAccount(id), To: UserAccount(userID), User: userID, Amount: share, Reason: MoveOpen, PacketID: id,
	})
	if err != nil {
		return err
	}
	return tell(tx, p, userID)
}

// packetOf finds a packet for a member of its conversation. What does not exist
// and what is not the user's to see answer alike.
func packetOf(v *xorm.Session, userID, id int64, lock string) (*model.Packet, error) {
	p := new(model.Packet)
	found, err := v.SQL("SELECT * FROM packet WHERE id = ?"+lock, id).Get(p)
	if err == nil && found {
		found, err = v.Where("conversationid = ? AND userid = ?", p.ConversationID, userID).Exist(new(model.Member))
	}
	if err == nil && !found {
		err = model.Fail(model.CodeNotFound)
	}
	return p, err
}

// draw gives the next share: by chance between a cent and twice the mean of what
// is left, so that no place in the queue is better than another; the last takes
// the rest, so that the shares are the sum.
func draw(p *model.Packet) (int64, error) {
	mean := p.LeftAmount / int64(p.LeftCount)
	switch {
	case p.LeftCount == 1:
		return p.LeftAmount, nil
	case p.Mode == model.PacketEqual || mean < 2:
		return mean, nil
	}
	// At most 2*mean-1, which leaves a cent for each of the others.
	n, err := rand.Int(rand.Reader, big.NewInt(2*p.LeftAmount/int64(p.LeftCount)-1))
	if err != nil {
		return 0, err
	}
	return n.Int64() + 1, nil
}

// tell lets every screen that shows the packet know how it stands now; by is
// who took a share, or the sender to whom the rest went back.
func tell(tx *Tx, p *model.Packet, by int64) error {
	ext, err := json.Marshal(map[string]any{"packet": p.ID, "state": p.State(tx.Now()), "taken": p.Count - p.LeftCount, "count": p.Count})
	if err != nil {
		return err
	}
	d := model.Delivery{Message: model.Message{
		Cmd: model.CmdEvent, Content: model.EventPacket, UserID: by, Kind: p.Kind, DstID: p.DstID, Ref: p.Seq, At: tx.Now(), Ext: ext,
	}}
	if p.Kind == model.KindRoom {
		d.Group = p.DstID
	} else {
		d.Users = []int64{p.UserID, p.DstID}
		if by == p.DstID {
			d.Message.DstID = p.UserID // the conversation is with whom the doer faces
		}
	}
	tx.Publish(d)
	return nil
}
