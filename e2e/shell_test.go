package e2e

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestGroupOnTheScreen makes a group out of friends, runs it and ends it, with
// nothing but what the screen offers.
func TestGroupOnTheScreen(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	bo.open("/chat/index.shtml")
	bo.online()

	ann.open("/chat/index.shtml")
	ann.click("hy-app .side header button")
	ann.click("dialog.sheet button")
	ann.insert("hy-create input[name=name]", "读书会")
	ann.click("hy-create .pick input")
	ann.click("hy-create header .weui-btn_primary")
	ann.until("the group's chat", "/^\\/c\\/11-/.test(location.pathname) && document.querySelector('hy-composer textarea')")
	bo.until("the group in the list", "[...document.querySelectorAll('.row .name')].some((e) => e.textContent === '读书会')")

	ann.click(".chat-head > .iconbtn")
	ann.until("two members", "document.querySelectorAll('hy-group .members button').length === 3")
	ann.click("hy-group .weui-cell_access:nth-child(3)")
	ann.insert("dialog .entry", "周五见")
	ann.click("dialog .weui-dialog__btn_primary")
	ann.until("the notice", "document.querySelector('hy-group .notice-text')?.textContent === '周五见'")
	ann.shot("group-desktop")

	ann.click("hy-group .members button:nth-child(2)")
	ann.until("what may be done with a member", "document.querySelectorAll('dialog.sheet button').length === 6")
	ann.click("dialog.sheet button.danger")
	ann.click("dialog.box .weui-dialog__btn_warn, dialog.box [type=submit]")
	ann.until("one member", "document.querySelectorAll('hy-group .members button').length === 2")
	bo.until("the group gone", "![...document.querySelectorAll('.row .name')].some((e) => e.textContent === '读书会')")
}

// TestAccountOnTheScreen changes what one says of oneself and how the product looks.
func TestAccountOnTheScreen(t *testing.T) {
	ann := register(t, "安娜", phone)
	ann.open("/me/profile")
	ann.click("hy-account .weui-cell:nth-child(2)")
	ann.see("dialog .entry")
	ann.eval("document.querySelector('dialog .entry').select()")
	ann.insert("dialog .entry", "安娜二世")
	ann.click("dialog [type=submit]")
	ann.until("the new name", "document.querySelector('hy-account .weui-cell:nth-child(2) .weui-cell__ft').textContent === '安娜二世'")

	ann.do("take over the file chooser", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true})
		return err
	}))
	ann.click("hy-account .weui-cell:nth-child(1)")
	picture, err := filepath.Abs("testdata/landscape.png")
	if err != nil {
		t.Fatal(err)
	}
	ann.choose("input[type=file]", picture)
	ann.until("the picture", "document.querySelector('hy-account img.avatar')?.naturalWidth > 0")

	ann.open("/me/settings")
	ann.click("hy-account [aria-labelledby=set-theme] label:nth-child(3)")
	ann.click("hy-account [data-set=care] .weui-switch")
	ann.open("/me/settings")
	if look := eval[string](ann.person, "document.documentElement.dataset.theme + ' ' + document.body.dataset.weuiTheme + ' ' + document.body.dataset.weuiMode"); look != "dark dark care" {
		t.Errorf("after a reload the page looks %q", look)
	}
	ann.click("hy-account [aria-labelledby=set-lang] label:nth-child(3)")
	ann.until("English", "document.documentElement.lang === 'en' && document.querySelector('hy-account h1')?.textContent === 'Settings'")

	ann.open("/me/devices")
	ann.until("this device", "document.querySelector('hy-account .tag.role')?.textContent === 'This device'")
	ann.open("/me/passwd")
	for _, field := range []string{"old", "new", "again"} {
		ann.insert("hy-account input[name="+field+"]", map[string]string{"old": "not this one", "new": "another horse 8", "again": "another horse 8"}[field])
	}
	ann.click("hy-account form button")
	ann.until("what is wrong", "document.querySelector('hy-account .fault') && document.querySelector('hy-account input[name=new]').value === 'another horse 8'")

	ann.open("/me")
	ann.click("hy-me .danger")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("the login", "location.pathname === '/user/login.shtml'")
	ann.insert("input[name=mobile]", ann.mobile)
	ann.insert("input[name=passwd]", "wrong one 99")
	ann.click("button[type=submit]")
	ann.until("the fault at its field", "document.querySelector('#fault-passwd') && document.querySelector('input[name=mobile]').value === '"+ann.mobile+"'")
	ann.insert("input[name=passwd]", password)
	ann.enter()
	ann.until("the chats", "location.pathname === '/chat/index.shtml'")
}

// TestFirstLoad counts what comes over the wire until a page answers: the list,
// and a chat that is opened by its address.
func TestFirstLoad(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.openChat(bo.id)
	for range 31 {
		ann.say("一条消息 with some words to read")
	}
	for path, most := range map[string]struct{ requests, modules, bytes int }{
		"/chat/index.shtml": {8, 2, 47_500},
		"/c/10-" + id(bo):   {10, 4, 70_000},
	} {
		ann.open("/nowhere")
		ann.unstyled()
		ann.do("without the worker", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true})
			return err
		}))
		ann.open(path)
		ann.until("answers", "performance.getEntriesByName('interactive').length > 0")
		got := eval[struct{ Requests, Modules, Bytes int }](ann.person, `(() => {
			const [{ startTime }] = performance.getEntriesByName('interactive');
			const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter((e) => e.startTime < startTime);
			return { Requests: all.length, Modules: all.filter((e) => e.name.endsWith('.js')).length, Bytes: all.reduce((sum, e) => sum + e.encodedBodySize, 0) };
		})()`)
		if got.Bytes == 0 || got.Bytes > most.bytes || got.Modules == 0 || got.Modules > most.modules || got.Requests > most.requests {
			t.Errorf("%s: %+v", path, got)
		}
		t.Logf("%s: %+v", path, got)
	}
}
