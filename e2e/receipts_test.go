package e2e

import (
	"fmt"
	"testing"
)

// countAcks counts the frames of a kind that the pages to come send.
func (a *account) countAcks(cmd int) {
	a.t.Helper()
	a.before(fmt.Sprintf(`globalThis.told = 0; const send = WebSocket.prototype.send;
		WebSocket.prototype.send = function (data) { if (JSON.parse(data).cmd === %d) told++; return send.call(this, data); };`, cmd))
}

// TestReceiptsAreOff: where the operator tells nobody, messages are stored and no
// more is said or asked, and the settings say why. What is read counts all the same.
func TestReceiptsAreOff(t *testing.T) {
	base := callServer(t, "-receipts", "off")
	ann, bo := enter(t, base, "安娜", phone), enter(t, base, "Bo", desktop)
	group := groupOf("小组", ann, bo)
	bo.countAcks(1)
	bo.open("/me/settings")
	bo.online()
	const why = "document.querySelector('[data-set=read]')?.textContent.includes('管理员已关闭') && document.querySelector('[data-set=read] input').disabled && !document.querySelector('[data-set=read] input').checked"
	bo.until("why", why)
	bo.axe("the settings without receipts")
	bo.eval("document.querySelector('[data-set=read]').scrollIntoView({ block: 'center' })")
	bo.shot("receipts-off-settings-desktop")

	ann.openChat(bo.id)
	ann.say("到了吗")
	bo.until("it unread", fmt.Sprintf("store.rowOf(10, %d)?.unread === 1", ann.id))
	bo.until("that delivered.js would have told", "performance.getEntriesByType('resource').some((r) => r.name.endsWith('/delivered.js')) && new Promise((done) => { setTimeout(done, 1500, true); })")
	if told := eval[int](bo.person, "told"); told != 0 {
		t.Errorf("told %d times what nobody learns", told)
	}
	bo.openChat(ann.id)
	bo.until("it read", fmt.Sprintf("store.rowOf(10, %d)?.unread === 0 && store.connection.value.state === 'online'", ann.id))
	bo.home()
	bo.until("it read for good", fmt.Sprintf("store.rowOf(10, %d)?.unread === 0", ann.id))
	const status = "[...document.querySelectorAll('article.own .status')].at(-1)?.textContent"
	ann.until("it stored", status+" === '已发送'")

	ann.openGroup(group)
	ann.say("大家好")
	bo.openGroup(group)
	bo.sees("大家好")
	ann.until("it stored, and the counts there for who asked", status+" === '已发送' && performance.getEntriesByType('resource').some((r) => r.name.endsWith('/receipts.js'))")
	ann.openMenu("own")
	ann.pickMenu("info")
	ann.until("no more than that it is stored", "document.querySelector('.hy-panel .facts')?.textContent.includes('管理员')")
	ann.shot("receipts-off-details-phone")
	if asked := eval[int](ann.person, calls("/message/receipts")); asked != 0 {
		t.Errorf("asked %d times for what is not told", asked)
	}
}

// TestReadersWithoutTheEndOfAScroll: counts are asked for where a browser does not
// say that a scroll has ended, and in a group that is opened after a chat of two.
func TestReadersWithoutTheEndOfAScroll(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	group := groupOf("读书会", ann, bo)
	ann.openGroup(group)
	ann.say("很久以前")
	ann.sayAll(11, group, 0, 60, "`line ${i}`")
	bo.openGroup(group)
	bo.sees("line 59")
	ann.before("delete globalThis.onscrollend; addEventListener('scrollend', (event) => event.stopImmediatePropagation(), true);")
	ann.openChat(bo.id)
	ann.until("receipts", "performance.getEntriesByType('resource').some((r) => r.name.endsWith('/receipts.js'))")
	ann.eval(fmt.Sprintf("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/11-%d' } })) && 0", group))
	const counted = "document.querySelector('article.own button.status')"
	ann.until("the count, unasked", counted)
	ann.eval("document.querySelector('hy-messages').receipts = new Map(); 0")
	ann.until("no count", "!"+counted)
	ann.eval("document.querySelector('hy-messages .scroller').scrollTo(0, -600) ?? 0")
	ann.until("the count of what came into view", counted)
}

// fact is what the details of a message say under a heading.
func fact(name string) string {
	return fmt.Sprintf("[...document.querySelectorAll('.hy-panel .facts div')].find((row) => row.firstElementChild.textContent === %q)?.lastElementChild.textContent", name)
}

// TestWayOfAMessage: the details of an own message say when it was written here,
// when and by which node it was stored, received and read, and no more than is known.
func TestWayOfAMessage(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	bo.open("/me")
	bo.wire.cut()
	ann.say("在路上了")
	ann.until("it stored", "document.querySelector('article.own .status')?.textContent === '已发送'")
	const clock = `/\d+:\d\d/.test(%s)`
	details := func() {
		t.Helper()
		ann.openMenu("own")
		ann.pickMenu("info")
		ann.see(".hy-panel .facts")
	}
	details()
	node := eval[string](ann.person, "store.inspect().then((stats) => stats.hello.node)")
	ann.until("when it was written and stored, and by whom", fmt.Sprintf(clock+" && "+clock+" && %s.includes('节点 %s')", fact("写于"), fact("服务器存储于"), fact("服务器存储于"), node))
	ann.until("no receipt", fact("已送达")+" === '尚无回执' && "+fact("已读")+" === '尚无回执'")
	ann.axe("the details")
	ann.shot("way-stored-phone")
	ann.escape()
	bo.wire.mend()
	ann.until("it there", "document.querySelector('article.own .status')?.textContent === '已送达'")
	details()
	ann.until("when it was received", fmt.Sprintf(clock+" && %s === '尚无回执'", fact("已送达"), fact("已读")))
	ann.escape()
	bo.openChat(ann.id)
	ann.until("it read", "document.querySelector('article.own .status')?.textContent === '已读'")
	ann.scheme("dark")
	details()
	ann.until("when it was read", fmt.Sprintf(clock+" && "+clock, fact("已送达"), fact("已读")))
	ann.shot("way-read-phone-dark")
	ann.escape()
	ann.openChat(bo.id)
	details()
	ann.until("after a reload what is known still", fmt.Sprintf("!%s && %s === '是，时间未知' && !%s.includes('节点')", fact("写于"), fact("已读"), fact("服务器存储于")))
	ann.escape()
	ann.api("/user/update", map[string]any{"hideread": true})
	ann.speak("en")
	ann.openChat(bo.id)
	details()
	ann.until("why there is none", fact("State")+"?.includes('You send no read receipts')")
	ann.shot("way-hidden-phone-dark-en")
}
