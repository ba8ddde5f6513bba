package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// sayAll says many things at once, through a socket of its own.
func (a *account) sayAll(cmd int, to int64, from, many int, text string) {
	a.t.Helper()
	a.eval(fmt.Sprintf(`new Promise((resolve, reject) => {
		const line = new WebSocket(location.origin.replace('http', 'ws') + '/chat');
		let left = %d;
		line.onopen = () => { for (let i = %d; i < %d; i++) line.send(JSON.stringify({ cmd: %d, dstid: %d, media: 1, content: %s, cid: crypto.randomUUID() })); };
		line.onmessage = (event) => { const { cmd, msg } = JSON.parse(event.data); if (cmd === 1 && --left === 0) { line.close(); resolve(0); } if (cmd === 5) reject(new Error(msg)); };
		line.onerror = () => reject(new Error('no line'));
	})`, many, from, from+many, cmd, to, text))
}

// TestTicks follows a message: stored, on the other's device, read.
func TestTicks(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	bo.open("/me") // there, but not looking
	bo.wire.cut()
	ann.say("到了吗")
	const status = "[...document.querySelectorAll('article.own .status')].at(-1)?.textContent"
	ann.until("stored", status+" === '已发送'")
	bo.wire.mend()
	ann.until("delivered", status+" === '已送达'")
	ann.shot("ticks-delivered-phone")
	ann.openChat(bo.id)
	ann.until("delivered after a reload", status+" === '已送达'")
	ann.openMenu("own")
	ann.pickMenu("info")
	ann.until("the details", "document.querySelector('.hy-panel .facts')?.textContent.includes('已送达')")
	ann.shot("details-phone")
	ann.press("Escape", "Escape", 27, "", 0)
	bo.openChat(ann.id)
	ann.until("read", status+" === '已读'")
}

// TestReaders counts who has read in a group, and says who.
func TestReaders(t *testing.T) {
	ann, bo, cy := register(t, "安娜", screen{"tiny", 320, 568}), register(t, "Bo", desktop), register(t, "赛伊", desktop)
	group := groupOf("读书会", ann, bo, cy)
	ann.openGroup(group)
	ann.say("明天八点")
	bo.openGroup(group)
	bo.sees("明天八点")
	ann.until("one reader", "document.querySelector('article.own button.status')?.textContent === '1/2 已读'")
	ann.shot("readers-count-tiny")
	ann.click("article.own button.status")
	ann.until("who has read and who has not", "document.querySelectorAll('.hy-panel .people').length === 2 && document.querySelector('.hy-panel .people .name').textContent === 'Bo'")
	ann.axe("the readers")
	ann.shot("readers-tiny")
	ann.press("Escape", "Escape", 27, "", 0)
	cy.openGroup(group)
	ann.until("all", "document.querySelector('article.own button.status')?.textContent === '全部已读'")

	cy.openMenu("other")
	cy.click(".hy-menu .reactions .all")
	cy.see(".hy-menu hy-emoji .emoji-grid button")
	cy.shot("react-all-desktop")
	cy.insert(".hy-menu hy-emoji input", "火箭")
	cy.click(".hy-menu hy-emoji .emoji-grid button")
	ann.until("the reaction", "document.querySelector('.reacted button')?.textContent.includes('🚀')")
	ann.openMenu("own")
	ann.pickMenu("smile")
	ann.until("who reacted", "document.querySelector('.hy-panel .people .name')?.textContent === '赛伊'")
	ann.shot("reactions-tiny")
}

// TestSwipe answers by drawing a bubble to the left, and by nothing less.
func TestSwipe(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.touchscreen()
	talk(ann, bo)
	bo.say("向左滑我")
	ann.sees("向左滑我")
	ann.until("hands", "document.querySelector('hy-messages').hands")
	x, y := ann.middle("article.other .bubble")
	draw := func(fromX, toX float64) {
		ann.finger("touchStart", fromX, y)
		for i := 1.0; i <= 6; i++ {
			ann.finger("touchMove", fromX+(toX-fromX)*i/6, y)
		}
	}
	ann.eval("globalThis.buzzed = 0; navigator.vibrate = () => { buzzed++; return true; }; 0")
	draw(x, x-30) // too short
	ann.finger("touchEnd", 0, 0)
	ann.until("the bubble back", "!document.querySelector('.swipe-mark') && !document.querySelector('article.other .content').style.transform")
	if eval[bool](ann.person, "!!document.querySelector('.composer .context')") {
		t.Error("a short swipe answers")
	}
	draw(x, x-70)
	ann.until("the mark, and that it is felt", "document.querySelector('.swipe-mark.armed') && buzzed === 1")
	ann.shot("swipe-phone")
	ann.finger("touchEnd", 0, 0)
	ann.until("the answer begun", "document.querySelector('.composer .context')?.textContent.includes('向左滑我')")
	x, y = ann.middle("article.other .bubble")
	ann.finger("touchStart", x, y)
	ann.until("the menu, and that it is felt", "document.querySelector('.hy-menu') && buzzed === 2")
	ann.finger("touchEnd", 0, 0)
	ann.escape()
	ann.until("the menu gone", "!document.querySelector('.hy-menu')")

	// What begins at the edge of the screen is the system's way back.
	ann.eval("document.querySelector('article.other').style.paddingLeft = 0; document.querySelector('article.other .content').style.marginLeft = '-40px'; 0")
	draw(12, 2)
	draw(12, -60)
	ann.finger("touchEnd", 0, 0)
	if eval[bool](ann.person, "!!document.querySelector('.swipe-mark') || buzzed !== 2") {
		t.Error("a swipe from the edge answers")
	}
	ann.say("滑了")
	bo.until("the quote", "document.querySelector('article.other .quote')?.textContent.includes('向左滑我')")
	bo.do("focus", focus(last("other")))
	bo.press("r", "KeyR", 82, "r", 0)
	bo.until("the answer begun by a key", "document.querySelector('.composer .context')?.textContent.includes('滑了') && document.activeElement.matches('textarea') && document.activeElement.value === ''")
}

func (a *account) touchscreen() {
	a.t.Helper()
	a.do("a touch screen", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: phone.width, Height: phone.height, DeviceScaleFactor: 2, Mobile: true}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1})
		return err
	}))
}

// TestSelectAndForward marks messages by keys and clicks, and forwards them one
// by one and as a record, which opens, and holds a record itself.
func TestSelectAndForward(t *testing.T) {
	ann, bo, cy := register(t, "安娜", desktop), register(t, "Bo", phone), register(t, "赛伊", phone)
	groupOf("三个人", ann, bo, cy)
	cy.scheme("dark")
	talk(ann, bo)
	for i := range 4 {
		bo.say(fmt.Sprintf("第 %d 句", i))
		ann.sees(fmt.Sprintf("第 %d 句", i))
	}
	ann.openMenu("other")
	ann.pickMenu("list-checks")
	ann.until("one marked", "document.querySelector('.select-bar .count span')?.textContent === '已选 1 条'")
	ann.press("ArrowUp", "ArrowUp", 38, "", 0)
	ann.press("ArrowUp", "ArrowUp", 38, "", 0)
	ann.press(" ", "Space", 32, " ", 0)
	ann.until("two marked", "document.querySelectorAll('.pick:checked').length === 2")
	ann.click(".select-bar .textbtn")
	ann.until("all between", "document.querySelectorAll('.pick:checked').length === 3")
	ann.axe("selecting")
	ann.shot("select-desktop")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("no bar", "!document.querySelector('.select-bar, .pick') && document.querySelector('hy-composer').getClientRects().length")

	ann.forwardLast(3, "messages-square", "赛伊", "看看这个")
	cy.openChat(ann.id)
	cy.sees("看看这个")
	cy.until("the record", "document.querySelector('article.other .record')?.textContent.includes('第 1 句') && document.querySelector('.card.record .foot').textContent.includes('3')")
	cy.shot("record-card-phone-dark")
	cy.click(".card.record")
	cy.until("what it holds", "document.querySelectorAll('.hy-panel hy-record li').length === 3")
	cy.axe("the record")
	cy.shot("record-phone-dark")
	cy.open(eval[string](cy.person, fmt.Sprintf("store.timeline(10, %d).rows.find((m) => m.ext?.record).url", ann.id)))
	cy.until("the same by its address", "document.querySelectorAll('.hy-panel hy-record li').length === 3")

	// Back in the first chat a record of the record goes to the other, while there is no line the words wait.
	ann.openChat(cy.id)
	ann.until("the own record", "document.querySelector('article.own .card.record')")
	ann.forwardLast(2, "messages-square", "Bo", "")
	ann.until("the list calls it what it is", "[...document.querySelectorAll('.row')].some((row) => row.textContent.includes('[聊天记录]'))")
	bo.until("a record of a record", "document.querySelector('article.other .card.record')?.textContent.includes('聊天记录')")
	bo.click("article.other .card.record")
	bo.click(".hy-panel hy-record .card.record")
	bo.until("the inner one", "document.querySelectorAll('.hy-panel').length === 2 && [...document.querySelectorAll('.hy-panel')].at(-1).querySelectorAll('li').length === 3")
	bo.shot("record-in-record-phone")

	ann.wire.cut()
	ann.forwardLast(1, "forward", "Bo", "")
	ann.wire.mend()
	bo.until("what was forwarded without a line", "[...document.querySelectorAll('hy-messages article.other .words')].some((e) => e.textContent === '看看这个')")
}

// forwardLast selects the newest messages and forwards them.
func (a *account) forwardLast(n int, how, to, note string) {
	a.t.Helper()
	a.until("rest", fmt.Sprintf("document.querySelectorAll('hy-messages article.message').length >= %d && !document.querySelector('.hy-panel')", n))
	a.eval("[...document.querySelectorAll('hy-messages article.message')].at(-1).focus() ?? 0")
	a.press("F10", "F10", 121, "", 8)
	a.see(".hy-menu")
	a.pickMenu("list-checks")
	a.until("the last one marked", "document.querySelectorAll('.pick:checked').length === 1")
	for range n - 1 {
		a.press("ArrowUp", "ArrowUp", 38, "", 0)
		a.press(" ", "Space", 32, " ", 0)
	}
	a.until("all marked", fmt.Sprintf("document.querySelectorAll('.pick:checked').length === %d", n))
	a.click(fmt.Sprintf(".select-bar .acts button:has(use[href$='#%s'])", how))
	a.insert(".hy-panel .find-bar input", to)
	a.until("the one", "document.querySelectorAll('.hy-panel .people label').length === 1")
	a.click(".hy-panel .people label")
	if note != "" {
		a.insert(".hy-panel .note", note)
		a.axe("forwarding")
		a.shot("forward-" + how)
	}
	a.click(".hy-panel footer .weui-btn")
	a.until("the panel gone", "!document.querySelector('.hy-panel') && !document.querySelector('.select-bar')")
}

// TestReach goes to far places: a quote of long ago, the first unread, a mention,
// and back where one was before the page was loaded anew.
func TestReach(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	group := groupOf("长长的群", ann, bo)
	bo.openGroup(group)
	bo.say("很久以前")
	bo.open("/me")
	ann.openGroup(group)
	ann.sees("很久以前")
	ann.sayAll(11, group, 0, 200, "`line ${i}`")
	first := eval[int](ann.person, fmt.Sprintf("store.timeline(11, %d).rows.find((m) => m.content === '很久以前').seq", group))
	ann.eval(fmt.Sprintf("store.act({ cmd: 11, dstid: %d, media: 1, content: '@Bo 看这里', ext: { mentions: [%d] } }).then(() => 0)", group, bo.id))
	ann.sayAll(11, group, 200, 50, "`line ${i}`")
	ann.eval(fmt.Sprintf("store.act({ cmd: 11, dstid: %d, media: 1, content: '回答', ref: %d }).then(() => 0)", group, first))

	bo.openGroup(group)
	bo.until("the way to the mention", "document.querySelector('.to-mention .badge')?.textContent === '1'")
	bo.until("what is new", "document.querySelector('.unread-chip')?.textContent.includes('252')")
	bo.shot("ways-phone")
	bo.click(".to-mention")
	bo.until("the mention", "document.querySelector('article.flash')?.textContent.includes('看这里') && !document.querySelector('.to-mention')")
	bo.click(".unread-chip")
	bo.until("the line above what was new", "document.querySelector('#hy-unread')?.nextElementSibling?.textContent.includes('line 0')")
	bo.see(".to-bottom")
	bo.click(".to-bottom")
	bo.sees("回答")
	bo.click(".quote")
	bo.until("what is quoted", "document.querySelector('article.flash')?.textContent.includes('很久以前')")

	bo.do("focus", focus("article.flash, article:focus"))
	bo.press("F10", "F10", 121, "", 8)
	bo.click(".hy-menu .reactions button:nth-child(1)")
	bo.until("the reaction to what was said long ago", "document.querySelector('.reacted button')?.textContent.includes('👍')")

	// On from there, page by page, the piece becomes part of the whole again.
	bo.eval("globalThis.scroller = document.querySelector('hy-messages .scroller'); 0")
	bo.until("the end", `(() => { scroller.scrollTop = 0; return [...document.querySelectorAll('hy-messages .words')].some((e) => e.textContent === '回答') && !document.querySelector('.to-bottom'); })()`)
	bo.eval(`(() => { scroller.scrollTop = -4000; })() ?? 0`)
	bo.until("the date", "document.querySelector('.float-date.shown')?.textContent === '今天'")
	bo.shot("float-date-phone")
	const top = `(() => { const y = document.querySelector('hy-messages .scroller').getBoundingClientRect().top;
		return [...document.querySelectorAll('hy-messages article')].find((e) => e.getBoundingClientRect().bottom > y)?.textContent.trim(); })()`
	bo.until("the place kept", fmt.Sprintf("(() => { const now = %s; globalThis.same = globalThis.before === now ? (globalThis.same ?? 0) + 1 : 0; globalThis.before = now; return globalThis.same > 8; })()", top))
	was := eval[string](bo.person, top)
	bo.openGroup(group)
	bo.until("the same place after a reload", fmt.Sprintf("%s === %q", top, was))
}

// TestAnnouncer reads out what comes in, as much as one wants.
func TestAnnouncer(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("第一")
	const said = "document.querySelector('.announcer')?.textContent"
	ann.until("who and what", said+" === 'Bo: 第一'")
	for level, want := range map[string]string{"sender": "Bo发来消息", "count": "1 条新消息"} {
		ann.eval(fmt.Sprintf("import(document.querySelector('script[src*=\"/js/\"]').src.replace(/js\\/.*/, 'js/chat/announce.js')).then((m) => m.setVerbosity(10, %d, %q)).then(() => 0)", bo.id, level))
		bo.say("下一句 " + level)
		ann.until(level, said+fmt.Sprintf(" === %q", want))
	}
	// What is off is not said, and nothing that was there before is said again.
	ann.eval("globalThis.heard = []; new MutationObserver(() => heard.push(document.querySelector('.announcer').textContent)).observe(document.querySelector('.announcer'), { childList: true, characterData: true, subtree: true }); 0")
	verbosity := func(level string) {
		ann.eval(fmt.Sprintf("import(document.querySelector('script[src*=\"/js/\"]').src.replace(/js\\/.*/, 'js/chat/announce.js')).then((m) => m.setVerbosity(10, %d, %q)).then(() => 0)", bo.id, level))
	}
	verbosity("off")
	bo.say("悄悄话")
	ann.sees("悄悄话")
	ann.until("nothing more in it", said+" === ''")
	verbosity("full")
	bo.say("大声说")
	ann.until("the next", said+" === 'Bo: 大声说'")
	if all := eval[string](ann.person, "heard.join('|')"); all != "|Bo: 大声说" {
		t.Errorf("said: %q", all)
	}
	// From message to message by keys, as a list of articles is read.
	ann.do("focus", focus(last("other")))
	ann.press("ArrowUp", "ArrowUp", 38, "", 0)
	ann.until("the one before", "document.activeElement.textContent.includes('悄悄话') && document.activeElement.tabIndex === 0 && document.querySelectorAll('hy-messages article[tabindex=\"0\"]').length === 1")
}
