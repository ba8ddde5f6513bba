package e2e

import (
	"fmt"
	"testing"
)

// TestRemark gives a friend another name: the list, the head of the chat, the
// contacts and the search call them by it, and they do not hear of it.
func TestRemark(t *testing.T) {
	ann, bo := register(t, "林晓", desktop), register(t, "王小明", phone)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("在吗")
	ann.sees("在吗")
	inList := fmt.Sprintf("document.querySelector('hy-app .row a[href=\"/c/10-%d\"] .name, hy-app a.row[href=\"/c/10-%[1]d\"] .name, hy-app a[href=\"/c/10-%[1]d\"] .name')?.textContent.trim()", bo.id)
	const head = "document.querySelector('.chat-head .title')?.textContent"
	ann.until("the nickname", head+" === '王小明' && "+inList+" === '王小明'")

	ann.open("/contacts/" + id(bo))
	ann.presses("hy-person button .weui-cell__bd", "备注")
	ann.insert("dialog .entry", "领队老王")
	ann.click("dialog .weui-dialog__btn_primary")
	ann.until("both names", "document.querySelector('hy-person h2')?.textContent === '领队老王' && document.querySelector('hy-person .card-head p')?.textContent.includes('王小明')")
	ann.open("/contacts")
	ann.until("the contacts", "[...document.querySelectorAll('hy-contacts .rows a:has(.avatar) .name')].map((e) => e.textContent.trim()).includes('领队老王')")
	ann.openChat(bo.id)
	ann.until("the head and the list", head+" === '领队老王' && "+inList+" === '领队老王'")
	ann.shot("remark-desktop")
	ann.open("/search")
	// By either name, and the other one beside it.
	for _, words := range []string{"ldlw", "领队", "王小明"} {
		ann.eval("document.querySelector('hy-search input')?.select() ?? 0")
		ann.insert(query, words)
		ann.until("the one by "+words, "document.querySelector('hy-search input').value === '"+words+"' && document.querySelector('.results .row .name')?.textContent === '领队老王'")
	}
	bo.openChat(ann.id)
	bo.until("nothing of it", head+" === '林晓' && !document.body.textContent.includes('领队老王')")
}

// TestStarAndBlockOnTheScreen puts a friend on top and back by the switch, and
// refuses what a blocked one says until they may again.
func TestStarAndBlockOnTheScreen(t *testing.T) {
	ann, bo := register(t, "林晓", phone), register(t, "王小明", desktop)
	befriend(ann, bo)
	bo.openChat(ann.id)
	profile := "/contacts/" + id(bo)
	const starred = "[...document.querySelectorAll('hy-contacts .index-title')].some((e) => e.textContent.includes('星标朋友'))"
	for _, on := range []bool{true, false} {
		ann.open(profile)
		ann.until("the switch as it was left", fmt.Sprintf("document.querySelector('hy-person .weui-switch')?.checked === %t", !on))
		ann.click("hy-person .weui-switch")
		ann.until("the star kept", fmt.Sprintf("document.querySelector('hy-person .weui-switch').checked === %t", on))
		ann.store()
		ann.until("the contact with its star", fmt.Sprintf("!!store.contacts.peek().find((f) => f.id === %d)?.starred === %t", bo.id, on))
		ann.open("/contacts")
		ann.until("the contacts", fmt.Sprintf("document.querySelector('hy-contacts .rows a .avatar') && %s === %t", starred, on))
	}

	ann.open(profile)
	ann.presses("hy-person button", "加入黑名单")
	ann.until("what it means", "document.querySelector('dialog.box')?.textContent.includes('对方将不能给你发消息')")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("the contacts", "location.pathname === '/contacts'")
	bo.say("在吗")
	bo.see(fault)
	bo.until("why", "document.querySelector('.fault-mark').title === '消息已发出，但被对方拒收了'")
	bo.shot("blocked-desktop")
	ann.open(profile)
	ann.presses("hy-person button", "移出黑名单")
	ann.until("that they may be blocked again", "[...document.querySelectorAll('hy-person button')].some((e) => e.textContent.trim() === '加入黑名单')")
	bo.resend()
	ann.openChat(bo.id)
	ann.sees("在吗")
	if got := ann.texts(); len(got) != 1 {
		t.Errorf("she sees %q", got)
	}
}
