package ctrl

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// village is a site with groups and three people: ann and ben are friends, cat
// is a stranger.
type village struct {
	*site
	ann, ben, cat *person
}

func newVillage(t *testing.T) *village {
	s := newSite(t, false)
	committer := service.NewCommitter(s.db, s.live, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	t.Cleanup(committer.Close)
	s.server.Communities = service.NewCommunityService(s.db, committer, s.live, time.Now)
	v := &village{site: s, ann: s.join("13800000001"), ben: s.join("13800000002"), cat: s.join("13800000003")}
	err := s.db.Tx(t.Context(), func(x *xorm.Session) error {
		_, err := x.Insert(&model.Contact{UserID: v.ann.ID, DstID: v.ben.ID}, &model.Contact{UserID: v.ben.ID, DstID: v.ann.ID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// found makes a group of ann's with ben in it.
func (v *village) found(join string) int64 {
	v.Helper()
	var g model.Community
	v.ann.want("", "/contact/createcommunity", fmt.Sprintf("name=村&join=%s&members=%d", join, v.ben.ID)).into(v, &g)
	return g.ID
}

func TestCommunityRoutes(t *testing.T) {
	v := newVillage(t)
	v.live.online[v.ben.ID] = true
	var g map[string]any
	// The classic form: the creator's name for itself, all fields as text.
	v.ann.want("", "/contact/createcommunity", fmt.Sprintf(
		`{"ownerid":%d,"name":"登山队","cate":"2","memo":"周末","icon":"/mnt/a.png","members":[%d]}`, v.ann.ID, v.ben.ID)).into(t, &g)
	keys := slices.Sorted(maps.Keys(g))
	if want := []string{"cate", "createat", "icon", "id", "join", "memo", "name", "notice", "ownerid", "role", "size"}; !slices.Equal(keys, want) {
		t.Errorf("fields %v", keys)
	}
	if g["size"] != 2.0 || g["role"] != "owner" || g["join"] != "open" || g["cate"] != 2.0 {
		t.Errorf("group %v", g)
	}
	id := fmt.Sprintf("dstid=%.0f", g["id"])

	var status struct{ Status string }
	v.cat.want("", "/contact/joincommunity", id+fmt.Sprintf("&userid=%d", v.cat.ID)).into(t, &status)
	if status.Status != "member" {
		t.Errorf("joined as %q", status.Status)
	}
	if r := v.cat.want("already_member", "/contact/joincommunity", id); r.status != http.StatusConflict {
		t.Errorf("status %d", r.status)
	}
	var groups []model.Community
	v.cat.want("", "/contact/loadcommunity", "").into(t, &groups)
	if len(groups) != 1 || groups[0].Role != "member" || groups[0].Size != 3 {
		t.Errorf("groups %+v", groups)
	}
	var people []map[string]any
	v.cat.want("", "/community/members", id).into(t, &people)
	if len(people) != 3 || people[0]["role"] != "owner" || people[1]["online"] != true || people[1]["muted"] != false {
		t.Errorf("members %v", people)
	}
	if keys := slices.Sorted(maps.Keys(people[0])); !slices.Equal(keys, []string{"avatar", "id", "memo", "muted", "nickname", "online", "role", "sex"}) {
		t.Errorf("fields of a member %v", keys)
	}
	target := func(p *person) string { return id + fmt.Sprintf("&memberid=%d", p.ID) }
	v.ann.want("", "/community/role", target(v.ben)+"&role=admin")
	v.ben.want("", "/community/mute", target(v.cat)+"&seconds=60")
	v.ben.want("invalid_argument", "/community/mute", target(v.cat))
	v.ben.want("", "/community/update", id+"&notice=%E5%91%A8%E6%97%A5&memo=")
	v.cat.want("", "/community/info", id).into(t, &g)
	if g["notice"] != "周日" || g["memo"] != "" || g["name"] != "登山队" || g["role"] != "member" {
		t.Errorf("group %v", g)
	}
	v.ben.want("forbidden", "/community/kick", target(v.ann))
	v.ben.want("", "/community/kick", target(v.cat))
	v.cat.want("not_member", "/community/members", id)
	v.ann.want("conflict", "/contact/leavecommunity", id)
	v.ann.want("", "/community/transfer", target(v.ben))
	v.ann.want("", "/contact/leavecommunity", id)
	v.ann.want("", "/contact/joincommunity", id)
	v.ann.want("forbidden", "/community/dismiss", id)
	v.ben.want("", "/community/dismiss", id)
	v.ann.want("not_found", "/community/info", id)
	if r := v.ann.want("", "/contact/loadcommunity", ""); !strings.Contains(r.raw, `"rows":[]`) {
		t.Errorf("an empty list: %s", r.raw)
	}
}

func TestInviteRoute(t *testing.T) {
	v := newVillage(t)
	for _, tt := range []struct{ join, status string }{{"open", "member"}, {"approval", "requested"}} {
		var g model.Community
		v.cat.want("", "/contact/createcommunity", "name=x&join="+tt.join).into(t, &g)
		seat := fmt.Sprintf("dstid=%d", g.ID)
		if err := v.db.Tx(t.Context(), func(x *xorm.Session) error {
			_, err := x.Exec("INSERT INTO member (conversationid, userid, peerid, role, muteduntil, readseq, readposts, own, delivered, mentionseq, pinned, muted, draft, createat) "+
				"SELECT id, ?, 0, 'member', 0, 0, 0, 0, 0, 0, 0, 0, '', 0 FROM conversation WHERE kind = 11 AND low = ?", v.ann.ID, g.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		r := v.ann.want("", "/community/invite", fmt.Sprintf("%s&members=%d", seat, v.ben.ID))
		var got struct {
			Status            string
			Joined, Requested []int64
		}
		r.into(t, &got)
		in := got.Joined
		if tt.status == "requested" {
			in = got.Requested
		}
		if got.Status != tt.status || !slices.Equal(in, []int64{v.ben.ID}) || strings.Contains(r.raw, "null") {
			t.Errorf("%s: %s", tt.join, r.raw)
		}
		v.ann.want("not_friend", "/community/invite", fmt.Sprintf("%s&members=%d,%d", seat, v.ben.ID, v.cat.ID))
		v.ann.want("invalid_argument", "/community/invite", seat)
	}
}

// communityPaths are the groups' routes of the table.
func communityPaths(s *site) []string {
	var paths []string
	for _, route := range s.server.api() {
		if strings.HasPrefix(route.path, "/community/") || strings.HasSuffix(route.path, "community") {
			paths = append(paths, route.path)
		}
	}
	return paths
}

// Every route needs a session, and speaks for nobody else.
func TestCommunityIdentity(t *testing.T) {
	v := newVillage(t)
	id := v.found(model.JoinOpen)
	paths := communityPaths(v.site)
	if len(paths) != 19 {
		t.Errorf("routes %v", paths)
	}
	for _, path := range paths {
		form := fmt.Sprintf("dstid=%d&memberid=%d&name=x&role=admin&seconds=5&members=%d", id, v.ben.ID, v.ben.ID)
		v.nobody().want("unauthenticated", path, form)
		for _, field := range []string{"userid", "ownerid"} {
			v.cat.want("forbidden", path, fmt.Sprintf("%s&%s=%d", form, field, v.ann.ID))
		}
	}
}

// A group that does not exist and one that is not the caller's answer alike,
// byte for byte, whatever is asked of it.
func TestForeignAndAbsentGroupsAnswerAlike(t *testing.T) {
	v := newVillage(t)
	foreign := v.found(model.JoinInvite)
	for _, path := range communityPaths(v.site) {
		if path == "/contact/createcommunity" || path == "/contact/loadcommunity" || path == "/contact/joincommunity" ||
			path == "/community/joinlink" || path == "/community/revokelink" { // these name no group
			continue
		}
		ask := func(id int64) reply {
			return v.cat.call(path, fmt.Sprintf("dstid=%d&memberid=%d&name=x&role=admin&seconds=5&members=%d", id, v.ben.ID, v.ben.ID))
		}
		a, b := ask(foreign), ask(999999)
		if a.raw != b.raw || a.status != b.status || a.Code != -1 {
			t.Errorf("%s:\n%d %s\n%d %s", path, a.status, a.raw, b.status, b.raw)
		}
		for _, bad := range []string{"", "dstid=0", "dstid=-1", "dstid=9223372036854775808", "dstid=x"} {
			v.cat.want("invalid_argument", path, bad+"&memberid=1&members=1&role=admin&seconds=1&name=x")
		}
	}
}

func TestCommunitySentences(t *testing.T) {
	v := newVillage(t)
	id := v.found(model.JoinInvite)
	for lang, want := range map[string]string{"zh-CN": "这个群只能通过邀请加入", "en": "You can join this group by invitation only"} {
		r := v.cat.call("/contact/joincommunity", fmt.Sprintf("dstid=%d", id), "Accept-Language", lang)
		var got struct{ Msg string }
		if err := json.Unmarshal([]byte(r.raw), &got); err != nil || got.Msg != want || r.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", lang, r.status, r.raw)
		}
	}
}
