package e2e

import (
	"fmt"
	"testing"
)

// TestHistory reads a long conversation: pages come in above without moving
// what is being read, what was new is marked, and the way down is offered.
func TestHistory(t *testing.T) {
	const many = 420
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.openChat(bo.id)
	const step = 60 // each has a busy machine's patience for itself
	for from := 1; from <= many; from += step {
		ann.eval(fmt.Sprintf(`(async () => { for (let i = %d; i <= %d; i++) await store.act({ cmd: 10, dstid: %d, media: 1, content: 'line ' + i + (i %% 7 ? '' : '\n' + 'words '.repeat(i %% 40)) }); })()`, from, min(many, from+step-1), bo.id))
	}
	ann.sees(fmt.Sprintf("line %d", many-1))

	bo.open("/chat/index.shtml")
	bo.until("the badge", "document.querySelector('.row .badge')?.textContent === '99+'")
	bo.shot("list-unread-phone")
	bo.click(".row a")
	bo.see(".unread-chip")
	bo.store()
	bo.shot("unread-phone")

	bo.eval("globalThis.scroller = document.querySelector('hy-messages .scroller'); 0")
	bo.until("the first of the messages", `(() => {
		if (document.querySelector('.chip.end')) return true;
		scroller.scrollTop = -scroller.scrollHeight;
	})()`)
	if n := eval[int](bo.person, "document.querySelectorAll('hy-messages article').length"); n > 300 {
		t.Errorf("%d messages in the document", n)
	}
	bo.until("the line above what was new", "document.querySelector('#hy-unread')")
	bo.see(".to-bottom")

	// What comes in while one reads above must not move what is read.
	bo.eval(`(() => { scroller.scrollTop = -scroller.scrollHeight / 2; })() ?? 0`)
	bo.until("a still view", `(() => { const now = scroller.scrollTop; const still = globalThis.before === now; globalThis.before = now; return still; })()`)
	const topLine = `(() => { const top = scroller.getBoundingClientRect().top;
		const e = [...document.querySelectorAll('hy-messages article')].find((e) => e.getBoundingClientRect().bottom > top);
		return e.dataset.key + ' ' + Math.round(e.getBoundingClientRect().top); })()`
	// Something is at rest when it has been the same for a while.
	const rest = `(() => { const now = %s; globalThis.same = globalThis.before === now ? (globalThis.same ?? 0) + 1 : 0; globalThis.before = now; return globalThis.same > 5; })()`
	was := eval[string](bo.person, topLine)
	ann.say("new below")
	bo.until("its count", "document.querySelector('.to-bottom .badge')?.textContent > 0")
	if now := eval[string](bo.person, topLine); now != was {
		t.Errorf("the view moved from %s to %s", was, now)
	}
	bo.shot("to-bottom-phone")
	bo.click(".to-bottom")
	bo.sees("new below")
	bo.until("no way down", "!document.querySelector('.to-bottom')")
	ann.until("the mark of reading", "[...document.querySelectorAll('article.own .status')].at(-1)?.textContent === '已读'")

	// A place is kept while another conversation, or none, is open.
	bo.eval(`(() => { scroller.scrollTop = -2000; })() ?? 0`)
	bo.until("rest", fmt.Sprintf(rest, topLine))
	was = eval[string](bo.person, topLine)
	bo.click(".chat-head .back")
	bo.click(".row a")
	bo.see("hy-messages article")
	bo.eval("globalThis.scroller = document.querySelector('hy-messages .scroller'); 0")
	bo.until("rest", fmt.Sprintf(rest, topLine))
	if now := eval[string](bo.person, topLine); now != was {
		t.Errorf("the place was %s and is %s", was, now)
	}
}

// TestGroup talks in a group: names, arrivals in words, and what an admin may do.
func TestGroup(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.openChat(bo.id)
	group := eval[int64](ann.person, fmt.Sprintf(`fetch('/contact/createcommunity', { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ name: 'Go 开发者群', members: [%d] }) }).then((r) => r.json()).then((a) => a.data.id)`, bo.id))
	for _, one := range []*account{ann, bo} {
		one.open(fmt.Sprintf("/c/11-%d", group))
		one.see("hy-composer textarea")
		one.online()
	}
	ann.eval(fmt.Sprintf("fetch('/community/update', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ dstid: %d, name: '开发者' }) }).then(() => 0)", group))
	bo.until("the new name in words", "document.querySelector('article.note')?.textContent.includes('将群名改为“开发者”')")
	bo.until("the new name in the head", "document.querySelector('.chat-head .title')?.textContent === '开发者'")
	ann.say("大家好 @Bo")
	bo.sees("大家好 @Bo")
	bo.until("the author's name", "document.querySelector('article.other .author')?.textContent === '安娜'")
	bo.until("the size", "document.querySelector('.chat-head .size')?.textContent === '(2)'")
	bo.insert("hy-composer textarea", "嗯")
	ann.until("who is typing", "document.querySelector('.subtitle')?.textContent.includes('Bo 正在输入')")
	bo.enter()
	ann.sees("嗯")
	ann.openMenu("other")
	ann.pickMenu("undo-2")
	bo.until("taken back by the owner", "[...document.querySelectorAll('article.note')].at(-1)?.textContent.includes('管理员')")
	bo.shot("group-phone")
	bo.click("article.other .face")
	bo.until("the page of who wrote", fmt.Sprintf("location.pathname === '/contacts/%d'", ann.id))
	bo.see("hy-person .card-head")
}
