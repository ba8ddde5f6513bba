package ctrl

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/metrics"
)

// withPages gives the village its pages.
func (v *village) withPages() {
	v.Helper()
	pages, err := NewPages(v.server.Locale)
	if err != nil {
		v.Fatal(err)
	}
	v.server.Pages = pages
	v.server.Contacts = service.NewContactService(v.db, v.server.Users, v.live, time.Now)
	edge := Edge{Log: v.server.Log, Locale: v.server.Locale, Metrics: v.server.Metrics, Policy: Policy("")}
	if v.handler, err = edge.Wrap(v.server.Handler()); err != nil {
		v.Fatal(err)
	}
}

// browse opens a page, or sends its form, as a person without scripts does.
func (p *person) browse(method, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", "en")
	for name, value := range p.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

func TestInviteLinkRoutes(t *testing.T) {
	v := newVillage(t)
	id := v.found("approval")
	group := fmt.Sprintf("dstid=%d", id)
	v.ben.want("forbidden", "/community/invitelink", group)
	v.cat.want("not_member", "/community/invitelink", group)
	v.ann.want("invalid_argument", "/community/invitelink", group+"&hours=-1")
	var link struct {
		ID      int64
		Token   string
		URL     string
		Expires int64
		Uses    int
	}
	v.ann.want("", "/community/invitelink", group+"&hours=1&uses=2").into(t, &link)
	if link.ID == 0 || link.Uses != 2 || link.URL != "http://hongyan.test/join/"+link.Token || time.Until(time.UnixMilli(link.Expires)) > time.Hour {
		t.Errorf("link %+v", link)
	}
	if r := v.ann.want("", "/community/invitelinks", group); strings.Contains(r.raw, link.Token) || !strings.Contains(r.raw, `"used":0`) || strings.Contains(r.raw, "hash") {
		t.Errorf("links %s", r.raw)
	}
	var joined struct {
		Status string
		DstID  int64
	}
	v.cat.want("", "/community/joinlink", "token="+link.Token).into(t, &joined)
	if joined.Status != "member" || joined.DstID != id {
		t.Errorf("joined %+v", joined)
	}
	v.cat.want("already_member", "/community/joinlink", "token="+link.Token)
	v.cat.want("not_found", "/community/revokelink", fmt.Sprintf("id=%d", link.ID))
	v.ann.want("", "/community/revokelink", fmt.Sprintf("id=%d", link.ID))
	gone := v.cat.want("not_found", "/community/joinlink", "token="+link.Token)
	never := v.cat.want("not_found", "/community/joinlink", "token=never")
	if gone.raw != never.raw {
		t.Errorf("told apart: %s and %s", gone.raw, never.raw)
	}
	v.cat.want("", "/community/nick", group+"&nick=%E5%B0%8F%E7%8C%AB")
	if r := v.ben.want("", "/community/nicks", group); !strings.Contains(r.raw, fmt.Sprintf(`[{"id":%d,"nick":"小猫"}]`, v.cat.ID)) {
		t.Errorf("names %s", r.raw)
	}
}

// A link works without scripts: for who is not signed in, for who is, and for who is in already.
func TestJoinPage(t *testing.T) {
	v := newVillage(t)
	v.withPages()
	id := v.found("invite")
	var link struct{ Token string }
	v.ann.want("", "/community/invitelink", fmt.Sprintf("dstid=%d", id)).into(t, &link)
	path := "/join/" + link.Token
	nobody := v.nobody()

	w := nobody.browse(http.MethodGet, path, nil)
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "村") || !strings.Contains(body, "2 members") || !strings.Contains(body, "next=%2fjoin%2f"+link.Token) || strings.Contains(body, "<script") {
		t.Errorf("%d %s", w.Code, body)
	}
	if w = nobody.browse(http.MethodPost, path, nil); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/user/login.shtml?next=") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w = v.cat.browse(http.MethodGet, path, nil); !strings.Contains(w.Body.String(), `method="post"`) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w = v.cat.browse(http.MethodPost, path, nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != fmt.Sprintf("/c/11-%d", id) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} { // in it already
		if w = v.cat.browse(method, path, nil); w.Code != 200 || !strings.Contains(w.Body.String(), fmt.Sprintf(`href="/c/11-%d"`, id)) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	for _, p := range []*person{nobody, v.cat} {
		if w = p.browse(http.MethodGet, "/join/unknown", nil); w.Code != 404 || strings.Contains(w.Body.String(), "村") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	// Another site cannot have somebody join.
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w = httptest.NewRecorder()
	if v.handler.ServeHTTP(w, r); w.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", w.Code)
	}
}

// A card is for people with an account; asking goes by that person's own rule.
func TestCardPage(t *testing.T) {
	v := newVillage(t)
	v.withPages()
	path := fmt.Sprintf("/u/%d", v.cat.ID)
	nobody := v.nobody()
	if w := nobody.browse(http.MethodGet, path, nil); w.Code != http.StatusSeeOther {
		t.Errorf("%d", w.Code)
	}
	if w := v.ann.browse(http.MethodGet, path, nil); w.Code != 200 || !strings.Contains(w.Body.String(), `name="memo"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := v.ann.browse(http.MethodPost, path, url.Values{"memo": {"hello"}}); w.Code != 200 || !strings.Contains(w.Body.String(), "Request sent") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	v.cat.want("", "/user/update", "addable=closed")
	if w := v.ben.browse(http.MethodPost, path, nil); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `role="alert"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := v.ann.browse(http.MethodGet, fmt.Sprintf("/u/%d", v.ben.ID), nil); !strings.Contains(w.Body.String(), fmt.Sprintf(`href="/c/10-%d"`, v.ben.ID)) {
		t.Errorf("a friend: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/u/0", "/u/x", "/u/999999", "/u/99999999999999999999"} {
		if w := v.ann.browse(http.MethodGet, path, nil); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// A code is drawn of a good link and of one's own card, for who is signed in; of nothing else.
func TestQRCode(t *testing.T) {
	v := newVillage(t)
	v.withPages()
	var link struct{ Token string }
	v.ann.want("", "/community/invitelink", fmt.Sprintf("dstid=%d", v.found("open"))).into(t, &link)
	nobody := v.nobody()
	for _, tt := range []struct {
		who   *person
		query string
		code  int
	}{
		{v.ann, "?join=" + link.Token, 200}, {v.cat, "?join=" + link.Token, 200}, {v.cat, "?u", 200},
		{v.ann, "?join=other", 404}, {v.ann, "", 404}, {v.ann, "?join=" + url.QueryEscape("https://evil.example/"), 404},
		{nobody, "?u", 401}, {nobody, "?join=" + link.Token, 401},
	} {
		w := tt.who.browse(http.MethodGet, "/qr.svg"+tt.query, nil)
		if w.Code != tt.code {
			t.Errorf("%s: %d", tt.query, w.Code)
		}
		if tt.code != 200 {
			continue
		}
		var svg struct {
			XMLName xml.Name `xml:"svg"`
			ViewBox string   `xml:"viewBox,attr"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &svg); err != nil || svg.ViewBox == "" || w.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: %v %s", tt.query, err, w.Body)
		}
	}
}

// What a link begins with is told to the caller alone, and is no text of the caller's making.
func TestSiteOf(t *testing.T) {
	for host, want := range map[string]string{
		"chat.example:8080": "http://chat.example:8080", "[::1]:8080": "http://[::1]:8080", "": "", "a b": "", "x\"><script>": "", "user@host": "", "a/b": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if got := siteOf(r); got != want {
			t.Errorf("%q: %q", host, got)
		}
	}
}

func TestPinRoutes(t *testing.T) {
	v := newVillage(t)
	id := v.found("open")
	where := fmt.Sprintf("kind=11&dstid=%d", id)
	committer := service.NewCommitter(v.db, v.live, time.Now, metrics.New(), v.server.Log)
	t.Cleanup(committer.Close)
	messages, err := service.NewMessageService(t.Context(), v.db, committer, v.live, time.Now, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	v.server.Messages = messages
	done := make(chan error, 1)
	messages.Send(t.Context(), model.Sender{UserID: v.ben.ID}, model.Message{Cmd: model.CmdRoom, DstID: id, Media: model.MediaText, Content: "记住"},
		func(_ model.Message, err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	v.ben.want("forbidden", "/message/pin", where+"&seq=1&pinned=true")
	v.cat.want("not_member", "/message/pin", where+"&seq=1&pinned=true")
	v.ann.want("", "/message/pin", where+"&seq=1&pinned=true")
	var rows []model.PinnedRow
	v.ben.want("", "/message/pins", where).into(t, &rows)
	if len(rows) != 1 || rows[0].Content != "记住" || rows[0].PinnedBy != v.ann.ID || rows[0].PinnedAt == 0 {
		t.Errorf("%+v", rows)
	}
	v.cat.want("not_member", "/message/pins", where)
	v.ann.want("", "/message/pin", where+"&seq=1&pinned=false")
	if r := v.ben.want("", "/message/pins", where); !strings.Contains(r.raw, `"rows":[]`) {
		t.Error(r.raw)
	}
}
