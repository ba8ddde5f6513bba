package ctrl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
)

// newQuarter is a village whose people can make friends; ann and ben are.
func newQuarter(t *testing.T) *village {
	v := newVillage(t)
	v.server.Contacts = service.NewContactService(v.db, v.server.Users, v.live, time.Now)
	v.server.Requests = service.NewRequestService(v.db, v.server.Contacts, v.server.Communities)
	return v
}

func TestContactRoutes(t *testing.T) {
	v := newQuarter(t)
	v.live.online[v.ann.ID] = true
	ann, cat := fmt.Sprint("dstid=", v.ann.ID), fmt.Sprint("dstid=", v.cat.ID)
	var answer struct{ Status string }

	// The classic form names the caller; JSON and forms are alike.
	v.cat.want("", "/contact/addfriend", fmt.Sprintf(`{"userid":%d,"dstid":"%d","memo":"我是小猫"}`, v.cat.ID, v.ann.ID)).into(t, &answer)
	if answer.Status != "requested" {
		t.Fatal(answer)
	}
	var requests []map[string]any
	v.ann.want("", "/contact/requests", "").into(t, &requests)
	if len(requests) != 1 || requests[0]["memo"] != "我是小猫" || requests[0]["kind"] != 10.0 || requests[0]["status"] != "pending" {
		t.Fatalf("requests %v", requests)
	}
	from := requests[0]["user"].(map[string]any)
	if from["id"] != float64(v.cat.ID) || from["mobile"] != nil || from["createat"] != nil {
		t.Errorf("who asks: %v", from)
	}
	id := fmt.Sprintf("id=%.0f", requests[0]["id"])
	foreign, absent := v.ben.want("not_found", "/contact/accept", id), v.ben.want("not_found", "/contact/accept", "id=9999")
	if foreign.raw != absent.raw || foreign.status != absent.status {
		t.Errorf("foreign %s, absent %s", foreign.raw, absent.raw)
	}
	v.ann.want("", "/contact/accept", id)
	v.ann.want("conflict", "/contact/accept", id)
	v.cat.want("already_friend", "/contact/addfriend", ann)

	v.cat.want("", "/contact/remark", ann+"&memo=%E5%AE%89")
	var friends []map[string]any
	v.cat.want("", "/contact/loadfriend", fmt.Sprint("userid=", v.cat.ID)).into(t, &friends)
	if len(friends) != 1 || friends[0]["remark"] != "安" || friends[0]["online"] != true || friends[0]["mobile"] != nil {
		t.Errorf("friends %v", friends)
	}
	v.ann.want("", "/contact/block", cat)
	v.ann.want("", "/contact/blocked", "").into(t, &friends)
	if len(friends) != 1 || friends[0]["id"] != float64(v.cat.ID) {
		t.Errorf("blocked %v", friends)
	}
	v.ann.want("", "/contact/unblock", cat)
	v.ann.want("", "/contact/delfriend", cat)
	v.ann.want("not_found", "/contact/delfriend", cat)
	if r := v.cat.want("", "/contact/loadfriend", ""); !strings.Contains(r.raw, `"rows":[]`) {
		t.Errorf("nobody: %s", r.raw)
	}
}

// A place in a group is asked for, and given, through the same two routes.
func TestGroupRequestsGoToTheGroup(t *testing.T) {
	v := newQuarter(t)
	group := v.found(model.JoinApproval)
	v.cat.want("", "/contact/joincommunity", fmt.Sprint("dstid=", group))
	var requests []struct {
		ID    int64
		Kind  int
		Group model.Community
	}
	v.ann.want("", "/contact/requests", "").into(t, &requests)
	if len(requests) != 1 || requests[0].Kind != 11 || requests[0].Group.ID != group {
		t.Fatalf("requests %+v", requests)
	}
	id := fmt.Sprint("id=", requests[0].ID)
	v.ben.want("not_found", "/contact/accept", id)
	v.ann.want("", "/contact/accept", id)
	v.cat.want("", "/community/info", fmt.Sprint("dstid=", group))
}

func TestRoutesRefuseWhoSpeaksForOthers(t *testing.T) {
	v := newQuarter(t)
	for _, route := range v.server.api() {
		if route.who == anyone {
			continue
		}
		if r := v.nobody().call(route.path, ""); r.Error != "unauthenticated" || r.status != 401 {
			t.Errorf("%s without a session: %d %s", route.path, r.status, r.raw)
		}
		if route.path == "/attach/upload" || route.path == "/attach/part" {
			continue // they read their own forms, and test that themselves
		}
		for _, form := range []string{"userid=%d", "ownerid=%d", `{"userid":%d}`, `{"ownerid":"%d"}`} {
			if r := v.ann.call(route.path, fmt.Sprintf(form, v.ben.ID)); r.Error != "forbidden" || r.status != 403 {
				t.Errorf("%s as somebody else: %d %s", route.path, r.status, r.raw)
			}
		}
	}
}

func TestContactRoutesRefuseNonsense(t *testing.T) {
	v := newQuarter(t)
	for _, path := range []string{"addfriend", "remark", "delfriend", "block", "unblock"} {
		for _, id := range []string{"", "0", "-1", "x", "1.5", "9007199254740993", "1 OR 1=1", "%00"} {
			v.ann.want("invalid_argument", "/contact/"+path, "dstid="+id)
		}
	}
	for _, path := range []string{"/contact/accept", "/contact/reject", "/user/revoke"} {
		for _, id := range []string{"", "0", "-1", "x", "1 OR 1=1"} {
			v.ann.want("invalid_argument", path, "id="+id)
		}
		v.ann.want("not_found", path, "id=9007199254740991")
	}
	for _, mobile := range []string{"'", "1380000000_", "%25", "13800000001%00", "13800000001' AND SLEEP(5) -- "} {
		v.ann.want("invalid_argument", "/user/find", "mobile="+mobile)
		v.ann.want("invalid_argument", "/contact/addfriend", "mobile="+mobile)
	}
	r := v.ann.want("forbidden", "/contact/addfriend", fmt.Sprint("dstid=", v.closed()))
	if r.Msg != "This person doesn’t accept friend requests" {
		t.Errorf("sentence %q", r.Msg)
	}
}

// closed is somebody who takes no requests.
func (v *village) closed() int64 {
	p := v.join("13800000009")
	p.want("", "/user/update", "addable=closed")
	return p.ID
}
