package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// callers are two friends on a server, ready to call.
func callers(t *testing.T, base string, first, second screen) (a, b *account) {
	t.Helper()
	a, b = enter(t, base, "安娜", first), enter(t, base, "Bo", second)
	befriend(a, b)
	return a, b
}

// enter makes an account on any server.
func enter(t *testing.T, base, nickname string, on screen) *account {
	t.Helper()
	return signUp(newPerson(t, nickname, base, on))
}

// signUp makes an account for somebody.
func signUp(p *person) *account {
	p.t.Helper()
	a := &account{person: p, mobile: fmt.Sprint(13900000000 + people.Add(1))}
	a.open("/user/login.shtml")
	a.api("/user/register", map[string]any{"mobile": a.mobile, "nickname": a.name, "passwd": password})
	a.home()
	a.id = eval[int64](a.person, "store.me.peek().id")
	return a
}

// again opens the client as the same person on another device.
func (a *account) again(on screen) *account {
	a.t.Helper()
	b := &account{person: newPerson(a.t, a.name+"2", a.base, on), id: a.id, mobile: a.mobile}
	b.open("/user/login.shtml")
	b.api("/user/login", map[string]any{"mobile": a.mobile, "passwd": password})
	return b
}

// home opens the list, with the line up.
func (a *account) home() {
	a.t.Helper()
	a.open("/chat/index.shtml")
	a.online()
}

// calls presses the button in the head of the chat and picks a kind.
func (a *account) calls(b *account, video bool) {
	a.t.Helper()
	a.openChat(b.id)
	a.click(".chat-head .call")
	a.click(fmt.Sprintf("dialog.sheet button:nth-of-type(%d)", map[bool]int{false: 1, true: 2}[video]))
}

const (
	acceptButton = "dialog.call.incoming .round.yes"
	endButton    = "dialog.call .round.end"
)

func (a *account) inCall(state string) {
	a.t.Helper()
	a.see("dialog.call." + state)
}

func (a *account) noCall() {
	a.t.Helper()
	a.until("no call", "!document.querySelector('dialog.call')")
}

// receives waits until figures of the connection have come so far.
func (a *account) receives(what, kind, figure string, least int) {
	a.t.Helper()
	if !eval[bool](a.person, "'figures' in globalThis") {
		a.figures()
	}
	a.until(what, fmt.Sprintf("figures.some((s) => s.type === 'inbound-rtp' && s.kind === %q && s.%s >= %d)", kind, figure, least))
}

func (a *account) entry(of, text string) {
	a.t.Helper()
	a.until("the entry "+text, fmt.Sprintf("[...document.querySelectorAll('article.%s hy-call-entry')].at(-1)?.textContent.includes(%q)", of, text))
}

// figures lets what follows ask for the figures of the connection.
func (a *account) figures() {
	a.t.Helper()
	a.eval(`import(document.querySelector('script[type=module]').src.replace('app.js', 'call/call.js')).then((m) => {
		globalThis.figures = [];
		setInterval(() => m.stats().then((all) => { globalThis.figures = all; }), 100);
	})`)
}

// TestVideoCall is a call from the button to its entry in the timeline.
func TestVideoCall(t *testing.T) {
	ann, bo := callers(t, startProduct(t), phone, desktop)
	bo.home()
	ann.calls(bo, true)
	bo.see(acceptButton)
	ann.until("that it rings", "document.querySelector('dialog.call.ringing')")
	ann.axe("ringing")
	bo.axe("an incoming call")
	ann.shot("call-ringing-phone")
	bo.shot("call-incoming-desktop")
	bo.click(acceptButton)
	for _, one := range []*account{ann, bo} {
		one.inCall("active")
		one.receives("pictures", "video", "framesDecoded", 5)
		one.receives("sound", "audio", "bytesReceived", 1000)
		one.see("dialog.call.seen .timer")
	}
	ann.axe("in a call")
	ann.shot("call-video-phone")
	bo.shot("call-video-desktop")

	ann.eval("globalThis.began = 0; for (const video of document.querySelectorAll('.call video')) video.addEventListener('emptied', () => { began++; })")
	ann.until("two ticks of the clock", "(globalThis.ticks ??= new Set()).add(document.querySelector('.call .timer').textContent).size > 2")
	if n := eval[int](ann.person, "began"); n != 0 {
		t.Errorf("a picture began %d times anew", n)
	}

	ann.click("dialog.call .round:has(use[href$='#mic'])")
	bo.until("that she is muted", "document.querySelector('.call .said').textContent.includes('静音')")
	ann.click("dialog.call .round:has(use[href$='#video'])")
	bo.until("her picture gone", "!document.querySelector('dialog.call.seen')")
	bo.shot("call-camera-off-desktop")
	ann.click("dialog.call .round:has(use[href$='#video-off'])")
	bo.see("dialog.call.seen")

	bo.press("Escape", "Escape", 27, "", 0)
	bo.see("dialog.call.mini")
	bo.openInCall(ann.id)
	bo.say("边聊边打")
	bo.axe("a small call")
	bo.do("drag it", drag(".call.mini", 700, 600)...)
	bo.until("it elsewhere", "document.querySelector('.call.mini').getBoundingClientRect().top > 450")
	bo.shot("call-mini-desktop")
	bo.click(".call .grow")
	bo.click(endButton)
	ann.noCall()
	bo.noCall()
	ann.entry("own", "通话时长")
	bo.entry("other", "通话时长")
	bo.until("nothing unread", "!document.title.startsWith('(')")
	ann.shot("call-entry-phone")
}

// drag presses on an element and lets go elsewhere.
func drag(css string, x, y float64) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		box, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf("(({ x, y, width }) => [x + width / 2, y + 20])(document.querySelector(%q).getBoundingClientRect())", css)))
		if err != nil {
			return err
		}
		for _, step := range []input.DispatchMouseEventParams{
			{Type: "mousePressed", X: box[0], Y: box[1], Button: "left", ClickCount: 1},
			{Type: "mouseMoved", X: (box[0] + x) / 2, Y: (box[1] + y) / 2, Button: "left"},
			{Type: "mouseMoved", X: x, Y: y, Button: "left"},
			{Type: "mouseReleased", X: x, Y: y, Button: "left", ClickCount: 1},
		} {
			if _, err := chromedp.Call(ctx, input.DispatchMouseEvent, step); err != nil {
				return err
			}
		}
		return nil
	})}
}

// openInCall goes to a chat without leaving the page.
func (a *account) openInCall(id int64) {
	a.t.Helper()
	a.eval(fmt.Sprintf("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/10-%d' } }))", id))
	a.see("hy-composer textarea")
}

// TestVoiceCallOnOneOfTwoDevices rings on both and is answered on one.
func TestVoiceCallOnOneOfTwoDevices(t *testing.T) {
	ann, bo := callers(t, startProduct(t), desktop, phone)
	tablet := bo.again(desktop)
	bo.home()
	tablet.home()
	ann.calls(bo, false)
	bo.see(acceptButton)
	tablet.see(acceptButton)
	bo.shot("call-incoming-phone")
	bo.click(acceptButton)
	tablet.noCall()
	for _, one := range []*account{ann, bo} {
		one.inCall("active")
		one.receives("sound", "audio", "bytesReceived", 1000)
	}
	ann.see("dialog.call .timer")
	bo.click("dialog.call .round:has(use[href$='#video-off'])")
	ann.see("dialog.call.seen")
	ann.receives("his picture", "video", "framesDecoded", 3)
	ann.click("dialog.call .round:has(use[href$='#monitor-up'])")
	bo.see("dialog.call.seen .remote.whole")
	bo.receives("her screen", "video", "framesDecoded", 3)
	bo.shot("call-screen-phone")
	ann.click("dialog.call .round.on")
	bo.click("dialog.call .round:has(use[href$='#video'])")
	ann.until("a voice call again", "!document.querySelector('dialog.call.seen')")
	ann.shot("call-voice-desktop")
	bo.shot("call-voice-phone")

	carl := enter(t, ann.base, "卡尔", phone)
	befriend(carl, tablet)
	carl.calls(bo, false)
	carl.until("that he is busy", "document.querySelector('dialog.call.ended')?.textContent.includes('忙线')")
	carl.noCall()
	carl.entry("own", "忙线")

	ann.click(endButton)
	bo.noCall()
	ann.entry("own", "通话时长")
}

// TestCallFromElsewhere calls from the person's page and the plus panel; what
// stands in the way is said, and nobody is rung.
func TestCallFromElsewhere(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	bo.home()
	ann.open("/contacts/" + id(bo))
	ann.click("hy-person button:has(use[href$='#phone'])")
	ann.click("dialog.sheet button:nth-of-type(1)")
	bo.see(acceptButton)
	ann.click(endButton)
	bo.noCall()
	ann.noCall()

	ann.openChat(bo.id)
	// The entry's own words come after the conversation's.
	ann.until("the entry in words", "/^[^.]+$/.test(document.querySelector('hy-call-entry')?.textContent.trim())")
	ann.click("hy-composer button.plus")
	ann.eval("Object.defineProperty(navigator, 'mediaDevices', { value: undefined, configurable: true }); Object.defineProperty(window, 'isSecureContext', { value: false }); 0")
	ann.click("hy-composer .drawer button:has(use[href$='#phone'])")
	ann.click("dialog.sheet button:nth-of-type(1)")
	ann.until("why there is no call", "document.querySelector('dialog.box')?.textContent.includes('HTTPS')")
	ann.shot("call-plain-http-phone")
	ann.click("dialog.box .weui-dialog__btn_primary")
	ann.eval(`Object.defineProperty(navigator, 'mediaDevices', { value: {
		getUserMedia: () => Promise.reject(new DOMException('no', 'NotAllowedError')), enumerateDevices: async () => [] } }); 0`)
	ann.click(".chat-head .call")
	ann.click("dialog.sheet button:nth-of-type(2)")
	ann.until("what to do", "document.querySelector('.toast')?.textContent.includes('麦克风')")
	ann.noCall()
	bo.until("that it did not ring", "!document.querySelector('dialog.call')")
}

// callServer is a server of a test's own.
func callServer(t *testing.T, flags ...string) string {
	t.Helper()
	startProduct(t) // builds it
	cmd, base, err := launch(filepath.Join(product.dir, filepath.Base(product.cmd.Path)), t.TempDir(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(cmd) })
	return base
}

func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
}

// TestCallWithoutAnswer is missed once and declined once; a tap on the entry
// calls back.
func TestCallWithoutAnswer(t *testing.T) {
	ann, bo := callers(t, callServer(t, "-call-ring", "3s"), phone, desktop)
	bo.home()
	ann.calls(bo, false)
	bo.see(acceptButton)
	ann.until("no answer", "document.querySelector('dialog.call.ended')?.textContent.includes('无人接听')")
	ann.noCall()
	bo.noCall()
	ann.entry("own", "无应答")
	bo.until("a missed call that counts", "document.querySelector('.row .badge')?.textContent === '1'")
	bo.openInCall(ann.id)
	bo.entry("other", "未接来电")
	bo.shot("call-missed-desktop")

	bo.click("hy-call-entry button")
	ann.see(acceptButton)
	ann.click("dialog.call.incoming .round.end")
	bo.until("that she declined", "document.querySelector('dialog.call.ended')?.textContent.includes('拒绝')")
	ann.noCall()
	bo.noCall()
	ann.entry("other", "已拒绝")
	bo.entry("own", "对方已拒绝")
}

// TestCallOutlivesALostLine cuts one side's socket: the call goes on, and can
// still be ended by the signal of either.
func TestCallOutlivesALostLine(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	bo.home()
	ann.calls(bo, false)
	bo.click(acceptButton)
	ann.inCall("active")
	bo.inCall("active")
	bo.wire.cut()
	bo.until("the line lost", "store.connection.peek().state !== 'online'")
	ann.receives("sound", "audio", "bytesReceived", 1000)
	heard := eval[int](ann.person, "figures.find((s) => s.type === 'inbound-rtp').bytesReceived")
	ann.receives("more of it", "audio", "bytesReceived", heard+3000)
	bo.wire.mend()
	bo.eval("store.retryNow()")
	bo.online()
	ann.click("dialog.call .round:has(use[href$='#mic'])")
	bo.until("that she is muted", "document.querySelector('.call .said').textContent.includes('静音')")
	way := "figures.find((s) => s.type === 'transport')?.iceLocalUsernameFragment"
	old := eval[string](ann.person, way)
	ann.eval("dispatchEvent(new Event('online'))") // as after a change of the network
	ann.until("another way", fmt.Sprintf("%s && %s !== %q", way, way, old))
	heard = eval[int](ann.person, "figures.find((s) => s.type === 'inbound-rtp').bytesReceived")
	ann.receives("sound by it", "audio", "bytesReceived", heard+3000)
	ann.inCall("active")

	bo.open("/chat/index.shtml") // which asks first
	ann.noCall()
	ann.entry("own", "通话时长")
	bo.mu.Lock()
	defer bo.mu.Unlock()
	if len(bo.dialogs) != 1 {
		t.Errorf("leaving the page asked %d times", len(bo.dialogs))
	}
	bo.dialogs = nil
}

// TestBothCall: two who call each other at the same time are in one call.
func TestBothCall(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	bo.openChat(ann.id)
	bo.eval(`(() => {
		const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
		const gate = new Promise((go) => { globalThis.letGo = go; });
		navigator.mediaDevices.getUserMedia = async (o) => { await gate; return open(o); };
	})()`)
	bo.click(".chat-head .call")
	bo.click("dialog.sheet button:nth-of-type(1)")
	bo.inCall("preparing")
	ann.calls(bo, false)
	ann.inCall("calling")
	bo.eval("letGo(); 0")
	for _, one := range []*account{ann, bo} {
		one.inCall("active")
		one.receives("sound", "audio", "bytesReceived", 1000)
	}
	bo.click(endButton)
	ann.noCall()
	bo.noCall()
	ann.entry("own", "通话时长")
}

// TestCallThroughTheRelay lets nothing but our own relay carry the call.
func TestCallThroughTheRelay(t *testing.T) {
	ann, bo := callers(t, callServer(t, "-turn", "127.0.0.1:0", "-turn-only", "on"), phone, phone)
	bo.home()
	ann.calls(bo, true)
	bo.click(acceptButton)
	for _, one := range []*account{ann, bo} {
		one.inCall("active")
		one.receives("pictures", "video", "framesDecoded", 5)
		one.receives("sound", "audio", "bytesReceived", 1000)
		one.until("relays alone", `figures.some((s) => s.type === 'local-candidate') &&
			figures.every((s) => !['local-candidate', 'remote-candidate'].includes(s.type) || s.candidateType === 'relay')`)
	}
	ann.click(endButton)
	bo.noCall()
}
