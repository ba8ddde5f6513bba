package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/password"

	"xorm.io/xorm"
)

// packets are the red packets of a chat.
type packets struct {
	*chat
	service *service.PacketService
}

func onPackets(t *testing.T, fn func(c *packets)) {
	onChat(t, func(c *chat) {
		users := service.NewUserService(c.db, nil, password.New(1), c.out, c.out, c.now, false)
		fn(&packets{c, service.NewPacketService(c.db, c.committer, c.messages, users, service.NewPlayMoney(c.db), c.now, slog.New(slog.DiscardHandler))})
	})
}

// crowd seats people with the ids 100 to 100+n-1 in the group.
func (c *packets) crowd(n int) []int64 {
	c.Helper()
	ids := make([]int64, n)
	c.exec(func(s *xorm.Session) error {
		for i := range ids {
			ids[i] = int64(100 + i)
			user := &model.User{ID: ids[i], Mobile: fmt.Sprint(200000 + i), Nickname: fmt.Sprint("人", i)}
			if _, err := s.Insert(user, &model.Member{ConversationID: 70, UserID: ids[i], Role: model.RoleMember}); err != nil {
				return err
			}
		}
		_, err := s.Exec("UPDATE community SET size = size + ? WHERE id = ?", n, group)
		return err
	})
	return ids
}

func (c *packets) put(from int64, in service.NewPacket) (model.Message, int64) {
	c.Helper()
	m, err := c.service.Send(c.Context(), from, in)
	if err != nil {
		c.Fatalf("send %+v: %v", in, err)
	}
	return m, packetID(c.T, m)
}

func packetID(t *testing.T, m model.Message) int64 {
	t.Helper()
	var ext struct{ Packet int64 }
	if err := json.Unmarshal(m.Ext, &ext); err != nil || ext.Packet == 0 || m.URL != fmt.Sprint("/packet/", ext.Packet) {
		t.Fatalf("no packet in %+v", m)
	}
	return ext.Packet
}

func (c *packets) info(user, id int64) *model.PacketView {
	c.Helper()
	v, err := c.service.Info(c.Context(), user, id)
	if err != nil {
		c.Fatal(err)
	}
	return v
}

func (c *packets) balance(user int64) int64 {
	c.Helper()
	amount, currency, err := c.service.Balance(c.Context(), user)
	if err != nil || currency != "play" {
		c.Fatalf("balance %q, %v", currency, err)
	}
	return amount
}

// books checks that the ledger's rows come to nothing, and those of each person
// to the purse.
func (c *packets) books() {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		var all int64
		if _, err := s.SQL("SELECT COALESCE(SUM(amount), 0) FROM ledger").Get(&all); err != nil || all != 0 {
			c.Errorf("the ledger comes to %d, %v", all, err)
		}
		var purses []model.Purse
		if err := s.Find(&purses); err != nil {
			return err
		}
		for _, p := range purses {
			var sum int64
			if _, err := s.SQL("SELECT SUM(amount) FROM ledger WHERE account = ?", service.UserAccount(p.UserID)).Get(&sum); err != nil || sum != p.Balance {
				c.Errorf("%d has %d, booked are %d, %v", p.UserID, p.Balance, sum, err)
			}
		}
		return nil
	})
}

func TestPacketIsSentOnce(t *testing.T) {
	onPackets(t, func(c *packets) {
		in := service.NewPacket{Kind: model.KindRoom, DstID: group, Amount: 1000, Count: 2, Mode: model.PacketLucky, Memo: "恭喜发财", CID: "p1"}
		m, id := c.put(alice, in)
		if m.Media != model.MediaRedPacket || m.Amount != 1000 || m.Memo != "恭喜发财" || m.Seq != 1 {
			t.Errorf("message %+v", m)
		}
		live := c.out.take()
		if len(live) != 1 || live[0].Group != group || packetID(t, live[0].Message) != id {
			t.Errorf("published %+v", live)
		}
		again, same := c.put(alice, in)
		if same != id || again.ID != m.ID || c.balance(alice) != 99_000 || len(c.out.take()) != 0 {
			t.Errorf("a resend gave %+v and left %d", again, c.balance(alice))
		}
		in.Amount = 900
		if _, err := c.service.Send(t.Context(), alice, in); model.CodeOf(err) != model.CodeCIDReused {
			t.Errorf("another packet under the same cid: %v", err)
		}
		page, err := c.messages.History(t.Context(), bob, model.KindRoom, group, service.Page{})
		if err != nil || len(page) != 1 || packetID(t, page[0]) != id {
			t.Errorf("history %+v, %v", page, err)
		}
		c.books()
	})
}

func TestPacketRefusals(t *testing.T) {
	onPackets(t, func(c *packets) {
		good := service.NewPacket{Kind: model.KindRoom, DstID: group, Amount: 100, Count: 2, Mode: model.PacketEqual}
		for _, tt := range []struct {
			code   model.Code
			key    string
			from   int64
			change func(p *service.NewPacket)
		}{
			{model.CodeInvalid, "kind", alice, func(p *service.NewPacket) { p.Kind = 12 }},
			{model.CodeInvalid, "packet_mode", alice, func(p *service.NewPacket) { p.Mode = "" }},
			{model.CodeInvalid, "packet_count", alice, func(p *service.NewPacket) { p.Count = 0 }},
			{model.CodeInvalid, "packet_count", alice, func(p *service.NewPacket) { p.Count = 101; p.Amount = 1000 }},
			{model.CodeInvalid, "packet_count", alice, func(p *service.NewPacket) { p.Kind, p.DstID = model.KindSingle, bob }},
			{model.CodeInvalid, "packet_size", alice, func(p *service.NewPacket) { p.Count = 3 }},
			{model.CodeInvalid, "packet_least", alice, func(p *service.NewPacket) { p.Amount = 1 }},
			{model.CodeInvalid, "packet_most", alice, func(p *service.NewPacket) { p.Amount = 40_001 }},
			{model.CodeInvalid, "packet_wish", alice, func(p *service.NewPacket) { p.Memo = fmt.Sprintf("%041d", 0) }},
			{model.CodeNotMember, "", carol, func(*service.NewPacket) {}},
			{model.CodeNotMember, "", alice, func(p *service.NewPacket) { p.DstID = 99 }},
			{model.CodeNotFriend, "", alice, func(p *service.NewPacket) { p.Kind, p.DstID, p.Count = model.KindSingle, carol, 1 }},
		} {
			in := good
			tt.change(&in)
			_, err := c.service.Send(t.Context(), tt.from, in)
			var e *model.Error
			if e, _ = errors.AsType[*model.Error](err); e == nil || e.Code != tt.code || e.Key != tt.key {
				t.Errorf("%+v: %v, want %s %s", in, err, tt.code, tt.key)
			}
		}
		good.Amount = 40_000
		c.put(alice, good)
		c.put(alice, good)
		if _, err := c.service.Send(t.Context(), alice, good); model.CodeOf(err) != model.CodeConflict || c.balance(alice) != 20_000 {
			t.Errorf("beyond the balance: %v, left %d", err, c.balance(alice))
		}
		c.books()
	})
}

// A client cannot write which packet a message is, nor take one back.
func TestPacketIsTheServers(t *testing.T) {
	onPackets(t, func(c *packets) {
		_, id := c.put(alice, service.NewPacket{Kind: model.KindSingle, DstID: bob, Amount: 100, Count: 1, Mode: model.PacketEqual})
		c.must(alice, model.Message{Cmd: model.CmdSingle, DstID: bob, Media: model.MediaRedPacket, Memo: "x", Ext: json.RawMessage(fmt.Sprintf(`{"packet":%d}`, id))})
		page, err := c.messages.History(t.Context(), bob, model.KindSingle, alice, service.Page{})
		if err != nil || len(page) != 2 || string(page[1].Ext) != "{}" {
			t.Errorf("a forged packet: %+v, %v", page, err)
		}
		_, err = c.send(alice, model.Message{Cmd: model.CmdRecall, Kind: model.KindSingle, DstID: bob, Ref: 1})
		if model.CodeOf(err) != model.CodeConflict {
			t.Errorf("recalled: %v", err)
		}
	})
}

func TestPacketBetweenTwo(t *testing.T) {
	onPackets(t, func(c *packets) {
		m, id := c.put(alice, service.NewPacket{Kind: model.KindSingle, DstID: bob, Amount: 888, Count: 1, Mode: model.PacketEqual})
		c.out.take()
		if _, err := c.service.Open(t.Context(), alice, id); model.CodeOf(err) != model.CodeForbidden {
			t.Errorf("its sender opens it: %v", err)
		}
		absent, err := c.service.Info(t.Context(), carol, 99)
		if model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("none: %+v, %v", absent, err)
		}
		for _, err := range []error{opens(c, carol, id), opens(c, alice, 99)} {
			if e, ok := errors.AsType[*model.Error](err); !ok || *e != *model.Fail(model.CodeNotFound) {
				t.Errorf("another's packet: %v", err)
			}
		}
		if v := c.info(bob, id); !v.May || v.State != model.PacketOpen || len(v.Shares) != 0 {
			t.Errorf("sealed: %+v", v)
		}
		v, err := c.service.Open(t.Context(), bob, id)
		if err != nil || v.Mine != 888 || v.State != model.PacketEmpty || v.May || c.balance(bob) != 100_888 {
			t.Errorf("opened: %+v, %v", v, err)
		}
		live := c.out.take()
		if len(live) != 1 {
			t.Fatalf("published %+v", live)
		}
		e := live[0].Message
		if e.Cmd != model.CmdEvent || e.Content != "packet" || e.Seq != 0 || e.Ref != m.Seq || e.UserID != bob || e.Peer(alice) != bob || e.Peer(bob) != alice {
			t.Errorf("event %+v", e)
		}
		if v, err = c.service.Open(t.Context(), bob, id); err != nil || v.Mine != 888 || c.balance(bob) != 100_888 || len(c.out.take()) != 0 {
			t.Errorf("opened twice: %+v, %v", v, err)
		}
		c.books()
	})
}

func opens(c *packets, user, id int64) error {
	_, err := c.service.Open(c.Context(), user, id)
	return err
}

// Fifty people open at once, each of them three times over: thirty get a share,
// once, and the shares are the sum.
func TestPacketUnderManyHands(t *testing.T) {
	onPackets(t, func(c *packets) {
		people := c.crowd(50)
		_, id := c.put(alice, service.NewPacket{Kind: model.KindRoom, DstID: group, Amount: 5000, Count: 30, Mode: model.PacketLucky})
		var all sync.WaitGroup
		for _, person := range people {
			for range 3 {
				all.Go(func() {
					if _, err := c.service.Open(context.Background(), person, id); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		v := c.info(alice, id)
		var sum, best int64
		for _, share := range v.Shares {
			sum += share.Amount
			best = max(best, share.Amount)
			if share.Amount < 1 || c.balance(share.User.ID) != 100_000+share.Amount {
				t.Errorf("share %+v, balance %d", share, c.balance(share.User.ID))
			}
		}
		if len(v.Shares) != 30 || sum != 5000 || v.State != model.PacketEmpty || v.Taken != 30 {
			t.Errorf("%d shares of %d together: %+v", len(v.Shares), sum, v)
		}
		marked := 0
		for _, share := range v.Shares {
			if share.Best {
				marked++
				if share.Amount != best {
					t.Errorf("the luckiest has %d, the most is %d", share.Amount, best)
				}
			}
		}
		if marked != 1 {
			t.Errorf("%d luckiest", marked)
		}
		c.books()
	})
}

func TestSharesAreTheSum(t *testing.T) {
	onPackets(t, func(c *packets) {
		people := c.crowd(8)
		for round := range 12 {
			count := 1 + rand.IntN(8)
			amount := int64(count) + rand.Int64N(30)*int64(round%3)
			mode := []string{model.PacketLucky, model.PacketEqual}[round%2]
			_, id := c.put(bob, service.NewPacket{Kind: model.KindRoom, DstID: group, Amount: amount, Count: count, Mode: mode})
			for _, person := range people[:count] {
				if err := opens(c, person, id); err != nil {
					t.Fatal(err)
				}
			}
			v, sum := c.info(alice, id), int64(0)
			for _, share := range v.Shares {
				sum += share.Amount
				if share.Amount < 1 || mode == model.PacketEqual && share.Amount > amount/int64(count)+1 {
					t.Errorf("%s %d in %d: a share of %d", mode, amount, count, share.Amount)
				}
			}
			if sum != amount || v.State != model.PacketEmpty {
				t.Errorf("%s %d in %d: %+v", mode, amount, count, v)
			}
		}
		c.books()
	})
}

func TestPacketExpires(t *testing.T) {
	onPackets(t, func(c *packets) {
		_, id := c.put(alice, service.NewPacket{Kind: model.KindRoom, DstID: group, Amount: 600, Count: 2, Mode: model.PacketEqual})
		if err := opens(c, bob, id); err != nil {
			t.Fatal(err)
		}
		c.wait(24*time.Hour - time.Second)
		if n, err := c.service.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("swept %d too early, %v", n, err)
		}
		c.wait(time.Second)
		c.out.take()
		if v, err := c.service.Open(t.Context(), alice, id); err != nil || v.State != model.PacketExpired || v.Mine != 0 {
			t.Errorf("opened late: %+v, %v", v, err)
		}
		if n, err := c.service.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		if v := c.info(bob, id); v.State != model.PacketExpired || v.Back != 300 || v.Mine != 300 || c.balance(alice) != 99_700 {
			t.Errorf("expired: %+v, the sender has %d", v, c.balance(alice))
		}
		if live := c.out.take(); len(live) != 1 || live[0].Group != group || live[0].Message.UserID != alice {
			t.Errorf("published %+v", live)
		}
		if n, err := c.service.Sweep(t.Context()); n != 0 || err != nil || c.balance(alice) != 99_700 {
			t.Errorf("swept again: %d, %v", n, err)
		}
		states, err := c.service.States(t.Context(), bob, []int64{id, 99})
		if err != nil || len(states) != 1 || states[0] != (model.PacketState{ID: id, State: model.PacketExpired, Mine: 300}) {
			t.Errorf("states %+v, %v", states, err)
		}
		if states, err = c.service.States(t.Context(), carol, []int64{id}); err != nil || len(states) != 0 {
			t.Errorf("a stranger's states %+v, %v", states, err)
		}
		c.books()
	})
}

// brokenLedger is one of an operator's own that fails when something is moved.
type brokenLedger struct {
	service.Ledger
	err error
}

func (b *brokenLedger) Move(*xorm.Session, service.Transfer) error { return b.err }

// What a ledger refuses late takes all of the packet back, and nobody else's
// message with it.
func TestLedgerThatFailsTakesTheMessageBack(t *testing.T) {
	onPackets(t, func(c *packets) {
		_, id := c.put(alice, service.NewPacket{Kind: model.KindSingle, DstID: bob, Amount: 100, Count: 1, Mode: model.PacketEqual})
		broken := &brokenLedger{service.NewPlayMoney(c.db), model.Fail(model.CodeConflict)}
		users := service.NewUserService(c.db, nil, password.New(1), c.out, c.out, c.now, false)
		s := service.NewPacketService(c.db, c.committer, c.messages, users, broken, c.now, slog.New(slog.DiscardHandler))
		c.out.take()
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				_, _ = c.send(alice, model.Message{Cmd: model.CmdSingle, DstID: bob, Media: 1, Content: fmt.Sprint(i)})
			})
			all.Go(func() {
				if _, err := s.Send(context.Background(), alice, service.NewPacket{Kind: model.KindSingle, DstID: bob, Amount: 1, Count: 1, Mode: model.PacketEqual}); model.CodeOf(err) != model.CodeInternal {
					t.Errorf("sent: %v", err)
				}
			})
		}
		all.Wait()
		if _, err := s.Open(t.Context(), bob, id); model.CodeOf(err) != model.CodeInternal {
			t.Errorf("opened: %v", err)
		}
		page, err := c.messages.History(t.Context(), bob, model.KindSingle, alice, service.Page{})
		if err != nil || len(page) != 6 || page[5].Seq != 6 {
			t.Errorf("%d messages, %v", len(page), err)
		}
		if v := c.info(bob, id); v.State != model.PacketOpen || !v.May || len(v.Shares) != 0 || c.balance(bob) != 100_000 {
			t.Errorf("afterwards %+v", v)
		}
		c.books()
	})
}

// TestAPacketTellsNobodyWhoIsOnline: it names people to all of a group, also to
// those who blocked them, hide themselves, or are no friends.
func TestAPacketTellsNobodyWhoIsOnline(t *testing.T) {
	onPackets(t, func(c *packets) {
		_, id := c.put(alice, service.NewPacket{Kind: model.KindRoom, DstID: group, Amount: 200, Count: 2, Mode: model.PacketEqual})
		for _, reader := range []int64{alice, bob} { // alice is online
			if _, err := c.service.Open(c.Context(), reader, id); err != nil {
				c.Fatal(err)
			}
		}
		v := c.info(bob, id)
		if v.User.Online || v.Shares[0].User.Online || v.Shares[1].User.Online || v.User.ID != alice {
			c.Errorf("bob learns of alice from %+v", v)
		}
	})
}
