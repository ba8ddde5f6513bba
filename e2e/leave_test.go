package e2e

import (
	"fmt"
	"testing"
)

// TestSignOutLeavesNothing signs out with a message that was not sent: it is
// asked for first, and then neither database nor draft is left.
func TestSignOutLeavesNothing(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.refused(bo)
	ann.insert("hy-composer textarea", "一份草稿")
	ann.until("the draft kept", "localStorage.getItem('hy-drafts-"+id(ann)+"')")

	ann.open("/me")
	ann.store()
	ann.until("the outbox", "store.outbox.peek()?.find")
	ann.eval("localStorage.setItem('hy-notices-" + id(ann) + "', '{}'); sessionStorage.setItem('hy-invite-" + id(ann) + "-7', '{}')")
	ann.wire.cut()
	ann.click("hy-me .danger")
	ann.until("what would be lost", "/还有 1 条消息没有发送/.test(document.querySelector('dialog')?.textContent)")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("that it did not work", "document.querySelector('dialog .fault')")
	if kept := eval[bool](ann.person, kept(ann)); !kept {
		t.Error("a sign-out that failed deleted what was kept")
	}
	ann.wire.mend()
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	if kept := eval[bool](ann.person, kept(ann)); kept {
		t.Error("the database is still there")
	}
	if left := eval[[]string](ann.person, "[...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((key) => /^hy-[a-z]+-"+id(ann)+"(-|$)/.test(key))"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestEndedSessionKeepsTheOutbox has the server end a session: what was not
// sent waits for its author, and nobody else who signs in here sees it.
func TestEndedSessionKeepsTheOutbox(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.refused(bo)
	ann.eval("fetch('/user/logout', { method: 'POST' }).then(() => 0)")
	ann.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	for _, who := range []struct {
		name string
		*account
		want int
	}{{"another", bo, 0}, {"the author", ann, 1}} {
		ann.open("/user/login.shtml")
		ann.insert("input[name=mobile]", who.mobile)
		ann.insert("input[name=passwd]", password)
		ann.enter()
		ann.until("the chats", "location.pathname === '/chat/index.shtml'")
		ann.store()
		ann.until("the outbox", "store.outbox.peek()?.entries")
		if n := eval[int](ann.person, "[...store.outbox.peek().entries()].length"); n != who.want {
			t.Errorf("%s sees %d messages of the outbox, want %d", who.name, n, who.want)
		}
		ann.eval("(fetch('/user/logout', { method: 'POST' }), 0)") // the page goes before the answer is heard
		ann.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	}
}

// refused writes a message to other that the server turns down for good.
func (a *account) refused(other *account) {
	a.t.Helper()
	a.eval("store.send(10, " + id(other) + ", { media: 4, url: 'javascript:alert(1)' }) && 0")
	a.until("the refusal", "store.pending(10, "+id(other)+").some((e) => e.state === 'failed')")
}

func kept(a *account) string {
	return fmt.Sprintf("indexedDB.databases().then((all) => all.some((d) => d.name === 'hongyan-%d'))", a.id)
}

// TestALostRequestForTheDatabase has the browser forget what it was asked, as it
// does now and then between two pages: once for the opening and once for the
// deletion. The line came and the sign-out ended with the second page only.
func TestALostRequestForTheDatabase(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.before(`for (const name of ['open', 'deleteDatabase']) {
		const asks = IDBFactory.prototype[name];
		let lost = 0;
		IDBFactory.prototype[name] = function (...args) { return lost++ ? asks.apply(this, args) : new EventTarget(); };
	}`)
	ann.openChat(bo.id)
	ann.say("还在")
	bo.openChat(ann.id)
	bo.sees("还在")
	ann.store()
	ann.until("what it keeps", "store.database.peek().persistent")

	ann.open("/me")
	ann.online()
	ann.click("hy-me .danger")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	if eval[bool](ann.person, kept(ann)) {
		t.Error("the database is still there")
	}
}
