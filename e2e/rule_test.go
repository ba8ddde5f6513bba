package e2e

import (
	"fmt"
	"testing"
)

// picks chooses a row of the sheet by its words.
func (a *account) picks(label string) {
	a.t.Helper()
	a.presses("dialog[open] button", label)
}

// presses clicks the one of several that says so.
func (a *account) presses(css, label string) {
	a.t.Helper()
	const mark = "data-chosen"
	a.until("the button "+label, fmt.Sprintf(`(() => {
		document.querySelectorAll('[%s]').forEach((e) => e.removeAttribute('%[1]s'));
		const one = [...document.querySelectorAll(%q)].find((e) => e.textContent.trim() === %q);
		one?.setAttribute('%[1]s', '');
		return one;
	})()`, mark, css, label))
	a.click("[" + mark + "]")
}

// member is a member's row in the list of a group's members.
func member(name string) string {
	return fmt.Sprintf("[...document.querySelectorAll('hy-group .rows .row')].find((e) => e.querySelector('.name').textContent.trim() === %q)", name)
}

// does picks something for a member in the list of a group's members.
func (a *account) does(name, what string) {
	a.t.Helper()
	a.until("the row of "+name, member(name))
	a.eval(member(name) + ".querySelector('button').click()")
	a.picks(what)
}

// TestRanksOnTheScreen silences a member and lets them speak, makes an
// administrator and none, and gives the group away: the other sees each at once.
func TestRanksOnTheScreen(t *testing.T) {
	ann, bo, cy := register(t, "林晓", desktop), register(t, "王小明", phone), register(t, "陈晨", desktop)
	group := groupOf("登山队", ann, bo, cy)
	bo.openGroup(group)
	cy.open(fmt.Sprintf("/c/11-%d/info", group))
	cy.see("hy-group .members")
	ann.open(fmt.Sprintf("/c/11-%d/members", group))
	ann.see("hy-group .rows .row")

	ann.does("王小明", "禁言")
	ann.picks("10 分钟")
	ann.until("that he is silenced", member("王小明")+"?.querySelector('.tag')?.textContent === '已禁言'")
	ann.shot("ranks-muted-desktop")
	bo.say("我说一句")
	bo.see(fault)
	bo.until("why", "document.querySelector('.fault-mark').title.includes('禁言')")
	ann.does("王小明", "解除禁言")
	ann.until("that he may speak", "!"+member("王小明")+"?.querySelector('.tag')")
	bo.resend()
	bo.until("it stored", "!document.querySelector('.fault-mark') && store.pending(11, "+fmt.Sprint(group)+").length === 0")

	const switchOfAll = "document.querySelector('hy-group label:has(.weui-cell__desc) .weui-switch')?.getClientRects().length > 0 && [...document.querySelectorAll('hy-group .weui-cell__desc')].some((e) => e.parentElement.textContent.includes('全员禁言'))"
	ann.does("陈晨", "设为管理员")
	ann.until("the administrator", member("陈晨")+"?.querySelector('.tag.role')?.textContent === '管理员'")
	cy.until("what an administrator may do", switchOfAll)
	bo.until("that it is said in the group", "[...document.querySelectorAll('article.note')].some((e) => e.textContent.includes('“林晓”将“陈晨”设为管理员'))")
	ann.does("陈晨", "取消管理员")
	ann.until("no administrator", "!"+member("陈晨")+"?.querySelector('.tag.role')")
	cy.until("no more than a member may do", "document.querySelector('hy-group .members') && !("+switchOfAll+")")

	ann.does("陈晨", "转让群主")
	ann.until("the question", "document.querySelector('dialog.box')?.textContent.includes('陈晨')")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("the new owner", member("陈晨")+"?.querySelector('.tag.role')?.textContent === '群主' && "+member("林晓")+"?.querySelector('.tag.role')?.textContent === '管理员'")
	cy.until("what an owner may do", "[...document.querySelectorAll('hy-group button.danger')].map((e) => e.textContent).join() === '解散群'")
	bo.until("that it is said in the group", "[...document.querySelectorAll('article.note')].some((e) => e.textContent.includes('“陈晨”成为新的群主'))")
	cy.shot("ranks-owner-desktop")
}

// TestEndOfAGroup has a member leave and the owner dismiss the group: those who
// look at it see both.
func TestEndOfAGroup(t *testing.T) {
	ann, bo, cy := register(t, "林晓", phone), register(t, "王小明", desktop), register(t, "陈晨", phone)
	group := groupOf("登山队", ann, bo, cy)
	inList := fmt.Sprintf("document.querySelector('hy-app a[href=\"/c/11-%d\"]')", group)
	ann.openGroup(group)
	cy.openGroup(group)
	cy.say("路线定了")
	ann.sees("路线定了")

	bo.open(fmt.Sprintf("/c/11-%d/info", group))
	bo.see("hy-group .members")
	bo.until("it in the list", inList)
	bo.presses("hy-group button.danger", "退出群")
	bo.click("dialog .weui-dialog__btn_warn")
	bo.until("the list without it", "location.pathname === '/chat/index.shtml' && !"+inList)
	ann.until("that he left", "[...document.querySelectorAll('article.note')].some((e) => e.textContent.includes('“王小明”退出了群聊'))")

	ann.open(fmt.Sprintf("/c/11-%d/info", group))
	ann.until("two members", "document.querySelectorAll('hy-group .members button .avatar').length === 2")
	ann.presses("hy-group button.danger", "解散群")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("the list without it", "location.pathname === '/chat/index.shtml' && !"+inList)
	cy.until("that there is no group any more", "!store.groups.peek().some((g) => g.id === "+fmt.Sprint(group)+")")
	cy.until("the name, and why nobody writes here", "document.querySelector('.chat-head .title')?.textContent === '登山队' && document.querySelector('.chat .ended')?.textContent === '群聊已解散' && !document.querySelector('hy-composer')")
	cy.shot("dismissed-phone")
	cy.open("/chat/index.shtml")
	cy.online()
	cy.until("the list without it", "!"+inList)
}
