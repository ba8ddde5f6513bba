package ctrl

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"hongyan/model"
	"hongyan/service"
)

func TestRegisterLoginLogout(t *testing.T) {
	s := newSite(t, false)
	p := s.nobody()
	r := p.call("/user/register", "mobile=%2B8613800000001&passwd=correct+horse&id=77&role=admin&createat=5&token=x&nickname=%E5%BC%A0%E4%B8%89",
		"User-Agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36")
	var own ownUser
	r.into(t, &own)
	if own.ID == 77 || own.CreateAt == 5 || own.Nickname != "张三" || own.Mobile != "+8613800000001" || own.Addable != "approval" || len(own.Token) != 43 {
		t.Errorf("own user %s", r.raw)
	}
	if strings.Contains(r.raw, "argon2") || strings.Contains(r.raw, "asswd") {
		t.Errorf("the hash is shown: %s", r.raw)
	}
	cookie := r.header.Values("Set-Cookie")[0]
	for _, part := range []string{"hongyan=" + own.Token, "Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=7776000"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %s", cookie, part)
		}
	}
	p.want("", "/user/me", "")
	var devices []model.Session
	p.want("", "/user/sessions", "").into(t, &devices)
	if len(devices) != 1 || !devices[0].Current || devices[0].Device != "Chrome · Android" || devices[0].Address != "192.0.2.1" {
		t.Errorf("devices %+v", devices)
	}

	other := s.nobody()
	r = other.call("/user/login", "mobile=%2B8613800000001&passwd=correct+horse", "X-Forwarded-Proto", "https")
	cookie = r.header.Values("Set-Cookie")[0]
	if !strings.HasPrefix(cookie, "__Host-hongyan=") || !strings.Contains(cookie, "Secure") {
		t.Errorf("cookie over TLS: %q", cookie)
	}
	var again ownUser
	r.into(t, &again)
	other.cookies = map[string]string{}
	bearer := func(path string) string { return other.call(path, "", "Authorization", "Bearer "+again.Token).Error }
	if got := bearer("/user/logout"); got != "" {
		t.Error(got)
	}
	if got := bearer("/user/me"); got != "unauthenticated" {
		t.Errorf("after logout: %q", got)
	}
	if len(s.live.disconnected) != 1 || s.live.disconnected[0].code != 4001 || s.live.disconnected[0].userID != own.ID {
		t.Errorf("disconnected %+v", s.live.disconnected)
	}
	p.want("", "/user/logout", "")
	if _, still := p.cookies["hongyan"]; still {
		t.Error("the cookie outlived the session")
	}
	p.want("unauthenticated", "/user/me", "")
}

// Signing in once more, with the cookie of a session, leaves that session be.
func TestSigningInAgainKeepsTheFormerSession(t *testing.T) {
	s := newSite(t, false)
	p := s.join("13800000001")
	former := p.cookies["hongyan"]
	p.want("", "/user/login", "mobile=13800000001&passwd=correct+horse")
	if got := s.nobody().call("/user/me", "", "Authorization", "Bearer "+former).Error; got != "" || len(s.live.disconnected) != 0 {
		t.Errorf("the former session: %q, disconnected %+v", got, s.live.disconnected)
	}
}

func TestUnknownAndWrongAnswerAlike(t *testing.T) {
	s := newSite(t, false)
	s.join("13800000001")
	p := s.nobody()
	wrong := p.want("bad_credentials", "/user/login", "mobile=13800000001&passwd=wrong+horse")
	unknown := p.want("bad_credentials", "/user/login", "mobile=13800000002&passwd=wrong+horse")
	if wrong.raw != unknown.raw || wrong.status != http.StatusUnauthorized || unknown.status != wrong.status {
		t.Errorf("%d %s\n%d %s", wrong.status, wrong.raw, unknown.status, unknown.raw)
	}
	if len(wrong.header.Values("Set-Cookie")) != 0 {
		t.Error("a cookie for a wrong password")
	}
}

func TestRegisterRefuses(t *testing.T) {
	s := newSite(t, false)
	s.join("13800000001")
	p := s.nobody()
	for _, tt := range []struct{ code, form string }{
		{"invalid_argument", ""},
		{"invalid_argument", "mobile=12345&passwd=correct+horse"},
		{"invalid_argument", "mobile=' OR 1=1 --&passwd=correct+horse"},
		{"invalid_argument", "mobile=13800000002%00&passwd=correct+horse"},
		{"invalid_argument", "mobile=13800000002&passwd=1234567"},
		{"invalid_argument", "mobile=13800000002&passwd=" + strings.Repeat("x", 129)},
		{"invalid_argument", "mobile=13800000002&passwd=%ff%ff%ff%ff%ff%ff%ff%ff"},
		{"too_large", "mobile=13800000002&passwd=" + strings.Repeat("x", 1<<20)},
		{"invalid_argument", "mobile=13800000002&passwd=correct+horse&avatar=javascript:alert(1)"},
		{"invalid_argument", "mobile=13800000002&passwd=correct+horse&sex=X"},
		{"invalid_argument", "mobile=13800000002&passwd=correct+horse&nickname=" + strings.Repeat("x", 33)},
		{"invalid_argument", "mobile=13800000002&passwd=correct+horse&nickname=a%0ab"},
		{"mobile_taken", "mobile=13800000001&passwd=correct+horse"},
	} {
		p.want(tt.code, "/user/register", tt.form)
	}
	for i, good := range []string{"鸿雁鸿雁鸿雁鸿雁", "🦢🦢🦢🦢🦢🦢🦢🦢", "nul%00inside", strings.Repeat("鸿", 128)} {
		p.want("", "/user/register", fmt.Sprintf("mobile=1390000000%d&passwd=%s&nickname=", i, good))
		p.want("", "/user/login", fmt.Sprintf("mobile=1390000000%d&passwd=%s", i, good))
	}
}

func TestWrongPasswordsAreBoundedAndTheOwnerGetsIn(t *testing.T) {
	s := newSite(t, true)
	owner := s.join("13800000001")
	owner.want("", "/user/logout", "") // the device stays known
	attacker := s.nobody()
	tries := 0
	for i := range 40 {
		r := attacker.call("/user/login", "mobile=13800000001&passwd=wrong+horse", "X-Forwarded-For", fmt.Sprintf("10.0.0.%d", i))
		if r.Error == "rate_limited" {
			if n, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || n < 1 || r.status != http.StatusTooManyRequests {
				t.Errorf("Retry-After %q, status %d", r.header.Get("Retry-After"), r.status)
			}
			break
		}
		tries++
	}
	if tries != 10 {
		t.Errorf("%d tries, want 10", tries)
	}
	attacker.want("rate_limited", "/user/login", "mobile=13800000001&passwd="+passwd)
	owner.want("", "/user/login", "mobile=13800000001&passwd="+passwd)
	for range 11 { // success costs nothing
		owner.want("", "/user/login", "mobile=13800000001&passwd="+passwd)
	}
}

func TestRegisterIsBounded(t *testing.T) {
	s := newSite(t, true)
	for i := range 5 {
		s.nobody().want("", "/user/register", fmt.Sprintf("mobile=1380000000%d&passwd=%s", i, passwd))
	}
	r := s.nobody().want("rate_limited", "/user/register", "mobile=13800000009&passwd="+passwd)
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.nobody().want("rate_limited", "/user/register", "mobile=13800000001&passwd="+passwd)
}

func TestProfileAndDevices(t *testing.T) {
	s := newSite(t, false)
	ann, ben := s.join("13800000001"), s.join("13800000002")

	var own model.User
	ann.want("", "/user/update", `{"nickname":"安","memo":"你好","sex":"W","avatar":"/mnt/a.png","addable":"open","mobile":"1","id":9,"passwd":"x"}`).into(t, &own)
	if own.ID != ann.ID || own.Mobile != "13800000001" || own.Nickname != "安" || own.Addable != "open" {
		t.Errorf("own %+v", own)
	}
	ann.want("", "/user/update", "memo=&avatar=").into(t, &own)
	if own.Memo != "" || own.Avatar != "" || own.Nickname != "安" || own.Sex != "W" {
		t.Errorf("cleared %+v", own)
	}
	if ann.want("", "/user/update", "nickname=").into(t, &own); own.Nickname != "user000001" {
		t.Errorf("a cleared nickname is %q", own.Nickname)
	}
	ann.want("invalid_argument", "/user/update", "avatar=//evil.example/a.png")

	found := ben.want("", "/user/find", "mobile=13800000001")
	if strings.Contains(found.raw, "mobile") || strings.Contains(found.raw, "createat") {
		t.Errorf("a stranger sees %s", found.raw)
	}
	if r := ben.want("", "/user/find", fmt.Sprint("id=", ann.ID)); r.raw != found.raw {
		t.Errorf("by id %s, by mobile %s", r.raw, found.raw)
	}
	ben.want("not_found", "/user/find", "mobile=13800000003")

	phone := s.nobody()
	phone.want("", "/user/login", "mobile=13800000001&passwd=correct+horse")
	var devices []model.Session
	ann.want("", "/user/sessions", "").into(t, &devices)
	if len(devices) != 2 || devices[0].Current || !devices[1].Current {
		t.Fatalf("devices %+v", devices)
	}
	id := fmt.Sprint("id=", devices[0].ID)
	foreign, absent := ben.want("not_found", "/user/revoke", id), ben.want("not_found", "/user/revoke", "id=9999")
	if foreign.raw != absent.raw {
		t.Errorf("foreign %s, absent %s", foreign.raw, absent.raw)
	}
	ann.want("", "/user/revoke", id)
	phone.want("unauthenticated", "/user/me", "")

	phone.want("", "/user/login", "mobile=13800000001&passwd=correct+horse")
	ann.want("bad_credentials", "/user/passwd", "old=wrong&passwd=battery+staple")
	ann.want("invalid_argument", "/user/passwd", "old=correct+horse&passwd=short")
	ann.want("", "/user/passwd", "old=correct+horse&passwd=battery+staple")
	phone.want("unauthenticated", "/user/me", "")
	ann.want("", "/user/me", "")

	var ticket struct {
		Ticket  string
		Expires int64
	}
	ann.want("", "/user/ticket", "").into(t, &ticket)
	session, err := s.server.Devices.Redeem(t.Context(), ticket.Ticket)
	if err != nil || session.UserID != ann.ID {
		t.Errorf("ticket %+v: %v, %v", ticket, session, err)
	}
	ann.call("/user/ticket", "", "Origin", "http://hongyan.test").into(t, &ticket)
	if site := service.TicketSite(ticket.Ticket); site != "http://hongyan.test" {
		t.Errorf("the ticket of a page is for %q", site)
	}
	if session, err := s.server.Devices.Redeem(t.Context(), ticket.Ticket[:43]+".aHR0cHM6Ly9ldmls"); err == nil {
		t.Errorf("a ticket with another site's name opens %+v", session)
	}
	if session, err := s.server.Devices.Redeem(t.Context(), ticket.Ticket); err != nil || session.UserID != ann.ID {
		t.Errorf("the ticket of a page: %v, %v", session, err)
	}
}

func TestFindIsBounded(t *testing.T) {
	s := newSite(t, true)
	p, other := s.join("13800000001"), s.join("13800000002")
	for range 20 {
		p.want("not_found", "/user/find", "mobile=13900000000")
	}
	p.want("rate_limited", "/user/find", "mobile=13900000000")
	other.want("", "/user/find", "mobile=13800000001")
}

func TestStateChangesRefuseOtherSites(t *testing.T) {
	s := newSite(t, false)
	p := s.join("13800000001")
	for _, route := range s.server.api() {
		if r := p.call(route.path, "", "Sec-Fetch-Site", "cross-site"); r.status != http.StatusForbidden || r.Error != "forbidden" {
			t.Errorf("%s from another site: %d %s", route.path, r.status, r.raw)
		}
		if r := p.call(route.path, "", "Origin", "https://evil.example"); r.status != http.StatusForbidden || r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s from an evil origin: %d %v", route.path, r.status, r.header)
		}
	}
}

func TestDeviceName(t *testing.T) {
	for _, tt := range []struct{ userAgent, want string }{
		{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36", "Chrome · Android"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1", "Safari · iPhone"},
		{"Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116 MicroMessenger/8.0", "WeChat · Android"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox · Mac"},
		{"curl/8.5.0", "curl"},
		{"", "?"},
		{"<script>alert(1)</script>", "?"},
		{strings.Repeat("x", 5000), "?"},
		{"\x00\xff", "?"},
	} {
		if got := deviceName(tt.userAgent); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.userAgent, got, tt.want)
		}
	}
}
