package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// pushService takes the place of the push service that a browser under test does
// not have: it gives subscriptions with keys of the right kind, one at a time and
// under one key of the server's, as browsers do. They outlive the page.
const pushService = `(() => {
	if (!globalThis.PushManager) return;
	const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	let here = null; // of the worker, which keeps nothing
	const kept = () => (globalThis.sessionStorage ? JSON.parse(sessionStorage.getItem('subscribed')) : here);
	const keep = (s) => {
		if (!globalThis.sessionStorage) here = s;
		else if (s) sessionStorage.setItem('subscribed', JSON.stringify(s));
		else sessionStorage.removeItem('subscribed');
	};
	const give = (s) => s && {
		endpoint: s.endpoint,
		options: { userVisibleOnly: true, applicationServerKey: Uint8Array.from(s.under).buffer },
		toJSON: () => ({ endpoint: s.endpoint, expirationTime: null, keys: s.keys }),
		unsubscribe: async () => { keep(null); return true; },
	};
	PushManager.prototype.getSubscription = async () => give(kept());
	PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey: key }) => {
		if (Notification.permission !== 'granted') throw new DOMException('not permitted', 'NotAllowedError');
		const raw = typeof key === 'string' ? Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)) : key;
		if (!userVisibleOnly || raw.length !== 65 || raw[0] !== 4) throw new DOMException('no such key', 'InvalidAccessError');
		const under = [...raw];
		const old = kept();
		if (old && String(old.under) !== String(under)) throw new DOMException('subscribed under another key', 'InvalidStateError');
		if (old) return give(old);
		const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
		const keys = { p256dh: text(await crypto.subtle.exportKey('raw', publicKey)), auth: text(crypto.getRandomValues(new Uint8Array(16))) };
		keep({ endpoint: 'https://push.example.com/' + crypto.randomUUID(), keys, under });
		return give(kept());
	};
})();`

// woken waits until the server has it so that this device is told, or not, and
// with words or without.
func (a *account) woken(on, content bool) {
	a.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var answer struct{ Data struct{ On, Content bool } }
		if err := json.Unmarshal([]byte(a.api("/push/key", map[string]any{})), &answer); err != nil {
			a.t.Fatal(err)
		}
		if answer.Data.On == on && answer.Data.Content == content {
			return
		} else if time.Now().After(end) {
			a.t.Fatalf("the server has it as %+v, want on %v, content %v", answer.Data, on, content)
		}
	}
}

// offered says a first message and waits for the offer.
func (a *account) offered(to *account) {
	a.t.Helper()
	a.permit(permissions.PermissionSettingPrompt)
	a.openChat(to.id)
	a.worker()
	a.say("你好")
	a.see(".push-offer")
}

const (
	wakeSwitch    = "hy-notify .weui-cells_form label:nth-of-type(1) input"
	contentSwitch = "hy-notify .weui-cells_form label:nth-of-type(2) input"
)

// TestPushIsSwitchedOnTheScreen takes the offer, and then has notifications with
// words and without, off and on again, in the settings: each time the server has
// it so.
func TestPushIsSwitchedOnTheScreen(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.before(pushService)
	ann.offered(bo)
	ann.woken(false, false)
	ann.permit(permissions.PermissionSettingGranted) // as somebody answers the browser's own question
	ann.click(".push-offer .weui-btn_primary")
	ann.until("that it says so", "document.querySelector('.toast')?.textContent === '通知已开启' && !document.querySelector('.push-offer')")
	ann.woken(true, false)

	ann.open("/me/notify")
	ann.until("the switch on, and words off", fmt.Sprintf("document.querySelector(%q)?.checked && document.querySelector(%q)?.checked === false", wakeSwitch, contentSwitch))
	ann.shot("push-on-phone")
	ann.click(contentSwitch)
	ann.woken(true, true)
	ann.open("/me/notify")
	ann.until("words on after a reload", fmt.Sprintf("document.querySelector(%q)?.checked", contentSwitch))
	ann.click(contentSwitch)
	ann.woken(true, false)

	// What cannot be switched is as it was.
	ann.wire.lose("/push/unsubscribe")
	ann.click(wakeSwitch)
	ann.until("why not, and the switch where it was", fmt.Sprintf("document.querySelector('.toast:not([hidden])') && document.querySelector(%q).checked", wakeSwitch))
	ann.wire.lose("")
	ann.woken(true, false)

	ann.click(wakeSwitch)
	ann.woken(false, false)
	ann.until("off, with nothing about words, and no subscription in the browser", fmt.Sprintf("!document.querySelector(%q).checked && document.querySelectorAll('hy-notify .weui-cells_form label').length === 2 && !sessionStorage.getItem('subscribed')", wakeSwitch))
	ann.click(wakeSwitch)
	ann.woken(true, false)

	// A subscription that the server has lost is made anew, under the server's own key.
	first := eval[string](ann.person, "sessionStorage.getItem('subscribed')")
	ann.eval("(() => { const s = JSON.parse(sessionStorage.getItem('subscribed')); s.under[64] ^= 1; sessionStorage.setItem('subscribed', JSON.stringify(s)); })()")
	ann.api("/push/unsubscribe", map[string]any{})
	ann.open("/chat/index.shtml")
	ann.woken(true, false)
	if again := eval[string](ann.person, "sessionStorage.getItem('subscribed')"); again == first || strings.Contains(again, `"under":[0`) {
		t.Error("the subscription under another key is still used")
	}
	// Who has chosen is not asked again.
	ann.openChat(bo.id)
	ann.say("又来了")
	bo.openChat(ann.id)
	bo.sees("又来了")
	if eval[bool](ann.person, "!!document.querySelector('.push-offer')") {
		t.Error("the offer came again")
	}
}

// TestPushIsDenied has the browser's own question answered with no: it is said,
// never asked again, and the settings say what to do.
func TestPushIsDenied(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.before(pushService)
	ann.offered(bo)
	ann.permit(permissions.PermissionSettingDenied)
	ann.click(".push-offer .weui-btn_primary")
	ann.until("that it says so", "document.querySelector('.toast')?.textContent === '浏览器没有允许通知' && !document.querySelector('.push-offer')")
	ann.woken(false, false)
	if eval[bool](ann.person, "localStorage.getItem('hy-push') !== 'no' || !!sessionStorage.getItem('subscribed')") {
		t.Error("the answer is not kept, or not heeded")
	}
	ann.open("/me/notify")
	ann.until("what to do", "document.querySelector('hy-notify .why')?.textContent.includes('浏览器的网站设置')")
}

// inside gives the service worker of a person, to run JavaScript in.
func (a *account) inside() *person {
	a.t.Helper()
	a.worker()
	own := chromedp.FromContext(a.ctx).BrowserContextID
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		all, err := chromedp.Targets(a.ctx)
		if err != nil {
			a.t.Fatal(err)
		}
		for _, one := range all {
			if one.Type == "service_worker" && one.BrowserContextID == own && strings.HasPrefix(one.URL, a.base) {
				ctx, cancel := chromedp.NewContext(a.ctx, chromedp.WithTargetID(one.TargetID))
				a.t.Cleanup(cancel)
				worker := &person{t: a.t, name: a.name + "'s worker", base: a.base, ctx: ctx}
				worker.do("attach")
				return worker
			}
		}
	}
	a.t.Fatal("no worker runs")
	return nil
}

// tells dispatches an event in the worker and waits for its work. Only the
// browser may keep a worker awake with an event: it is held here instead.
const tells = `globalThis.tell = async (event) => {
	let work = Promise.resolve();
	event.waitUntil = (promise) => { work = promise; };
	dispatchEvent(event);
	await work;
	return true;
};`

// TestNotificationLeadsToItsPlace presses notifications: a tab that shows the
// place comes to the front, however it came there, else one of the client's goes
// there without being loaded anew, else a window is opened, and nothing leads away
// from the site. What is in front of somebody is not notified of.
func TestNotificationLeadsToItsPlace(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	group := groupOf("读书会", bo, ann) // of friends
	ann.openChat(bo.id)
	ann.say("在吗")
	bo.permit(permissions.PermissionSettingGranted)
	bo.open("/chat/index.shtml")
	bo.click(fmt.Sprintf(".row[data-key='10-%d'] > a", ann.id)) // without loading a page
	bo.see("hy-composer textarea")
	place := fmt.Sprintf("/c/10-%d", ann.id)
	bo.until("the chat, and a client that has settled", fmt.Sprintf("location.pathname === %q && performance.getEntriesByType('resource').some((e) => e.name.endsWith('/awake/push.js'))", place))
	push := bo.pusher()
	push(notification(10, ann.id, 7, "seen"))
	push(notification(11, 99, 1, "unseen"))
	bo.notified(`[["unseen","2 条未读消息","/c/11-99","/c/11-99"]]`)
	bo.eval("navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => all.forEach((n) => n.close()))")
	two := bo.tab("/contacts")
	two.until("a client that has settled", "performance.getEntriesByType('resource').some((e) => e.name.endsWith('/awake/push.js'))")
	worker := bo.inside()
	// Without somebody's hand a browser lets no page come to the front, and opens none.
	worker.eval(tells + `
		globalThis.front = [];
		globalThis.opened = [];
		WindowClient.prototype.focus = async function () { front.push(new URL(this.url).pathname); return this; };
		clients.openWindow = async (path) => { opened.push(path); return null; };
		globalThis.click = async (path) => {
			await registration.showNotification('鸿雁：新消息', { tag: 'x' + path, data: { path } });
			const [notification] = await registration.getNotifications({ tag: 'x' + path });
			return tell(new NotificationEvent('notificationclick', { notification }));
		}; 0`)
	both := []*account{bo, two}
	for _, tab := range both {
		tab.eval("globalThis.stays = true")
	}
	press := func(path string) {
		t.Helper()
		worker.eval(fmt.Sprintf("(front.length = opened.length = 0, click(%q))", path))
		worker.until("the notification closed", "registration.getNotifications().then((all) => all.length === 0)")
	}
	did := func(want string) {
		t.Helper()
		if got := eval[string](worker, "JSON.stringify([front, opened])"); got != want {
			t.Errorf("fronts and windows: %s, want %s", got, want)
		}
	}

	press(place)
	did(`[["/chat/index.shtml"],[]]`) // the address of a window is for the browser that of its page
	if got := eval[string](two.person, "location.pathname"); got != "/contacts" {
		t.Errorf("the other tab is at %s", got)
	}
	press(fmt.Sprintf("/c/11-%d", group))
	there := fmt.Sprintf("location.pathname === '/c/11-%d' && stays", group)
	var went int
	for end := time.Now().Add(patience); went == 0 && time.Now().Before(end); {
		for _, tab := range both {
			if eval[bool](tab.person, there) {
				went++
			}
		}
	}
	if went != 1 {
		t.Errorf("%d tabs went there", went)
	}

	for _, tab := range both {
		tab.open("/nowhere")
	}
	press(place)
	did(fmt.Sprintf(`[[],[%q]]`, place))
	for _, path := range []string{"//evil.example/c/10-1", `/\evil.example`, "https://evil.example/", ""} {
		press(path)
		did(`[[],["/chat/index.shtml"]]`)
	}
}

// TestSubscriptionThatTheBrowserChanges: the worker tells the server of another
// subscription by itself, whether the browser made it or left that to the worker.
func TestSubscriptionThatTheBrowserChanges(t *testing.T) {
	bo := register(t, "Bo", phone)
	bo.permit(permissions.PermissionSettingGranted)
	bo.before(pushService)
	bo.open("/me/notify")
	bo.worker()
	bo.click(wakeSwitch)
	bo.woken(true, false)
	bo.click(contentSwitch)
	bo.woken(true, true)
	worker := bo.inside()
	worker.eval(tells + pushService + `
		globalThis.told = [];
		const real = fetch;
		globalThis.fetch = async (to, how) => { told.push([to, how.body]); return real(to, how); }; 0`)
	for _, made := range []string{"null", "await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: told.key })"} {
		worker.eval(fmt.Sprintf(`(async () => {
			told.key ??= (await (await fetch('/push/key', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).json()).data.key;
			await (await registration.pushManager.getSubscription())?.unsubscribe();
			told.length = 0;
			await tell(Object.assign(new ExtendableEvent('pushsubscriptionchange'), { newSubscription: %s }));
		})()`, made))
		got := eval[bool](worker, `(async () => {
			const now = (await registration.pushManager.getSubscription()).toJSON();
			const [, [route, body]] = told;
			return told.length === 2 && route === '/push/subscribe' && body === JSON.stringify({ endpoint: now.endpoint, ...now.keys, content: true });
		})()`)
		if !got {
			t.Errorf("with %s the server was told %s", made, eval[string](worker, "JSON.stringify(told)"))
		}
		bo.woken(true, true)
	}
}
