package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// The people of the groups' tests: the owner is everybody's friend, the others
// know nobody else.
const (
	owner  = 101
	admin  = 102
	second = 103 // another admin
	plain  = 104
	other  = 105 // another member
	friend = 106 // the owner's and plain's friend, in no group
	alien  = 107 // nobody's friend
)

// club is a database with those people and a CommunityService on it.
type club struct {
	*testing.T
	db       *db.DB
	out      *recorder
	groups   *service.CommunityService
	messages *service.MessageService
	now      time.Time
}

func onClub(t *testing.T, fn func(c *club)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := &club{T: t, db: d, out: &recorder{}, now: time.UnixMilli(1_800_000_000_000)}
		clock := func() time.Time { return c.now }
		committer := service.NewCommitter(d, c.out, clock, metrics.New(), slog.New(slog.DiscardHandler))
		t.Cleanup(committer.Close)
		c.groups = service.NewCommunityService(d, committer, c.out, clock)
		c.messages = service.NewMessageService(d, committer, c.out, clock, time.Minute, func() {})
		c.seed()
		fn(c)
	})
}

func (c *club) seed() {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		for id := int64(owner); id <= alien; id++ {
			if _, err := s.Insert(&model.User{ID: id, Mobile: fmt.Sprint(100000 + id), Nickname: fmt.Sprintf("人 %d", id)}); err != nil {
				return err
			}
		}
		return nil
	})
	for id := int64(admin); id <= friend; id++ {
		c.befriend(owner, id)
	}
	c.befriend(plain, friend)
}

func (c *club) befriend(a, b int64) {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		_, err := s.Insert(&[]model.Contact{{UserID: a, DstID: b}, {UserID: b, DstID: a}})
		return err
	})
}

func (c *club) exec(fn func(s *xorm.Session) error) {
	c.Helper()
	if err := c.db.Tx(context.Background(), fn); err != nil {
		c.Fatal(err)
	}
}

// ok fails the test for an error that should not be.
func (c *club) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// wants checks that err is want, with its key if want has one.
func (c *club) wants(what string, err error, want *model.Error) {
	c.Helper()
	if !errors.Is(err, want) {
		c.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// group makes a group with everybody but friend and alien in their roles.
func (c *club) group(join string) int64 {
	c.Helper()
	g, err := c.groups.Create(c.Context(), owner, service.NewGroup{Name: "登山队", Join: join, Members: []int64{admin, second, plain, other}})
	c.ok(err)
	for _, id := range []int64{admin, second} {
		c.ok(c.groups.SetRole(c.Context(), owner, g.ID, id, model.RoleAdmin))
	}
	return g.ID
}

// say puts a message into a group's timeline.
func (c *club) say(from, groupID int64, content string) {
	c.Helper()
	_, err := c.messages.SendWait(c.Context(), model.Sender{UserID: from},
		model.Message{Cmd: model.CmdRoom, DstID: groupID, Media: model.MediaText, Content: content})
	c.ok(err)
}

// roles gives the roles of a group's members as one of them sees them.
func (c *club) roles(viewer, groupID int64) map[int64]string {
	c.Helper()
	list, err := c.groups.Members(c.Context(), viewer, groupID)
	c.ok(err)
	roles := map[int64]string{}
	for _, m := range list {
		roles[m.ID] = m.Role
	}
	return roles
}

// sound checks what must hold of a group at any time: one owner, the size kept,
// a timeline without a gap.
func (c *club) sound(groupID int64) {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		var g model.Community
		if _, err := s.ID(groupID).Get(&g); err != nil {
			return err
		}
		var line model.Conversation
		if _, err := s.Where("kind = 11 AND low = ?", groupID).Get(&line); err != nil {
			return err
		}
		var seats []model.Member
		if err := s.Where("conversationid = ?", line.ID).Find(&seats); err != nil {
			return err
		}
		if len(seats) != g.Size {
			c.Errorf("size %d, seats %d", g.Size, len(seats))
		}
		owners := 0
		for _, m := range seats {
			if m.Role == model.RoleOwner {
				owners++
				if m.UserID != g.OwnerID {
					c.Errorf("owner %d has the seat, %d the group", m.UserID, g.OwnerID)
				}
			}
		}
		if owners != 1 {
			c.Errorf("%d owners", owners)
		}
		var posts []model.Post
		if err := s.Where("conversationid = ?", line.ID).Asc("seq").Find(&posts); err != nil {
			return err
		}
		for i, p := range posts {
			if p.Seq != int64(i+1) {
				c.Errorf("place %d has seq %d", i+1, p.Seq)
			}
		}
		if line.Seq != int64(len(posts)) {
			c.Errorf("conversation at %d, %d rows", line.Seq, len(posts))
		}
		return nil
	})
}

// events gives the entries of deliveries: those of timelines and those without.
func events(list []model.Delivery) (sequenced, loose []model.Delivery) {
	for _, d := range list {
		if d.Message.Seq > 0 {
			sequenced = append(sequenced, d)
		} else {
			loose = append(loose, d)
		}
	}
	return sequenced, loose
}

func TestCreateGroup(t *testing.T) {
	onClub(t, func(c *club) {
		g, err := c.groups.Create(c.Context(), owner, service.NewGroup{
			Name: " 登山队 ", Cate: 2, Memo: "周末", Icon: "/mnt/a.png", Members: []int64{plain, owner, plain, other},
		})
		c.ok(err)
		want := model.Community{ID: g.ID, Name: "登山队", Icon: "/mnt/a.png", Cate: 2, Memo: "周末", OwnerID: owner,
			Join: model.JoinOpen, Size: 3, CreateAt: c.now.UnixMilli(), Role: model.RoleOwner}
		if *g != want {
			t.Errorf("got %+v, want %+v", *g, want)
		}
		c.sound(g.ID)
		sequenced, loose := events(c.out.take())
		if len(sequenced) != 0 || len(loose) != 1 || loose[0].Message.Content != model.EventGroupJoined ||
			loose[0].Group != g.ID || !slices.Equal(loose[0].Subscribe, []int64{owner, plain, other}) {
			t.Errorf("published %+v and %+v", sequenced, loose)
		}
		c.say(plain, g.ID, "到齐了")
		if d := c.out.take(); len(d) != 1 || d[0].Message.Seq != 1 {
			t.Errorf("the first message: %+v", d)
		}
		for _, id := range []int64{owner, plain, other} {
			mine, err := c.groups.Mine(c.Context(), id)
			c.ok(err)
			role := map[bool]string{true: model.RoleOwner, false: model.RoleMember}[id == owner]
			if len(mine) != 1 || mine[0].ID != g.ID || mine[0].Role != role {
				t.Errorf("groups of %d: %+v", id, mine)
			}
		}
		if mine, err := c.groups.Mine(c.Context(), alien); err != nil || mine == nil || len(mine) != 0 {
			t.Errorf("groups of a stranger: %v, %v", mine, err)
		}
		if ids, err := c.groups.GroupIDs(c.Context(), other); err != nil || !slices.Equal(ids, []int64{g.ID}) {
			t.Errorf("ids %v, %v", ids, err)
		}
	})
}

func TestCreateGroupRefuses(t *testing.T) {
	onClub(t, func(c *club) {
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Block{UserID: other, DstID: owner})
			return err
		})
		for what, tt := range map[string]struct {
			in   service.NewGroup
			want *model.Error
		}{
			"no name":          {service.NewGroup{Name: " "}, model.Invalid("name")},
			"a long name":      {service.NewGroup{Name: strings.Repeat("长", 33)}, model.Invalid("name")},
			"a script as icon": {service.NewGroup{Name: "a", Icon: "javascript:alert(1)"}, model.Invalid("icon")},
			"category 5":       {service.NewGroup{Name: "a", Cate: 5}, model.Invalid("cate")},
			"category -1":      {service.NewGroup{Name: "a", Cate: -1}, model.Invalid("cate")},
			"a long memo":      {service.NewGroup{Name: "a", Memo: strings.Repeat("长", 141)}, model.Invalid("memo")},
			"an odd policy":    {service.NewGroup{Name: "a", Join: "closed"}, model.Invalid("join")},
			"a stranger":       {service.NewGroup{Name: "a", Members: []int64{plain, alien}}, model.Fail(model.CodeNotFriend)},
			"nobody":           {service.NewGroup{Name: "a", Members: []int64{99999}}, model.Fail(model.CodeNotFriend)},
			"who blocked me":   {service.NewGroup{Name: "a", Members: []int64{other}}, model.Fail(model.CodeNotFriend)},
			"too many":         {service.NewGroup{Name: "a", Members: crowd(model.MaxGroupSize)}, model.Fail(model.CodeQuota)},
		} {
			_, err := c.groups.Create(c.Context(), owner, tt.in)
			c.wants(what, err, tt.want)
		}
		if mine, err := c.groups.Mine(c.Context(), owner); err != nil || len(mine) != 0 {
			t.Errorf("left behind: %+v, %v", mine, err)
		}
		if d := c.out.take(); len(d) != 0 {
			t.Errorf("published %+v", d)
		}
	})
}

func crowd(n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = int64(1000 + i)
	}
	return ids
}

// Fifty at once: the last free place is given once, and one user gets one seat.
func TestOnlyOnce(t *testing.T) {
	onClub(t, func(c *club) {
		g, err := c.groups.Create(c.Context(), owner, service.NewGroup{Name: "一次"})
		c.ok(err)
		succeeded, failed := storm(50, func() error {
			_, err := c.groups.Join(c.Context(), plain, g.ID, "")
			return err
		})
		if succeeded != 1 || failed[model.CodeAlreadyMember] != 49 {
			t.Errorf("%d joined, %v", succeeded, failed)
		}
		c.sound(g.ID)
		if got := c.roles(plain, g.ID); len(got) != 2 {
			t.Errorf("members %v", got)
		}
		succeeded, failed = storm(50, func() error { return c.groups.Leave(c.Context(), plain, g.ID) })
		if succeeded != 1 || failed[model.CodeNotMember] != 49 {
			t.Errorf("%d left, %v", succeeded, failed)
		}
		c.sound(g.ID)

		c.exec(func(s *xorm.Session) error {
			for i := 2; i < model.MaxGroupsOwned; i++ {
				if _, err := s.Insert(&model.Community{Name: "x", OwnerID: owner, Join: model.JoinOpen}); err != nil {
					return err
				}
			}
			return nil
		})
		succeeded, failed = storm(50, func() error {
			_, err := c.groups.Create(c.Context(), owner, service.NewGroup{Name: "最后"})
			return err
		})
		if succeeded != 1 || failed[model.CodeQuota] != 49 {
			t.Errorf("%d created, %v", succeeded, failed)
		}
	})
}

// storm runs fn n times at once.
func storm(n int, fn func() error) (succeeded int, failed map[model.Code]int) {
	failed = map[model.Code]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			err := fn()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				succeeded++
			} else {
				failed[model.CodeOf(err)]++
			}
		})
	}
	all.Wait()
	return succeeded, failed
}

// ext reads what an entry says.
func ext(t *testing.T, m model.Message) (e struct {
	Members []int64
	Names   map[string]string
	Name    *string
	Notice  *string
	Role    string
}) {
	t.Helper()
	if err := json.Unmarshal(m.Ext, &e); err != nil {
		t.Fatalf("%s: %v", m.Ext, err)
	}
	return e
}

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
		seat, err := c.groups.Member(c.Context(), g.ID, plain)
		if err != nil || seat.ReadSeq != 2 || seat.ReadPosts != 1 || seat.Own != 0 {
			t.Errorf("a newcomer has read: %+v, %v", seat, err)
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
		if seat, err := c.groups.Member(c.Context(), g.ID, plain); seat != nil || err != nil {
			t.Errorf("still there: %+v, %v", seat, err)
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
		groups, err := c.groups.ByIDs(c.Context(), []int64{id, 99999})
		if err != nil || len(groups) != 1 || groups[id].Name != "登山队" {
			t.Errorf("by ids: %+v, %v", groups, err)
		}
	})
}
