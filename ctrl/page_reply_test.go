package ctrl

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hongyan/model"
)

// Where no module runs, a conversation has a form to answer with: what it says
// is sent once, what cannot be sent comes back with the reason.
func TestReplyForm(t *testing.T) {
	s := &scene{}
	v := visit{t: t, handler: newPages(t, s), cookies: []string{sessionCookie + "=token-1"}, lang: "en"}
	page := func(res *http.Response) string {
		t.Helper()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	html := page(v.do(http.MethodGet, "/c/10-2", nil))
	cid := regexp.MustCompile(`name="cid" value="([A-Z0-9]{20,64})"`).FindStringSubmatch(html)
	if cid == nil || !strings.Contains(html, `action="/c/10-2"`) || !strings.Contains(html, `name="seq" value="3"`) {
		t.Fatal(html)
	}
	if again := page(v.do(http.MethodGet, "/c/10-2", nil)); strings.Contains(again, cid[1]) {
		t.Error("two forms have one cid")
	}
	form := url.Values{"content": {" two\r\nlines "}, "cid": {cid[1]}, "seq": {"3"}}
	res := v.do(http.MethodPost, "/c/10-2", form)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/c/10-2" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if len(s.said) != 2 || s.said[0].Content != "two\nlines" || s.said[0].CID != cid[1] || s.said[0].Cmd != 10 || s.said[0].DstID != 2 || s.said[0].UserID != 1 ||
		s.said[1].Cmd != model.CmdRead || s.said[1].Seq != 3 || s.said[1].Kind != 10 {
		t.Errorf("said %+v", s.said)
	}
	res = v.do(http.MethodPost, "/c/10-2", url.Values{"content": {"too much"}, "cid": {"x"}})
	if html = page(res); res.StatusCode != http.StatusForbidden || !strings.Contains(html, ">too much</textarea>") || !strings.Contains(html, "muted") {
		t.Errorf("%d %s", res.StatusCode, html)
	}
	long := strings.Repeat("长", 30_000)
	res = v.do(http.MethodPost, "/c/10-2", url.Values{"content": {long}, "cid": {"x"}})
	if html = page(res); res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(html, ">"+long+"</textarea>") || !strings.Contains(html, "That message is too long") {
		t.Errorf("%d, %d bytes", res.StatusCode, len(html))
	}
	s.said = nil
	for _, target := range []string{"/c/10-404", "/c/x", "/c/99-1", "/c/10--1"} {
		if res := v.do(http.MethodPost, target, url.Values{"content": {"hi"}}); res.StatusCode != 404 {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
	v.cookies = nil
	if res := v.do(http.MethodPost, "/c/10-2", form); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/user/login.shtml") || len(s.said) != 0 {
		t.Errorf("a stranger: %d, %+v", res.StatusCode, s.said)
	}
}

// What was said before is a link away, page by page.
func TestOlderPages(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), cookies: []string{sessionCookie + "=token-1"}, lang: "en"}
	res := v.do(http.MethodGet, "/c/10-2?before=40", nil)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if html := string(body); !strings.Contains(html, `href="/c/10-2?before=10"`) || strings.Contains(html, `"chat":{`) {
		t.Error(html)
	}
	for _, before := range []string{"", "0", "-1", "x", "99999999999999999999"} {
		res := v.do(http.MethodGet, "/c/10-2?before="+before, nil)
		body, err := io.ReadAll(res.Body)
		if err != nil || strings.Contains(string(body), "?before=") || !strings.Contains(string(body), `"chat":{`) {
			t.Errorf("before=%s: %v", before, err)
		}
	}
}
