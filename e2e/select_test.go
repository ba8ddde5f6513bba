package e2e

import (
	"fmt"
	"testing"
)

// TestFarMessagesStayMarked: what was marked is forwarded from wherever the list is
// by then, and a place that one is at already is gone to once more.
func TestFarMessagesStayMarked(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	group := groupOf("长长的群", ann, bo)
	ann.openGroup(group)
	ann.say("很久以前")
	ann.sayAll(11, group, 0, 260, "`line ${i}`")
	ann.openGroup(group)
	ann.sees("line 259")
	ann.openMenu("own")
	ann.pickMenu("list-checks")
	ann.until("one marked", "document.querySelectorAll('.pick:checked').length === 1")
	first := fmt.Sprintf("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/11-%d?seq=2' } })) && 0", group)
	const flash = "document.querySelector('article.flash')?.textContent.includes('line 0')"
	ann.eval(first)
	ann.until("the beginning", flash)
	ann.click("article[data-seq='1'] .bubble")
	ann.until("two marked", "document.querySelector('.select-bar .count span')?.textContent === '已选 2 条'")
	ann.click(".select-bar .acts button:has(use[href$='#forward'])")
	ann.until("both to be forwarded", "document.querySelector('.hy-panel .what')?.textContent.includes('2')")
	ann.escape()
	ann.until("no panel", "!document.querySelector('.hy-panel')")
	ann.escape()
	ann.click(".to-bottom")
	ann.sees("line 259")
	ann.eval(first)
	ann.until("the beginning once more", flash)
}

// TestForwardToSoManyAndNoMore: a box beyond the limit does not look chosen.
func TestForwardToSoManyAndNoMore(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("给大家")
	bo.sees("给大家")
	ann.eval("import(document.querySelector('script[type=module]').src).then((all) => { all.$core_state.contacts.value = Array.from({ length: 25 }, (_, i) => ({ id: 9000 + i, nickname: `朋友 ${i}` })); return 0; })")
	ann.openMenu("own")
	ann.pickMenu("forward")
	ann.until("many", "document.querySelectorAll('.hy-panel .people label').length >= 25")
	ann.eval("(async () => { for (let i = 0; i < 21; i++) { document.querySelectorAll('.hy-panel .people input')[i].click(); await new Promise(requestAnimationFrame); } })().then(() => 0)")
	ann.until("as many as may be", "document.querySelectorAll('.hy-panel .people input:checked').length === 20 && document.querySelector('.hy-panel footer .weui-btn').textContent.includes('20') && document.querySelector('.toast')?.textContent.includes('20')")
}
