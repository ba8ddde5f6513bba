package service_test

import (
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
)

func (c *chat) set(user int64, kind int, dst int64, set service.Settings) model.ConversationRow {
	c.Helper()
	row, err := c.list.Set(c.Context(), model.Sender{UserID: user}, kind, dst, set)
	if err != nil {
		c.Fatal(err)
	}
	return row
}

func ptr[T any](v T) *T { return &v }

func TestArchivedUntilTheNextMessage(t *testing.T) {
	onChat(t, func(c *chat) {
		first := c.must(bob, text(alice, "a", ""))
		if row := c.set(alice, 10, bob, service.Settings{Archived: ptr(true)}); !row.Archived || row.Badge() != 0 || row.Unread != 1 {
			t.Errorf("put away: %+v", row)
		}
		if row := c.row(bob, 10, alice); row.Archived {
			t.Error("put away for the other too")
		}
		c.must(bob, model.Message{Cmd: model.CmdReact, Kind: 10, DstID: alice, Ref: first.Seq, Content: "👍", Amount: 1})
		if row := c.row(alice, 10, bob); !row.Archived {
			t.Error("a reaction brought it back")
		}
		c.must(bob, text(alice, "b", ""))
		if row := c.row(alice, 10, bob); row.Archived || row.Badge() != 2 {
			t.Errorf("after a message: %+v", row)
		}
		c.set(alice, 10, bob, service.Settings{Archived: ptr(true)})
		if row := c.set(alice, 10, bob, service.Settings{Archived: ptr(false)}); row.Archived {
			t.Error("it cannot be taken out again")
		}
	})
}

func TestMarkedUnread(t *testing.T) {
	onChat(t, func(c *chat) {
		ack := c.must(bob, text(alice, "a", ""))
		c.must(alice, model.Message{Cmd: model.CmdRead, Kind: 10, DstID: bob, Seq: ack.Seq})
		if row := c.set(alice, 10, bob, service.Settings{Unread: ptr(true)}); !row.Marked || row.Unread != 0 || row.Badge() != 1 {
			t.Errorf("marked: %+v", row)
		}
		if row := c.set(alice, 10, bob, service.Settings{Unread: ptr(false)}); row.Marked || row.Badge() != 0 {
			t.Errorf("taken off: %+v", row)
		}
		c.set(alice, 10, bob, service.Settings{Unread: ptr(true)})
		ack = c.must(bob, text(alice, "b", ""))
		c.must(alice, model.Message{Cmd: model.CmdRead, Kind: 10, DstID: bob, Seq: ack.Seq})
		if row := c.row(alice, 10, bob); row.Marked {
			t.Error("reading leaves the mark")
		}
	})
}

func TestMuteEndsByItself(t *testing.T) {
	onChat(t, func(c *chat) {
		c.out.take()
		row := c.set(alice, 11, group, service.Settings{MuteFor: ptr(int64(3600))})
		if !row.Muted || row.MutedTill != c.now().Add(time.Hour).UnixMilli() {
			t.Errorf("for an hour: %+v", row)
		}
		if told := c.out.take(); len(told) != 1 || told[0].Message.Content != model.EventConversationChanged || told[0].Message.DstID != group {
			t.Errorf("the other devices heard %+v", told)
		}
		c.must(bob, room("quiet"))
		if row = c.row(alice, 11, group); row.Unread != 1 || row.Badge() != 0 {
			t.Errorf("a muted message: %+v", row)
		}
		m := room("@Alice")
		m.Ext = []byte(`{"mentions":[1]}`)
		c.must(bob, m)
		if row = c.row(alice, 11, group); row.Badge() != 1 {
			t.Errorf("a call in a muted group: %+v", row)
		}
		c.wait(59 * time.Minute)
		if !c.row(alice, 11, group).Muted {
			t.Error("over too early")
		}
		c.wait(time.Minute)
		if row = c.row(alice, 11, group); row.Muted || row.MutedTill != 0 || row.Badge() != 2 {
			t.Errorf("after an hour: %+v", row)
		}
		for _, step := range []struct {
			set  service.Settings
			want bool
		}{
			{service.Settings{MuteFor: ptr(int64(-1))}, true}, {service.Settings{MuteFor: ptr(int64(0))}, false},
			{service.Settings{MuteFor: ptr(int64(9))}, true}, {service.Settings{Muted: ptr(false)}, false}, {service.Settings{Muted: ptr(true)}, true},
		} {
			if row = c.set(alice, 11, group, step.set); row.Muted != step.want {
				t.Errorf("%+v: %+v", step.set, row)
			}
		}
		for _, seconds := range []int64{-2, 1 << 40} {
			if _, err := c.list.Set(t.Context(), model.Sender{UserID: alice}, 11, group, service.Settings{MuteFor: &seconds}); model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("mute for %d: %v", seconds, err)
			}
		}
	})
}
