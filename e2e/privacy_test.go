package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPrivacyOnTheScreen hides being online by the switch in the settings: the
// friend's chat says so at once, and again when it is shown.
func TestPrivacyOnTheScreen(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.open("/me/settings")
	ann.online()
	const online = "document.querySelector('.chat-head .subtitle')?.textContent === '在线'"
	bo.until("ann online", online)
	ann.click("hy-account [data-set=online] .weui-switch")
	bo.until("ann away, nobody knows since when", "document.querySelector('.chat-head .titles') && !document.querySelector('.chat-head .subtitle')")
	bo.open("/c/10-" + id(ann))
	bo.online()
	if eval[bool](bo.person, online) {
		t.Error("after a reload ann is online")
	}
	ann.open("/me/settings")
	ann.until("what the server keeps", "document.querySelector('hy-account [data-set=online] .weui-switch')?.checked === false")
	ann.shot("privacy")
	ann.click("hy-account [data-set=online] .weui-switch")
	bo.until("ann online again", online)

	ann.do("leave", chromedp.Navigate("about:blank"))
	const seen = "/^刚刚在线$|^\\d+分钟前在线$/.test(document.querySelector('.chat-head .subtitle')?.textContent)"
	bo.until("that ann was there just now", seen)
	bo.shot("last-seen-desktop")
	bo.open("/c/10-" + id(ann))
	bo.until("the same after a reload", seen)
	bo.open("/contacts/" + id(ann))
	bo.until("the same on her page", "document.querySelector('hy-person .card-head')?.textContent.includes('在线') && !document.querySelector('hy-person .dot-on')")
}
