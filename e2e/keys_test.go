package e2e

import (
	"fmt"
	"testing"
)

// TestKeysAlone goes from the list to an answer and back with nothing but keys:
// through rows and regions, into a chat, to a message, its menu and the reply.
func TestKeysAlone(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	group := furnish(ann, bo)
	ann.open("/chat/index.shtml")
	ann.online()
	bo.eval(fmt.Sprintf("store.send(11, %d, { media: 1, content: 'newest' }) && 0", group))
	ann.until("two rows, the group's first", "document.querySelectorAll('.row[data-key] a').length === 2 && document.querySelector('.row[data-key]').textContent.includes('newest')")
	focused := func(css string) string { return "document.activeElement?.matches('" + css + "')" }

	ann.press("?", "Slash", 191, "?", 8)
	ann.see("dialog.keyhelp kbd")
	ann.axe("the list of keys")
	ann.shot("keyhelp")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("the list of keys gone", "!document.querySelector('dialog')")

	for range 6 {
		if eval[bool](ann.person, "!!document.activeElement.closest('.rows')") {
			break
		}
		ann.press("F6", "F6", 117, "", 0)
	}
	ann.until("a row", focused(".row a"))
	ann.press("End", "End", 35, "", 0)
	ann.until("the last row", focused(".row:last-child a"))
	ann.press("ArrowUp", "ArrowUp", 38, "", 0)
	ann.until("the row before it", focused(".row:first-child a"))
	ann.press("ArrowDown", "ArrowDown", 40, "", 0)
	ann.enter()
	ann.until("the chat, ready to write", "location.pathname.startsWith('/c/') && "+focused("hy-composer textarea"))
	ann.press("ArrowUp", "ArrowUp", 38, "", 1)
	ann.until("the chat before it", "location.pathname.startsWith('/c/11-')")
	ann.press("ArrowDown", "ArrowDown", 40, "", 1)
	ann.until("the chat after it", "location.pathname === '/c/10-"+id(bo)+"' && document.querySelectorAll('hy-messages article').length >= 7")

	ann.press("F6", "F6", 117, "", 8)
	ann.until("the messages", "!!document.activeElement.closest('hy-messages article')")
	ann.until("its button to be reached, and no other's", "document.querySelectorAll('hy-messages article .more[tabindex=\"0\"]').length === 1 && document.activeElement.closest('article').querySelector('.more').tabIndex === 0")
	ann.press("F10", "F10", 121, "", 8)
	ann.see("dialog[open] [role=menuitem]")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("the menu gone, the message focused", "!document.querySelector('dialog') && !!document.activeElement.closest('hy-messages article')")
	ann.press("r", "KeyR", 82, "", 0)
	ann.until("an answer begun", "document.querySelector('hy-composer .context') && "+focused("hy-composer textarea"))
	ann.insert("hy-composer textarea", "全程键盘")
	ann.enter()
	bo.until("the answer", "store.timeline(10, "+id(ann)+").rows.some((m) => m.content === '全程键盘' && m.ref > 0)")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("back at the row", focused(".row.on a"))
}

// TestFocusFollows brings focus along on a phone, where one view takes the place
// of another: into the chat, and back to the row it was opened from.
func TestFocusFollows(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	furnish(ann, bo)
	ann.open("/chat/index.shtml")
	ann.online()
	ann.press("F6", "F6", 117, "", 0) // brings what keys need
	row := ".row[data-key=\"10-" + id(bo) + "\"] a"
	ann.click(row)
	ann.until("the chat with focus in it", "!!document.activeElement.closest('.main')")
	ann.click(".chat-head .back")
	ann.until("the row again", "document.activeElement.matches('"+row+"')")
	ann.click("a.tab[href='/me']")
	ann.click("hy-me a[href='/me/settings']")
	ann.until("the settings with focus in them", "location.pathname === '/me/settings' && !!document.activeElement.closest('.main')")
}
