package e2e

import "testing"

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
	bo.until("ann away", "!("+online+")")
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
}
