package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

func TestJoinAndLeave(t *testing.T) {
	onClub(t, func(c *club) {
		g, err := c.groups.Create(c.Context(), owner, service.NewGroup{Name: "开放"})
		c.ok(err)
		c.say(owner, g.ID, "一")
		c.out.take()
		status, err := c.groups.Join(c.Context(), plain, g.ID, "")
		if err != nil || status != service.JoinedGroup {
			t.Fatalf("%q, %v", status, err)
		}
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 1 || len(loose) != 1 {
			t.Fatalf("published %+v and %+v", sequenced, loose)
		}
		d := sequenced[0]
		if m := d.Message; m.Cmd != model.CmdEvent || m.Kind != model.KindRoom || m.Seq != 2 || m.Content != model.EventGroupJoined ||
			m.UserID != plain || m.DstID != g.ID || d.Group != g.ID || !slices.Equal(d.Subscribe, []int64{plain}) {
			t.Errorf("entry %+v", d)
		}
		if e := ext(t, d.Message); !slices.Equal(e.Members, []int64{plain}) || e.Names["104"] != "人 104" {
			t.Errorf("ext %s", d.Message.Ext)
		}
		if d := loose[0]; d.Message.Content != model.EventGroupJoined || !slices.Equal(d.Users, []int64{plain}) || d.Message.DstID != g.ID || d.Message.Kind != 0 {
			t.Errorf("event %+v", d)
		}
		if seat := c.seat(g.ID, plain); seat == nil || seat.ReadSeq != 2 || seat.ReadPosts != 1 || seat.Own != 0 {
			t.Errorf("a newcomer has read: %+v", seat)
		}
		_, err = c.groups.Join(c.Context(), plain, g.ID, "")
		c.wants("again", err, model.Fail(model.CodeAlreadyMember))
		_, err = c.groups.Join(c.Context(), plain, 99999, "")
		c.wants("an absent group", err, model.Fail(model.CodeNotFound))
		_, err = c.groups.Join(c.Context(), plain, 0, "")
		c.wants("no group", err, model.Invalid("dstid"))

		c.out.take()
		c.wants("the owner leaves", c.groups.Leave(c.Context(), owner, g.ID), &model.Error{Code: model.CodeConflict, Key: "owner"})
		c.ok(c.groups.Leave(c.Context(), plain, g.ID))
		sequenced, loose = events(c.out.take())
		if len(sequenced) != 1 || sequenced[0].Message.Content != model.EventGroupLeft || sequenced[0].Message.Seq != 3 ||
			!slices.Equal(sequenced[0].Unsubscribe, []int64{plain}) || len(loose) != 1 || !slices.Equal(loose[0].Users, []int64{plain}) {
			t.Errorf("published %+v and %+v", sequenced, loose)
		}
		c.sound(g.ID)
		c.wants("left twice", c.groups.Leave(c.Context(), plain, g.ID), model.Fail(model.CodeNotMember))
		if seat := c.seat(g.ID, plain); seat != nil {
			t.Errorf("still there: %+v", seat)
		}
		c.ok(c.groups.Leave(c.Context(), owner, g.ID)) // alone: that ends the group
		_, err = c.groups.Info(c.Context(), owner, g.ID)
		c.wants("info of a group that ended", err, model.Fail(model.CodeNotFound))
	})
}

func TestInfoAndMembers(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinInvite)
		notice := "只给成员"
		_, err := c.groups.Update(c.Context(), admin, id, service.GroupChange{Notice: &notice})
		c.ok(err)
		g, err := c.groups.Info(c.Context(), plain, id)
		if err != nil || g.Notice != notice || g.Role != model.RoleMember || g.Size != 5 {
			t.Errorf("a member sees %+v, %v", g, err)
		}
		_, foreign := c.groups.Info(c.Context(), alien, id)
		_, absent := c.groups.Info(c.Context(), alien, 99999)
		if foreign == nil || foreign.Error() != absent.Error() {
			t.Errorf("foreign %v, absent %v", foreign, absent)
		}
		_, foreign = c.groups.Members(c.Context(), alien, id)
		_, absent = c.groups.Members(c.Context(), alien, 99999)
		if model.CodeOf(foreign) != model.CodeNotMember || foreign.Error() != absent.Error() {
			t.Errorf("foreign %v, absent %v", foreign, absent)
		}
		open := model.JoinApproval
		_, err = c.groups.Update(c.Context(), owner, id, service.GroupChange{Join: &open})
		c.ok(err)
		g, err = c.groups.Info(c.Context(), alien, id)
		if err != nil || g.Notice != "" || g.Role != "" || g.Name != "登山队" {
			t.Errorf("an outsider sees %+v, %v", g, err)
		}
		c.ok(c.groups.Mute(c.Context(), admin, id, plain, 60))
		list, err := c.groups.Members(c.Context(), other, id)
		c.ok(err)
		var order []int64
		for _, m := range list {
			order = append(order, m.ID)
			if m.Muted != (m.ID == plain) || m.Nickname != fmt.Sprintf("人 %d", m.ID) || m.Online {
				t.Errorf("member %+v", m)
			}
		}
		if !slices.Equal(order, []int64{owner, admin, second, plain, other}) {
			t.Errorf("order %v", order)
		}
	})
}

func TestInvite(t *testing.T) {
	onClub(t, func(c *club) {
		c.befriend(plain, other)
		for _, tt := range []struct {
			join    string
			inviter int64
			in      bool
		}{
			{model.JoinOpen, plain, true}, {model.JoinApproval, owner, true}, {model.JoinInvite, owner, true},
			{model.JoinApproval, plain, false}, {model.JoinInvite, plain, false},
		} {
			id := c.group(tt.join)
			c.out.take()
			got, err := c.groups.Invite(c.Context(), tt.inviter, id, []int64{friend, plain, other})
			c.ok(err)
			want := service.Invited{Requested: []int64{friend}}
			if tt.in {
				want = service.Invited{Joined: []int64{friend}}
			}
			if !slices.Equal(got.Joined, want.Joined) || !slices.Equal(got.Requested, want.Requested) {
				t.Errorf("%s by %d: %+v", tt.join, tt.inviter, got)
			}
			sequenced, loose := events(c.out.take())
			if tt.in && (len(sequenced) != 1 || sequenced[0].Message.UserID != tt.inviter || !slices.Equal(sequenced[0].Subscribe, []int64{friend})) {
				t.Errorf("%s: published %+v", tt.join, sequenced)
			}
			if !tt.in && (len(sequenced) != 0 || len(loose) != 1 || loose[0].Message.Content != model.EventGroupRequest ||
				!slices.Equal(sorted(loose[0].Users), []int64{owner, admin, second})) {
				t.Errorf("%s: published %+v and %+v", tt.join, sequenced, loose)
			}
			c.sound(id)
			got, err = c.groups.Invite(c.Context(), tt.inviter, id, []int64{other})
			if err != nil || got.Joined != nil || got.Requested != nil {
				t.Errorf("who is in already: %+v, %v", got, err)
			}
			_, err = c.groups.Invite(c.Context(), tt.inviter, id, []int64{friend, alien})
			c.wants("a stranger", err, &model.Error{Code: model.CodeNotFriend, Key: "members"})
			_, err = c.groups.Invite(c.Context(), alien, id, []int64{plain})
			c.wants("an outsider", err, model.Fail(model.CodeNotMember))
			_, err = c.groups.Invite(c.Context(), tt.inviter, id, nil)
			c.wants("nobody", err, model.Invalid("members"))
		}
	})
}

func sorted(ids []int64) []int64 {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

// Many at once are entries of bounded size that name everybody by id.
func TestInviteManyWithLongNames(t *testing.T) {
	onClub(t, func(c *club) {
		const many = 250
		ids := crowd(many)
		c.exec(func(s *xorm.Session) error {
			for _, id := range ids {
				// Each of these characters is six in JSON.
				u := model.User{ID: id, Mobile: fmt.Sprint(id), Nickname: strings.Repeat("\u2028", model.MaxNickname)}
				if _, err := s.Insert(&u, &model.Contact{UserID: id, DstID: owner}, &model.Contact{UserID: owner, DstID: id}); err != nil {
					return err
				}
			}
			return nil
		})
		id := c.group(model.JoinInvite)
		c.out.take()
		_, err := c.groups.Invite(c.Context(), owner, id, ids)
		c.ok(err)
		sequenced, _ := events(c.out.take())
		var told, subscribed []int64
		for _, d := range sequenced {
			if len(d.Message.Ext) > model.MaxExt {
				t.Errorf("an ext of %d bytes", len(d.Message.Ext))
			}
			told = append(told, ext(t, d.Message).Members...)
			subscribed = append(subscribed, d.Subscribe...)
		}
		if !slices.Equal(told, ids) || !slices.Equal(subscribed, ids) {
			t.Errorf("told %d, subscribed %d", len(told), len(subscribed))
		}
		c.sound(id)
	})
}

func TestUpdate(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		text := func(s string) *string { return &s }
		number := func(n int) *int { return &n }
		for what, tt := range map[string]struct {
			change service.GroupChange
			want   *model.Error
		}{
			"no name":         {service.GroupChange{Name: text("")}, model.Invalid("name")},
			"an odd policy":   {service.GroupChange{Join: text("")}, model.Invalid("join")},
			"a long notice":   {service.GroupChange{Notice: text(strings.Repeat("长", 2001))}, model.Invalid("notice")},
			"a script":        {service.GroupChange{Icon: text("javascript:1")}, model.Invalid("icon")},
			"an odd category": {service.GroupChange{Cate: number(9)}, model.Invalid("cate")},
		} {
			_, err := c.groups.Update(c.Context(), admin, id, tt.change)
			c.wants(what, err, tt.want)
		}
		_, err := c.groups.Update(c.Context(), plain, id, service.GroupChange{Name: text("x")})
		c.wants("a member", err, model.Fail(model.CodeForbidden))
		_, err = c.groups.Update(c.Context(), alien, id, service.GroupChange{Name: text("x")})
		c.wants("an outsider", err, model.Fail(model.CodeNotMember))

		c.out.take()
		long := strings.Repeat("告", model.MaxGroupNotice)
		g, err := c.groups.Update(c.Context(), admin, id, service.GroupChange{Name: text("新名"), Notice: &long, Memo: text("m"), Cate: number(3), Icon: text("/mnt/i.png")})
		if err != nil || g.Name != "新名" || g.Notice != long || g.Role != model.RoleAdmin {
			t.Errorf("%+v, %v", g, err)
		}
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 1 || len(loose) != 0 || sequenced[0].Group != id || sequenced[0].Message.Content != model.EventGroupChanged {
			t.Fatalf("published %+v and %+v", sequenced, loose)
		}
		if e := ext(t, sequenced[0].Message); *e.Name != "新名" || *e.Notice != strings.Repeat("告", 140) || e.Names["102"] == "" {
			t.Errorf("ext %s", sequenced[0].Message.Ext)
		}
		if stored, err := c.groups.Info(c.Context(), admin, id); err != nil || *stored != *g {
			t.Errorf("stored %+v, answered %+v, %v", stored, g, err)
		}
		// Every field that may be empty can be emptied, and stays so.
		empty := service.GroupChange{Icon: text(""), Cate: number(0), Memo: text(""), Notice: text("")}
		_, err = c.groups.Update(c.Context(), owner, id, empty)
		c.ok(err)
		g, err = c.groups.Info(c.Context(), plain, id)
		if err != nil || g.Icon != "" || g.Cate != 0 || g.Memo != "" || g.Notice != "" || g.Name != "新名" {
			t.Errorf("%+v, %v", g, err)
		}
		c.out.take()
		_, err = c.groups.Update(c.Context(), owner, id, empty)
		c.ok(err)
		if d := c.out.take(); len(d) != 0 {
			t.Errorf("nothing changed, published %+v", d)
		}
		_, err = c.groups.Update(c.Context(), owner, id, service.GroupChange{Icon: text("/mnt/j.png")})
		c.ok(err)
		sequenced, loose = events(c.out.take())
		if len(sequenced) != 0 || len(loose) != 1 || loose[0].Group != id {
			t.Errorf("published %+v and %+v", sequenced, loose)
		}
		c.sound(id)
	})
}
