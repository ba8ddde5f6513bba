package e2e

import "testing"

// TestCallInTwoTabs rings in both tabs of a browser, which share one line: what
// is declined or answered in one rings no longer in the other, and a call goes
// on when the tab that held the line is closed.
func TestCallInTwoTabs(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	bo.open("/chat/index.shtml")
	bo.online()
	two := bo.tab("/contacts")
	if leader := oneLeads(bo, two); leader != bo {
		t.Fatal("a tab that came later leads")
	}

	ann.calls(bo, false)
	bo.see(acceptButton)
	two.see(acceptButton)
	two.click("dialog.call.incoming .round.end")
	bo.noCall()
	two.noCall()
	ann.noCall()

	ann.calls(bo, false)
	bo.see(acceptButton)
	two.see(acceptButton)
	two.click(acceptButton)
	two.inCall("active")
	ann.inCall("active")
	bo.noCall()
	bo.open("/nowhere") // a page without the client: the line moves to the tab in the call
	two.until("the line", "store.leading.value && store.connection.peek().state === 'online'")
	two.inCall("active")
	two.click(endButton)
	ann.noCall()
	ann.entry("own", "通话时长")
}
