package service

import (
	"context"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// Bounds of what is asked and swept at a time, and how often is swept.
const (
	maxPacketStates = 200
	sweepPackets    = 100
	packetSweep     = time.Minute
)

// Balance gives what a user could put into packets, and of what.
func (s *PacketService) Balance(ctx context.Context, userID int64) (amount int64, currency string, err error) {
	err = s.db.View(ctx, func(v *xorm.Session) (err error) {
		amount, err = s.ledger.Balance(v, userID)
		return err
	})
	return amount, s.ledger.Currency(), err
}

// Info shows a packet to a member of its conversation.
func (s *PacketService) Info(ctx context.Context, userID, id int64) (*model.PacketView, error) {
	var p *model.Packet
	var shares []model.PacketShare
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		if p, err = packetOf(v, userID, id, ""); err != nil {
			return err
		}
		return v.Where("packetid = ?", id).Desc("id").Find(&shares)
	})
	if err != nil {
		return nil, err
	}
	ids := []int64{p.UserID}
	for _, share := range shares {
		ids = append(ids, share.UserID)
	}
	users, err := s.users.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	return s.view(p, shares, users, userID), nil
}

// view is what a user is shown of a packet.
func (s *PacketService) view(p *model.Packet, shares []model.PacketShare, users map[int64]model.User, userID int64) *model.PacketView {
	public := func(id int64) model.PublicUser {
		user := users[id]
		user.ID = id // one who is gone has no more than that
		return user.Public()
	}
	v := &model.PacketView{
		ID: p.ID, Kind: p.Kind, DstID: p.DstID, Seq: p.Seq, User: public(p.UserID), Amount: p.Amount, Count: p.Count, Taken: p.Count - p.LeftCount,
		Mode: p.Mode, Memo: p.Memo, State: p.State(s.now.millis()), Currency: s.ledger.Currency(), CreateAt: p.CreateAt, Expires: p.Expires, Shares: []model.Taken{},
	}
	if v.State == model.PacketExpired && p.ClosedAt > 0 {
		v.Back = p.LeftAmount
	}
	best := -1
	for i, share := range shares { // the newest first
		if share.UserID == userID {
			v.Mine = share.Amount
		}
		if best < 0 || share.Amount >= shares[best].Amount { // of equals the first
			best = i
		}
	}
	v.May = v.State == model.PacketOpen && v.Mine == 0 && (p.Kind == model.KindRoom || p.UserID != userID)
	if v.Mine == 0 && p.UserID != userID && v.State == model.PacketOpen {
		return v
	}
	for i, share := range shares {
		v.Shares = append(v.Shares, model.Taken{User: public(share.UserID), Amount: share.Amount, At: share.At,
			Best: i == best && p.Mode == model.PacketLucky && p.Count > 1 && v.State == model.PacketEmpty})
	}
	return v
}

// States tells how packets stand, those of them that the user may see.
func (s *PacketService) States(ctx context.Context, userID int64, ids []int64) ([]model.PacketState, error) {
	if len(ids) == 0 || len(ids) > maxPacketStates {
		return nil, model.Invalid("ids")
	}
	var packets []model.Packet
	var mine []model.PacketShare
	err := s.db.View(ctx, func(v *xorm.Session) error {
		err := v.In("id", ids).And("EXISTS (SELECT 1 FROM member m WHERE m.conversationid = packet.conversationid AND m.userid = ?)", userID).Find(&packets)
		if err != nil {
			return err
		}
		return v.In("packetid", ids).And("userid = ?", userID).Find(&mine)
	})
	took := make(map[int64]int64, len(mine))
	for _, share := range mine {
		took[share.PacketID] = share.Amount
	}
	list := make([]model.PacketState, len(packets))
	for i := range packets {
		p := &packets[i]
		list[i] = model.PacketState{ID: p.ID, State: p.State(s.now.millis()), Mine: took[p.ID]}
	}
	return list, err
}

// Run gives back what is left of packets that have expired, until ctx ends.
func (s *PacketService) Run(ctx context.Context) {
	tick := time.NewTicker(packetSweep)
	defer tick.Stop()
	for {
		if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("expired packets", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Sweep gives back what is left of the packets that have expired by now, and
// tells how many there were.
func (s *PacketService) Sweep(ctx context.Context) (swept int, err error) {
	for {
		var ids []int64
		err := s.db.View(ctx, func(v *xorm.Session) error {
			return v.SQL("SELECT id FROM packet WHERE closedat = 0 AND expires <= ? ORDER BY expires, id LIMIT ?", s.now.millis(), sweepPackets).Find(&ids)
		})
		if err != nil || len(ids) == 0 {
			return swept, err
		}
		for _, id := range ids {
			if err := s.committer.Do(ctx, func(tx *Tx) error { return s.giveBack(tx, id) }); err != nil {
				return swept, err
			}
			swept++
		}
	}
}

// giveBack closes a packet and moves the rest to its sender, unless another node
// was first.
func (s *PacketService) giveBack(tx *Tx, id int64) error {
	p := new(model.Packet)
	found, err := tx.SQL("SELECT * FROM packet WHERE id = ? AND closedat = 0"+s.db.ForUpdate(), id).Get(p)
	if err != nil || !found {
		return err
	}
	p.ClosedAt = tx.Now()
	if _, err := tx.ID(id).Cols("closedat").Update(p); err != nil {
		return err
	}
	err = s.move(tx, Transfer{
		From: PacketAccount(id), To: UserAccount(p.UserID), User: p.UserID, Amount: p.LeftAmount, Reason: MoveBack, PacketID: id,
	})
	if err != nil {
		return err
	}
	return tell(tx, p, p.UserID)
}
