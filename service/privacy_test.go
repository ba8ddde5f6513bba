package service_test

import (
	"slices"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

// Who hides being online seems away to everybody, is told of nobody, and is
// seen again after showing it.
func TestHideOnline(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		w.befriend(1, 2)
		w.befriend(2, 3)
		seen := func(by, of int64) bool {
			w.Helper()
			friends, err := w.contacts.Friends(w.Context(), by)
			w.ok(err)
			found, err := w.users.Find(w.Context(), by, of, "")
			w.ok(err)
			i := slices.IndexFunc(friends, func(f model.Friend) bool { return f.ID == of })
			if friends[i].Online != found.Online {
				w.Errorf("%d of %d: the list says %v, find %v", by, of, friends[i].Online, found.Online)
			}
			return found.Online
		}
		set := func(id int64, hide bool) {
			w.Helper()
			_, err := w.users.Update(w.Context(), id, service.Profile{HideOnline: &hide})
			w.ok(err)
		}
		told := func(id int64) []int64 {
			w.Helper()
			ids, err := w.contacts.FriendIDs(w.Context(), id)
			w.ok(err)
			return ids
		}
		if !seen(2, 1) || !slices.Equal(told(1), []int64{2}) {
			w.Error("not seen from the start") // 1 is online
		}
		for _, hides := range []int64{1, 2} {
			w.wire.take()
			set(hides, true)
			if seen(2, 1) || len(told(1)) != 0 {
				w.Errorf("%d hides: 2 still learns of 1", hides)
			}
			if hides == 1 && !slices.Contains(w.wire.take(), " 0>2") {
				w.Error("the friend was not told that 1 is away now")
			}
			own, err := w.users.ByID(w.Context(), hides)
			if err != nil || !own.HideOnline || own.Online != (hides == 1) {
				w.Errorf("own: %+v %v", own, err)
			}
			set(hides, false)
			if !seen(2, 1) || !slices.Equal(told(1), []int64{2}) {
				w.Errorf("%d shows it again: not seen", hides)
			}
		}
	})
}

// Receipts and typing work both ways or not at all.
func TestHideReadAndTyping(t *testing.T) {
	onChat(t, func(c *chat) {
		hide := func(column string, id int64, on bool) {
			c.exec(func(s *xorm.Session) error {
				_, err := s.Exec("UPDATE user SET "+column+" = ? WHERE id = ?", on, id)
				return err
			})
		}
		read := func(seq int64) {
			c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: alice, Seq: seq})
		}
		told := func(cmd int) bool {
			return slices.ContainsFunc(c.out.take(), func(d model.Delivery) bool {
				return d.Message.Cmd == cmd && slices.Contains(d.Users, alice)
			})
		}
		for i, who := range []int64{alice, bob} {
			c.must(alice, text(bob, "hello", ""))
			c.must(alice, text(bob, "again", ""))
			hide("hideread", who, true)
			c.out.take()
			read(int64(2*i + 1))
			if told(model.CmdRead) {
				c.Errorf("%d hides: alice hears of it", who)
			}
			if row := c.row(alice, model.KindSingle, bob); row.PeerRead != 0 || row.PeerGot != 0 {
				c.Errorf("%d hides: the list says %d, %d", who, row.PeerRead, row.PeerGot)
			}
			if err := c.delivered(bob, model.KindSingle, alice, int64(2*i+2)); err != nil || told(model.CmdEvent) {
				c.Errorf("%d hides: alice hears of the delivery, %v", who, err)
			}
			readers, err := c.messages.Readers(c.Context(), alice, model.KindSingle, bob, 1)
			if err != nil || len(readers) != 1 || readers[0].State != model.ReceiptStored {
				c.Errorf("%d hides: readers %+v, %v", who, readers, err)
			}
			hide("hideread", who, false)
			read(int64(2*i + 2))
			if !told(model.CmdRead) {
				c.Errorf("%d shows it again: alice does not hear of it", who)
			}

			hide("hidetyping", who, true)
			typing := func() bool {
				if err := c.messages.Typing(c.Context(), model.Sender{UserID: bob}, model.Message{Cmd: model.CmdTyping, Kind: model.KindSingle, DstID: alice}); err != nil {
					c.Fatal(err)
				}
				return told(model.CmdTyping)
			}
			if typing() {
				c.Errorf("%d hides typing: alice hears of it", who)
			}
			hide("hidetyping", who, false)
			if !typing() {
				c.Errorf("%d shows typing again: alice does not hear of it", who)
			}
		}
	})
}

// TestBlockedReadsNothing: who was blocked does not see how far the other reads.
func TestBlockedReadsNothing(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(alice, text(bob, "hello", ""))
		c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: alice, Seq: 1})
		if row := c.row(alice, model.KindSingle, bob); row.PeerRead != 1 {
			t.Fatalf("before the block the list says %d", row.PeerRead)
		}
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Block{UserID: bob, DstID: alice})
			return err
		})
		if row := c.row(alice, model.KindSingle, bob); row.PeerRead != 0 || row.PeerGot != 0 {
			t.Errorf("after the block the list says %d, %d", row.PeerRead, row.PeerGot)
		}
	})
}

// When somebody was last there is told of who is away, by the newest of their
// devices, to those alone who would see them online.
func TestLastSeen(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		w.befriend(1, 2)
		w.befriend(2, 3)
		seen := func(by, of int64) int64 {
			w.Helper()
			friends, err := w.contacts.Friends(w.Context(), by)
			w.ok(err)
			return friends[slices.IndexFunc(friends, func(f model.Friend) bool { return f.ID == of })].SeenAt
		}
		if at := seen(2, 3); at != 0 {
			w.Errorf("who never signed in was seen at %d", at)
		}
		w.signIn(3)
		w.wait(time.Hour)
		w.signIn(3)
		w.signIn(1)
		want := w.now().UnixMilli()
		w.wait(time.Hour)
		if at := seen(2, 3); at != want {
			w.Errorf("seen at %d, want %d", at, want)
		}
		if at := seen(2, 1); at != 0 { // 1 is online
			w.Errorf("who is there was seen at %d", at)
		}
		for _, hides := range []int64{3, 2} {
			on, off := true, false
			_, err := w.users.Update(w.Context(), hides, service.Profile{HideOnline: &on})
			w.ok(err)
			if at := seen(2, 3); at != 0 {
				w.Errorf("%d hides: seen at %d", hides, at)
			}
			_, err = w.users.Update(w.Context(), hides, service.Profile{HideOnline: &off})
			w.ok(err)
		}
		w.ok(w.contacts.Block(w.Context(), 3, 2))
		if at := seen(2, 3); at != 0 {
			w.Errorf("blocked: seen at %d", at)
		}
	})
}
