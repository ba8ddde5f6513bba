package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// focusSeen is JavaScript that tells whether what has the focus can be seen, with
// something that tells it from the others.
const focusSeen = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return false;
	const box = (e.matches('input[type=checkbox], input[type=radio]') && e.closest('label') || e).getBoundingClientRect();
	const marked = e.matches(':focus-visible') || e.matches('[tabindex="-1"], dialog');
	return marked && box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth && e.checkVisibility({ visibilityProperty: true });
})()`

// at waits until an element has the focus, and can be seen.
func (p *person) at(css string) {
	p.t.Helper()
	p.until("the focus at "+css, fmt.Sprintf("document.activeElement?.matches(%q) && %s", css, focusSeen))
}

// tabs goes on with the Tab key until an element has the focus, which can be
// seen wherever it is on the way.
func (p *person) tabs(css string) {
	p.t.Helper()
	for range 60 {
		if eval[bool](p, fmt.Sprintf("!!document.activeElement?.matches(%q)", css)) {
			p.at(css)
			return
		}
		p.press("Tab", "Tab", 9, "", 0)
		if !eval[bool](p, "document.activeElement === document.body || "+focusSeen) {
			p.t.Errorf("%s: on the way to %s the focus cannot be seen: %s", p.name, css, eval[string](p, "document.activeElement.outerHTML.slice(0, 200)"))
		}
	}
	p.t.Fatalf("%s: no way to %s by Tab; the focus is at %s", p.name, css, eval[string](p, "document.activeElement.outerHTML.slice(0, 200)"))
}

// types writes where the focus is.
func (p *person) types(text string) {
	p.t.Helper()
	p.do("write "+text, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

func (p *person) space() { p.t.Helper(); p.press(" ", "Space", 32, " ", 0) }
func (p *person) up()    { p.t.Helper(); p.press("ArrowUp", "ArrowUp", 38, "", 0) }
func (p *person) down()  { p.t.Helper(); p.press("ArrowDown", "ArrowDown", 40, "", 0) }

// goes takes a way by Tab and Enter.
func (p *person) goes(css string) {
	p.t.Helper()
	p.until("sight of "+css, fmt.Sprintf("!!document.querySelector(%q)", css))
	p.tabs(css)
	p.enter()
}

// deeds opens the menu of the message with the focus and picks from it by arrows.
func (a *account) deeds(icon string) {
	a.t.Helper()
	a.press("F10", "F10", 121, "", 8)
	a.at(".hy-menu [role=menuitem]")
	for range 12 {
		if eval[bool](a.person, fmt.Sprintf("!!document.activeElement.querySelector(\"use[href$='#%s']\")", icon)) {
			a.enter()
			return
		}
		a.down()
	}
	a.t.Fatalf("%s: no %s in the menu", a.name, icon)
}

// listens goes to the messages, to the newest of them.
func (a *account) listens() {
	a.t.Helper()
	for range 8 {
		if eval[bool](a.person, "!!document.activeElement.closest('hy-messages')") {
			break
		}
		a.eval("globalThis.was = document.activeElement; 0")
		a.press("F6", "F6", 117, "", 0)
		a.until("another region", "document.activeElement !== was") // the first key brings what keys need
	}
	a.press("End", "End", 35, "", 0)
	a.at("hy-messages article:last-of-type")
}

// TestKeysFromSignInToSignOut signs in, goes to somebody, writes, changes a
// setting and signs out, with nothing but keys.
func TestKeysFromSignInToSignOut(t *testing.T) {
	bo, ann := register(t, "王小明", desktop), register(t, "安娜", desktop)
	befriend(ann, bo)
	ann.eval("(fetch('/user/logout', { method: 'POST' }), 0)") // the page goes before the answer is heard
	ann.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	ann.at("input[name=mobile]")
	ann.types(ann.mobile)
	ann.tabs("input[name=passwd]")
	ann.types(password)
	ann.enter()
	ann.until("the list", "location.pathname === '/chat/index.shtml' && document.querySelector('hy-app')?.hasUpdated")
	ann.online()

	ann.press("k", "KeyK", 75, "", 2)
	ann.at("dialog.switcher input")
	ann.types("wxm")
	ann.until("the one", "document.querySelectorAll('dialog.switcher [role=option]').length === 1")
	ann.enter()
	ann.at(field)
	ann.types("你好，小明")
	ann.enter()
	ann.until("it stored", "document.querySelector('article.own[data-seq]')")
	ann.at(field)

	ann.goes("a.tab[href='/me']")
	ann.goes("hy-me a[href='/me/settings']")
	ann.tabs("hy-account [aria-labelledby=set-theme] input")
	ann.down()
	ann.until("another theme", "document.activeElement.matches('[aria-labelledby=set-theme] input:checked') && document.cookie.includes('theme=light')")
	ann.tabs("[data-set=care] .weui-switch")
	ann.space()
	ann.until("large text", "document.documentElement.hasAttribute('data-care')")
	ann.at("[data-set=care] .weui-switch")

	ann.goes("a.tab[href='/me']")
	ann.goes("hy-me .danger")
	ann.at("dialog.box .weui-dialog__btn_default") // what cannot be undone is not a key away
	ann.escape()
	ann.at("hy-me .danger")
	ann.enter()
	ann.goes("dialog.box [type=submit]")
	ann.until("the login", "location.pathname === '/user/login.shtml'")
}

// TestKeysOnMessages answers, reacts, forwards with a note and marks several,
// with nothing but keys; each time the focus is back where it was.
func TestKeysOnMessages(t *testing.T) {
	ann, bo, cy := register(t, "安娜", desktop), register(t, "Bo", desktop), register(t, "赛伊", desktop)
	befriend(ann, cy)
	befriend(ann, bo)
	talk(ann, bo)
	for i := range 3 {
		bo.say(fmt.Sprintf("第 %d 句", i))
		ann.sees(fmt.Sprintf("第 %d 句", i))
	}
	const last = "hy-messages article:last-of-type"
	ann.listens()
	ann.press("F10", "F10", 121, "", 8)
	ann.at(".hy-menu [role=menuitem]")
	ann.escape()
	ann.at(last)
	ann.deeds("reply")
	ann.at(field)
	ann.types("答案")
	ann.enter()
	bo.until("the answer", "store.timeline(10, "+id(ann)+").rows.some((m) => m.content === '答案' && m.ref > 0)")
	ann.at(field)
	ann.until("it stored", "!document.querySelector('.bubble.pending')") // it takes another's place

	ann.listens()
	ann.up()
	before := eval[string](ann.person, "document.activeElement.dataset.key")
	here := fmt.Sprintf("hy-messages article[data-key=%q]", before)
	ann.press("F10", "F10", 121, "", 8)
	ann.at(".hy-menu [role=menuitem]")
	ann.tabs(".hy-menu .reactions button")
	ann.enter()
	bo.until("the reaction", "document.querySelector('article.own .reacted button')")
	ann.at(here)

	ann.deeds("forward")
	ann.at(".hy-panel input[type=search]")
	ann.types("赛伊")
	ann.until("the one", "document.querySelectorAll('.hy-panel .people label').length === 1")
	ann.tabs(".hy-panel .people input")
	ann.space()
	ann.tabs(".hy-panel .note")
	ann.types("看看这个")
	ann.goes(".hy-panel footer .weui-btn")
	ann.until("it gone", "!document.querySelector('.hy-panel')")
	ann.at(here)
	cy.openChat(ann.id)
	cy.sees("看看这个")
	cy.sees("第 2 句")

	ann.deeds("list-checks")
	ann.see(".select-bar")
	ann.at(here)
	ann.up()
	ann.space()
	ann.until("two marked", "document.querySelectorAll('.pick:checked').length === 2")
	ann.goes(".select-bar .acts button:nth-child(2)")
	ann.at(".hy-panel input[type=search]")
	ann.escape()
	ann.at(".select-bar .acts button:nth-child(2)")
	ann.escape()
	ann.until("no bar", "!document.querySelector('.select-bar')")
	ann.until("the focus somewhere to be seen", focusSeen)
}

// TestKeysWithThings sends a file and a red packet, and opens one.
func TestKeysWithThings(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	unasked(ann, bo)
	talk(ann, bo)
	ann.do("take over the file chooser", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true})
		return err
	}))
	path := filepath.Join(t.TempDir(), "报告.csv")
	if err := os.WriteFile(path, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ann.at(field)
	ann.goes("hy-composer button.plus")
	ann.goes("hy-composer [data-tool=file]")
	ann.choose("hy-composer input[data-for=file]", path)
	bo.until("the file", "document.querySelector('article.other .file')?.textContent.includes('报告.csv')")
	ann.until("the focus somewhere to be seen", focusSeen)

	ann.goes("hy-composer button.plus")
	ann.goes("hy-composer [data-tool=packet]")
	ann.at(".packet-form input[name=amount]")
	ann.types("8.88")
	ann.enter()
	bo.see("article.other .packet[data-state=sealed] button")
	ann.until("no form, and the focus somewhere to be seen", "!document.querySelector('dialog') && "+focusSeen)

	bo.listens()
	bo.goes("article.other .packet button")
	bo.goes(".envelope .opens")
	bo.until("the amount", "document.querySelector('.envelope .head .sum strong')?.textContent === '8.88'")
	bo.escape()
	bo.until("it closed", "!document.querySelector('dialog')")
	bo.at("article.other .packet button")
}

// TestKeysWithPeople accepts somebody, makes a group and invites into it.
func TestKeysWithPeople(t *testing.T) {
	ann, bo, cy := register(t, "安娜", desktop), register(t, "Bo", desktop), register(t, "Cy", desktop)
	befriend(ann, cy)
	bo.api("/contact/addfriend", map[string]any{"dstid": ann.id, "memo": "你好"})
	ann.open("/chat/index.shtml")
	ann.online()
	ann.goes("a.tab[href='/contacts']")
	ann.goes("hy-contacts a[href='/contacts/requests']")
	ann.goes("hy-requests .weui-btn_primary")
	ann.until("a friend, and the focus somewhere to be seen", "!document.querySelector('hy-requests .weui-btn_primary') && store.contacts.peek().length === 2 && "+focusSeen)

	ann.goes("a.tab[href='/chat/index.shtml']")
	ann.goes("hy-app .side header button")
	ann.at("dialog.sheet button")
	ann.escape()
	ann.at("hy-app .side header button")
	ann.enter()
	ann.at("dialog.sheet button")
	ann.enter()
	ann.tabs("hy-create input[name=name]")
	ann.types("读书会")
	ann.tabs("hy-create .pick input")
	ann.space()
	ann.until("one chosen", "document.querySelector('hy-create .pick input:checked')")
	ann.press("Tab", "Tab", 9, "", 8)
	ann.tabs("hy-create header .weui-btn_primary")
	ann.enter()
	ann.until("the group", "/^\\/c\\/11-/.test(location.pathname)")
	ann.at(field)

	ann.goes(".chat-head > .iconbtn:last-child")
	ann.goes("hy-group .members button:last-child")
	ann.see("dialog.tall .pick")
	ann.tabs("dialog.tall .pick input")
	ann.space()
	ann.goes("dialog.tall .weui-btn_primary")
	ann.until("three members", "document.querySelectorAll('hy-group .members button').length === 4")
	ann.until("the focus somewhere to be seen", focusSeen)
}

// TestKeysInACall answers a call and ends it.
func TestKeysInACall(t *testing.T) {
	ann, bo := callers(t, startProduct(t), desktop, desktop)
	ann.openChat(bo.id)
	ann.at(field)
	bo.calls(ann, false)
	ann.at(acceptButton)
	ann.enter()
	ann.inCall("active")
	bo.inCall("active")
	ann.tabs(endButton)
	ann.enter()
	ann.noCall()
	bo.noCall()
	ann.at(field)
}
