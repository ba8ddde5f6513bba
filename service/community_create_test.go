package service_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

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
			"too many":         {service.NewGroup{Name: "a", Members: crowd(model.MaxGroupSize)}, model.Fail(model.CodeConflict)},
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

// Fifty at once, on two nodes: the last free place is given once, and one user gets one seat.
func TestOnlyOnce(t *testing.T) {
	onClub(t, func(c *club) {
		var turns atomic.Int64
		node := func() *service.CommunityService {
			return []*service.CommunityService{c.groups, c.elsewhere}[turns.Add(1)%2]
		}
		g, err := c.groups.Create(c.Context(), owner, service.NewGroup{Name: "一次"})
		c.ok(err)
		succeeded, failed := storm(50, func() error {
			_, err := node().Join(c.Context(), plain, g.ID, "")
			return err
		})
		if succeeded != 1 || failed[model.CodeAlreadyMember] != 49 {
			t.Errorf("%d joined, %v", succeeded, failed)
		}
		c.sound(g.ID)
		if got := c.roles(plain, g.ID); len(got) != 2 {
			t.Errorf("members %v", got)
		}
		succeeded, failed = storm(50, func() error { return node().Leave(c.Context(), plain, g.ID) })
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
			_, err := node().Create(c.Context(), owner, service.NewGroup{Name: "最后"})
			return err
		})
		if succeeded != 1 || failed[model.CodeConflict] != 49 {
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
