package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// tab opens one more tab of a person's browser.
func (a *account) tab(path string) *account {
	a.t.Helper()
	ctx, cancel := chromedp.NewContext(a.ctx)
	a.t.Cleanup(cancel)
	b := &account{person: &person{t: a.t, name: a.name + "'s other tab", base: a.base, ctx: ctx}, id: a.id, mobile: a.mobile, wire: a.wire}
	b.do("set up", chromedp.EmulateViewport(desktop.width, desktop.height), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
	b.open(path)
	b.store()
	return b
}

const leading = "store.leading.value"

// oneLeads waits until one of the tabs holds the line for all of them.
func oneLeads(tabs ...*account) *account {
	tabs[0].t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		var leaders []*account
		for _, tab := range tabs {
			tab.online()
			if eval[bool](tab.person, leading) {
				leaders = append(leaders, tab)
			}
		}
		if len(leaders) == 1 {
			return leaders[0]
		}
	}
	tabs[0].t.Fatal("no tab leads, or more than one")
	return nil
}

// TestShellTabsShareOneLine writes, edits and reads in three tabs of one
// browser: one holds the socket, all show the same at once.
func TestShellTabsShareOneLine(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	two := ann.tab("/c/10-" + id(bo))
	three := ann.tab("/chat/index.shtml")
	if leader := oneLeads(ann, two, three); leader != ann {
		t.Error("a tab that came later leads")
	}

	two.eval("store.send(10, " + id(bo) + ", { media: 1, content: '从第二个标签页' }) && 0")
	for _, one := range []*account{bo, two, ann} {
		one.sees("从第二个标签页")
	}
	three.until("the same in the list", "document.querySelector('.row .text')?.textContent === '从第二个标签页'")
	two.until("nothing waiting", "store.pending(10, "+id(bo)+").length === 0 && store.rowNow(10, "+id(bo)+")")
	seq := eval[int](two.person, "store.rowNow(10, "+id(bo)+").lastseq")
	two.eval(fmt.Sprintf("store.act({ cmd: 16, kind: 10, dstid: %d, ref: %d, content: '改过了' })", bo.id, seq))
	ann.sees("改过了")
	bo.sees("改过了")

	// Read in one tab is read in the others, within 100 ms.
	for _, one := range []*account{ann, two, three} {
		one.eval("store.close() ?? 0")
		one.open("/contacts")
		one.online()
	}
	bo.say("读我")
	const unread = "store.unreadTotal.value === %d"
	for _, one := range []*account{ann, two, three} {
		one.until("one unread", fmt.Sprintf(unread, 1))
	}
	three.eval(`(globalThis.at = 0, store.conversations.subscribe(() => { if (store.unreadTotal.peek() === 0) globalThis.at ||= Date.now(); }), 0)`)
	start := eval[int64](two.person, fmt.Sprintf("(() => { const row = store.rowNow(10, %d); const now = Date.now(); store.markRead(10, %d, row.lastseq); return now; })()", bo.id, bo.id))
	three.until("nothing unread", fmt.Sprintf(unread, 0))
	took := eval[int64](three.person, "globalThis.at") - start
	t.Logf("read in step after %d ms", took)
	if took > 100 {
		t.Errorf("read in step after %d ms", took)
	}
}

// TestShellTabsTakeOver closes, freezes and crashes the tab that leads, with
// messages waiting: another takes over, and each arrives once and in order.
func TestShellTabsTakeOver(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	two, three := ann.tab("/c/10-"+id(bo)), ann.tab("/c/10-"+id(bo))
	oneLeads(ann, two, three)
	ann.wire.cut()
	two.until("the loss noticed", "store.connection.peek().state !== 'online'")
	var want []string
	for i, tab := range []*account{two, ann, three} {
		text := fmt.Sprintf("tab %d", i)
		want = append(want, text)
		tab.eval("store.send(10, " + id(bo) + ", { media: 1, content: '" + text + "' }) && 0")
		for _, other := range []*account{ann, two, three} {
			other.until("what waits", fmt.Sprintf("store.pending(10, %d).length === %d", bo.id, i+1))
		}
	}
	ann.do("close", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error { // the tab that leads
		_, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: "about:blank"})
		return err
	}))
	ann.wire.mend()
	two.eval("store.retryNow() ?? 0")
	leader := oneLeads(two, three)
	for _, one := range []*account{bo, two, three} {
		one.sees(want[2])
		one.until("nothing waiting", "store.pending(10, "+id(bo)+").length === 0")
		if got := one.texts(); !slices.Equal(got, want) {
			t.Errorf("%s sees %q, want %q", one.name, got, want)
		}
	}

	follower := two
	if leader == two {
		follower = three
	}
	follower.eval("(globalThis.led = 0, store.leading.subscribe((is) => { if (is) globalThis.led ||= Date.now(); }), 0)")
	start := eval[int64](leader.person, "Date.now()")
	leader.do("freeze", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		// What has the focus is not put to sleep.
		if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: "frozen"})
		return err
	}))
	follower.until("the lead", leading)
	if took := eval[int64](follower.person, "globalThis.led") - start; took > 1000 {
		t.Errorf("the lead was taken after %d ms", took)
	} else {
		t.Logf("the lead was taken after %d ms", took)
	}
	follower.online()
	bo.say("还在吗")
	follower.sees("还在吗")
	follower.say("在")
	bo.sees("在")
}

// TestShellSignOutInAllTabs signs out in a tab that does not lead.
func TestShellSignOutInAllTabs(t *testing.T) {
	ann := register(t, "安娜", desktop)
	ann.open("/chat/index.shtml")
	ann.online()
	two := ann.tab("/me")
	two.online()
	two.click("hy-me .danger")
	two.click("dialog .weui-dialog__btn_warn")
	for _, tab := range []*account{ann, two} {
		tab.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	}
	if kept := eval[bool](two.person, kept(ann)); kept {
		t.Error("the database is still there")
	}
}
