package e2e

import (
	"fmt"
	"testing"
)

// TestKeysToTheUnread goes from one unread conversation to the next with keys,
// past those that are read, and stays where there is none.
func TestKeysToTheUnread(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	bo.home()
	var groups [4]int64 // the last is the first in the list
	for i := range groups {
		groups[i] = call[struct{ ID int64 }](bo, "/contact/createcommunity", fmt.Sprintf("{ name: '群 %d', members: [%d] }", i, ann.id)).ID
	}
	for _, group := range groups {
		bo.eval(fmt.Sprintf("store.act({ cmd: 11, dstid: %d, media: 1, content: '在' }).then(() => 0)", group))
	}
	ann.openGroup(groups[1])
	ann.until("the rows", fmt.Sprintf("document.querySelectorAll('.side .row[data-key] .name').length >= 4 && store.rowNow(11, %d)?.unread === 0", groups[1]))
	ann.eval(fmt.Sprintf("store.markRead(11, %d, store.rowNow(11, %[1]d).lastseq)", groups[2]))
	unread := func(of ...int64) string {
		return fmt.Sprintf("JSON.stringify(%s.map((g) => store.rowNow(11, g).unread > 0 || store.rowNow(11, g).marked)) === %q",
			fmt.Sprintf("[%d,%d,%d,%d]", groups[0], groups[1], groups[2], groups[3]), fmt.Sprintf("[%v,%v,%v,%v]", of[0] > 0, of[1] > 0, of[2] > 0, of[3] > 0))
	}
	ann.until("the first and the last unread", unread(1, 0, 0, 1))
	at := func(group int64) string {
		return fmt.Sprintf("location.pathname === '/c/11-%d' && document.activeElement.matches('hy-composer textarea')", group)
	}
	ann.do("focus", focus(field))
	down := func() { t.Helper(); ann.press("ArrowDown", "ArrowDown", 40, "", 1|8) }
	up := func() { t.Helper(); ann.press("ArrowUp", "ArrowUp", 38, "", 1|8) }

	down()
	ann.until("the unread one below", at(groups[0])+" && "+unread(0, 0, 0, 1))
	up()
	ann.until("the unread one far above, past two that are read", at(groups[3])+" && "+unread(0, 0, 0, 0))
	down()
	up()
	ann.eval(fmt.Sprintf("store.settings(11, %d, { unread: true }).then(() => 0)", groups[1]))
	ann.until("the mark", unread(0, 1, 0, 0))
	if !eval[bool](ann.person, at(groups[3])) {
		t.Error("with nothing unread the keys lead somewhere")
	}
	down()
	ann.until("the one that is marked", at(groups[1]))
}

// TestArrowUpChangesTheLast changes the last own message with a key in the empty
// field, whatever came after it; in one that is not empty the key moves as ever.
func TestArrowUpChangesTheLast(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("第一句")
	ann.say("写错的")
	ann.say("要撤回的")
	bo.sees("要撤回的")
	bo.say("后来的")
	ann.sees("后来的")
	ann.eval("store.act({ cmd: 15, kind: 10, dstid: " + id(bo) + ", ref: store.timeline(10, " + id(bo) + ").rows.find((m) => m.content === '要撤回的').seq }).then(() => 0)")
	ann.until("one taken back", "![...document.querySelectorAll('hy-messages .words')].some((e) => e.textContent === '要撤回的')")

	const editing = "document.querySelector('hy-composer .context')"
	ann.insert(field, "x")
	ann.up()
	if eval[bool](ann.person, "!!"+editing) {
		t.Error("the key changes the last where something is written already")
	}
	ann.eval("document.querySelector('hy-composer textarea').select()")
	ann.press("Backspace", "Backspace", 8, "", 0)
	ann.until("an empty field", "document.querySelector('hy-composer textarea').value === ''")
	ann.up()
	ann.until("the last own words in the field", editing+" && document.querySelector('hy-composer textarea').value === '写错的'")
	ann.eval("document.querySelector('hy-composer textarea').select()")
	ann.insert(field, "写对的")
	ann.enter()
	bo.sees("写对的")
	ann.until("the same in its place", "!"+editing+" && document.querySelector('hy-composer textarea').value === ''")
	if got := fmt.Sprint(bo.texts()); got != "[第一句 写对的 后来的]" {
		t.Errorf("Bo sees %s", got)
	}
}
