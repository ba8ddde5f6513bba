package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// knowing makes people known to each other.
func knowing(a, b *account) {
	a.t.Helper()
	call[any](a, "/contact/addfriend", "{ dstid: "+id(b)+" }")
	call[any](b, "/contact/addfriend", "{ dstid: "+id(a)+" }")
}

// decoded is what the code in the page's picture says, read by the vendored decoder.
func (a *account) decoded(css string) string {
	a.t.Helper()
	a.until("the code", fmt.Sprintf("document.querySelector(%q)?.complete && document.querySelector(%[1]q).naturalWidth > 0", css))
	// A picture that has come may still have to be drawn.
	return eval[string](a.person, fmt.Sprintf(`import(%s).then(async ({ decode }) => {
		const img = document.querySelector(%q);
		await img.decode();
		return decode(img, img.naturalWidth, img.naturalHeight, true);
	})`, moduleOf("ui/code.js"), css))
}

// moduleOf is JavaScript for the address of a module of the client.
func moduleOf(name string) string {
	return fmt.Sprintf("[...document.querySelectorAll('link[rel=modulepreload]')].find((l) => l.href.endsWith('/js/app.js')).href.replace('app.js', %q)", name)
}

// TestInviteLink hands out a link by its code, to somebody without an account
// and a browser without scripts, has it used and revokes it.
func TestInviteLink(t *testing.T) {
	ann, bo := register(t, "林晓", phone), register(t, "Bo", desktop)
	group := call[struct{ ID int64 }](ann, "/contact/createcommunity", "{ name: '周末登山队', join: 'approval' }").ID
	ann.open(fmt.Sprintf("/c/11-%d/invite", group))
	link := ann.decoded("hy-invite img.code")
	if !strings.HasPrefix(link, ann.base+"/join/") {
		t.Fatalf("the code says %q", link)
	}
	path := strings.TrimPrefix(link, ann.base)
	ann.shot("groups-invite")

	guest := newPerson(t, "guest", ann.wire.server.URL, phone)
	guest.do("no script", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	guest.open(path)
	if text := guest.plainText(".invite"); !strings.Contains(text, "周末登山队") || !strings.Contains(text, "林晓") {
		t.Errorf("the page without script says %q", text)
	}
	guest.shot("groups-join-plain")
	guest.do("on to the login", chromedp.Click(chromedp.CSS(".invite .weui-btn")))
	guest.waitFor("input[name=mobile]")
	guest.insertPlain("input[name=mobile]", bo.mobile)
	guest.insertPlain("input[name=passwd]", password)
	guest.enter()
	guest.waitFor(".invite form")
	guest.do("join", chromedp.Click(chromedp.CSS(".invite form button")))
	guest.waitFor(".first-log")

	ann.open(fmt.Sprintf("/c/11-%d/members", group))
	ann.until("two members", "document.querySelectorAll('hy-group .rows .row').length === 2")
	ann.open(fmt.Sprintf("/c/11-%d/invite", group))
	ann.click("hy-invite .weui-cells .weui-btn_mini")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("another link", fmt.Sprintf("document.querySelectorAll('hy-invite .weui-cells .weui-btn_mini').length === 1 && document.querySelector('hy-invite img.code')?.src.includes('join=') && !document.querySelector('hy-invite img.code').src.endsWith(%q)", strings.TrimPrefix(path, "/join/")))
	bo.open(path)
	bo.see(".auth .status") // not found
}

// TestScanner reads codes out of pictures: a card of this site is followed,
// anything else is shown as text, with no link in it.
func TestScanner(t *testing.T) {
	ann, bo := register(t, "林晓", phone), register(t, "Bo", phone)
	bo.open("/me")
	bo.click("hy-me button.weui-cell_access")
	card := bo.decoded("dialog img.code")
	bo.shot("groups-card")
	bo.axe("one's own code")
	if card != bo.base+"/u/"+id(bo) {
		t.Fatalf("the card says %q", card)
	}
	ann.open("/scan")
	ann.see("hy-scan .scan")
	ann.eval("document.querySelector('hy-scan').found('https://evil.example/u/1')")
	ann.until("the text", "document.querySelector('.scan-text .words')?.textContent === 'https://evil.example/u/1' && !document.querySelector('.scan-text a')")
	ann.shot("groups-scan-text")
	// The same site under another address is another site; what is no address is text.
	for _, text := range []string{"javascript:alert(1)", "//" + strings.TrimPrefix(ann.base, "http://") + "/me", "http://x:y@127.0.0.1/u/1", "你好"} {
		if to := eval[string](ann.person, fmt.Sprintf("import(%s).then(({ leads }) => leads(%q))", moduleOf("ui/code.js"), text)); to != "" {
			t.Errorf("%q leads to %q", text, to)
		}
	}
	ann.open("/scan")
	ann.see("hy-scan .scan")
	ann.eval(fmt.Sprintf(`(async () => {
		const img = new Image();
		img.src = '/qr.svg?u';
		await img.decode();
		const canvas = document.createElement('canvas');
		canvas.width = canvas.height = 600;
		const pen = canvas.getContext('2d');
		pen.fillStyle = '#ddd';
		pen.fillRect(0, 0, 600, 600);
		pen.rotate(0.05);
		pen.drawImage(img, 120, 90, 380, 380);
		const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.7));
		await document.querySelector('hy-scan').read(blob);
	})()`))
	ann.until("the card", "location.pathname === '/contacts/"+id(ann)+"'")

	// The camera sees the code of an invitation: the browser goes where it leads.
	ann.open("/scan")
	ann.see("hy-scan .scan")
	ann.eval(`(async () => {
		const scan = document.querySelector('hy-scan');
		scan.stop();
		const group = await fetch('/contact/createcommunity', { method: 'POST', body: new URLSearchParams({ name: '扫码群' }) }).then((r) => r.json());
		const link = await fetch('/community/invitelink', { method: 'POST', body: new URLSearchParams({ dstid: group.data.id }) }).then((r) => r.json());
		const img = new Image();
		img.src = '/qr.svg?join=' + link.data.token;
		await img.decode();
		const canvas = document.createElement('canvas');
		canvas.width = 640;
		canvas.height = 480;
		const pen = canvas.getContext('2d');
		const draw = () => { pen.fillStyle = '#777'; pen.fillRect(0, 0, 640, 480); pen.drawImage(img, 140, 60, 360, 360); };
		setInterval(draw, 50);
		draw();
		navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(20);
		await scan.start();
	})()`)
	ann.until("the invitation", "location.pathname.startsWith('/join/') && document.querySelector('.invite h1')?.textContent === '扫码群'")
}

// TestBoard shows a notice until it was read, and pinned messages to everybody.
func TestBoard(t *testing.T) {
	ann, bo := register(t, "林晓", desktop), register(t, "王小明", phone)
	group := groupOf("周末登山队", ann, bo)
	ann.openGroup(group)
	ann.say("集合点：香山东门")
	bo.openGroup(group)
	bo.sees("集合点：香山东门")
	call[any](ann, "/community/update", fmt.Sprintf("{ dstid: %d, notice: '周六早上八点集合。\\n下雨改到周日。' }", group))
	bo.see(".board.notice")
	ann.openMenu("own")
	ann.pickMenu("pin")
	bo.see(".board.pins")
	bo.shot("groups-board")
	bo.axe("the board")
	bo.click(".board.pins .body")
	bo.until("the flash", "document.querySelector('article.flash')?.textContent.includes('香山东门')")
	bo.click(".board.notice .body")
	bo.until("the whole notice", "document.querySelector('dialog .whole')?.textContent.includes('改到周日')")
	bo.shot("groups-notice")
	bo.axe("the notice")
	bo.escape()
	bo.until("the notice gone", "!document.querySelector('.board.notice') && !document.querySelector('dialog[open]')")
	bo.openGroup(group)
	bo.see(".board.pins")
	bo.until("no notice again", "!document.querySelector('.board.notice')")
	bo.openMenu("other")
	if eval[bool](bo.person, "!!document.querySelector('.hy-menu use[href$=\"#pin\"]')") {
		t.Error("a member is offered to pin")
	}
	bo.escape()
	// What was unpinned and pinned while the line was down shows once it is up again.
	bo.wire.cut()
	call[any](ann, "/message/pin", fmt.Sprintf("{ kind: 11, dstid: %d, seq: 1, pinned: false }", group))
	bo.wire.mend()
	bo.until("the pin gone", "!document.querySelector('.board.pins')")
	call[any](ann, "/message/pin", fmt.Sprintf("{ kind: 11, dstid: %d, seq: 1 }", group))
	bo.see(".board.pins")
	ann.click(".board.pins .iconbtn")
	ann.see(".pin-list")
	ann.axe("all that is pinned")
	ann.click(".pin-list .iconbtn")
	bo.until("nothing pinned", "!document.querySelector('.board.pins')")
}

// TestGroupLife lets somebody ask for a place, gives names in the group and silence to all.
func TestGroupLife(t *testing.T) {
	ann, bo, cy := register(t, "林晓", phone), register(t, "王小明", desktop), register(t, "陈晨", phone)
	group := groupOf("登山队", ann, bo)
	call[any](ann, "/community/update", fmt.Sprintf("{ dstid: %d, join: 'approval' }", group))
	info := fmt.Sprintf("/c/11-%d/info", group)
	ann.open(info)
	ann.see("hy-group .members")
	call[any](cy, "/contact/joincommunity", fmt.Sprintf("{ dstid: %d, memo: '我是新来的同事' }", group))
	ann.click(fmt.Sprintf("hy-group a[href='/c/11-%d/requests']", group)) // comes by itself
	ann.until("the request", "document.querySelector('hy-requests .said')?.textContent === '我是新来的同事'")
	ann.click("hy-requests .weui-btn_default")
	ann.insert("dialog .entry", "请写上部门")
	ann.click("dialog .weui-dialog__btn_primary")
	cy.open("/contacts/requests")
	cy.until("why not", "document.querySelector('hy-requests')?.textContent.includes('请写上部门')")
	cy.shot("groups-answer")
	call[any](cy, "/contact/joincommunity", fmt.Sprintf("{ dstid: %d, memo: '研发部陈晨' }", group))
	ann.until("the next request", "document.querySelector('hy-requests .said')?.textContent === '研发部陈晨' && document.querySelector('hy-requests .weui-btn_primary')")
	ann.shot("groups-requests")
	ann.click("hy-requests .weui-btn_primary")
	ann.until("the queue empty", "!document.querySelector('hy-requests .weui-btn_primary')")

	bo.openGroup(group)
	bo.say("大家好")
	ann.openGroup(group)
	ann.sees("大家好")
	ann.until("the nickname", "document.querySelector('article.other .author')?.textContent === '王小明'")
	bo.open(info)
	bo.click("hy-group .weui-cells button.weui-cell_access")
	bo.insert("dialog .entry", "领队老王")
	bo.click("dialog .weui-dialog__btn_primary")
	ann.until("the name in the group", "document.querySelector('article.other .author')?.textContent === '领队老王'")
	bo.until("one's own name", "document.querySelector('hy-group .weui-cells button.weui-cell_access .weui-cell__ft')?.textContent === '领队老王'")
	bo.shot("groups-info-desktop")

	ann.open(fmt.Sprintf("/c/11-%d/members", group))
	ann.insert("hy-group .find-bar input", "lw")
	ann.until("who is meant", "[...document.querySelectorAll('hy-group .rows .name')].map((e) => e.textContent.trim()).join() === '领队老王 王小明'")
	ann.shot("groups-members")
	ann.open(info)
	ann.click("hy-group label:has(.weui-cell__desc) .weui-switch")
	cy.openGroup(group)
	cy.say("能说话吗")
	cy.see(".fault-mark")
	cy.until("why", "document.querySelector('.fault-mark').getAttribute('aria-label').includes('全员禁言')")
	cy.shot("groups-quiet")
}

// TestContacts finds people by pinyin, and puts those with a star on top.
func TestContacts(t *testing.T) {
	ann := register(t, "林晓", phone)
	for _, name := range []string{"张小明", "单雄信", "重庆阿姨"} {
		knowing(ann, register(t, name, phone))
	}
	ann.open("/contacts")
	ann.until("three friends", "document.querySelectorAll('hy-contacts a[href^=\"/contacts/\"] .avatar').length === 3")
	names := "[...document.querySelectorAll('hy-contacts .rows a:has(.avatar) .name')].map((e) => e.textContent.trim()).join()"
	for query, want := range map[string]string{"zxm": "张小明", "shan": "单雄信", "cq": "重庆阿姨", "zq": "重庆阿姨", "小明": "张小明", "zhangxm": "张小明"} {
		ann.eval(fmt.Sprintf("{ const f = document.querySelector('hy-contacts input'); f.value = %q; f.dispatchEvent(new Event('input')); }", query))
		ann.until(query, fmt.Sprintf("%s === %q", names, want))
	}
	ann.shot("groups-find")
	ann.open("/contacts")
	ann.until("the letters", "[...document.querySelectorAll('hy-contacts .index-title')].map((e) => e.textContent).join() === 'C,S,Z'")
	friend := eval[string](ann.person, "[...document.querySelectorAll('hy-contacts .rows a')].find((a) => a.textContent.includes('张小明')).pathname")
	// As another device of one's own would: this page hears of it.
	call[any](ann, "/contact/star", "{ dstid: "+strings.TrimPrefix(friend, "/contacts/")+" }")
	ann.until("the star", "document.querySelector('hy-contacts .index-title')?.textContent.includes('星标朋友') && "+names+" === '张小明,重庆阿姨,单雄信,张小明'")
	ann.shot("groups-star")
	ann.open(friend)
	ann.until("the switch on", "document.querySelector('hy-person .weui-switch')?.checked")
	call[any](ann, "/contact/block", "{ dstid: "+strings.TrimPrefix(friend, "/contacts/")+" }")
	ann.until("that they are blocked", "[...document.querySelectorAll('hy-person button')].some((b) => b.textContent === '移出黑名单')")
	ann.shot("groups-person")
}

// TestValuesOfAGroupAreSeen: beside switches they were written in letters of no size.
func TestValuesOfAGroupAreSeen(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	group := groupOf("读书会", ann, bo)
	ann.open(fmt.Sprintf("/c/11-%d/info", group))
	ann.see("hy-group .card-head")
	const unseen = "[...document.querySelectorAll('hy-group .weui-cell__ft')].filter((e) => e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 12).map((e) => e.textContent).join()"
	if text := eval[string](ann.person, unseen); text != "" {
		t.Errorf("not to be seen: %s", text)
	}
	ann.eval("document.querySelector(\"hy-group a[href$='/recalled']\").scrollIntoView({ block: 'center' })")
	ann.shot("group-values-phone")
}
