package service_test

import (
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

// The rank matrix: who (owner, admin, member, outsider) may do what to whom
// (owner, another admin, another member, oneself, an outsider). + is done, F
// forbidden, N not a member.
func TestRankMatrix(t *testing.T) {
	byRank := [4]string{"F++FN", "FF+FN", "FFFFF", "NNNNN"}
	ownerOnly := [4]string{"F++FN", "FFFFF", "FFFFF", "NNNNN"}
	matrix := map[string][4]string{
		"kick": byRank, "mute": byRank, "unmute": byRank, "promote": ownerOnly, "demote": ownerOnly, "transfer": ownerOnly,
	}
	codes := map[byte]model.Code{'F': model.CodeForbidden, 'N': model.CodeNotMember}
	onClub(t, func(c *club) {
		do := c.actions()
		id := c.group(model.JoinOpen)
		for what, rows := range matrix {
			for i, actor := range []int64{owner, admin, plain, alien} {
				for j, target := range []int64{owner, second, other, actor, friend} {
					before := c.roles(owner, id)
					err := do[what](id, actor, target)
					want := rows[i][j]
					if want == '+' {
						if err != nil {
							t.Errorf("%d may %s %d: %v", actor, what, target, err)
						}
						c.sound(id)
						id = c.group(model.JoinOpen)
						continue
					}
					if got := model.CodeOf(err); err == nil || got != codes[want] {
						t.Errorf("%d may not %s %d: got %v, want %v", actor, what, target, err, codes[want])
					}
					if after := c.roles(owner, id); !maps.Equal(before, after) {
						t.Errorf("%d, %s, %d: refused, but %v became %v", actor, what, target, before, after)
					}
				}
			}
		}
	})
}

func (c *club) actions() map[string]func(id, actor, target int64) error {
	ctx, g := c.Context(), c.groups
	return map[string]func(id, actor, target int64) error{
		"kick":     func(id, actor, target int64) error { return g.Kick(ctx, actor, id, target) },
		"mute":     func(id, actor, target int64) error { return g.Mute(ctx, actor, id, target, 60) },
		"unmute":   func(id, actor, target int64) error { return g.Mute(ctx, actor, id, target, 0) },
		"promote":  func(id, actor, target int64) error { return g.SetRole(ctx, actor, id, target, model.RoleAdmin) },
		"demote":   func(id, actor, target int64) error { return g.SetRole(ctx, actor, id, target, model.RoleMember) },
		"transfer": func(id, actor, target int64) error { return g.Transfer(ctx, actor, id, target) },
	}
}

func TestKick(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		c.out.take()
		c.ok(c.groups.Kick(c.Context(), admin, id, plain))
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 1 || sequenced[0].Message.Content != model.EventGroupLeft || sequenced[0].Message.UserID != admin ||
			!slices.Equal(sequenced[0].Unsubscribe, []int64{plain}) || !slices.Equal(ext(t, sequenced[0].Message).Members, []int64{plain}) {
			t.Errorf("published %+v", sequenced)
		}
		if len(loose) != 1 || loose[0].Message.Content != model.EventGroupLeft || !slices.Equal(loose[0].Users, []int64{plain}) {
			t.Errorf("published %+v", loose)
		}
		_, err := sendWait(c.Context(), c.messages, model.Sender{UserID: plain},
			model.Message{Cmd: model.CmdRoom, DstID: id, Media: model.MediaText, Content: "still here?"})
		c.wants("who was kicked speaks", err, model.Fail(model.CodeNotMember))
		_, err = c.messages.History(c.Context(), plain, model.KindRoom, id, service.Page{})
		c.wants("who was kicked reads", err, model.Fail(model.CodeNotMember))
	})
}

// TestKickedNeedConsentToComeBack: somebody who was sent away is let in by the
// owner or an admin alone, into an open group too and whoever brings them.
func TestKickedNeedConsentToComeBack(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		c.befriend(other, plain)
		c.befriend(other, friend)
		token := c.link(owner, id, 0)
		c.ok(c.groups.Kick(c.Context(), admin, id, plain))
		if status, err := c.groups.Join(c.Context(), plain, id, "sorry"); err != nil || status != service.RequestedGroup {
			t.Errorf("by oneself: %s, %v", status, err)
		}
		if _, status, err := c.groups.JoinByInvite(c.Context(), plain, token, "sorry"); err != nil || status != service.RequestedGroup {
			t.Errorf("by a link: %s, %v", status, err)
		}
		got, err := c.groups.Invite(c.Context(), other, id, []int64{plain, friend})
		if err != nil || !slices.Equal(got.Joined, []int64{friend}) || !slices.Equal(got.Requested, []int64{plain}) {
			t.Errorf("brought by a member: %+v, %v", got, err)
		}
		c.wants("who waits speaks", c.speak(plain, id), model.Fail(model.CodeNotMember))
		rows, err := c.groups.Requests(c.Context(), owner)
		c.ok(err)
		if len(rows) != 1 || rows[0].User.ID != plain || rows[0].Memo != "sorry" {
			t.Fatalf("requests %+v", rows)
		}
		c.ok(c.groups.Accept(c.Context(), owner, rows[0].ID))
		c.ok(c.speak(plain, id))
		c.ok(c.groups.Leave(c.Context(), plain, id)) // forgiven: by oneself again
		if status, err := c.groups.Join(c.Context(), plain, id, ""); err != nil || status != service.JoinedGroup {
			t.Errorf("after a pardon: %s, %v", status, err)
		}
		c.ok(c.groups.Kick(c.Context(), admin, id, plain))
		got, err = c.groups.Invite(c.Context(), owner, id, []int64{plain})
		if err != nil || !slices.Equal(got.Joined, []int64{plain}) {
			t.Errorf("by the owner: %+v, %v", got, err)
		}
		c.sound(id)
	})
}

func TestMute(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		for _, seconds := range []int64{-1, 1 << 40} {
			c.wants("seconds", c.groups.Mute(c.Context(), owner, id, plain, seconds), model.Invalid("seconds"))
		}
		c.ok(c.groups.Mute(c.Context(), owner, id, plain, 60))
		speak := func() error {
			_, err := sendWait(c.Context(), c.messages, model.Sender{UserID: plain},
				model.Message{Cmd: model.CmdRoom, DstID: id, Media: model.MediaText, Content: "x"})
			return err
		}
		c.wants("muted", speak(), &model.Error{Code: model.CodeForbidden, Key: "muted"})
		c.ok(c.groups.Mute(c.Context(), admin, id, plain, 0))
		c.ok(speak())
		c.ok(c.groups.Mute(c.Context(), owner, id, plain, 60))
		c.now = c.now.Add(time.Minute + time.Second)
		c.ok(speak())
		// A muted member who becomes the owner can speak: nobody could end that mute.
		c.ok(c.groups.Mute(c.Context(), owner, id, plain, 600))
		c.ok(c.groups.Transfer(c.Context(), owner, id, plain))
		c.ok(speak())
		if roles := c.roles(plain, id); roles[plain] != model.RoleOwner || roles[owner] != model.RoleAdmin {
			t.Errorf("roles %v", roles)
		}
	})
}

func TestRoleAndTransferEntries(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		c.wants("a third role", c.groups.SetRole(c.Context(), owner, id, plain, model.RoleOwner), model.Invalid("role"))
		c.out.take()
		c.ok(c.groups.SetRole(c.Context(), owner, id, plain, model.RoleMember))
		if d := c.out.take(); len(d) != 0 {
			t.Errorf("nothing changed, published %+v", d)
		}
		c.ok(c.groups.SetRole(c.Context(), owner, id, plain, model.RoleAdmin))
		c.ok(c.groups.Transfer(c.Context(), owner, id, plain))
		sequenced, _ := events(c.out.take())
		if len(sequenced) != 2 {
			t.Fatalf("published %+v", sequenced)
		}
		for i, role := range []string{model.RoleAdmin, model.RoleOwner} {
			m := sequenced[i].Message
			if e := ext(t, m); m.Content != model.EventGroupChanged || e.Role != role || !slices.Equal(e.Members, []int64{plain}) {
				t.Errorf("entry %+v", m)
			}
		}
		c.sound(id)
	})
}

func TestDismiss(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinApproval)
		c.say(plain, id, "last words")
		c.ask(alien, id, "")
		for _, who := range []int64{admin, plain} {
			c.wants("not the owner", c.groups.Dismiss(c.Context(), who, id), model.Fail(model.CodeForbidden))
		}
		c.wants("an outsider", c.groups.Dismiss(c.Context(), alien, id), model.Fail(model.CodeNotMember))
		c.out.take()
		c.ok(c.groups.Dismiss(c.Context(), owner, id))
		all := []int64{owner, admin, second, plain, other}
		d := c.out.take()
		if len(d) != 1 || d[0].Message.Content != model.EventGroupDismissed || d[0].Message.DstID != id || d[0].Group != id ||
			!slices.Equal(d[0].Users, all) || !slices.Equal(d[0].Unsubscribe, all) {
			t.Errorf("published %+v", d)
		}
		for _, who := range all {
			if mine, err := c.groups.Mine(c.Context(), who); err != nil || len(mine) != 0 {
				t.Errorf("%d is still in %+v, %v", who, mine, err)
			}
			_, err := c.messages.History(c.Context(), who, model.KindRoom, id, service.Page{})
			c.wants("history", err, model.Fail(model.CodeNotMember))
		}
		c.exec(func(s *xorm.Session) error {
			n, err := s.Where("kind = ?", model.KindRoom).Count(new(model.Request))
			if n != 0 {
				t.Errorf("%d requests are left", n)
			}
			return err
		})
		c.wants("dismissed twice", c.groups.Dismiss(c.Context(), owner, id), model.Fail(model.CodeNotMember))
		_, err := c.groups.Join(c.Context(), plain, id, "")
		c.wants("joins what has ended", err, model.Fail(model.CodeNotFound))
	})
}

// Many change a group at once while others talk: one owner, the right size, one
// order without a gap.
func TestGroupUnderParallelChanges(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		ctx := c.Context()
		targets := []int64{admin, second, plain, other}
		var turns atomic.Int64
		handed, _ := storm(len(targets)*5, func() error {
			turn := int(turns.Add(1))
			return []*service.CommunityService{c.groups, c.elsewhere}[turn/2%2].Transfer(ctx, owner, id, targets[turn%len(targets)])
		})
		if handed != 1 {
			t.Errorf("handed over %d times", handed)
		}
		c.sound(id)
		g, err := c.groups.Info(ctx, owner, id)
		c.ok(err)
		steps := []func() error{
			func() error { _, err := c.groups.Join(ctx, friend, id, ""); return err },
			func() error { return c.elsewhere.Leave(ctx, friend, id) },
			func() error { return c.groups.Kick(ctx, g.OwnerID, id, friend) },
			func() error { _, err := c.elsewhere.Invite(ctx, plain, id, []int64{friend}); return err },
			func() error {
				_, err := sendWait(ctx, c.messages, model.Sender{UserID: friend},
					model.Message{Cmd: model.CmdRoom, DstID: id, Media: model.MediaText, Content: "x"})
				return err
			},
		}
		_, failed := storm(200, func() error { return steps[int(turns.Add(1))%len(steps)]() })
		for code := range failed {
			if code != model.CodeAlreadyMember && code != model.CodeNotMember {
				t.Errorf("%d times %s", failed[code], code)
			}
		}
		c.sound(id)
	})
}
