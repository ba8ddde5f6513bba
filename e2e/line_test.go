package e2e

import (
	"fmt"
	"testing"
)

// TestLostLineIsSaidAfterAWhile cuts the line: for two seconds nothing is shown,
// then why there is none and a countdown, and "now" does not wait for its end. A
// line that is back before was never away, as far as people see.
func TestLostLineIsSaidAfterAWhile(t *testing.T) {
	ann := register(t, "安娜", phone)
	ann.home()
	ann.eval(`globalThis.lost = globalThis.said = 0;
		store.connection.subscribe(({ state }) => { if (state === 'online') lost = 0; else lost ||= performance.now(); });
		new MutationObserver(() => { if (document.querySelector('.offline')) said ||= performance.now(); }).observe(document.querySelector('hy-app'), { childList: true, subtree: true }); 0`)

	// Cut and mended at once; a machine that is busy may take longer than that for it.
	start := eval[float64](ann.person, "performance.now()")
	ann.wire.cut()
	ann.until("the loss noticed", "store.connection.peek().state !== 'online'")
	ann.wire.mend()
	ann.eval("store.retryNow() ?? 0")
	ann.online()
	if took := eval[float64](ann.person, "performance.now()") - start; took < 1900 && eval[bool](ann.person, "said > 0") {
		t.Errorf("a line that was away for %.0f ms was said to be lost", took)
	}
	ann.until("no banner", "!document.querySelector('.offline')")
	ann.eval("(said = 0)")

	ann.wire.cut()
	ann.until("the banner with its reason and a countdown", "/^连接不上服务器.*\\d+ 秒后重试/s.test(document.querySelector('.offline')?.innerText.trim())")
	if after := eval[float64](ann.person, "said - lost"); after < 1990 {
		t.Errorf("the banner came after %.0f ms", after)
	}
	const left = "Number(/\\d+/.exec(document.querySelector('.offline .count')?.textContent)?.[0])"
	ann.until("a longer wait, after some attempts", "(globalThis.most = "+left+") >= 6")
	ann.shot("line-lost-phone")
	ann.until("that it counts down", fmt.Sprintf("%s < most && %[1]s >= 1", left))
	ann.until("another long wait", left+" >= 5")
	tried := ann.wire.sockets.Load()
	ann.wire.mend()
	began := eval[float64](ann.person, "(globalThis.due = store.connection.peek().retryAt, Date.now())")
	ann.click(".offline button")
	ann.until("the line, and no banner", "store.connection.peek().state === 'online' && !document.querySelector('.offline')")
	if since, due := eval[float64](ann.person, "store.connection.peek().since"), eval[float64](ann.person, "due"); since >= due {
		t.Errorf("the line is up after %.0f ms, when it was due after %.0f by itself", since-began, due-began)
	}
	if more := ann.wire.sockets.Load() - tried; more != 1 {
		t.Errorf("%d attempts", more)
	}

	ann.offline(true)
	ann.until("another reason, where the device has no network", "document.querySelector('.offline')?.innerText.trim().startsWith('当前设备没有网络')")
	ann.offline(false)
	ann.until("the line by itself, and no banner", "store.connection.peek().state === 'online' && !document.querySelector('.offline')")
}
