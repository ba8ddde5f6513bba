package e2e

import (
	"context"
	"fmt"
	"testing"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// readsClipboard lets the page read what was copied, as its person would with a paste.
func (a *account) readsClipboard() {
	a.t.Helper()
	a.do("the clipboard", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for _, one := range []permissions.PermissionDescriptor{{Name: "clipboard-read"}, {Name: "clipboard-write"}} {
			if _, err := chromedp.Call(ctx, permissions.SetPermission, permissions.SetPermissionParams{
				Permission: &one, Setting: "granted", Origin: a.base, BrowserContextID: chromedp.FromContext(a.ctx).BrowserContextID,
			}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// copied waits for what the page was last told to copy.
func (a *account) copied(want string) {
	a.t.Helper()
	a.until("that it says so", "document.querySelector('.toast:not([hidden])')?.textContent === '已复制'")
	if got := eval[string](a.person, "navigator.clipboard.readText()"); got != want {
		a.t.Errorf("copied %q, want %q", got, want)
	}
}

// TestCopyMessages copies one message by its menu, and several with their order
// and without what has no words.
func TestCopyMessages(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.readsClipboard()
	for i := range 3 {
		bo.say(fmt.Sprintf("第 %d 句", i))
		ann.sees(fmt.Sprintf("第 %d 句", i))
	}
	ann.openMenu("other")
	ann.pickMenu("copy")
	ann.copied("第 2 句")

	ann.openMenu("other")
	ann.pickMenu("list-checks")
	ann.until("one marked", "document.querySelectorAll('.pick:checked').length === 1")
	ann.press("ArrowUp", "ArrowUp", 38, "", 0)
	ann.press("ArrowUp", "ArrowUp", 38, "", 0)
	ann.press(" ", "Space", 32, " ", 0)
	ann.until("two marked", "document.querySelectorAll('.pick:checked').length === 2")
	ann.click(".select-bar .acts button:has(use[href$='#copy'])")
	ann.until("the bar gone", "!document.querySelector('.select-bar')")
	ann.copied("第 0 句\n第 2 句")
}

// TestCopyWithoutClipboard copies where a page has no clipboard, as over plain
// HTTP, and says so where that does not work either.
func TestCopyWithoutClipboard(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("第一行\n第二行")
	ann.sees("第一行\n第二行")
	ann.eval(`Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
		globalThis.took = []; document.addEventListener('copy', () => took.push(document.activeElement.value ?? '')); 0`)
	ann.openMenu("other")
	ann.pickMenu("copy")
	ann.until("that it says so", "document.querySelector('.toast:not([hidden])')?.textContent === '已复制'")
	ann.until("the words copied once, and nothing left of it", "took.length === 1 && took[0] === '第一行\\n第二行' && !document.querySelector('body > textarea')")
	ann.eval("document.execCommand = () => false; 0")
	ann.openMenu("other")
	ann.pickMenu("copy")
	ann.until("that it does not work", "document.querySelector('.toast:not([hidden])')?.textContent === '没能复制'")
}

// TestCopyWhatIsNotText copies what a program sent for itself, with its words and
// without, and where a link leads; a call has no words.
func TestCopyWhatIsNotText(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.readsClipboard()
	gets := func(message string) {
		t.Helper()
		n := eval[int](ann.person, "document.querySelectorAll('hy-messages article.message').length")
		bo.eval(fmt.Sprintf("store.act({ cmd: 10, dstid: %d, ...%s }).then(() => 0)", ann.id, message))
		ann.until("it", fmt.Sprintf("document.querySelectorAll('hy-messages article.message').length === %d", n+1))
		ann.openMenu("other")
	}
	item := func(label string) string {
		return "[...document.querySelectorAll('.hy-menu [role=menuitem]')].find((e) => e.textContent.trim() === '" + label + "')"
	}
	take := func(label, want string) {
		t.Helper()
		ann.eval("document.querySelector('.toast')?.setAttribute('hidden', ''); " + item(label) + ".click() ?? 0")
		ann.copied(want)
	}
	raw := `{"door":"front","open":true}`
	gets(fmt.Sprintf("{ media: 100, content: %q }", raw))
	if eval[bool](ann.person, "!!"+item("复制原文")) {
		t.Error("the same is offered twice")
	}
	take("复制", raw)
	gets(fmt.Sprintf("{ media: 100, memo: '前门开了', content: %q }", raw))
	ann.shot("copy-raw-desktop")
	take("复制原文", raw)
	ann.openMenu("other")
	take("复制", "前门开了")
	gets("{ media: 7, url: 'https://example.test/a?b=1' }")
	take("复制", "https://example.test/a?b=1")
	gets("{ media: 2, content: '标题', memo: '摘要', url: 'https://example.test/n' }")
	take("复制", "标题\nhttps://example.test/n")
}
