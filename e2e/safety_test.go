package e2e

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestHostileText sends what people have made pages run, in every field that a
// message has. The reader sees text: no dialog, no script, no report of the
// content security policy (a person's console fails the test).
func TestHostileText(t *testing.T) {
	ann, bo := register(t, `<img src=x onerror=alert(1)>`, phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	payloads := strings.Split(strings.TrimSpace(string(data)), "\n")
	list, err := json.Marshal(payloads)
	if err != nil {
		t.Fatal(err)
	}
	ann.eval(`(() => {
		for (const text of ` + string(list) + `) store.send(10, ` + id(bo) + `, { media: 1, content: text });
		const bad = 'javascript:alert(1)';
		const more = [
			{ media: 2, content: '<b>x</b>', url: bad, pic: bad, memo: '<svg onload=alert(1)>' }, { media: 3, url: bad, amount: 3, ext: { waveform: ['"><script>', 5, -1, 1e9] } },
			{ media: 4, url: bad, pic: 'data:text/html,<script>alert(1)</script>', ext: { width: '"', height: -5 } }, { media: 5, url: bad, memo: '<script>alert(1)</script>' },
			{ media: 6, content: '<script>alert(1)</script>' }, { media: 7, url: bad }, { media: 8, url: bad, pic: bad }, { media: 9, content: '<script>', memo: 'x' },
			{ media: 10, url: '//evil.test/x', content: '"><img src=x onerror=alert(1)>.exe', amount: 1 }, { media: 100, content: '<script>alert(1)</script>', ext: { constructor: 1, reactions: 'x', quote: 5 } },
			{ media: 4, url: 'https://evil.test/x.png', pic: 'https://evil.test/y.png' }, { media: 3, url: 'https://evil.test/x.webm', amount: 2 },
			{ media: 8, url: 'https://evil.test/x.mp4', pic: 'https://evil.test/y.png' }, { media: 2, content: 'x', pic: 'https://evil.test/x.png' },
			{ media: 1, content: 'quoting', ref: 999999, ext: { quote: { userid: '<b>', text: '<img src=x onerror=alert(1)>' } } },
		];
		for (const m of more) store.send(10, ` + id(bo) + `, m);
	})() ?? 0`)
	ann.until("all answered", "store.pending(10, "+id(bo)+").every((e) => e.state === 'failed')")
	bo.until("the last one", "store.timeline(10, "+id(ann)+").rows.length >= "+"store.timeline(10, "+id(ann)+").last")
	bo.sees(payloads[len(payloads)-1])
	for _, one := range []*account{ann, bo} {
		got := eval[[]string](one.person, `[...document.querySelectorAll('hy-messages [href], hy-messages [src]')].flatMap((e) => [e.getAttribute('href'), e.getAttribute('src')])
			.filter((u) => u && !/^(https?:|blob:|\/)/.test(u))`)
		if len(got) > 0 {
			t.Errorf("%s's page leads to %q", one.name, got)
		}
		if n := eval[int](one.person, `document.querySelectorAll('hy-messages script, hy-messages iframe, hy-messages object, hy-messages [onerror], hy-messages [onload]').length`); n != 0 {
			t.Errorf("%s's page has %d elements that a message brought", one.name, n)
		}
		loaded := eval[[]string](one.person, `performance.getEntriesByType('resource').map((e) => e.name).filter((u) => !u.startsWith(location.origin) && !/^(blob|data):/.test(u))`)
		if len(loaded) > 0 {
			t.Errorf("%s's page loaded %q", one.name, loaded)
		}
		foreign := eval[[]string](one.person, `[...document.querySelectorAll('hy-messages a[target=_blank]')].filter((a) => !/noopener/.test(a.rel) || !/noreferrer/.test(a.rel) || !/nofollow/.test(a.rel)).map((a) => a.outerHTML)`)
		if len(foreign) > 0 {
			t.Errorf("links without their rel: %q", foreign)
		}
	}
	want := eval[[]string](bo.person, string(list)+".map((x) => x)")
	got := map[string]bool{}
	for _, text := range eval[[]string](bo.person, "store.timeline(10, "+id(ann)+").rows.map((m) => m.content ?? '')") {
		got[text] = true
	}
	for _, text := range want {
		if !got[text] {
			t.Errorf("did not arrive as it was written: %q", text)
		}
	}
	bo.shot("hostile-desktop")
	bo.openChat(ann.id)
	bo.sees(payloads[len(payloads)-1])
}

// TestLargestNumber sends the largest number that the wire allows through
// browser, server and store and back.
func TestLargestNumber(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.eval("store.send(10, " + id(bo) + ", { media: 100, content: '9007199254740991', amount: 9007199254740991 }) && 0")
	bo.until("the message", "store.timeline(10, "+id(ann)+").rows.length === 1")
	const exact = "String(store.timeline(10, %s).rows.at(-1).amount) === '9007199254740991' && Number.isSafeInteger(store.timeline(10, %s).rows.at(-1).amount)"
	bo.until("the number exactly", strings.ReplaceAll(exact, "%s", id(ann)))
	bo.openChat(ann.id)
	bo.until("the number after a reload", strings.ReplaceAll(exact, "%s", id(ann)))
}

// TestLoginWithoutScript signs in with a browser that runs no JavaScript, reads
// the conversation that the server renders, answers, and finds a friend.
func TestLoginWithoutScript(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("没有脚本也能读 https://example.test/notes。")
	ann.sees("没有脚本也能读 https://example.test/notes。")

	p := newPerson(t, "plain", ann.wire.server.URL, phone)
	p.do("no script", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	p.open("/user/login.shtml")
	p.shot("plain-login")
	p.insertPlain("input[name=mobile]", ann.mobile)
	p.insertPlain("input[name=passwd]", password)
	p.enter()
	p.waitFor(".rows a")
	p.open("/c/10-" + id(bo))
	text := p.plainText(".first")
	if !strings.Contains(text, "没有脚本也能读") {
		t.Errorf("the page without script says %q", text)
	} else if !strings.Contains(text, `<a href="https://example.test/notes" rel="noopener noreferrer nofollow">`) {
		t.Errorf("an address in words leads nowhere: %q", text)
	}
	p.insertPlain("#reply", "收到，没有脚本也能回")
	p.shot("plain-chat")
	p.do("send", chromedp.Click(chromedp.CSS("form.first-reply button")))
	bo.sees("收到，没有脚本也能回")
	p.waitFor(".first-entry.own")
	if text := p.plainText(".first"); !strings.Contains(text, "没有脚本也能回") {
		t.Errorf("after answering the page says %q", text)
	}
	bo.until("that it was read", "store.rowOf(10, "+id(ann)+").peerread >= 1")

	p.open("/contacts")
	p.shot("plain-contacts")
	p.do("to a friend", chromedp.Click(chromedp.CSS(".rows a[href='/c/10-"+id(bo)+"']")))
	p.waitFor(".first-reply")
}
