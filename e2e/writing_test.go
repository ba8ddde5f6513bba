package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// call asks a JSON route as the page's person; what it answers is `data`, or `rows`.
func call[T any](a *account, route, body string) T {
	a.t.Helper()
	return eval[T](a.person, fmt.Sprintf(`fetch(%q, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(%s) })
		.then((r) => r.json()).then((r) => { if (r.code) throw new Error(JSON.stringify(r)); return r.data ?? r.rows ?? null; })`, route, body))
}

// groupOf makes a group of the first and the others, all of them friends of the first, and gives its id.
func groupOf(name string, first *account, others ...*account) int64 {
	first.t.Helper()
	ids := make([]string, len(others))
	for i, other := range others {
		call[any](first, "/contact/addfriend", "{ dstid: "+id(other)+" }")
		call[any](other, "/contact/addfriend", "{ dstid: "+id(first)+" }")
		ids[i] = id(other)
	}
	group := call[struct{ ID int64 }](first, "/contact/createcommunity", fmt.Sprintf("{ name: %q, members: [%s] }", name, strings.Join(ids, ",")))
	return group.ID
}

func (a *account) escape() { a.t.Helper(); a.press("Escape", "Escape", 27, "", 0) }

const field = "hy-composer textarea"

// TestCallSomebody calls people in a group by @: the list is filtered as one
// writes, worked by keys and by hand, and who is called sees it.
func TestCallSomebody(t *testing.T) {
	ann, xm, bo := register(t, "安娜", phone), register(t, "张小明", desktop), register(t, "Bo", desktop)
	group := groupOf("发版群", ann, xm, bo)
	xm.open("/chat/index.shtml")
	xm.online()
	ann.openGroup(group)

	ann.insert(field, "看下 @")
	ann.until("everybody and two members", "document.querySelectorAll('.calls [role=option]').length === 3 && document.querySelector('.calls [role=option]').textContent.includes('所有人')")
	ann.until("who is meant said", "document.querySelector('hy-composer textarea').getAttribute('aria-activedescendant') === 'hy-call-0' && document.querySelector('hy-composer [role=status]').textContent.includes('3')")
	ann.shot("mention-phone")
	ann.scheme("dark")
	ann.shot("mention-phone-dark")
	ann.scheme("light")
	ann.insert(field, "zxm")
	ann.until("one member by pinyin", "document.querySelectorAll('.calls [role=option]').length === 1")
	ann.enter()
	ann.until("the name written", "document.querySelector('hy-composer textarea').value === '看下 @张小明 ' && !document.querySelector('.calls')")
	ann.insert(field, "这版")
	ann.enter()
	ann.until("the name marked", "document.querySelector('article.own .call')?.textContent === '@张小明'")

	xm.until("that one is called", "document.querySelector('.row em')?.textContent === '[有人@我]'")
	xm.openGroup(group)
	xm.until("oneself marked", "document.querySelector('article.other .call.me')?.textContent === '@张小明'")
	xm.insert(field, "@")
	xm.until("no everybody for a member", "document.querySelectorAll('.calls [role=option]').length === 2")
	xm.press("ArrowDown", "ArrowDown", 40, "", 0)
	xm.until("the second chosen", "document.querySelector('.calls [aria-selected=true]')?.id === 'hy-call-1'")
	xm.shot("mention-desktop")
	xm.axe("calling somebody")
	xm.escape()
	xm.until("no list", "!document.querySelector('.calls')")
	xm.enter()
	xm.until("an @ alone sent", "document.querySelectorAll('article.own').length === 1")

	ann.insert(field, "@")
	ann.click(".calls [role=option]")
	ann.insert(field, "下班")
	ann.enter()
	xm.until("everybody called", "[...document.querySelectorAll('article.other .call.me')].some((e) => e.textContent === '@所有人')")
	ann.eval("document.querySelector('article.other .face').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true })) && 0")
	ann.until("the one pressed called", "document.querySelector('hy-composer textarea').value === '@张小明 '")
	sent := eval[string](ann.person, fmt.Sprintf("JSON.stringify(store.timeline(11, %d).rows.filter((m) => m.media === 1).map((m) => m.ext?.mentions ?? null))", group))
	if want := fmt.Sprintf(`[[%d],null,"all"]`, xm.id); sent != want {
		t.Errorf("called %s, want %s", sent, want)
	}
	ann.openChat(bo.id)
	ann.insert(field, "@")
	ann.until("no list between two", "!document.querySelector('.calls')")
}

// TestUndoSend takes a message back before it leaves, and lets one go.
func TestUndoSend(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.eval("localStorage.setItem('hy-undo', '5') ?? 0")
	ann.say("写错了")
	ann.see("article.own .held button")
	ann.shot("undo-phone")
	ann.insert(field, "后面的话")
	ann.click("article.own .held button")
	ann.until("the words back", "document.querySelector('hy-composer textarea').value === '写错了\\n后面的话' && !document.querySelector('article.own')")
	ann.eval("localStorage.setItem('hy-undo', '1') ?? 0")
	ann.enter()
	bo.sees("写错了\n后面的话")
	if got := bo.texts(); len(got) != 1 {
		t.Errorf("Bo sees %q", got)
	}
	ann.until("nothing to take back", "!document.querySelector('.held')")

	// What is taken back while a change goes on was lost when that was kept.
	ann.eval("localStorage.setItem('hy-undo', '30') ?? 0")
	ann.say("再写错")
	ann.see("article.own .held button")
	ann.do("focus", focus("article.own[data-seq]"))
	ann.press("F10", "F10", 121, "", 8)
	ann.pickMenu("pencil")
	ann.insert(field, "，改一改")
	ann.click("article.own .held button")
	ann.click("dialog.box .weui-dialog__btn_default")
	ann.until("the change", "document.querySelector('hy-composer textarea').value.endsWith('，改一改') && !document.querySelector('.held')")
	ann.click("hy-composer .context button")
	ann.click("dialog.box .weui-dialog__btn_warn")
	ann.until("the words as a draft", "document.querySelector('hy-composer textarea').value === '再写错'")
}

// TestKeyThatSends has Ctrl+Enter send where that was chosen.
func TestKeyThatSends(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.eval("localStorage.setItem('hy-send', 'ctrl') ?? 0")
	ann.openChat(bo.id)
	ann.insert(field, "一行")
	ann.enter()
	ann.insert(field, "两行")
	ann.until("a new line", "document.querySelector('hy-composer textarea').value === '一行\\n两行'")
	ann.press("Enter", "Enter", 13, "", 2)
	ann.sees("一行\n两行")
}

// TestDraftOnTwoDevices writes on one device what the other goes on with.
func TestDraftOnTwoDevices(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	desk := &account{person: newPerson(t, "desk", ann.base, desktop), id: ann.id, wire: ann.wire}
	desk.open("/user/login.shtml")
	desk.insert("input[name=mobile]", ann.mobile)
	desk.insert("input[name=passwd]", password)
	desk.click("button[type=submit]")
	desk.until("the list", "location.pathname === '/chat/index.shtml' && customElements.get('hy-app')")

	ann.openChat(bo.id)
	ann.insert(field, "写到一半")
	desk.until("the draft in the list", "document.querySelector('.row .text')?.textContent.replace(/\\s+/g, ' ').trim() === '[草稿] 写到一半'")
	desk.openChat(bo.id)
	desk.until("the draft in the field", "document.querySelector('hy-composer textarea').value === '写到一半'")
	desk.insert(field, "，换台电脑")
	ann.until("what the other wrote", "document.activeElement.blur() ?? document.querySelector('hy-composer textarea').value === '写到一半，换台电脑'")
	desk.enter()
	desk.sees("写到一半，换台电脑")
	ann.until("the draft gone", "document.querySelector('hy-composer textarea').value === ''")
}

// TestOutboxScreen shows what waits on the device and why, changes it, deletes
// it and sends it; what arrives late says when it was written.
func TestOutboxScreen(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.wire.cut()
	ann.until("the loss", "store.connection.peek().state !== 'online'")
	ann.say("第一条")
	ann.say("第二条")
	ann.say("第三条")
	// As if the first had been written long ago.
	ann.until("all kept", "store.pending(10, "+id(bo)+").every((e) => !e.saving)")
	ann.eval("store.outbox.peek().update(store.pending(10, " + id(bo) + ")[0].cid, { at: Date.now() - 4800000 }) && 0")
	ann.eval("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/me/outbox' } })) && 0")
	ann.until("three waiting", "document.querySelectorAll('.outbox-entry').length === 3 && document.querySelector('.outbox-entry .why').textContent.includes('本机排队')")
	ann.shot("outbox-phone")
	ann.click(".outbox-entry:nth-child(2) button:nth-child(2)")
	ann.see("dialog .entry")
	ann.eval("document.querySelector('dialog .entry').value = ''")
	ann.insert("dialog .entry", "第二条，改过")
	ann.click("dialog [type=submit]")
	ann.until("the new words", "document.querySelector('.outbox-entry:nth-child(2) .said').textContent === '第二条，改过'")
	ann.click(".outbox-entry:nth-child(3) button:last-child")
	ann.click("dialog.sheet .danger")
	ann.until("two waiting", "document.querySelectorAll('.outbox-entry').length === 2")
	ann.click(".outbox-all button")
	ann.wire.mend()
	ann.eval("store.retryNow() ?? 0")
	ann.until("nothing waiting", "document.querySelector('hy-outbox .blank')")
	bo.sees("第二条，改过")
	if got := strings.Join(bo.texts(), "|"); got != "第一条|第二条，改过" {
		t.Errorf("Bo sees %q", got)
	}
	bo.until("when it was written", "/写下，.*送达/.test(document.querySelector('article.other .late')?.textContent)")
	bo.shot("late-desktop")

	call[any](bo, "/contact/block", "{ dstid: "+id(ann)+" }")
	ann.openChat(bo.id)
	ann.say("还在吗")
	ann.see(".fault-mark")
	ann.open("/me/outbox")
	ann.until("why it was refused", "document.querySelector('.outbox-entry.bad .why')?.textContent.startsWith('被拒绝：')")
	ann.scheme("dark")
	ann.shot("outbox-refused-phone-dark")
	ann.axe("the outbox")
	ann.open("/me")
	ann.until("how many wait", "document.querySelector('hy-me a[href=\"/me/outbox\"] .badge')?.textContent === '1'")
}

// TestLinkHonesty shows where a link really leads, and asks before it is followed.
func TestLinkHonesty(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	group := groupOf("链接", ann, bo)
	bo.openGroup(group)
	ann.openGroup(group)
	ann.say("https://аpple.com/登录 和 https://example.test/x")
	ann.until("no asking for one's own", "document.querySelectorAll('article.own .words a').length === 2")
	bo.until("the real host", "document.querySelector('article.other .real-host')?.textContent === 'xn--pple-43d.com'")
	if rel := eval[string](bo.person, "document.querySelector('article.other .words a').rel"); rel != "noopener noreferrer nofollow" {
		t.Errorf("rel is %q", rel)
	}
	bo.shot("link-phone")
	bo.eval("(globalThis.opened = [], window.open = (...all) => { opened.push(all); }, 0)")
	bo.click("article.other .words a")
	bo.until("the warning", "document.querySelector('.hy-link .why.warn') && document.querySelector('.hy-link .where strong').textContent === 'xn--pple-43d.com'")
	bo.shot("link-ask-phone")
	bo.axe("asking about a link")
	bo.escape()
	bo.until("nothing opened", "!document.querySelector('.hy-link') && opened.length === 0")
	bo.click("article.other .words a:last-of-type")
	bo.until("the question", "document.querySelector('.hy-link .why:not(.warn)')")
	bo.click(".hy-link input")
	bo.click(".hy-link [type=submit]")
	bo.until("opened without a way back", "opened.length === 1 && opened[0][0] === 'https://example.test/x' && opened[0][2].includes('noopener')")
	bo.until("the host remembered", "JSON.parse(localStorage.getItem('hy-trusted')).includes('example.test')")
}

// TestEmojiPanel finds emoji in two languages, in a tone of skin, and remembers them.
func TestEmojiPanel(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.click("hy-composer [aria-expanded=false]:has(use[href$='#smile'])")
	ann.click("hy-emoji .tone")
	ann.click("dialog.sheet button:nth-of-type(4)")
	ann.insert("hy-emoji input", "waving")
	ann.until("found in English, in the tone", "[...document.querySelectorAll('.emoji-grid button')].some((b) => b.textContent === '👋🏽')")
	ann.eval("document.querySelector('hy-emoji input').select() ?? 0")
	ann.insert("hy-emoji input", "拇指向上")
	ann.until("found in Chinese", "document.querySelector('.emoji-grid button')?.textContent === '👍🏽'")
	ann.shot("emoji-phone")
	ann.click(".emoji-grid button")
	ann.click(".emoji-grid button")
	ann.click("hy-emoji [aria-label='删除前一个字']")
	ann.until("one of two", "document.querySelector('hy-composer textarea').value === '👍🏽'")
	ann.click("hy-composer .send")
	bo.until("it large", "document.querySelector('article.other .emoji-1')?.textContent === '👍🏽'")
	ann.openChat(bo.id)
	ann.click("hy-composer [aria-expanded=false]:has(use[href$='#smile'])")
	ann.until("remembered", "document.querySelector('.emoji-grid h3 + button')?.textContent === '👍🏽'")
}
