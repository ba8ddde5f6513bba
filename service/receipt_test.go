package service_test

import (
	"slices"
	"testing"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

func (c *chat) delivered(from int64, kind int, dst, seq int64) error {
	result := make(chan error, 1)
	c.messages.Delivered(c.Context(), model.Sender{UserID: from}, model.Message{Cmd: model.CmdAck, Kind: kind, DstID: dst, Seq: seq}, func(err error) { result <- err })
	return <-result
}

func TestDeliveredIsToldToTheOtherOfTwo(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(alice, text(bob, "hello", ""))
		c.must(alice, text(bob, "are you there", ""))
		c.out.take()
		if err := c.delivered(bob, model.KindSingle, alice, 2); err != nil {
			c.Fatal(err)
		}
		list := c.out.take()
		if len(list) != 1 || !slices.Equal(list[0].Users, []int64{alice}) || !list[0].Ephemeral {
			c.Fatalf("published %+v", list)
		}
		m := list[0].Message
		if m.Cmd != model.CmdEvent || m.Content != model.EventDelivered || m.UserID != bob || m.Ref != 2 || m.Seq != 0 || m.Peer(alice) != bob {
			c.Errorf("the event is %+v", m)
		}
		if row := c.row(alice, model.KindSingle, bob); row.PeerGot != 2 || row.PeerRead != 0 {
			c.Errorf("alice's row: %+v", row)
		}
		for _, seq := range []int64{2, 1} { // again, and back
			if err := c.delivered(bob, model.KindSingle, alice, seq); err != nil || len(c.out.take()) != 0 {
				c.Errorf("seq %d: %v", seq, err)
			}
		}
		if err := c.delivered(bob, model.KindSingle, alice, 3); model.CodeOf(err) != model.CodeInvalid {
			c.Errorf("what is not there yet: %v", err)
		}
		if err := c.delivered(carol, model.KindRoom, group, 0); model.CodeOf(err) != model.CodeNotMember {
			c.Errorf("a stranger: %v", err)
		}
		c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: alice, Seq: 2})
		if row := c.row(alice, model.KindSingle, bob); row.PeerGot != 2 || row.PeerRead != 2 {
			c.Errorf("after reading, alice's row: %+v", row)
		}
	})
}

func TestReadersOfAGroupMessage(t *testing.T) {
	onChat(t, func(c *chat) {
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Member{ConversationID: 70, UserID: carol, Role: model.RoleMember},
				// dave came later than what is said here
				&model.User{ID: 4, Mobile: "100004", Nickname: "Dave"}, &model.Member{ConversationID: 70, UserID: 4, Role: model.RoleMember, CreateAt: c.now().UnixMilli() + 1000})
			return err
		})
		first, second := c.must(alice, room("one")), c.must(alice, room("two"))
		c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindRoom, DstID: group, Seq: first.Seq})
		if err := c.delivered(carol, model.KindRoom, group, second.Seq); err != nil {
			c.Fatal(err)
		}
		list, err := c.messages.Readers(c.Context(), alice, model.KindRoom, group, first.Seq)
		if err != nil || len(list) != 2 || list[0].ID != bob || list[0].State != model.ReceiptRead || list[1].ID != carol || list[1].State != model.ReceiptDelivered {
			c.Errorf("readers: %+v %v", list, err)
		}
		counts, err := c.messages.ReceiptsOf(c.Context(), alice, model.KindRoom, group, []int64{second.Seq, first.Seq, 99})
		want := []model.Receipt{{Seq: first.Seq, Of: 2, Delivered: 2, Read: 1}, {Seq: second.Seq, Of: 2, Delivered: 1}}
		if err != nil || !slices.Equal(counts, want) {
			c.Errorf("counts: %+v %v", counts, err)
		}
		// Who did not say it learns nothing, as of what is not there.
		if _, err := c.messages.Readers(c.Context(), bob, model.KindRoom, group, first.Seq); model.CodeOf(err) != model.CodeNotFound {
			c.Errorf("bob asks: %v", err)
		}
		if counts, err := c.messages.ReceiptsOf(c.Context(), bob, model.KindRoom, group, []int64{first.Seq}); err != nil || len(counts) != 0 {
			c.Errorf("bob counts: %+v %v", counts, err)
		}
		if _, err := c.messages.Readers(c.Context(), 9, model.KindRoom, group, first.Seq); model.CodeOf(err) != model.CodeNotMember {
			c.Errorf("a stranger asks: %v", err)
		}
	})
}

func TestReceiptsSwitchedOff(t *testing.T) {
	onChat(t, func(c *chat) {
		c.messages.Receipts = service.Receipts{Off: true}
		c.list.Receipts = c.messages.Receipts
		m := c.must(alice, text(bob, "hello", ""))
		c.out.take()
		if err := c.delivered(bob, model.KindSingle, alice, m.Seq); err != nil {
			c.Fatal(err)
		}
		c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: alice, Seq: m.Seq})
		for _, d := range c.out.take() {
			if slices.Contains(d.Users, alice) {
				c.Errorf("alice is told %+v", d)
			}
		}
		if row := c.row(alice, model.KindSingle, bob); row.PeerGot != 0 || row.PeerRead != 0 {
			c.Errorf("alice's row: %+v", row)
		}
		if row := c.row(bob, model.KindSingle, alice); row.ReadSeq != m.Seq {
			c.Errorf("bob's row: %+v", row)
		}
		if _, err := c.messages.Readers(c.Context(), alice, model.KindSingle, bob, m.Seq); model.CodeOf(err) != model.CodeForbidden {
			c.Errorf("readers: %v", err)
		}
	})
}

// TestWhoIsBlockedHearsOfNoReceipts: a tick that moves would say that the one who
// blocked them is there just now.
func TestWhoIsBlockedHearsOfNoReceipts(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(alice, text(bob, "hello", ""))
		c.must(alice, text(bob, "are you there", ""))
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Block{UserID: bob, DstID: alice})
			return err
		})
		c.out.take()
		if err := c.delivered(bob, model.KindSingle, alice, 1); err != nil {
			c.Fatal(err)
		}
		c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: alice, Seq: 2})
		for _, d := range c.out.take() {
			if slices.Contains(d.Users, alice) {
				c.Errorf("alice hears %+v", d.Message)
			}
		}
		// Nor is she told where she asks.
		readers, err := c.messages.Readers(c.Context(), alice, model.KindSingle, bob, 1)
		if err != nil || len(readers) != 1 || readers[0].State != model.ReceiptStored {
			c.Errorf("readers %+v, %v", readers, err)
		}
		counts, err := c.messages.ReceiptsOf(c.Context(), alice, model.KindSingle, bob, []int64{1})
		if err != nil || len(counts) != 1 || counts[0].Read+counts[0].Delivered != 0 {
			c.Errorf("counts %+v, %v", counts, err)
		}
	})
}
