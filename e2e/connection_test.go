package e2e

import (
	"fmt"
	"strings"
	"testing"
)

const connRow = "document.querySelector('.conn-%s dd')?.textContent.trim()"

func conn(row string) string { return fmt.Sprintf(connRow, row) }

// TestConnectionInspector shows what the line is like, how it was lost and that
// it is back; what is copied has the server's figures and nothing of the person.
func TestConnectionInspector(t *testing.T) {
	ann := register(t, "安娜", phone)
	ann.open("/me")
	ann.click("hy-me a[href='/me/connection']")
	ann.until("a round trip", "/^[\\d.]+ 毫秒/.test("+conn("rtt")+")")
	ann.until("the state", conn("state")+".startsWith('已连接')")
	ann.until("nothing lost", conn("lost")+" === '未见断开'")
	ann.until("the browser's part", "/运行中|未安装/.test("+conn("worker")+")")
	ann.click(".measure")
	ann.until("one more round trip", "/最近 [2-9] 次/.test("+conn("rtt")+")")
	ann.shot("conn-phone-zh")

	ann.store()
	ann.wire.cut()
	ann.until("the loss", "!"+conn("state")+".startsWith('已连接')")
	ann.until("its cause", conn("lost")+".startsWith('连接中断')")
	ann.shot("conn-lost-phone")
	ann.eval("store.send(10, store.me.peek().id, { media: 1, content: '秘密的话' }) && 0")
	ann.until("what waits", conn("waiting")+" === '1'")
	ann.wire.mend()
	ann.click(".retry")
	ann.until("the line again", conn("state")+".startsWith('已连接')")
	ann.until("still its cause", conn("lost")+".startsWith('连接中断')")

	ann.eval("Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: async (text) => { globalThis.copied = text; } } }); 0")
	ann.eval("document.querySelector('hy-connection .copy').scrollIntoView()")
	ann.click("hy-connection .copy")
	ann.until("a copy", "globalThis.copied")
	text := eval[string](ann.person, "globalThis.copied")
	for _, row := range []string{"node", "version", "epoch", "asset"} {
		value := eval[string](ann.person, conn(row))
		if value == "" || value == "未知" || !strings.Contains(text, value) {
			t.Errorf("%s is %q, the copy is\n%s", row, value, text)
		}
	}
	for _, secret := range []string{ann.mobile, ann.name, "秘密的话"} {
		if strings.Contains(text, secret) {
			t.Errorf("the copy has %q:\n%s", secret, text)
		}
	}

	// Another tab asks the one that holds the socket.
	two := ann.tab("/me/connection")
	two.until("whose socket it is", conn("transport")+".includes('另一标签页')")
	two.until("its round trips", "/^[\\d.]+ 毫秒/.test("+conn("rtt")+")")
	two.until("its loss", conn("lost")+".startsWith('连接中断')")
	two.shot("conn-desktop-zh")
	two.axe("the connection")
	two.scheme("dark")
	two.shot("conn-desktop-dark")
}
