package e2e

import (
	"fmt"
	"strings"
)

// above is what opens over the views beside the chats.
func (w *walk) above() []sight {
	const list = "/chat/index.shtml"
	group, theirs := fmt.Sprintf("/c/11-%d/info", w.group), fmt.Sprintf("/c/11-%d/info", w.theirs)
	member := tap("hy-group .members button:nth-child(2)")
	switches := "hy-group .weui-cells_form button.weui-cell_access"
	return []sight{
		{name: "create-menu", path: list, steps: does(tap(".side header button")), shows: "dialog.sheet"},
		{name: "row-menu", path: list, steps: does(menu(".row[data-key] a")), shows: "dialog.sheet, .hy-menu"},
		{name: "row-mute", path: list, steps: does(menu(".row[data-key] a"), tap("dialog.sheet button:nth-of-type(3), .hy-menu [role=menuitem]:nth-of-type(3)")), shows: "dialog.sheet:not(:has(button:nth-of-type(5)))"},
		{name: "switcher", path: list, steps: does(key("k", "KeyK", 75, "", 2)), shows: "dialog.switcher .row"},
		{name: "switcher-none", path: list, steps: does(key("k", "KeyK", 75, "", 2), fill("dialog.switcher input", "zzzqqq")), shows: "dialog.switcher .total"},
		{name: "keyhelp", path: list, steps: does(key("?", "Slash", 191, "?", 8)), shows: "dialog.keyhelp kbd"},
		{name: "no-line", path: list, steps: does(cut), shows: ".offline button", after: does(mend)},
		{name: "toast", path: list, steps: does(run("import(document.querySelector('script[type=module]').src).then((all) => all.$ui_kit.toast('已保存 Saved', 60000))")), shows: ".toast"},

		{name: "group-name", path: group, steps: does(tap("hy-group .weui-cells > button.weui-cell_access:first-child")), shows: "dialog.box .entry"},
		{name: "group-notice", path: group, steps: does(tap("hy-group .weui-cells > button.weui-cell_access:nth-child(3)")), shows: "dialog.box textarea"},
		{name: "group-mute", path: group, steps: does(tapAt(switches, 0)), shows: "dialog.sheet"},
		{name: "announcer", path: group, steps: does(tapAt(switches, 1)), shows: "dialog.sheet"},
		{name: "group-policy", path: group, steps: does(tapAt(switches, 2)), shows: "dialog.sheet"},
		{name: "group-transfer", path: group, steps: does(tapAt(switches, 3)), shows: "dialog.tall .row"},
		{name: "group-transfer-sure", path: group, steps: does(tapAt(switches, 3), tap("dialog.tall .row button")), shows: "dialog.box [type=submit]"},
		{name: "group-add", path: group, steps: does(tap("hy-group .members button:last-child")), shows: "dialog.tall .pick"},
		{name: "group-add-chosen", path: group, steps: does(tap("hy-group .members button:last-child", "dialog.tall .pick input")), shows: "dialog.tall .weui-btn_primary:not([disabled])"},
		{name: "member", path: group, steps: does(member), shows: "dialog.sheet"},
		{name: "member-mute", path: group, steps: does(member, tap("dialog.sheet button:nth-of-type(4)")), shows: "dialog.sheet button:nth-of-type(6)"},
		{name: "member-out", path: group, steps: does(member, tap("dialog.sheet button:nth-of-type(5)")), shows: "dialog.box [type=submit]"},
		{name: "group-dismiss", path: group, steps: does(tap("hy-group .danger")), shows: "dialog.box [type=submit]"},
		{name: "group-leave", path: theirs, steps: does(tap("hy-group .danger")), shows: "dialog.box [type=submit]"},
		{name: "invite-revoke", path: fmt.Sprintf("/c/11-%d/invite", w.group), steps: does(tap("hy-invite .weui-cells .weui-btn_mini")), shows: "dialog.box [type=submit]"},
		{name: "request-reject", path: "/contacts/requests", steps: does(tap("hy-requests .weui-btn_default")), shows: "dialog.box .entry"},

		{name: "create-fault", path: "/chat/createcom.shtml", steps: does(fill("hy-create input[name=name]", " "), tap("hy-create header .weui-btn_primary")), shows: "hy-create .fault"},
		{name: "create-find", path: "/chat/createcom.shtml", steps: does(fill("hy-create .find-bar input", "zzzqqq")), shows: "hy-create .pick, hy-create .total"},
		{name: "found", path: "/contacts/add", steps: does(fill("hy-find input[name=key]", w.stranger.mobile), tap("hy-find form button")), shows: "hy-find .card-head"},
		{name: "not-found", path: "/contacts/add", steps: does(fill("hy-find input[name=key]", "13800000000"), tap("hy-find form button")), shows: "hy-find .fault"},
		{name: "befriend", path: "/contacts/" + id(w.stranger), steps: does(tap("hy-person .strong")), shows: "dialog.box textarea"},
		{name: "befriend-drop", path: "/contacts/" + id(w.stranger), steps: does(tap("hy-person .strong"), fill("dialog.box textarea", "我们昨天见过 We met yesterday"), func(w *walk) { w.escape() }), shows: "dialog.box .weui-dialog__btn_warn"},
		{name: "befriend-long", path: "/contacts/" + id(w.stranger), steps: does(tap("hy-person .strong"), fill("dialog.box textarea", strings.Repeat("很长 ", 600))), shows: "dialog.box .fault.over"},
		{name: "block", path: "/contacts/" + id(w.stranger), steps: does(tap("hy-person .danger")), shows: "dialog.box [type=submit]"},
		{name: "remark", path: "/contacts/" + id(w.other), steps: does(tap("hy-person button.weui-cell_access")), shows: "dialog.box .entry"},
		{name: "unfriend", path: "/contacts/" + id(w.other), steps: does(tapAt("hy-person .danger", -1)), shows: "dialog.box [type=submit]"},

		{name: "my-code", path: "/me", steps: does(tap("hy-me button.weui-cell_access")), shows: "dialog img.code"},
		{name: "sign-out", path: "/me", steps: does(tap("hy-me .danger")), shows: "dialog.box [type=submit]"},
		{name: "nickname", path: "/me/profile", steps: does(tap("hy-account .weui-cell:nth-child(2)")), shows: "dialog.box .entry"},
		{name: "sex", path: "/me/profile", steps: does(tap("hy-account .weui-cell:nth-child(3)")), shows: "dialog.sheet"},
		{name: "about-me", path: "/me/profile", steps: does(tap("hy-account .weui-cell:nth-child(4)")), shows: "dialog.box textarea"},
		{name: "addable", path: "/me/profile", steps: does(tapAt("hy-account button.weui-cell", -1)), shows: "dialog.sheet"},
		{name: "device-end", path: "/me/devices", steps: does(tap("hy-account .weui-btn_mini")), shows: "dialog.box [type=submit]"},
		{name: "passwd-fault", path: "/me/passwd", steps: does(fill("input[name=old]", "1"), fill("input[name=new]", "another horse"), fill("input[name=again]", "another one"), tap("hy-account form button")), shows: "hy-account .fault"},
		{name: "channel-kinds", path: "/me/notify", steps: does(tap("hy-notify .add")), shows: "dialog.sheet"},
		{name: "channel-new", path: "/me/notify", steps: does(tap("hy-notify .add", "dialog.sheet button:nth-of-type(2)")), shows: "hy-notify form"},
		{name: "channel-fault", path: "/me/notify", steps: does(tap("hy-notify .add", "dialog.sheet button:nth-of-type(2)", "hy-notify form [type=submit], hy-notify form .weui-btn_primary")), shows: "hy-notify .fault"},
		{name: "channel", path: "/me/notify", steps: does(tap("hy-notify .channel")), shows: "hy-notify form"},
		{name: "channel-delete", path: "/me/notify", steps: does(tap("hy-notify .channel", "hy-notify .danger")), shows: "dialog.box [type=submit]"},
		{name: "search-date", path: "/search?q=a&tab=messages", steps: does(tap("hy-search .when")), shows: "dialog.sheet"},
		{name: "search-day", path: "/search?q=a&tab=messages", steps: does(tap("hy-search .when", "dialog.sheet button:nth-of-type(5)")), shows: "dialog.box input[type=date]"},
		{name: "code-typed", path: "/scan", steps: does(tap(".scan-acts button:last-child")), shows: "dialog.box .entry"},
		{name: "code-text", path: "/scan", steps: does(sees("hy-scan .scan"), run("document.querySelector('hy-scan').found('https://evil.example/u/1') ?? 0")), shows: ".scan-text .words"},
		{name: "sign-in-other", path: "/scan", steps: does(sees("hy-scan .scan"), func(w *walk) {
			ticket := eval[string](w.guest, "fetch('/qrlogin/new', { method: 'POST' }).then((r) => r.json()).then((a) => a.data.ticket)")
			w.eval("location.hash = '" + ticket + "'")
		}), shows: "dialog.signin dl"},
		{name: "outbox-waiting", path: "/c/10-" + id(w.other), steps: does(cut, func(w *walk) {
			w.say("写在隧道里 Written in a tunnel")
			w.see(".clock")
			w.open("/me/outbox")
		}), shows: ".outbox-entry", after: does(mend, func(w *walk) { w.online(); w.until("it gone", "!document.querySelector('.outbox-entry')") })},
	}
}

func cut(w *walk) {
	w.t.Helper()
	w.online()
	w.wire.cut()
}

func mend(w *walk) {
	w.t.Helper()
	w.wire.mend()
	w.store() // the page may be another one
	w.eval("store.retryNow() ?? 0")
	w.online()
}
