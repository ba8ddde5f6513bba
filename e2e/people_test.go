package e2e

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
)

const password = "correct horse 9"

var people atomic.Int64

// account is a person with an account, signed in.
type account struct {
	*person
	id     int64
	mobile string
	wire   *wire
}

// register makes an account and opens the list of conversations.
func register(t *testing.T, nickname string, on screen) *account {
	t.Helper()
	a := stranger(t, nickname, on)
	a.open("/user/register.shtml")
	a.api("/user/register", map[string]any{"mobile": a.mobile, "nickname": nickname, "passwd": password})
	a.open("/chat/index.shtml")
	a.arrive()
	return a
}

// registerOnScreen does the same through the page for it.
func registerOnScreen(t *testing.T, nickname string, on screen) *account {
	t.Helper()
	a := stranger(t, nickname, on)
	a.open("/user/register.shtml")
	a.insert("input[name=mobile]", a.mobile)
	a.insert("input[name=nickname]", nickname)
	a.insert("input[name=passwd]", password)
	a.click("button[type=submit]")
	a.arrive()
	return a
}

func stranger(t *testing.T, nickname string, on screen) *account {
	t.Helper()
	w := newWire(t)
	return &account{person: newPerson(t, nickname, w.server.URL, on), wire: w, mobile: fmt.Sprint(13900000000 + people.Add(1))}
}

// arrive waits for the client after the account was made.
func (a *account) arrive() {
	a.t.Helper()
	a.until("the list of conversations", "location.pathname === '/chat/index.shtml' && customElements.get('hy-app')")
	a.id = eval[int64](a.person, "JSON.parse(document.getElementById('boot').textContent).me.id")
}

// api calls a route of the product as the page would, and gives the answer.
func (p *person) api(path string, in map[string]any) string {
	p.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	return eval[string](p, fmt.Sprintf(`fetch(%q, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: %q }).then(async (r) => {
		const text = await r.text();
		if (!r.ok) throw new Error(text);
		return text;
	})`, path, body))
}

// befriend makes two accounts friends: both ask.
func befriend(a, b *account) {
	a.t.Helper()
	a.api("/contact/addfriend", map[string]any{"dstid": b.id})
	b.api("/contact/addfriend", map[string]any{"dstid": a.id})
}

// befriendOnScreen does the same on the screens: one asks, the other accepts.
func befriendOnScreen(a, b *account) {
	a.t.Helper()
	a.open("/contacts/add")
	a.insert("hy-find input[name=key]", b.mobile)
	a.click("hy-find form button")
	a.click("hy-find .card-head button")
	a.click("dialog .weui-dialog__btn_primary")
	a.until("the dialog gone", "!document.querySelector('dialog[open]')")
	b.open("/contacts/requests")
	b.click("hy-requests .weui-btn_primary")
	b.until("the request accepted", "!document.querySelector('hy-requests .weui-btn_primary')")
}

// talk opens the conversation of two friends on both screens.
func talk(a, b *account) {
	a.t.Helper()
	a.openChat(b.id)
	b.openChat(a.id)
}

func (a *account) openChat(with int64) {
	a.t.Helper()
	a.open(fmt.Sprintf("/c/10-%d", with))
	a.see("hy-composer textarea")
	a.online()
}

// store makes the client's store reachable for what follows on this page.
func (a *account) store() {
	a.t.Helper()
	eval[bool](a.person, `import(document.querySelector('script[type=module]').src).then((all) => { globalThis.store = all.$core_store; return true; })`)
}

// online waits until the line is up.
func (a *account) online() {
	a.t.Helper()
	a.store()
	a.until("the line", "store.connection.peek().state === 'online'")
}

// sees waits for a message with these words.
func (a *account) sees(text string) {
	a.t.Helper()
	a.until("the message "+text, fmt.Sprintf("[...document.querySelectorAll('hy-messages .words')].some((e) => e.textContent === %q)", text))
}

// texts are the messages on the screen, from top to bottom.
func (a *account) texts() []string {
	a.t.Helper()
	return eval[[]string](a.person, "[...document.querySelectorAll('hy-messages .bubble .words')].map((e) => e.textContent)")
}

// last is a CSS selector of the newest message, own or the other's.
func last(of string) string {
	return "hy-messages article." + of + ":nth-last-child(1 of article." + of + ")"
}

func id(a *account) string { return fmt.Sprint(a.id) }

func (a *account) openGroup(group int64) {
	a.t.Helper()
	a.open(fmt.Sprintf("/c/11-%d", group))
	a.see("hy-composer textarea")
	a.online()
}
