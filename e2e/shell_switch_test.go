package e2e

import "testing"

// TestShellSwitcher goes to a conversation with the keyboard alone.
func TestShellSwitcher(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "张小明", desktop)
	befriend(ann, bo)
	ann.open("/chat/index.shtml")
	ann.online()
	ann.until("the contact", "store.contacts.peek().length === 1")
	ann.press("k", "KeyK", 75, "", 2)
	ann.see("dialog.switcher input")
	ann.insert("dialog.switcher input", "zxm")
	ann.until("the one", "document.querySelectorAll('dialog.switcher [role=option]').length === 1")
	ann.shot("shell-switcher")
	ann.enter()
	ann.until("the chat", "location.pathname === '/c/10-"+id(bo)+"' && !document.querySelector('dialog')")
}
