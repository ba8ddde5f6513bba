package e2e

import (
	"fmt"
	"testing"
)

// rows are the titles in the list, from top to bottom.
func (a *account) rows() string {
	return "[...document.querySelectorAll('.side .row[data-key] .name')].map((e) => e.textContent).join()"
}

// rowMenu opens the menu of a conversation's row with the keyboard and picks a line of it.
func (a *account) rowMenu(with int64, label string) {
	a.t.Helper()
	row := fmt.Sprintf(".row[data-key=\"10-%d\"] > a", with)
	a.see(row)
	a.do("focus", focus(row))
	a.press("F10", "F10", 121, "", 8)
	a.until("the menu", "document.querySelector('dialog.sheet, .hy-menu')")
	a.pickLine(label)
}

// pickLine presses the button with these words in what is open.
func (a *account) pickLine(label string) {
	a.t.Helper()
	find := fmt.Sprintf("[...document.querySelectorAll('dialog[open] button')].find((b) => b.textContent.trim() === %q)", label)
	a.until("the choice "+label, find)
	a.eval(find + ".click()")
}

// TestShellArchive puts a conversation away, on the other device too, until its next message.
func TestShellArchive(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("一")
	ann.sees("一")
	ann.open("/chat/index.shtml")
	ann.online()
	bo.open("/chat/index.shtml")
	bo.online()

	bo.rowMenu(ann.id, "标为未读")
	bo.until("the mark", "document.querySelector('.row .badge.dot') && document.title.startsWith('(1)')")
	bo.shot("shell-marked-desktop")
	ann.rowMenu(bo.id, "归档")
	ann.until("the folder alone", ann.rows()+" === '' && document.querySelector('.row.fold .time').textContent === '1'")
	ann.shot("shell-archived-phone")
	ann.click(".row.fold a")
	ann.until("the archive", "location.pathname === '/archived' && "+ann.rows()+" === 'Bo'")
	ann.open("/archived")
	ann.until("the archive after a reload", ann.rows()+" === 'Bo'")
	ann.shot("shell-archive-phone")
	ann.click(".side header .iconbtn")
	ann.until("the list", "location.pathname === '/chat/index.shtml'")

	bo.eval("store.send(10, " + id(ann) + ", { media: 1, content: '二' }) && 0")
	ann.until("the conversation back", ann.rows()+" === 'Bo' && !document.querySelector('.row.fold')")
	bo.click(".row[data-key=\"10-" + id(ann) + "\"] a")
	bo.until("no mark", "!document.querySelector('.row .badge') && !document.title.startsWith('(')")
	bo.open("/chat/index.shtml")
	bo.until("no mark after a reload", "document.querySelector('.row .name') && !document.querySelector('.row .badge')")
}

// TestShellMute mutes for an hour on one device; the total leaves it out, and the end comes by itself.
func TestShellMute(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("你好")
	ann.sees("你好")
	ann.open("/chat/index.shtml")
	ann.online()
	ann.rowMenu(bo.id, "免打扰…")
	ann.pickLine("1 小时")
	ann.until("the mute", "document.querySelector('.row .hush') && store.rowNow(10, "+id(bo)+").mutedtill > Date.now() + 3.5e6")
	ann.eval("globalThis.badges = []; navigator.setAppBadge = async (n) => { badges.push(n); }; 0")
	bo.say("悄悄话")
	ann.until("the grey badge", "document.querySelector('.row .badge.muted')?.textContent === '1' && !document.title.startsWith('(')")
	ann.shot("shell-muted-phone")
	ann.eval("store.patchRow(10, " + id(bo) + ", { mutedtill: Date.now() + 300 }) && 0")
	ann.until("the end of the mute", "!document.querySelector('.row .hush') && document.title.startsWith('(1)') && badges.at(-1) === 1")
	ann.until("the number on the icon", "document.querySelector('link[rel=icon]').href.startsWith('data:image/png')")
	ann.click(".row[data-key] a")
	ann.until("it gone, read", "document.querySelector('link[rel=icon]').href.endsWith('favicon.svg') && !document.title.startsWith('(') && document.querySelector('hy-composer')")
}
