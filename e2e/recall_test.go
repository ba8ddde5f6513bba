package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestWordsTakenBackAreKeptForAWhile: what an own message said can be written anew
// after a reload and in another tab, and not for longer than it says.
func TestWordsTakenBackAreKeptForAWhile(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("明天八点见")
	bo.sees("明天八点见")
	two := ann.tab("/c/10-" + id(bo))
	two.until("the message, and what can be done with it", "document.querySelector('article.own[data-seq]') && performance.getEntriesByType('resource').some((r) => r.name.endsWith('/anew.js'))")
	ann.openMenu("own")
	ann.pickMenu("undo-2")
	const anew = "document.querySelector('article.note .textbtn')"
	two.until("the way back in the other tab", anew)
	two.until("it kept", "store.database.peek().get('kv', 'anew').then((all) => all.length === 1)")

	ann.openChat(bo.id) // loads the page anew
	ann.until("the way back after a reload", anew)
	ann.shot("recalled-anew-desktop")
	ann.click("article.note .textbtn")
	ann.until("the words", "document.querySelector('hy-composer textarea').value === '明天八点见'")
	bo.openChat(ann.id)
	bo.until("nothing of it elsewhere", "document.querySelector('article.note') && !"+anew)

	ann.before("{ const now = Date.now; Date.now = () => now() + 5 * 60 * 1000; }")
	ann.openChat(bo.id)
	ann.until("no way back", "document.querySelector('article.note')?.textContent.includes('撤回') && store.database.peek()?.get('kv', 'anew').then((all) => all.length === 0)")
	if eval[bool](ann.person, "!!"+anew) {
		t.Error("it is offered for ever")
	}
}

// TestWordsOfARecallWithoutAnAnswer: what was taken back while the line was lost can be
// written anew all the same.
func TestWordsOfARecallWithoutAnAnswer(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("算了")
	bo.sees("算了")
	ann.openMenu("own")
	ann.eval("globalThis.act = WebSocket.prototype.send; WebSocket.prototype.send = function (data) { act.call(this, data); if (JSON.parse(data).cmd === 15) this.onmessage = null; }; 0")
	ann.pickMenu("undo-2")
	bo.until("it taken back", "document.querySelector('article.note')")
	ann.openChat(bo.id)
	ann.until("the way back", "document.querySelector('article.note .textbtn')")
}

// TestTrailOfRecalls: a group's owner sees who took back whose message, newest
// first and as it happens, without the words; a member does not.
func TestTrailOfRecalls(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	group := groupOf("读书会", ann, bo)
	bo.openGroup(group)
	for _, text := range []string{"说错了", "不该说的"} {
		bo.say(text)
	}
	bo.until("both stored", "document.querySelectorAll('article.own[data-seq]').length === 2 && !document.querySelector('.bubble.pending, .clock')")
	ann.open("/c/11-" + fmt.Sprint(group) + "/info")
	ann.online()
	ann.click("hy-group a[href$='/recalled']")
	ann.until("nothing yet, and what there would be", "document.querySelector('hy-recalls .blank')?.textContent.includes('还没有') && document.querySelector('hy-recalls .hint')?.textContent.includes('已从服务器删除')")
	ann.shot("recalls-empty-phone")
	seqs := eval[[]int64](bo.person, fmt.Sprintf("store.timeline(11, %d).rows.filter((m) => m.cmd === 11).map((m) => m.seq)", group))
	take := func(who *account, seq int64) {
		who.eval(fmt.Sprintf("store.act({ cmd: 15, kind: 11, dstid: %d, ref: %d }).then(() => 0)", group, seq))
	}
	take(bo, seqs[0])
	const rows = "[...document.querySelectorAll('hy-recalls .row .name')].map((e) => e.textContent.trim())"
	ann.until("the first", rows+".join() === 'Bo 撤回了自己的消息'")
	take(ann, seqs[1])
	ann.until("both, the newest on top", rows+".join() === '安娜 撤回了 Bo 的消息,Bo 撤回了自己的消息'")
	if text := eval[string](ann.person, "document.querySelector('hy-recalls').textContent"); strings.Contains(text, "不该说的") || strings.Contains(text, "说错了") {
		t.Errorf("it says what was taken back: %s", text)
	}
	ann.axe("the recalls")
	ann.shot("recalls-phone")
	ann.scheme("dark")
	ann.shot("recalls-phone-dark")
	ann.click("hy-recalls .row:last-child a")
	ann.until("the place in the chat", "location.pathname.startsWith('/c/11-') && document.querySelector('article.note.flash, article.note:focus')")

	bo.open("/c/11-" + fmt.Sprint(group) + "/info")
	bo.see("hy-group .card-head")
	if eval[bool](bo.person, "!!document.querySelector(\"hy-group a[href$='/recalled']\")") {
		t.Error("a member is offered it")
	}
	bo.open("/c/11-" + fmt.Sprint(group) + "/recalled")
	bo.until("why not", "document.querySelector('hy-recalls .blank button')")
	ann.speak("en")
	ann.scheme("light")
	ann.do("a desktop", chromedp.EmulateViewport(desktop.width, desktop.height))
	ann.open("/c/11-" + fmt.Sprint(group) + "/recalled")
	ann.until("in English", rows+".join().includes('recalled Bo’s message')")
	ann.shot("recalls-desktop-en")
}
