package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestInviteTerms makes a link that is good for a day and for one person: it
// says so, and that it is no longer good once somebody has used it.
func TestInviteTerms(t *testing.T) {
	ann, bo, cy := register(t, "林晓", phone), register(t, "王小明", desktop), register(t, "陈晨", phone)
	group := call[struct{ ID int64 }](ann, "/contact/createcommunity", "{ name: '周末登山队', join: 'approval' }").ID
	invite := fmt.Sprintf("/c/11-%d/invite", group)
	ann.open(invite)
	ann.see("hy-invite img.code")
	for name, value := range map[string]string{"hours": "24", "uses": "1"} {
		ann.eval(fmt.Sprintf("{ const one = document.querySelector('hy-invite select[name=%s]'); one.value = %q; one.dispatchEvent(new Event('change', { bubbles: true })); } 0", name, value))
	}
	was := ann.decoded("hy-invite img.code")
	ann.eval("document.querySelector('hy-invite .weui-cells_form button').click()")
	ann.until("what it is good for", "document.querySelector('hy-invite .code-card p').textContent.includes('已用 0/1 次') && document.querySelectorAll('hy-invite .weui-cells .weui-btn_mini').length === 2")
	link := ann.decoded("hy-invite img.code")
	if link == was {
		t.Fatal("the code is that of the link before")
	}
	left := eval[float64](ann.person, "document.querySelector('hy-invite').link.expires - Date.now()") / 3600000
	if left < 23.9 || left > 24.1 {
		t.Errorf("it is good for %.1f hours", left)
	}
	ann.shot("invite-terms-phone")
	path := strings.TrimPrefix(link, ann.base)

	// Both have it before them; the second comes too late.
	cy.open(path)
	cy.see(".invite form button")
	bo.open(path)
	bo.click(".invite form button")
	bo.until("the group", fmt.Sprintf("location.pathname === '/c/11-%d'", group))
	cy.click(".invite form button")
	const gone = "document.querySelector('.auth .status') && document.body.textContent.includes('这个邀请链接已失效')"
	cy.until("that it is used up", gone)
	cy.shot("invite-used-up-phone")
	cy.open(path)
	cy.until("the same once more", gone+" && !document.querySelector('.invite form')")
	ann.open(fmt.Sprintf("/c/11-%d/members", group))
	ann.until("the two", "[...document.querySelectorAll('hy-group .rows .name')].map((e) => e.textContent.trim()).join() === '林晓,王小明'")
}
