package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// before runs JavaScript in every page to come, ahead of the page's own.
func (p *person) before(js string) {
	p.t.Helper()
	p.do("prepare the pages to come", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
		return err
	}))
}

// poses gives the pages to come another browser's name.
func (p *person) poses(agent string) {
	p.t.Helper()
	p.do("another name", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent})
		return err
	}))
}

// TestQRLoginMadeAnew has codes go over: each is followed by another unasked,
// until nobody seems to be there, and then a button asks for more.
func TestQRLoginMadeAnew(t *testing.T) {
	ann := register(t, "安娜", phone)
	desk := newPerson(t, "desk", ann.wire.server.URL, desktop)
	// The server ends a code after two minutes (service: TestQRLoginEnds); here it does when told to.
	desk.before(`globalThis.codes = []; globalThis.over = 0;
		const real = fetch;
		globalThis.fetch = async (to, how) => {
			if (!String(to).startsWith('/qrlogin/')) return real(to, how);
			if (to === '/qrlogin/new') {
				const answer = await real(to, how);
				codes.push((await answer.clone().json()).data.code);
				return answer;
			}
			while (!over) await new Promise((resolve) => setTimeout(resolve, 20));
			over--;
			return Response.json({ code: 0, data: { state: 'expired' } });
		};`)
	desk.open("/user/login.shtml")
	desk.becomes("waiting")
	const shownCode = "document.querySelector('.qr-code').textContent.replace('-', '')"
	for round := 1; round < 5; round++ {
		desk.eval("over++ && 0")
		desk.until("the next code, unasked", fmt.Sprintf("codes.length === %d && %s === codes.at(-1) && document.querySelector('.qr').dataset.state === 'waiting'", round+1, shownCode))
	}
	if n := eval[int](desk, "new Set(codes).size"); n != 5 {
		t.Errorf("%d different codes of 5", n)
	}
	desk.eval("over++ && 0")
	desk.becomes("expired")
	desk.see(".qr-again")
	desk.axe("the login, over")
	desk.shot("qr-expired")
	desk.click(".qr-again")
	desk.becomes("waiting")
	desk.until("one more code", "codes.length === 6 && !document.querySelector('.qr-again').getClientRects().length")
}

// TestQRLoginOffline says that the network is away, and goes on with the same
// code when it is back.
func TestQRLoginOffline(t *testing.T) {
	ann := register(t, "安娜", phone)
	desk := ann.desk(t)
	code := eval[string](desk, "document.querySelector('.qr-code').textContent")
	ann.wire.vanish()
	ann.wire.server.CloseClientConnections()
	desk.becomes("offline")
	desk.axe("the login without a network")
	desk.shot("qr-offline")
	ann.wire.mend()
	desk.becomes("waiting")
	if now := eval[string](desk, "document.querySelector('.qr-code').textContent"); now != code {
		t.Errorf("the code was %s and is %s", code, now)
	}
	ann.scans(desk)
	desk.becomes("scanned")
}

// TestRowsStandStill keeps the order of rows under a pointer that moves over
// them and under a finger, and puts it right afterwards.
func TestRowsStandStill(t *testing.T) {
	beside(t)
	for _, on := range []screen{desktop, phone} {
		t.Run(on.name, func(t *testing.T) {
			ann, bo, cy := register(t, "安娜", on), register(t, "Bo", desktop), register(t, "Cy", desktop)
			befriend(ann, bo)
			befriend(ann, cy)
			if on == phone {
				ann.touchscreen()
			}
			for _, one := range []*account{bo, cy} {
				one.openChat(ann.id)
				one.say("早")
			}
			ann.open("/chat/index.shtml")
			ann.online()
			ann.until("both rows", ann.rows()+" === 'Cy,Bo'")
			x, y := ann.middle(".row[data-key='10-" + id(cy) + "'] a")
			hover := "true"
			if on == phone {
				ann.finger("touchStart", x, y)
				ann.until("the menu of a row that is held", "document.querySelector('dialog.sheet, .hy-menu')")
				ann.finger("touchEnd", 0, 0)
				ann.escape()
				ann.until("the menu gone", "!document.querySelector('dialog')")
				// Held without its menu, which has the screen for itself.
				ann.eval("document.querySelector('.rows .row a').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, pointerType: 'mouse' })) && 0")
			} else {
				ann.do("the pointer on a row", mouse(input.DispatchMouseEventParams{Type: "mouseMoved", X: x, Y: y}))
				// A hand is never still.
				hover = "document.querySelector('.rows .row a').dispatchEvent(new PointerEvent('pointermove', { bubbles: true, pointerType: 'mouse' }))"
			}
			bo.say("我先")
			ann.until("the news in its row, in its place", hover+" && document.querySelector(\".row[data-key='10-"+id(bo)+"'] .text\").textContent.includes('我先') && "+ann.rows()+" === 'Cy,Bo'")
			if on == phone {
				ann.eval("dispatchEvent(new PointerEvent('pointerup')) && 0")
			} else {
				ann.do("the pointer elsewhere", mouse(input.DispatchMouseEventParams{Type: "mouseMoved", X: 900, Y: 400}))
			}
			ann.until("the order put right", ann.rows()+" === 'Bo,Cy'")
		})
	}
}

// TestGuideForIPhones: where notices come to installed apps alone, the offer
// says how to install.
func TestGuideForIPhones(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.poses("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1")
	ann.before("delete globalThis.PushManager")
	ann.openChat(bo.id)
	ann.say("你好")
	ann.until("how to install", "document.querySelector('.push-offer')?.textContent.includes('主屏幕')")
	ann.axe("the guide")
	ann.shot("awake-guide-phone")
	ann.click(".push-offer button")
	ann.until("the bar gone", "!document.querySelector('.push-offer')")
	ann.open("/me/notify")
	ann.until("the same in the settings", "document.querySelector('hy-notify')?.textContent.includes('主屏幕')")
	ann.shot("awake-guide-settings-phone")
}

// TestSaverByNetwork follows the network: on mobile data pictures wait for a
// tap, on others they come by themselves.
func TestSaverByNetwork(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	bo.before(`const network = Object.assign(new EventTarget(), { type: 'cellular', saveData: false });
		Object.defineProperty(navigator, 'connection', { value: network });
		globalThis.moves = (type) => { network.type = type; network.dispatchEvent(new Event('change')); };`)
	bo.open("/me/settings")
	bo.click("[aria-labelledby=set-saver] label:nth-child(2)")
	bo.until("the choice kept", "localStorage.getItem('hy-saver') === 'cellular'")
	talk(ann, bo)
	for i := range 2 {
		ann.choose("hy-composer input[data-for=picture]", photo(t, t.TempDir(), fmt.Sprintf("%d.jpg", i), 900, 600))
		ann.click(".hy-sheet [type=submit]")
		ann.until("no sheet", "!document.querySelector('.hy-sheet')")
	}
	bo.until("sizes first", "document.querySelectorAll('article.other .unloaded').length === 2")
	bo.shot("saver-cellular-phone")
	bo.click("article.other .unloaded")
	bo.until("the one that was tapped", "document.querySelector('article.other .picture img')?.naturalWidth > 0 && document.querySelectorAll('article.other .unloaded').length === 1")
	bo.eval("moves('wifi')")
	bo.until("all of them", "!document.querySelector('.unloaded') && document.querySelectorAll('article.other .picture img').length === 2")
}

// TestPacketExpired shows a packet whose day is over, in the list and opened.
func TestPacketExpired(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	unasked(ann, bo)
	talk(ann, bo)
	ann.tool("packet")
	ann.insert("input[name=amount]", "1")
	ann.enter()
	bo.see("article.other .packet[data-state=sealed] button")
	// A day later (service: TestPacketExpires).
	bo.before(`const real = fetch;
		globalThis.fetch = async (to, how) => {
			const answer = await real(to, how);
			if (!String(to).startsWith('/packet/')) return answer;
			const said = await answer.json();
			for (const one of [said.data, ...(said.rows ?? [])]) if (one) Object.assign(one, { state: 'expired', may: false });
			return Response.json(said);
		};`)
	bo.openChat(ann.id)
	bo.see("article.other .packet.over[data-state=expired]")
	bo.until("the same in its words", "document.querySelector('article.other .packet .size').textContent === '已过期'")
	bo.click("article.other .packet button")
	bo.until("that it is over", "document.querySelector('.envelope .none')?.textContent.includes('过期') && !document.querySelector('.envelope .opens')")
	bo.axe("a packet that is over")
	bo.looks("packet-expired-desktop")
}

// TestOthersSignedOut ends all other devices at once, and this one stays.
func TestOthersSignedOut(t *testing.T) {
	ann := register(t, "安娜", phone)
	first, second := ann.again(desktop), ann.again(desktop)
	for _, one := range []*account{first, second} {
		one.open("/chat/index.shtml")
		one.online()
	}
	ann.open("/me/devices")
	ann.until("three devices", "document.querySelectorAll('hy-account .weui-cell:has(.weui-cell__desc)').length === 3")
	ann.shot("devices-phone")
	ann.click("hy-account .others")
	ann.click("dialog .weui-dialog__btn_warn")
	ann.until("this device alone", "document.querySelectorAll('hy-account .weui-cell:has(.weui-cell__desc)').length === 1 && document.querySelector('hy-account .tag.role') && !document.querySelector('hy-account .others')")
	for _, one := range []*account{first, second} {
		one.until("the login", "location.pathname === '/user/login.shtml'")
	}
	ann.open("/chat/index.shtml")
	ann.online()
}

// TestCameraSwitch changes to the other camera in a call: what was asked for is
// the other side's, and pictures go on coming.
func TestCameraSwitch(t *testing.T) {
	ann, bo := callers(t, startProduct(t), phone, desktop)
	bo.home()
	ann.touchscreen()
	ann.before(`globalThis.faced = [];
		const devices = navigator.mediaDevices, real = devices.getUserMedia.bind(devices), all = devices.enumerateDevices.bind(devices);
		devices.getUserMedia = (what) => { if (what.video) faced.push(what.video.facingMode); return real(what); };
		devices.enumerateDevices = async () => { const list = await all(); return [...list, ...list.filter((d) => d.kind === 'videoinput')]; };`)
	ann.calls(bo, true)
	bo.click(acceptButton)
	bo.receives("pictures", "video", "framesDecoded", 5)
	ann.inCall("active")
	ann.see(".call .local.mirror")
	ann.click("dialog.call .round:has(use[href$='#switch-camera'])")
	ann.until("the camera on the back", "faced.join() === 'user,environment' && document.querySelector('.call .local:not(.mirror)')")
	was := eval[int](bo.person, "figures.find((s) => s.type === 'inbound-rtp' && s.kind === 'video').framesDecoded")
	bo.receives("pictures of the other camera", "video", "framesDecoded", was+5)
	ann.shot("call-camera-back-phone")
	ann.click("dialog.call .round:has(use[href$='#switch-camera'])")
	ann.until("the camera on the front", "faced.join() === 'user,environment,user' && document.querySelector('.call .local.mirror')")
	ann.click(endButton)
	bo.noCall()
}

// TestContactsComeWithThePage shows friends before the list of them was fetched,
// and never says that there are none before it is known.
func TestContactsComeWithThePage(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.before("const real = fetch; globalThis.fetch = (to, how) => (to === '/contact/loadfriend' ? new Promise(() => {}) : real(to, how));")
	for _, path := range []string{"/contacts", "/contacts/requests", "/chat/createcom.shtml"} {
		ann.open(path)
		ann.store()
		ann.until("friends of "+path, "store.contacts.peek().map((friend) => friend.nickname).join() === 'Bo'")
	}
	ann.until("Bo to choose", "document.querySelector('hy-create')?.textContent.includes('Bo')")
	ann.open("/me") // where they are not needed at once
	ann.online()
	ann.eval("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/chat/createcom.shtml' } }))")
	ann.see("hy-create input")
	if eval[bool](ann.person, "document.querySelector('hy-create').textContent.includes('还没有')") {
		t.Error("it says that there are no friends")
	}
}
