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

// link makes a link that lasts and fails the test if it cannot be made.
func (c *club) link(by, groupID int64, uses int64) string {
	c.Helper()
	token, made, err := c.groups.MakeInvite(c.Context(), by, groupID, service.NewInvite{Uses: uses})
	c.ok(err)
	if len(token) < 22 || made.Hash == token { // 128 bits and more
		c.Fatalf("token %q, row %+v", token, made)
	}
	return token
}

// Who may make a link, and what one does, for every policy and rank.
func TestInviteLinkMatrix(t *testing.T) {
	onClub(t, func(c *club) {
		zero := int64(0)
		for _, join := range []string{model.JoinOpen, model.JoinApproval, model.JoinInvite} {
			for _, by := range []int64{owner, admin, plain, alien} {
				id := c.group(join)
				token, made, err := c.groups.MakeInvite(c.Context(), by, id, service.NewInvite{})
				_, _, forever := c.groups.MakeInvite(c.Context(), by, id, service.NewInvite{Hours: &zero})
				switch {
				case by == alien:
					c.wants("an outsider", err, model.Fail(model.CodeNotMember))
					c.wants("an outsider", forever, model.Fail(model.CodeNotMember))
					continue
				case by == plain && join != model.JoinOpen:
					c.wants("a member of a closed group", err, model.Fail(model.CodeForbidden))
					c.wants("a member of a closed group", forever, model.Fail(model.CodeForbidden))
					continue
				case by == plain:
					c.wants("a member for ever", forever, model.Invalid("hours"))
				default:
					c.ok(forever)
				}
				c.ok(err)
				if want := c.now.Add(7 * 24 * time.Hour).UnixMilli(); made.Expires != want {
					t.Errorf("expires %d, want %d", made.Expires, want)
				}
				seen, err := c.groups.Invitation(c.Context(), alien, token)
				c.ok(err)
				if seen.Group.ID != id || seen.Group.Notice != "" || seen.Inviter.ID != by || seen.Member || seen.Asks {
					t.Errorf("%s by %d shows %+v", join, by, seen)
				}
				group, status, err := c.groups.JoinByInvite(c.Context(), alien, token, "")
				if err != nil || group != id || status != service.JoinedGroup {
					t.Errorf("%s by %d: %d %s %v", join, by, group, status, err)
				}
				_, _, err = c.groups.JoinByInvite(c.Context(), alien, token, "")
				c.wants("again", err, model.Fail(model.CodeAlreadyMember))
				c.sound(id)
			}
		}
	})
}

// What a member's link does follows the rank of its maker and the group's policy now, not when it was made.
func TestInviteLinkByMemberAsks(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		token := c.link(plain, id, 0)
		approval := model.JoinApproval
		_, err := c.groups.Update(c.Context(), owner, id, service.GroupChange{Join: &approval})
		c.ok(err)
		for range 2 { // asking again changes nothing
			_, status, err := c.groups.JoinByInvite(c.Context(), alien, token, "我是新来的")
			if err != nil || status != service.RequestedGroup {
				t.Fatalf("%s, %v", status, err)
			}
		}
		rows, err := c.groups.Requests(c.Context(), admin)
		c.ok(err)
		if len(rows) != 1 || rows[0].User.ID != alien || rows[0].Memo != "我是新来的" {
			t.Fatalf("requests %+v", rows)
		}
		links, err := c.groups.Invites(c.Context(), plain, id)
		if err != nil || len(links) != 1 || links[0].Used != 1 {
			t.Errorf("links %+v, %v", links, err)
		}
		c.ok(c.groups.Accept(c.Context(), admin, rows[0].ID))
		c.sound(id)

		c.ok(c.groups.SetRole(c.Context(), owner, id, plain, model.RoleAdmin))
		if _, status, err := c.groups.JoinByInvite(c.Context(), friend, token, ""); err != nil || status != service.JoinedGroup {
			t.Errorf("by an admin's link: %s, %v", status, err)
		}
		// Who was sent away needs somebody's consent to come back.
		c.ok(c.groups.Kick(c.Context(), owner, id, friend))
		if _, status, err := c.groups.JoinByInvite(c.Context(), friend, token, ""); err != nil || status != service.RequestedGroup {
			t.Errorf("after a kick: %s, %v", status, err)
		}
		// The link of who is gone leads nowhere.
		c.ok(c.groups.Kick(c.Context(), owner, id, plain))
		_, _, err = c.groups.JoinByInvite(c.Context(), friend, token, "")
		c.wants("its maker is gone", err, &model.Error{Code: model.CodeNotFound, Key: "invite"})
	})
}

// Revoked, expired, used up, unknown and empty tokens are answered alike.
func TestInviteLinksThatLeadNowhere(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinApproval)
		used, revoked, old, ended := c.link(owner, id, 1), c.link(owner, id, 0), c.link(owner, id, 0), c.link(owner, c.group(model.JoinOpen), 0)
		_, _, err := c.groups.JoinByInvite(c.Context(), friend, used, "")
		c.ok(err)
		c.ok(c.groups.RevokeInvite(c.Context(), admin, 0, revoked))
		last, err := c.groups.Invitation(c.Context(), 0, ended)
		c.ok(err)
		c.ok(c.groups.Dismiss(c.Context(), owner, last.Group.ID))
		c.now = c.now.Add(7*24*time.Hour + time.Millisecond)
		said := map[string]bool{}
		for _, token := range []string{used, revoked, old, ended, "", "x", used + "x"} {
			for _, err := range []error{
				func() error { _, _, err := c.groups.JoinByInvite(c.Context(), alien, token, ""); return err }(),
				func() error { _, err := c.groups.Invitation(c.Context(), alien, token); return err }(),
				func() error { _, err := c.groups.Invitation(c.Context(), 0, token); return err }(),
			} {
				c.wants(token, err, &model.Error{Code: model.CodeNotFound, Key: "invite"})
				said[err.Error()] = true
			}
		}
		if len(said) != 1 {
			t.Errorf("told apart: %v", slices.Sorted(maps.Keys(said)))
		}
		if links, err := c.groups.Invites(c.Context(), owner, id); err != nil || len(links) != 0 {
			t.Errorf("listed %+v, %v", links, err)
		}
	})
}

func TestRevokeInviteLink(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinOpen)
		for by, allowed := range map[int64]bool{owner: true, admin: true, plain: true, other: false, alien: false} {
			token := c.link(plain, id, 0)
			links, err := c.groups.Invites(c.Context(), plain, id)
			c.ok(err)
			err = c.groups.RevokeInvite(c.Context(), by, links[0].ID, "")
			if allowed {
				c.ok(err)
			} else {
				c.wants("not theirs", err, &model.Error{Code: model.CodeNotFound, Key: "invite"})
				c.ok(c.groups.RevokeInvite(c.Context(), plain, 0, token))
			}
			c.wants("gone", c.groups.RevokeInvite(c.Context(), owner, links[0].ID, ""), &model.Error{Code: model.CodeNotFound, Key: "invite"})
		}
		c.link(owner, id, 0)
		c.link(plain, id, 0)
		for viewer, want := range map[int64]int{owner: 2, admin: 2, plain: 1, other: 0} {
			if links, err := c.groups.Invites(c.Context(), viewer, id); err != nil || len(links) != want {
				t.Errorf("%d sees %+v, %v", viewer, links, err)
			}
		}
		_, err := c.groups.Invites(c.Context(), alien, id)
		c.wants("an outsider's list", err, model.Fail(model.CodeNotMember))
		for _, in := range []service.NewInvite{{Uses: -1}, {Uses: 10001}, {Hours: hours(-1)}, {Hours: hours(1 << 40)}} {
			if _, _, err := c.groups.MakeInvite(c.Context(), owner, id, in); model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("%+v: %v", in, err)
			}
		}
	})
}

func hours(n int64) *int64 { return &n }

// Fifty people with one link for seven, on two nodes: seven get in.
func TestInviteLinkIsUsedAsOftenAsItMay(t *testing.T) {
	onClub(t, func(c *club) {
		id := c.group(model.JoinApproval)
		ids := crowd(50)
		c.exec(func(s *xorm.Session) error {
			for _, id := range ids {
				if _, err := s.Insert(&model.User{ID: id, Mobile: "9" + time.Duration(id).String(), Nickname: "x"}); err != nil {
					return err
				}
			}
			return nil
		})
		token := c.link(admin, id, 7)
		var turns atomic.Int64
		succeeded, failed := storm(50, func() error {
			n := turns.Add(1) - 1
			node := []*service.CommunityService{c.groups, c.elsewhere}[n%2]
			_, _, err := node.JoinByInvite(c.Context(), ids[n], token, "")
			return err
		})
		if succeeded != 7 || failed[model.CodeNotFound] != 43 {
			t.Errorf("%d got in, %v", succeeded, failed)
		}
		if n := len(c.roles(owner, id)); n != 5+7 {
			t.Errorf("%d members", n)
		}
		c.sound(id)
	})
}
