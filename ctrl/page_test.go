package ctrl

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hongyan/asset/locale"
	"hongyan/model"
	"hongyan/util/metrics"
	"hongyan/view"
)

// scene is a PageSource with one user, whose token is "token-1".
type scene struct {
	fail error
	rows []model.ConversationRow
	said []model.Message
}

func (s *scene) Say(_ context.Context, from model.Sender, m model.Message) error {
	m.UserID = from.UserID
	switch {
	case m.DstID == 404:
		return model.Fail(model.CodeNotMember)
	case m.Content == "too much":
		return &model.Error{Code: model.CodeForbidden, Key: "muted"}
	case len(m.Content) > model.MaxContent:
		return model.TooLarge("content")
	case s.fail == nil:
		s.said = append(s.said, m)
	}
	return s.fail
}

func (s *scene) Authenticate(_ context.Context, token string) (*model.Session, error) {
	if token != "token-1" {
		return nil, model.Fail(model.CodeUnauthenticated)
	}
	return &model.Session{ID: 1, UserID: 1}, nil
}

func (s *scene) User(context.Context, int64) (*model.User, error) {
	return &model.User{ID: 1, Mobile: "13800000001", Nickname: "林晓", Sex: "U", Addable: model.AddApproval}, nil
}

func (s *scene) Conversations(context.Context, int64) ([]model.ConversationRow, error) {
	return s.rows, s.fail
}

func (s *scene) History(_ context.Context, _ int64, kind int, dstID, before int64, _ int) ([]model.Message, error) {
	if dstID == 404 {
		return nil, model.Fail(model.CodeNotMember)
	}
	at := time.Now().UnixMilli()
	if before == 40 {
		rows := make([]model.Message, firstEntries)
		for i := range rows {
			rows[i] = model.Message{UserID: 2, Cmd: kind, Kind: kind, DstID: dstID, Media: model.MediaText, Content: "old", Seq: int64(10 + i), At: at}
		}
		return rows, s.fail
	}
	return []model.Message{
		{ID: 1, UserID: 2, Cmd: kind, Kind: kind, DstID: dstID, Media: model.MediaText, Content: "<b>hi</b></script>", Seq: 1, At: at},
		{ID: 2, UserID: 1, Cmd: kind, Kind: kind, DstID: dstID, Media: model.MediaImage, URL: "/mnt/x.jpg", Seq: 2, At: at},
		{ID: 3, UserID: 2, Cmd: kind, Kind: kind, DstID: dstID, Media: model.MediaText, Ext: json.RawMessage(`{"recalled":true}`), Seq: 3, At: at},
	}, s.fail
}

func (s *scene) Friends(context.Context, int64) ([]model.Friend, error) {
	return []model.Friend{{PublicUser: model.PublicUser{ID: 2, Nickname: "王小明"}}}, s.fail
}

func (s *scene) Requests(context.Context, int64) ([]model.RequestRow, error) {
	return []model.RequestRow{{ID: 1, Kind: 10, Status: model.RequestPending}}, s.fail
}

func (s *scene) Names(context.Context, []int64) (map[int64]model.PublicUser, error) {
	return map[int64]model.PublicUser{2: {ID: 2, Nickname: "王小明"}}, s.fail
}

func (s *scene) CreateGroup(_ context.Context, _ int64, c *model.Community, members []int64) (int64, error) {
	if c.Name == "" || len(members) != 1 {
		return 0, model.Invalid("name")
	}
	return 77, nil
}

func (s *scene) Login(w http.ResponseWriter, r *request) error {
	if r.PostFormValue("passwd") != "right horse" {
		return model.Fail(model.CodeBadCredentials)
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: "token-1", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}

func (s *scene) Register(_ http.ResponseWriter, r *request) error {
	if r.PostFormValue("mobile") == "13800000001" {
		return model.Fail(model.CodeMobileTaken)
	}
	return nil
}

func sceneRows() []model.ConversationRow {
	last := func(media int, content string) *model.Message {
		return &model.Message{UserID: 2, Cmd: 10, Kind: 10, Media: media, Content: content, At: time.Now().UnixMilli()}
	}
	return []model.ConversationRow{
		{Kind: 11, DstID: 5, Title: "Go 开发者群", Unread: 12, Pinned: true, Mentioned: true, Last: last(1, "今晚八点发版")},
		{Kind: 10, DstID: 2, Title: "<script>x</script>", Unread: 120, Muted: true, Last: last(3, "")},
		{Kind: 10, DstID: 3, Title: "Alice", Draft: "在路上", Last: last(1, "hi")},
	}
}

func newPages(t *testing.T, s *scene) http.Handler {
	t.Helper()
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewPages(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Locale: catalogue, Sessions: s}
	mux := http.NewServeMux()
	made.of(server, s).routes(mux)
	handler, err := Edge{Log: server.Log, Locale: catalogue, Metrics: metrics.New(), Policy: Policy("")}.Wrap(mux)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

type visit struct {
	t       *testing.T
	handler http.Handler
	cookies []string
	lang    string
}

func (v visit) do(method, target string, form url.Values) *http.Response {
	v.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", v.lang)
	for _, c := range v.cookies {
		r.Header.Add("Cookie", c)
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	inlineStyle = regexp.MustCompile(`\sstyle=|\son[a-z]+=`)
	sheetWithin = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	inlineCode  = regexp.MustCompile(`<script(?: type="module" src="/a/[^"]+"| type="application/json" id="boot")?>`)
	foreign     = regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//`)
)

// TestSheetComesWithinThePageOnce: a browser that has this set's style sheet as
// a file is told its name; one that has another's, or none, gets what it says.
func TestSheetComesWithinThePageOnce(t *testing.T) {
	handler := newPages(t, &scene{rows: sceneRows()})
	open := func(sheet string) string {
		v := visit{t: t, handler: handler, lang: "en", cookies: []string{"hongyan=token-1", "sheet=" + sheet}}
		return body(t, v.do("GET", "/chat/index.shtml", nil))
	}
	first := open("ffffffffffff")
	set := regexp.MustCompile(`/a/([0-9a-f]+)/js/app.js`).FindStringSubmatch(first)
	if len(set) != 2 || !sheetWithin.MatchString(first) || strings.Contains(first, `rel="stylesheet"`) {
		t.Fatal("a browser with another set's sheet does not get this one's")
	}
	if again := open(set[1]); sheetWithin.MatchString(again) || !strings.Contains(again, `<link rel="stylesheet" href="/a/`+set[1]+`/app.css">`) {
		t.Error("a browser that has the sheet gets it again")
	}
}

func TestPagesRender(t *testing.T) {
	handler := newPages(t, &scene{rows: sceneRows()})
	for _, lang := range []string{"zh-CN", "en"} {
		guest := visit{t: t, handler: handler, lang: lang}
		signedIn := visit{t: t, handler: handler, lang: lang, cookies: []string{"hongyan=token-1", "theme=dark", "care=1", "tz=Asia%2FShanghai"}}
		for target, who := range map[string]visit{
			"/user/login.shtml": guest, "/user/register.shtml?next=/me": guest, "/nowhere": guest,
			"/chat/index.shtml": signedIn, "/chat/createcom.shtml": signedIn, "/c/10-2": signedIn, "/c/11-5/info": signedIn,
			"/contacts": signedIn, "/contacts/requests": signedIn, "/me": signedIn, "/me/devices": signedIn, "/search": signedIn,
		} {
			res := who.do("GET", target, nil)
			want := 200
			if target == "/nowhere" {
				want = 404
			}
			page := body(t, res)
			if res.StatusCode != want {
				t.Errorf("%s %s: %d", lang, target, res.StatusCode)
			}
			if !strings.Contains(page, `<html lang="`+lang+`"`) || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
				t.Errorf("%s %s: no whole page in the language", lang, target)
			}
			sheets := sheetWithin.FindAllStringSubmatch(page, -1)
			if sum := sha256.Sum256([]byte(sheets[0][1])); len(sheets) != 1 || !strings.Contains(res.Header.Get("Content-Security-Policy"), "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
				t.Errorf("%s %s: %d sheets, policy %s", lang, target, len(sheets), res.Header.Get("Content-Security-Policy"))
			}
			page = sheetWithin.ReplaceAllString(page, "")
			if m := inlineStyle.FindString(page); m != "" {
				t.Errorf("%s %s: %q", lang, target, m)
			}
			for _, tag := range regexp.MustCompile(`<script[^>]*>`).FindAllString(page, -1) {
				if inlineCode.FindString(tag) != tag || tag == "<script>" {
					t.Errorf("%s %s: %s", lang, target, tag)
				}
			}
			if m := foreign.FindString(page); m != "" {
				t.Errorf("%s %s: another host: %s", lang, target, m)
			}
			if who.cookies != nil && !strings.Contains(page, `data-theme="dark" data-care`) {
				t.Errorf("%s %s: not in the reader's looks", lang, target)
			}
			if strings.Contains(page, "<b>hi</b>") {
				t.Errorf("%s %s: a message was not escaped", lang, target)
			}
		}
	}
}

func TestAppPageShowsConversations(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{rows: sceneRows()}), lang: "zh-CN", cookies: []string{"hongyan=token-1"}}
	page := body(t, v.do("GET", "/c/11-5", nil))
	for _, want := range []string{
		"Go 开发者群", "[有人@我]", "[草稿]", "在路上", `<span class="badge muted">99&#43;</span>`, "[语音]", "消息已撤回", "王小明: 今晚八点发版", `<p class="first-name">王小明</p>`,
		`href="/c/10-2"`, `aria-current="true"`, `<span class="n">(12)</span>`, "at-main",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	boot := regexp.MustCompile(`(?s)id="boot">(.*?)</script>`).FindStringSubmatch(page)
	if boot == nil {
		t.Fatal("no boot data")
	}
	var data view.Boot
	if err := json.Unmarshal([]byte(boot[1]), &data); err != nil {
		t.Fatal(err)
	}
	if data.Me.ID != 1 || len(data.Conversations) != 3 || data.Chat == nil || len(data.Chat.Rows) != 3 {
		t.Errorf("%+v", data)
	}
}

func TestPagesAskForLogin(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), lang: "en"}
	for target, want := range map[string]string{
		"/": "/user/login.shtml", "/chat/index.shtml": "/user/login.shtml",
		"/c/10-2":         "/user/login.shtml?next=%2Fc%2F10-2",
		"/me/devices?x=1": "/user/login.shtml?next=%2Fme%2Fdevices%3Fx%3D1",
	} {
		res := v.do("GET", target, nil)
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%s: %d %q", target, res.StatusCode, got)
		}
	}
	v.cookies = []string{"hongyan=token-1"}
	for _, target := range []string{"/c/10-404", "/c/10", "/c/x-1", "/c/13-1", "/c/10--1", "/c/10-9007199254740999"} {
		if res := v.do("GET", target, nil); res.StatusCode != 404 {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
	v.cookies = []string{"hongyan=old"}
	if page := body(t, v.do("GET", "/user/login.shtml", nil)); !strings.Contains(page, "Your session has ended") {
		t.Error("an ended session is not told")
	}
}

func TestLoginForm(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), lang: "en"}
	res := v.do("POST", "/user/login.shtml", url.Values{"mobile": {"13800000001"}, "passwd": {"wrong"}, "next": {"/c/10-2"}})
	page := body(t, res)
	if res.StatusCode != 401 || !strings.Contains(page, `value="13800000001"`) || !strings.Contains(page, `id="fault-passwd"`) ||
		!strings.Contains(page, `name="next" value="/c/10-2"`) || strings.Contains(page, "wrong\"") {
		t.Errorf("%d %s", res.StatusCode, page)
	}
	for next, want := range map[string]string{
		"/c/10-2": "/c/10-2", "": "/chat/index.shtml", "//evil.example": "/chat/index.shtml", "https://evil.example": "/chat/index.shtml",
		`/\evil.example`: "/chat/index.shtml", "/%2f/x": "/chat/index.shtml", "javascript:x": "/chat/index.shtml", "/a\tb": "/chat/index.shtml",
	} {
		res := v.do("POST", "/user/login.shtml", url.Values{"mobile": {"13800000001"}, "passwd": {"right horse"}, "next": {next}})
		if res.StatusCode != 303 || res.Header.Get("Location") != want || len(res.Cookies()) != 1 {
			t.Errorf("%q: %d %q", next, res.StatusCode, res.Header.Get("Location"))
		}
	}
	page = body(t, v.do("POST", "/user/register.shtml", url.Values{"mobile": {"13800000001"}, "nickname": {"小林"}, "passwd": {"12345678"}}))
	if !strings.Contains(page, `id="fault-mobile"`) || !strings.Contains(page, `value="小林"`) {
		t.Error(page)
	}
}

func TestCreateGroupForm(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), lang: "en", cookies: []string{"hongyan=token-1"}}
	res := v.do("POST", "/chat/createcom.shtml", url.Values{"name": {"Readers"}, "members": {"2"}})
	if res.Header.Get("Location") != "/c/11-77" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	res = v.do("POST", "/chat/createcom.shtml", url.Values{"memo": {"books"}})
	if page := body(t, res); res.StatusCode != 400 || !strings.Contains(page, `value="books"`) || !strings.Contains(page, `class="fault"`) {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestLooks(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), lang: "zh-CN"}
	res := v.do("GET", "/user/login.shtml?lang=en&next=%2Fme", nil)
	if res.Header.Get("Location") != "/user/login.shtml?next=%2Fme" || !strings.HasPrefix(res.Header.Get("Set-Cookie"), "lang=en;") {
		t.Error(res.Header)
	}
	if res = v.do("GET", "/user/login.shtml?lang=xx", nil); res.Header.Get("Set-Cookie") != "" {
		t.Error(res.Header)
	}
	if res = v.do("GET", "/user/login.shtml?care=1", nil); !strings.HasPrefix(res.Header.Get("Set-Cookie"), "care=1;") {
		t.Error(res.Header)
	}
}

func TestEventText(t *testing.T) {
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{Server: &Server{Locale: catalogue}}
	names := map[int64]model.PublicUser{1: {Nickname: "Ann"}}
	for _, tt := range []struct{ content, ext, want string }{
		{model.EventGroupJoined, `{"members":[2],"names":{"2":"Bob"}}`, "“Ann” invited “Bob” to the group"},
		{model.EventGroupChanged, `{"name":"Readers"}`, "“Ann” renamed the group to “Readers”"},
		{model.EventGroupDismissed, ``, "The group was closed"},
		{model.EventGroupChanged, `{"members":"?"}`, "The group changed"},
		{"unheard_of", ``, "The group changed"},
	} {
		m := &model.Message{Cmd: model.CmdEvent, UserID: 1, Content: tt.content, Ext: json.RawMessage(tt.ext)}
		if got := p.eventText("en", m, names); got != tt.want {
			t.Errorf("%s %s: %s", tt.content, tt.ext, got)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 21, 20, 30, 0, 0, time.UTC)
	zh, en := clock{now: now, yesterday: "昨天", chinese: true}, clock{now: now, yesterday: "Yesterday"}
	for _, tt := range []struct {
		at               time.Time
		short, chip, eng string
	}{
		{now.Add(-time.Hour), "19:30", "19:30", "19:30"},
		{now.Add(-24 * time.Hour), "昨天", "昨天 20:30", "Yesterday 20:30"},
		{now.Add(-3 * 24 * time.Hour), "星期三", "星期三 20:30", "Wed 20:30"},
		{now.Add(-6 * 24 * time.Hour), "星期日", "星期日 20:30", "Sun 20:30"},
		{now.Add(-7 * 24 * time.Hour), "11/14", "11月14日 20:30", "Nov 14 20:30"},
		{now.Add(-366 * 24 * time.Hour), "2025/11/20", "2025年11月20日 20:30", "Nov 20, 2025 20:30"},
	} {
		at := tt.at.UnixMilli()
		if zh.short(at) != tt.short || zh.chip(at) != tt.chip || en.chip(at) != tt.eng {
			t.Errorf("%s: %s, %s, %s", tt.at, zh.short(at), zh.chip(at), en.chip(at))
		}
	}
}

// Without modules the contacts are there all the same, and lead where one can write to them.
func TestContactsWithoutModules(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), lang: "zh-CN", cookies: []string{"hongyan=token-1"}}
	plain := regexp.MustCompile(`(?s)<noscript>(<ul class="rows">.*?)</noscript>`).FindString(body(t, v.do("GET", "/contacts", nil)))
	for _, want := range []string{`href="/c/10-2"`, "王小明", "1 位联系人"} {
		if !strings.Contains(plain, want) {
			t.Errorf("no %s in %q", want, plain)
		}
	}
}
