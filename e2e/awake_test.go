package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

// permit answers the question for notifications before it is asked.
func (a *account) permit(setting permissions.PermissionSetting) {
	a.t.Helper()
	a.do("permit notifications", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, permissions.SetPermission, permissions.SetPermissionParams{
			Permission: &permissions.PermissionDescriptor{Name: "notifications"}, Setting: setting, Origin: a.base,
			BrowserContextID: chromedp.FromContext(a.ctx).BrowserContextID,
		})
		return err
	}))
}

// worker waits until the service worker keeps everything and has the page.
func (a *account) worker() {
	a.t.Helper()
	a.until("the service worker", "navigator.serviceWorker.controller?.state === 'activated'")
}

// pusher gives what hands a message to the service worker, as a push service's
// would come.
func (a *account) pusher() func(message any) {
	a.t.Helper()
	a.worker()
	ctx, cancel := a.within()
	defer cancel()
	registrations := chromedp.Events(ctx, serviceworker.WorkerRegistrationUpdated)
	if _, err := chromedp.Call(ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
		a.t.Fatal(err)
	}
	var id serviceworker.RegistrationID
	for event, err := range registrations { // of other people's too, who have browser contexts of their own
		if err != nil {
			a.t.Fatal(err)
		}
		for _, r := range event.Registrations {
			if strings.HasPrefix(r.ScopeURL, a.base) && !r.IsDeleted {
				id = r.RegistrationID
			}
		}
		if id != "" {
			break
		}
	}
	return func(message any) {
		a.t.Helper()
		data, err := json.Marshal(message)
		if err != nil {
			a.t.Fatal(err)
		}
		a.do("push", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{
				Origin: a.base, RegistrationID: id, Data: string(data)})
			return err
		}))
	}
}

const shown = "navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => JSON.stringify(all.map((n) => [n.title, n.body, n.tag, n.data.path ?? '']).sort()))"

// notified waits for the notifications that are shown.
func (a *account) notified(want string) {
	a.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if got := eval[string](a.person, shown); got == want {
			return
		} else if time.Now().After(end) {
			a.t.Fatalf("notifications %s, want %s", got, want)
		}
	}
}

func notification(kind int, dstid, seq int64, title string) map[string]any {
	path := fmt.Sprintf("/c/%d-%d", kind, dstid)
	return map[string]any{"web_push": 8030, "app_badge": 3, "notification": map[string]any{
		"title": title, "body": "2 条未读消息", "navigate": path, "tag": path,
		"data": map[string]any{"path": path, "kind": kind, "dstid": dstid, "seq": seq, "count": 2}}}
}

// TestPushesAreShownAndReadOnesVanish delivers pushes to the worker: they show,
// the later about a conversation in place of the earlier, not while it is open
// in front of somebody, and not any more once it was read.
func TestPushesAreShownAndReadOnesVanish(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("在吗")
	bo.sees("在吗")
	bo.permit(permissions.PermissionSettingGranted)
	bo.open("/me/notify")
	push := bo.pusher()
	push(notification(10, ann.id, 5, "鸿雁：新消息"))
	path := fmt.Sprintf("/c/10-%d", ann.id)
	one := fmt.Sprintf(`[["鸿雁：新消息","2 条未读消息",%q,%q]]`, path, path)
	bo.notified(one)
	push(notification(10, ann.id, 6, "鸿雁：新消息"))
	push(map[string]any{})
	bo.notified(`[["Hongyan 鸿雁","","",""],` + strings.TrimPrefix(one, "["))
	bo.eval("navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => all.forEach((n) => n.close()))")

	bo.openChat(ann.id)
	push(notification(10, ann.id, 7, "seen"))
	push(notification(11, 99, 1, "unseen"))
	bo.notified(`[["unseen","2 条未读消息","/c/11-99","/c/11-99"]]`)

	bo.open("/contacts")
	bo.until("the client settled", "navigator.serviceWorker.controller && document.querySelector('link[rel=icon]') && performance.getEntriesByType('resource').some((e) => e.name.endsWith('/awake/push.js'))")
	push(notification(10, ann.id, 1, "old")) // of what was read long ago
	push(notification(11, 98, 1, "unseen"))
	ann.say("醒醒") // something changes, and what was read goes
	bo.until("the message", "document.title.startsWith('(')")
	bo.notified(`[["unseen","2 条未读消息","/c/11-98","/c/11-98"]]`)

	if icon := eval[string](bo.person, "document.querySelector('link[rel=icon]').href"); !strings.HasPrefix(icon, "data:image/png") {
		bo.until("the number on the icon", "document.querySelector('link[rel=icon]').href.startsWith('data:image/png')")
	}
}

// TestTheOfferComesAfterTheFirstMessage: nothing is asked on load; a bar with
// the reason comes with the first own message, and never again after "not now".
func TestTheOfferComesAfterTheFirstMessage(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.permit(permissions.PermissionSettingPrompt)
	ann.openChat(bo.id)
	ann.worker()
	if eval[bool](ann.person, "!!document.querySelector('.push-offer')") {
		t.Error("the offer came before anything was said")
	}
	ann.say("你好")
	ann.see(".push-offer")
	ann.shot("awake-offer")
	ann.click(".push-offer .weui-btn_default")
	ann.until("the bar gone", "!document.querySelector('.push-offer')")
	ann.say("再来")
	ann.sees("再来")
	if eval[bool](ann.person, "!!document.querySelector('.push-offer')") {
		t.Error("the offer came again")
	}
	ann.openChat(bo.id)
	ann.say("重新打开以后")
	ann.until("the page settled", "performance.getEntriesByType('resource').some((e) => e.name.endsWith('/awake/offer.js')) && document.querySelector('article.own:last-of-type .status')")
	if eval[bool](ann.person, "!!document.querySelector('.push-offer')") {
		t.Error("the offer came again after a reload")
	}
}

// TestNothingOfAPersonStaysAfterLogout: worker, kept files, notifications go.
func TestNothingOfAPersonStaysAfterLogout(t *testing.T) {
	bo := register(t, "Bo", phone)
	bo.permit(permissions.PermissionSettingGranted)
	bo.open("/me")
	bo.pusher()(notification(11, 99, 1, "left"))
	bo.notified(`[["left","2 条未读消息","/c/11-99","/c/11-99"]]`)
	bo.click("hy-me .danger")
	bo.click("dialog .weui-dialog__btn_warn")
	bo.until("the login", "location.pathname === '/user/login.shtml'")
	left := eval[string](bo.person, `Promise.all([navigator.serviceWorker.getRegistrations(), caches.keys(), indexedDB.databases()])
		.then((all) => JSON.stringify([...all.map((x) => x.length), Object.keys(localStorage)]))`)
	if left != "[0,0,0,[]]" {
		t.Errorf("left: %s", left)
	}
}

// TestChannelsOnTheScreen sets up a channel: what is wrong is said at its field,
// and a test says why it did not arrive.
func TestChannelsOnTheScreen(t *testing.T) {
	beside(t)
	for _, on := range []screen{phone, desktop} {
		t.Run(on.name, func(t *testing.T) {
			ann := register(t, "安娜", on)
			ann.open("/me/notify")
			ann.see("hy-notify .add")
			ann.shot("awake-notify-" + on.name)
			ann.click("hy-notify .add")
			ann.until("the kinds", "document.querySelectorAll('dialog.sheet button').length === 7")
			ann.click("dialog.sheet button:nth-of-type(4)")
			ann.see("hy-notify .channel-form")
			ann.click("hy-notify .channel-form .weui-btn_primary")
			ann.until("the fault at the field", "document.activeElement.name === 'address' && document.getElementById('fault-address')")
			ann.insert("hy-notify input[name=address]", "oapi.dingtalk.com/robot/send")
			ann.click("hy-notify .channel-form .weui-btn_primary")
			ann.until("what the server says", "document.getElementById('fault-address')?.textContent.includes('https')")
			ann.shot("awake-form-" + on.name)
			ann.eval("delete URL.canParse; 0") // as in browsers that are a little older
			ann.insert("hy-notify input[name=address]", "?access_token=abcd1234")
			ann.insert("hy-notify input[name=name]", "值班群")
			ann.click("hy-notify .channel-form .weui-btn_primary")
			ann.until("the saved channel", "document.querySelector('hy-notify .centre.danger')")
			ann.click("hy-notify .centre:not(.danger)")
			ann.until("why it did not arrive", "/没有送到：/.test(document.querySelector('.toast')?.textContent)")
			ann.click("hy-notify .bar button")
			ann.until("the channel with its fault", "document.querySelector('hy-notify .channel .bad') && document.querySelector('hy-notify .channel').textContent.includes('…1234')")
			ann.shot("awake-channels-" + on.name)
		})
	}
}

// TestOneSoundForAllTabs rings once for a message, in whichever tab, and not at
// all for what is in front of somebody or muted.
func TestOneSoundForAllTabs(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	bo.open("/contacts")
	bo.eval("globalThis.rang = 0; addEventListener('hy-rang', () => { rang++; })")
	bo.until("the client settled", "performance.getEntriesByType('resource').some((e) => e.name.endsWith('/awake/awake.js'))")
	bo.eval(`import(document.querySelector('script[type=module]').src.replace('app.js', 'awake/sound.js')).then((sound) => { globalThis.sound = sound; })`)
	ann.say("叮")
	bo.until("a sound", "rang === 1")
	again := eval[int](bo.person, `(async () => {
		const row = { kind: 10, dstid: `+id(ann)+` };
		await new Promise((resolve) => setTimeout(resolve, 1600)); // a burst rings once
		const last = Number(localStorage.getItem('hy-rang'));
		await Promise.all([sound.ring({ id: last }, row), sound.ring({ id: last }, row)]); // the other tab had it
		await sound.ring({ id: last + 1 }, row);
		sound.setSound(false);
		await sound.ring({ id: last + 2 }, row);
		return rang;
	})()`)
	if again != 2 {
		t.Errorf("rang %d times, want 2", again)
	}

	// What is muted, and what is in front of somebody's eyes, is silent.
	const silent = "new Promise((resolve) => setTimeout(() => resolve(rang === 2), 1600))"
	bo.eval("sound.setSound(true)")
	bo.store()
	bo.eval("store.patchRow(10, " + id(ann) + ", { muted: true, mutedtill: Date.now() + 60000 }) && 0")
	ann.say("悄悄话")
	bo.until("the muted one, unheard", "store.rowNow(10, "+id(ann)+").lastseq >= 2 && "+silent)
	bo.eval("store.patchRow(10, " + id(ann) + ", { muted: false, mutedtill: 0 }) && 0")
	bo.openInCall(ann.id)
	ann.say("看着呢")
	bo.sees("看着呢")
	bo.until("the one in front, unheard", silent)
}
