package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// finding is a rule that a part of a page breaks, as axe tells it.
type finding struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// axe looks at what is on the screen by the rules of axe-core and fails for
// what is serious or critical.
func (p *person) axe(where string) {
	p.t.Helper()
	if !eval[bool](p, "typeof axe === 'object'") {
		source, err := os.ReadFile("testdata/axe/axe.min.js")
		if err != nil {
			p.t.Fatal(err)
		}
		p.eval(string(source) + ";0")
	}
	// What still fades in has a colour that it will not keep.
	p.until("rest", "document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity)")
	text := eval[string](p, `axe.run(document, { resultTypes: ['violations'], rules: { 'page-has-heading-one': { enabled: false } } }).then((r) => JSON.stringify(
		r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => ({ id: v.id, impact: v.impact, help: v.help,
			nodes: v.nodes.slice(0, 4).map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')) }))))`)
	var found []finding
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range found {
		p.t.Errorf("%s: %s (%s): %s\n    %s", where, f.ID, f.Impact, f.Help, strings.Join(f.Nodes, "\n    "))
	}
}

// views are all addresses of the client, each with what shows that it is there.
func views(ann, bo *account, group int64) [][2]string {
	return [][2]string{
		{"/chat/index.shtml", ".side h1"}, {"/c/10-" + id(bo), "hy-composer textarea"}, {fmt.Sprintf("/c/11-%d", group), "hy-composer textarea"},
		{fmt.Sprintf("/c/11-%d/info", group), "hy-group .members"}, {fmt.Sprintf("/c/11-%d/members", group), "hy-group .rows"},
		{fmt.Sprintf("/c/11-%d/invite", group), "hy-invite .code"}, {fmt.Sprintf("/c/11-%d/requests", group), "hy-requests h1"}, {"/scan", "hy-scan .scan"},
		{"/u/" + id(bo), ".invite h1"}, {"/c/10-" + id(bo) + "/info", "hy-person h2"},
		{"/contacts", "hy-contacts h1"}, {"/contacts/add", "hy-find h1"}, {"/contacts/requests", "hy-requests h1"}, {"/contacts/groups", "hy-requests h1"},
		{"/contacts/blocked", "hy-requests h1"}, {"/contacts/" + id(bo), "hy-person h2"}, {"/groups/join", "hy-find h1"},
		{"/chat/createcom.shtml", "hy-create h1"}, {"/search", "hy-search input"}, {"/search?q=Hello", ".found-in .hit"}, {"/search?tab=links", "hy-search .results .row"},
		{"/me/outbox", "hy-outbox .blank"}, {"/me/connection", "hy-connection .conn-rtt"}, {"/me", "hy-me h1"}, {"/me/profile", "hy-account h1"},
		{"/me/devices", "hy-account .tag"}, {"/me/passwd", "hy-account h1"}, {"/me/settings", "hy-account h1"}, {"/me/notify", "hy-notify .add"},
	}
}

// dialogs are what opens over a view: where, what people would do, what shows it.
func dialogs(bo *account) [][3]string {
	chat := "/c/10-" + id(bo)
	return [][3]string{
		{"/chat/index.shtml", "document.querySelector('hy-app .side header button').click()", "dialog[open]"},
		{"/chat/index.shtml", menuOf(".row a"), "dialog[open]"},
		{chat, "document.querySelector('hy-composer button.plus').click()", "hy-composer .drawer .choices"},
		{chat, menuOf("hy-messages article.other .bubble"), "dialog[open]"},
	}
}

// menuOf asks for the menu of the last such element, as the right button does.
func menuOf(css string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%q)].at(-1).dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 90, clientY: 300 }))", css)
}

// a conversation of two and a group, with something of most kinds in them.
func furnish(ann, bo *account) (group int64) {
	ann.t.Helper()
	befriend(ann, bo)
	var made struct{ Data struct{ ID int64 } }
	if err := json.Unmarshal([]byte(ann.api("/contact/createcommunity", map[string]any{"name": "产品组 Product", "members": []int64{bo.id}})), &made); err != nil {
		ann.t.Fatal(err)
	}
	talk(ann, bo)
	bo.eval(fmt.Sprintf(`(async () => {
		const to = async (m) => store.send(10, %d, m);
		await to({ media: 1, content: '周五下午三点开会，地点老地方 https://example.test/room?id=5' });
		await to({ media: 6, content: '👍' });
		await to({ media: 2, content: '版本说明', url: 'https://example.test/notes', memo: 'What is new' });
		await to({ media: 7, url: 'https://example.test/' });
		await to({ media: 9, content: '%d', memo: '同事' });
		await to({ media: 10, url: '/mnt/none.pdf', content: '季度报告-final.pdf', amount: 1887437 });
		await to({ media: 100, content: 'x', memo: '自定义' });
		await store.send(11, %d, { media: 1, content: 'Hello, everybody' });
	})()`, ann.id, bo.id, made.Data.ID))
	ann.until("what Bo said", fmt.Sprintf("store.timeline(10, %d).rows.length >= 7", bo.id))
	return made.Data.ID
}

// TestAccessible holds every view and what opens over them to the rules that
// serious and critical findings of axe-core stand for: on a phone by day and on
// a desktop by night.
func TestAccessible(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	group := furnish(ann, bo)
	guest := newPerson(t, "guest", ann.wire.server.URL, phone)
	for _, path := range []string{"/user/login.shtml", "/user/register.shtml"} {
		guest.open(path)
		guest.axe(path)
	}
	bo.scheme("dark")
	for _, one := range []*account{ann, bo} {
		other := map[*account]*account{ann: bo, bo: ann}[one]
		for _, view := range views(one, other, group) {
			one.open(view[0])
			one.see(view[1])
			one.axe(one.name + " " + view[0])
		}
	}
	for _, d := range dialogs(bo) {
		ann.open(d[0])
		ann.until("the client", "document.querySelector('hy-app')?.hasUpdated")
		ann.see(map[bool]string{true: "hy-messages article", false: ".row a"}[strings.HasPrefix(d[0], "/c/")])
		ann.until("what comes later", "!document.querySelector('.bubble.pending')") // it takes another's place
		ann.eval(d[1])
		ann.see(d[2])
		ann.axe("over " + d[0] + ": " + d[1])
	}
}
