package service_test

import (
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
)

func (c *club) speak(from, groupID int64) error {
	_, err := sendWait(c.Context(), c.messages, model.Sender{UserID: from},
		model.Message{Cmd: model.CmdRoom, DstID: groupID, Media: model.MediaText, Content: "x"})
	return err
}

// Nobody gets rid of a mute by leaving and coming back, or by being sent away and let in again.
func TestMuteOutlastsLeaving(t *testing.T) {
	onClub(t, func(c *club) {
		muted := &model.Error{Code: model.CodeForbidden, Key: "muted"}
		id := c.group(model.JoinOpen)
		c.ok(c.groups.Mute(c.Context(), admin, id, plain, 600))
		c.ok(c.groups.Leave(c.Context(), plain, id))
		_, err := c.groups.Join(c.Context(), plain, id, "")
		c.ok(err)
		c.wants("back in the group", c.speak(plain, id), muted)
		c.ok(c.groups.Kick(c.Context(), owner, id, plain))
		_, err = c.groups.Invite(c.Context(), owner, id, []int64{plain})
		c.ok(err)
		c.wants("let in again", c.speak(plain, id), muted)
		c.ok(c.groups.Leave(c.Context(), plain, id))
		c.now = c.now.Add(601 * time.Second)
		_, err = c.groups.Join(c.Context(), plain, id, "")
		c.ok(err)
		c.ok(c.speak(plain, id))
		c.ok(c.groups.Leave(c.Context(), plain, id))
		c.ok(c.groups.Leave(c.Context(), other, id)) // was never muted
		_, err = c.groups.Join(c.Context(), other, id, "")
		c.ok(err)
		c.ok(c.speak(other, id))
		c.sound(id)
	})
}

// In a quiet group the owner and the admins speak.
func TestQuietGroup(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		yes, no := true, false
		_, err := c.groups.Update(c.Context(), plain, id, service.GroupChange{Quiet: &yes})
		c.wants("a member", err, model.Fail(model.CodeForbidden))
		c.out.take()
		g, err := c.groups.Update(c.Context(), admin, id, service.GroupChange{Quiet: &yes})
		if err != nil || !g.Quiet {
			t.Fatalf("%+v, %v", g, err)
		}
		if sequenced, _ := events(c.out.take()); len(sequenced) != 1 || !strings.Contains(string(sequenced[0].Message.Ext), `"quiet":true`) {
			t.Errorf("published %+v", sequenced)
		}
		c.ok(c.speak(owner, id))
		c.ok(c.speak(admin, id))
		quiet := &model.Error{Code: model.CodeForbidden, Key: "quiet"}
		c.wants("a member", c.speak(plain, id), quiet)
		c.wants("typing", c.messages.Typing(c.Context(), model.Sender{UserID: plain}, model.Message{Kind: model.KindRoom, DstID: id}), quiet)
		_, err = c.groups.Update(c.Context(), owner, id, service.GroupChange{Quiet: &no})
		c.ok(err)
		c.ok(c.speak(plain, id))
		c.sound(id)
	})
}

// A notice says who wrote it and when; what else changes leaves that alone.
func TestNoticeHasAuthor(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		notice, name := "周六八点集合", "新名"
		_, err := c.groups.Update(c.Context(), admin, id, service.GroupChange{Notice: &notice})
		c.ok(err)
		at := c.now.UnixMilli()
		c.now = c.now.Add(time.Hour)
		_, err = c.groups.Update(c.Context(), owner, id, service.GroupChange{Name: &name})
		c.ok(err)
		mine, err := c.groups.Mine(c.Context(), plain)
		if err != nil || len(mine) != 1 || mine[0].NoticeBy != admin || mine[0].NoticeAt != at || mine[0].Notice != notice {
			t.Errorf("%+v, %v", mine, err)
		}
	})
}

func TestNick(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		c.out.take()
		c.ok(c.groups.SetNick(c.Context(), plain, id, " 队长 "))
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 0 || len(loose) != 1 || loose[0].Group != id || loose[0].Message.UserID != plain ||
			loose[0].Message.Content != model.EventNickChanged || string(loose[0].Message.Ext) != `{"nick":"队长"}` {
			t.Errorf("published %+v and %+v", sequenced, loose)
		}
		c.ok(c.groups.SetNick(c.Context(), plain, id, "队长"))
		if d := c.out.take(); len(d) != 0 {
			t.Errorf("nothing changed, published %+v", d)
		}
		names, err := c.groups.Nicks(c.Context(), other, id)
		if err != nil || len(names) != 1 || names[0] != (model.MemberName{ID: plain, Nick: "队长"}) {
			t.Errorf("%+v, %v", names, err)
		}
		list, err := c.groups.Members(c.Context(), other, id)
		c.ok(err)
		for _, m := range list {
			if (m.Nick == "队长") != (m.ID == plain) {
				t.Errorf("member %+v", m)
			}
		}
		c.wants("too long", c.groups.SetNick(c.Context(), plain, id, strings.Repeat("长", 33)), model.Invalid("nick"))
		c.wants("two lines", c.groups.SetNick(c.Context(), plain, id, "a\nb"), model.Invalid("nick"))
		c.wants("an outsider", c.groups.SetNick(c.Context(), alien, id, "x"), model.Fail(model.CodeNotMember))
		_, err = c.groups.Nicks(c.Context(), alien, id)
		c.wants("an outsider", err, model.Fail(model.CodeNotMember))
		c.ok(c.groups.SetNick(c.Context(), plain, id, ""))
		if names, err := c.groups.Nicks(c.Context(), other, id); err != nil || len(names) != 0 {
			t.Errorf("%+v, %v", names, err)
		}
	})
}

// TestWhoIsMutedSpeaksByNoName: a name in the group is told to all of it.
func TestWhoIsMutedSpeaksByNoName(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		c.ok(c.groups.SetNick(c.Context(), plain, id, "before"))
		c.ok(c.groups.Mute(c.Context(), owner, id, plain, 600))
		c.wants("a muted member", c.groups.SetNick(c.Context(), plain, id, "buy at example.com"), &model.Error{Code: model.CodeForbidden, Key: "muted"})
		c.ok(c.groups.SetNick(c.Context(), plain, id, ""))
	})
}
