package service_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

// requests gives the pending requests that a user may judge.
func (c *club) requests(userID int64) []model.RequestRow {
	c.Helper()
	list, err := c.groups.Requests(c.Context(), userID)
	c.ok(err)
	return list
}

func (c *club) ask(userID, groupID int64, memo string) {
	c.Helper()
	status, err := c.groups.Join(c.Context(), userID, groupID, memo)
	if err != nil || status != service.RequestedGroup {
		c.Fatalf("asked: %q, %v", status, err)
	}
}

func TestRequests(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinApproval)
		c.out.take()
		c.ask(alien, id, "我是新来的")
		d := c.out.take()
		if len(d) != 1 || d[0].Message.Content != model.EventGroupRequest || d[0].Message.UserID != alien ||
			!slices.Equal(sorted(d[0].Users), []int64{owner, admin, second}) || d[0].Group != 0 {
			t.Errorf("published %+v", d)
		}
		c.ask(alien, id, "再问一次")
		list := c.requests(admin)
		if len(list) != 1 || list[0].User.ID != alien || list[0].Group.ID != id || list[0].Memo != "再问一次" ||
			list[0].Kind != model.KindRoom || list[0].Status != model.RequestPending {
			t.Fatalf("requests %+v", list)
		}
		for _, outsider := range []int64{plain, alien, friend} {
			if list := c.requests(outsider); list == nil || len(list) != 0 {
				t.Errorf("%d sees %+v", outsider, list)
			}
			for what, judge := range c.verdicts() {
				foreign, absent := judge(outsider, list[0].ID), judge(outsider, 99999)
				if model.CodeOf(foreign) != model.CodeNotFound || foreign.Error() != absent.Error() {
					t.Errorf("%s by %d: foreign %v, absent %v", what, outsider, foreign, absent)
				}
			}
		}
		c.ok(c.groups.Reject(c.Context(), admin, list[0].ID, ""))
		if seat := c.seat(id, alien); seat != nil {
			t.Errorf("rejected, but in: %+v", seat)
		}
		for what, judge := range c.verdicts() {
			c.wants(what+" once more", judge(owner, list[0].ID), &model.Error{Code: model.CodeConflict, Key: "handled"})
		}
		c.ask(alien, id, "")
		again := c.requests(owner)
		if len(again) != 1 || again[0].ID != list[0].ID {
			t.Fatalf("asked anew: %+v", again)
		}
		c.out.take()
		c.ok(c.groups.Accept(c.Context(), second, again[0].ID))
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 1 || sequenced[0].Message.UserID != second || !slices.Equal(ext(t, sequenced[0].Message).Members, []int64{alien}) {
			t.Errorf("published %+v", sequenced)
		}
		if len(loose) != 2 || loose[0].Message.Content != model.EventGroupJoined || !slices.Equal(loose[0].Users, []int64{alien}) {
			t.Errorf("published %+v", loose)
		}
		c.sound(id)
	})
}

func (c *club) verdicts() map[string]func(judge, request int64) error {
	return map[string]func(judge, request int64) error{
		"accept": func(judge, request int64) error { return c.groups.Accept(c.Context(), judge, request) },
		"reject": func(judge, request int64) error { return c.groups.Reject(c.Context(), judge, request, "") },
	}
}

func TestInviteOnlyAndLimits(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinInvite)
		_, err := c.groups.Join(c.Context(), alien, id, "")
		c.wants("an invite-only group", err, &model.Error{Code: model.CodeForbidden, Key: "invite_only"})
		_, err = c.groups.Join(c.Context(), alien, id, strings.Repeat("长", 141))
		c.wants("a long greeting", err, model.Invalid("memo"))

		open := c.group(model.JoinOpen)
		c.exec(func(s *xorm.Session) error {
			_, err := s.Exec("UPDATE community SET size = ? WHERE id = ?", model.MaxGroupSize, open)
			return err
		})
		_, err = c.groups.Join(c.Context(), alien, open, "")
		c.wants("a full group", err, &model.Error{Code: model.CodeConflict, Key: "members"})
		_, err = c.groups.Invite(c.Context(), owner, open, []int64{friend})
		c.wants("a full group", err, &model.Error{Code: model.CodeConflict, Key: "members"})
	})
}

// An invitation rests on a friendship, and a verdict on the judge's rank at
// that time; getting in by another way settles the request.
func TestRequestsFollowWhatHolds(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinApproval)
		_, err := c.groups.Invite(c.Context(), plain, id, []int64{friend})
		c.ok(err)
		request := c.requests(admin)[0].ID
		c.exec(func(s *xorm.Session) error {
			_, err := s.Exec("DELETE FROM contact WHERE userid IN (?, ?) AND dstid IN (?, ?)", plain, friend, plain, friend)
			return err
		})
		c.wants("friends no longer", c.groups.Accept(c.Context(), admin, request), model.Fail(model.CodeNotFriend))
		c.ok(c.groups.SetRole(c.Context(), owner, id, admin, model.RoleMember))
		c.wants("admin no longer", c.groups.Accept(c.Context(), admin, request), model.Fail(model.CodeNotFound))

		// One's own request is not overwritten by an invitation.
		c.ask(friend, id, "我自己来")
		_, err = c.groups.Invite(c.Context(), plain, id, []int64{other})
		c.wants("not a friend", err, model.Fail(model.CodeNotFriend))
		c.befriend(plain, friend)
		_, err = c.groups.Invite(c.Context(), plain, id, []int64{friend})
		c.ok(err)
		if list := c.requests(owner); len(list) != 1 || list[0].Memo != "我自己来" {
			t.Errorf("requests %+v", list)
		}
		_, err = c.groups.Invite(c.Context(), owner, id, []int64{friend})
		c.ok(err)
		if list := c.requests(owner); len(list) != 0 {
			t.Errorf("left over: %+v", list)
		}
		c.wants("settled", c.groups.Accept(c.Context(), owner, request), model.Fail(model.CodeConflict))
		c.sound(id)
	})
}

// A group's answer reaches whoever asked: the person, or the member who asked for a friend.
func TestRejectForAGroupWithReason(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinApproval)
		clock := func() time.Time { return c.now }
		users := service.NewUserService(c.db, nil, nil, c.out, c.out, clock, false)
		all := service.NewRequestService(c.db, service.NewContactService(c.db, users, c.out, clock), c.groups)
		reject := func() {
			t.Helper()
			c.out.take()
			c.ok(c.groups.Reject(c.Context(), admin, c.requests(admin)[0].ID, "人数已满"))
		}
		told := func(user int64) bool {
			for _, d := range c.out.take() {
				if slices.Equal(d.Users, []int64{user}) && d.Message.Content == model.EventGroupRequest {
					return true
				}
			}
			return false
		}
		own := func(user int64) []model.RequestRow {
			t.Helper()
			rows, err := all.List(c.Context(), user)
			c.ok(err)
			return rows
		}
		c.ask(alien, id, "我是新来的")
		reject()
		if rows := own(alien); !told(alien) || len(rows) != 1 || rows[0].Group.Name != "登山队" || rows[0].Answer != "人数已满" {
			t.Errorf("%+v", rows)
		}
		_, err := c.groups.Invite(c.Context(), plain, id, []int64{friend})
		c.ok(err)
		reject()
		if rows := own(plain); !told(plain) || len(rows) != 1 || rows[0].User.ID != friend {
			t.Errorf("%+v", rows)
		}
		if rows := own(friend); len(rows) != 0 {
			t.Errorf("who was only asked for: %+v", rows)
		}
	})
}
