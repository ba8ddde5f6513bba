package e2e

import (
	"fmt"
	"testing"
)

// rings counts the sounds of the pages to come, of which each that is due is
// heard: no message comes so soon after another that it is part of its burst.
func (a *account) rings(path string) {
	a.t.Helper()
	a.before(`globalThis.rang = 0;
		addEventListener('hy-rang', () => { rang++; });
		const now = Date.now;
		globalThis.ahead = 0;
		Date.now = () => now() + ahead;`)
	a.ready(path)
}

// ready opens a page and waits for what rings there.
func (a *account) ready(path string) {
	a.t.Helper()
	a.open(path)
	a.online()
	a.until("a client that listens", "performance.getEntriesByType('resource').some((e) => e.name.endsWith('/awake/awake.js'))")
	// The part that rings is there already, as it is after the first sound.
	a.eval(`import(document.querySelector('script[type=module]').src.replace('app.js', 'awake/sound.js')).then(() => 0)`)
}

// TestSoundIsForWhatIsNotSeen has messages come into two tabs: what is in front
// of somebody in either of them is not rung for, nor what is muted, but for who is
// called by name, and everything else once for both.
func TestSoundIsForWhatIsNotSeen(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	group := call[struct{ ID int64 }](ann, "/contact/createcommunity", fmt.Sprintf("{ name: '吵闹的群', members: [%d] }", bo.id)).ID
	ann.home()
	bo.rings("/c/10-" + id(ann))
	two := bo.tab("/me") // its pages are prepared with the next
	two.rings("/contacts")

	says := func(text, message string) {
		t.Helper()
		for _, tab := range []*account{bo, two} {
			tab.eval("(ahead += 5000, 0)")
		}
		ann.eval("store.act({ media: 1, content: '" + text + "', " + message + " }).then(() => 0)")
		for _, tab := range []*account{bo, two} {
			tab.until("the message "+text, "store.conversations.peek().some((row) => row.last?.content === '"+text+"')")
		}
	}
	sum := func() int { return eval[int](bo.person, "rang") + eval[int](two.person, "rang") }
	rang := func(want int, what string) {
		t.Helper()
		tabs := []*account{bo, two}
		for _, tab := range tabs {
			// Long enough for a sound that was under way, which waits 120 ms for the other tab.
			tab.eval("new Promise((resolve) => setTimeout(resolve, 600))")
		}
		if got := sum(); got != want {
			t.Errorf("%s: rang %d times in all, want %d", what, got, want)
		}
	}
	direct := "cmd: 10, dstid: " + id(bo)
	room := fmt.Sprintf("cmd: 11, dstid: %d", group)

	says("群里一句", room)
	rang(1, "a group that is not open")
	says("正在看", direct)
	rang(1, "the chat in front, in one of the tabs")
	says("群里又一句", room)
	rang(2, "the group again")

	bo.eval(fmt.Sprintf("store.settings(11, %d, { mutefor: -1 }).then(() => 0)", group))
	two.until("the mute", fmt.Sprintf("store.rowNow(11, %d).muted", group))
	says("免打扰的一句", room)
	rang(2, "a muted group")
	says("叫到你", fmt.Sprintf("%s, ext: { mentions: [%d] }", room, bo.id))
	rang(3, "a muted group where one is called")

	two.ready("/c/10-" + id(ann))
	bo.ready("/contacts")
	says("另一个标签页在看", direct)
	rang(0, "the chat in front in the other tab")
}
