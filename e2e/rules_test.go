package e2e

import "testing"

// TestRecallIsOfferedWhileTheServerAllowsIt: for how long is told by the page.
func TestRecallIsOfferedWhileTheServerAllowsIt(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	if told := eval[int](ann.person, "JSON.parse(document.getElementById('boot').textContent).recall"); told != 2*60*1000 {
		t.Errorf("the page says %d ms", told)
	}
	ann.say("你好")
	ann.until("it stored", "document.querySelector('article.own[data-seq]') && !document.querySelector('.bubble.pending')")
	const offered = "!!document.querySelector(\".hy-menu use[href$='#undo-2']\")"
	ann.openMenu("own")
	if !eval[bool](ann.person, offered) {
		t.Error("a new message cannot be taken back")
	}
	ann.escape()
	ann.eval("store.rules.recall = 1")
	ann.openMenu("own")
	if eval[bool](ann.person, offered) {
		t.Error("a message is to be taken back that the server would not")
	}
}

// TestOlderBrowsers does without what the oldest of the browsers that are served
// do not have.
func TestOlderBrowsers(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	ann.eval("Intl.Segmenter = undefined; delete URL.canParse; 0")
	ann.insert("hy-composer textarea", "你好😀")
	ann.eval("document.querySelector('hy-composer').insert('')")
	ann.until("one character less", "document.querySelector('hy-composer textarea').value === '你好'")
}

// TestOthersBesideTheOpenChat: the number at the way back is of the other
// conversations, as their rows count them.
func TestOthersBesideTheOpenChat(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	bo.openChat(ann.id)
	ann.api("/message/settings", map[string]any{"kind": 10, "dstid": bo.id, "marked": true})
	ann.openChat(bo.id)
	ann.eval("document.hasFocus = () => false; 0") // it stays unread
	bo.say("一")
	ann.sees("一")
	ann.until("it counted as unread", "store.rowOf(10, "+id(bo)+").unread === 1")
	ann.api("/message/settings", map[string]any{"kind": 10, "dstid": bo.id, "archived": true})
	ann.until("it put away", "store.rowOf(10, "+id(bo)+").archived")
	if others := eval[string](ann.person, "document.querySelector('.chat-head .others')?.textContent ?? ''"); others != "" {
		t.Errorf("%q others, and there are none", others)
	}
}
