package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// tell posts to a JSON route as the person on this page and gives its answer.
func tell[T any](a *account, route, body string) T {
	a.t.Helper()
	return eval[T](a.person, fmt.Sprintf(`fetch(%q, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(%s) }).then((r) => r.json())`, route, body))
}

type answered struct {
	Code  int
	Error string
	Data  struct {
		ID    int64
		Token string
		URL   string
	}
}

// makeGroup makes a group by its route.
func (a *account) makeGroup(name, join string, members ...int64) int64 {
	a.t.Helper()
	got := tell[answered](a, "/contact/createcommunity", fmt.Sprintf("{ name: %q, join: %q, members: %s }", name, join, strings.ReplaceAll(fmt.Sprint(members), " ", ",")))
	if got.Code != 0 {
		a.t.Fatalf("no group: %+v", got)
	}
	return got.Data.ID
}

// makeFriends makes two accounts friends by the routes.
func makeFriends(a, b *account) {
	a.t.Helper()
	tell[answered](a, "/contact/addfriend", fmt.Sprintf("{ dstid: %d }", b.id))
	tell[answered](b, "/contact/addfriend", fmt.Sprintf("{ dstid: %d }", a.id))
}

func TestGroupsLook(t *testing.T) {
	a := register(t, "林晓", phone)
	b := register(t, "王小明", desktop)
	makeFriends(a, b)
	g := a.makeGroup("周末登山队", "approval", b.id)
	tell[answered](a, "/community/update", fmt.Sprintf("{ dstid: %d, notice: '周六早上八点在香山东门集合，带足水和午饭。\\n下雨改到周日。', memo: '每周一座山' }", g))
	info := fmt.Sprintf("/c/11-%d/info", g)
	a.open(info)
	a.see("hy-group .members")
	a.shot("groups-info")
	a.open(fmt.Sprintf("/c/11-%d/invite", g))
	a.see("hy-invite img.code")
	a.until("the code", "document.querySelector('img.code').complete && document.querySelector('img.code').naturalWidth > 0")
	a.shot("groups-invite")
	a.open("/contacts")
	a.see("hy-contacts .row")
	a.shot("groups-contacts")
	a.open("/scan")
	a.see("hy-scan .scan")
	a.shot("groups-scan")
	b.open(fmt.Sprintf("/c/11-%d", g))
	b.see(".board.notice")
	b.shot("groups-board")
}
