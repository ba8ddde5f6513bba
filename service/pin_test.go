package service_test

import (
	"slices"
	"testing"

	"hongyan/model"
	"hongyan/service"
)

func (c *club) pins(reader int64, kind int, dstID int64) []int64 {
	c.Helper()
	rows, err := c.messages.Pins(c.Context(), reader, kind, dstID)
	c.ok(err)
	seqs := []int64{}
	for _, row := range rows {
		seqs = append(seqs, row.Seq)
	}
	return seqs
}

// In a group the owner and the admins pin; everybody learns of it in the timeline.
func TestPinInGroup(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		pin := func(by, seq int64, on bool) error {
			return c.messages.Pin(c.Context(), by, model.KindRoom, id, seq, on)
		}
		for range 22 {
			c.say(plain, id, "要记住的")
		}
		first := int64(3) // after the two promotions
		c.wants("a member", pin(plain, first, true), model.Fail(model.CodeForbidden))
		c.wants("an outsider", pin(alien, first, true), model.Fail(model.CodeNotMember))
		c.wants("no such message", pin(owner, 99, true), model.Fail(model.CodeNotFound))
		c.wants("not a message", pin(owner, 1, true), model.Fail(model.CodeNotFound))
		c.out.take()
		c.ok(pin(admin, first, true))
		c.ok(pin(owner, first, true)) // it is already
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 1 || len(loose) != 0 {
			t.Fatalf("published %+v and %+v", sequenced, loose)
		}
		if m := sequenced[0].Message; m.Cmd != model.CmdEvent || m.Content != model.EventPinned || m.Ref != first || m.Amount != 1 ||
			m.UserID != admin || m.Kind != model.KindRoom || m.Seq != 25 || sequenced[0].Group != id {
			t.Errorf("entry %+v", m)
		}
		after := int64(24)
		rows, err := c.messages.History(c.Context(), plain, model.KindRoom, id, service.Page{After: &after})
		if err != nil || len(rows) != 1 || rows[0].Content != model.EventPinned || rows[0].Ref != first {
			t.Errorf("history %+v, %v", rows, err)
		}
		for seq := first + 1; seq < first+20; seq++ {
			c.ok(pin(admin, seq, true))
		}
		c.wants("one too many", pin(admin, first+20, true), &model.Error{Code: model.CodeConflict, Key: "pins"})
		// What is taken back leaves its place to another.
		_, err = sendWait(c.Context(), c.messages, model.Sender{UserID: plain}, model.Message{Cmd: model.CmdRecall, Kind: model.KindRoom, DstID: id, Ref: first + 5})
		c.ok(err)
		if got := c.pins(plain, model.KindRoom, id); len(got) != 19 || got[0] != first+19 || slices.Contains(got, first+5) {
			t.Errorf("pinned %v", got)
		}
		c.ok(pin(admin, first+20, true))
		c.wants("a member unpins", pin(plain, first, false), model.Fail(model.CodeForbidden))
		c.ok(pin(owner, first, false))
		if got := c.pins(plain, model.KindRoom, id); len(got) != 19 || slices.Contains(got, first) {
			t.Errorf("pinned %v", got)
		}
		_, err = c.messages.Pins(c.Context(), alien, model.KindRoom, id)
		c.wants("an outsider", err, model.Fail(model.CodeNotMember))
		c.sound(id)
	})
}

// Either of two people pins, as long as they may write to each other.
func TestPinBetweenTwo(t *testing.T) {
	onClub(t, func(c *club) {
		pin := func(by, with, seq int64, on bool) error {
			return c.messages.Pin(c.Context(), by, model.KindSingle, with, seq, on)
		}
		c.wants("nothing said yet", pin(owner, plain, 1, true), model.Fail(model.CodeNotFound))
		if got := c.pins(owner, model.KindSingle, plain); len(got) != 0 {
			t.Errorf("pinned %v", got)
		}
		_, err := sendWait(c.Context(), c.messages, model.Sender{UserID: owner},
			model.Message{Cmd: model.CmdSingle, DstID: plain, Media: model.MediaText, Content: "门禁码 2580"})
		c.ok(err)
		c.out.take()
		c.ok(pin(plain, owner, 1, true))
		sequenced, _ := events(c.out.take())
		if len(sequenced) != 1 || !slices.Equal(sorted(sequenced[0].Users), []int64{owner, plain}) || sequenced[0].Message.Peer(owner) != plain {
			t.Errorf("published %+v", sequenced)
		}
		for reader, with := range map[int64]int64{owner: plain, plain: owner} {
			if got := c.pins(reader, model.KindSingle, with); !slices.Equal(got, []int64{1}) {
				t.Errorf("%d sees %v", reader, got)
			}
		}
		c.ok(pin(owner, plain, 1, false))
		if got := c.pins(plain, model.KindSingle, owner); len(got) != 0 {
			t.Errorf("pinned %v", got)
		}
		c.wants("a stranger", pin(alien, owner, 1, true), model.Fail(model.CodeNotFriend))
		_, err = c.messages.Pins(c.Context(), alien, model.KindSingle, owner)
		c.wants("a stranger", err, model.Fail(model.CodeNotFriend))
		for _, kind := range []int{0, 12, 99} {
			c.wants("an odd kind", c.messages.Pin(c.Context(), owner, kind, plain, 1, true), model.Invalid("kind"))
		}
		c.wants("no seq", pin(owner, plain, 0, true), model.Invalid("seq"))
	})
}
