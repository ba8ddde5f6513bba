package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestPartThatDoesNotCome loses modules of the client on their way: what was
// asked for in vain is said, and asked for again; what keeps and sends comes as
// soon as it can, and what was written before goes with it.
func TestPartThatDoesNotCome(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("你好")
	ann.sees("你好")
	ann.open("/nowhere")
	ann.do("without the worker", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true})
		return err
	}))

	ann.wire.lose("/hands.js")
	ann.openChat(bo.id)
	const ask = "document.querySelector('article.other .content').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true })) && 0"
	ann.eval(ask)
	ann.until("that it says so", "document.querySelector('.toast')?.textContent === '这一部分没能加载，请检查网络后再试'")
	ann.wire.lose("")
	ann.eval(ask)
	ann.see(".hy-menu")

	ann.wire.lose(".more.js") // the sentences: a button without its words is none
	ann.openChat(bo.id)
	ann.click("hy-composer button.plus")
	ann.until("that it says so, and opens nothing", "document.querySelector('.toast')?.textContent === '这一部分没能加载，请检查网络后再试' && !document.querySelector('.drawer')")
	ann.wire.lose("")
	ann.click("hy-composer button.plus")
	ann.see("hy-composer .choices")
	if nameless := eval[int](ann.person, "[...document.querySelectorAll('.choices button')].filter((b) => !b.textContent.trim()).length"); nameless > 0 {
		t.Errorf("%d tools have no name", nameless)
	}

	ann.wire.lose("/live.js")
	ann.open("/c/10-" + id(bo))
	ann.until("answers", "performance.getEntriesByName('interactive').length > 0")
	ann.store()
	ann.insert("hy-composer textarea", "写得早")
	ann.enter()
	ann.until("an empty field", "document.querySelector('hy-composer textarea').value === ''")
	if kept := eval[bool](ann.person, "!store.outbox.peek() && store.draftOf(10, "+id(bo)+") === '写得早'"); !kept {
		t.Error("what was written is not kept")
	}
	ann.wire.lose("")
	bo.sees("写得早")
	ann.until("no draft", "store.draftOf(10, "+id(bo)+") === ''")
}

// TestShellReadsOffline starts the client with nothing but what this device
// kept: the list and a conversation are there to be read, say of when they are,
// and come up to date once the network is back.
func TestShellReadsOffline(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("读得到的一句")
	ann.sees("读得到的一句")
	ann.worker()
	ann.until("what was read is kept", `new Promise((resolve) => { const open = indexedDB.open('hongyan-`+id(ann)+`'); open.onsuccess = () => {
		const all = open.result.transaction('kv').objectStore('kv').getAll();
		all.onsuccess = () => { open.result.close(); resolve(JSON.stringify(all.result).includes('"rows":[{') && all.result.some((kept) => kept.contacts?.length && kept.conversations?.length)); };
	}; })`)

	ann.wire.vanish()
	ann.open("/chat/index.shtml")
	ann.until("the list", "document.querySelector('.row .name')?.textContent === 'Bo'")
	ann.until("of when it is", "/截至 \\d\\d:\\d\\d/.test(document.querySelector('.offline')?.textContent)")
	ann.shot("shell-offline-list")
	ann.open("/c/10-" + id(bo))
	ann.sees("读得到的一句")
	ann.shot("shell-offline-chat")
	ann.store()
	ann.say("写在隧道里")
	bo.say("你在吗")

	ann.wire.mend()
	ann.eval("store.retryNow() ?? 0")
	ann.online()
	bo.sees("写在隧道里")
	ann.sees("你在吗")
	ann.until("no word of being offline", "store.asOf.peek() === 0 && !document.querySelector('.offline')")
}
