package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch keeps what the browser says of long tasks and of slow input.
const watch = `(() => {
	globalThis.tasks = [];
	globalThis.inputs = [];
	new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
	new PerformanceObserver((list) => inputs.push(...list.getEntries().filter((e) => /^(key|input|before)/.test(e.name)).map((e) => e.processingStart - e.startTime))).observe({ type: 'event', durationThreshold: 16 });
})() ?? 0`

// TestMeasureLongConversation prints what a conversation of 10,000 messages
// costs: to open, to scroll through, to type in while 100 messages a second come
// in, and in memory. Figures depend on the machine, so it runs when asked for
// (E2E_MEASURE=1) and judges nothing.
func TestMeasureLongConversation(t *testing.T) {
	if os.Getenv("E2E_MEASURE") == "" {
		t.Skip("set E2E_MEASURE=1 to print the figures of a long conversation")
	}
	const many = 10_000
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.open("/me")
	for from := 0; from < many; from += 1000 {
		ann.sayAll(10, bo.id, from, 1000, "`line ${i} ` + 'words 一些字 '.repeat(i % 23)")
	}
	bo.open("/chat/index.shtml")
	bo.online()
	bo.until("rest", "performance.now() > 3000")

	// From the tap on the row to the frame with the messages in it.
	for _, visit := range []string{"first", "again", "third"} {
		t.Log("open,", visit, eval[string](bo.person, `new Promise((resolve) => {
			const start = performance.now();
			document.querySelector('.row a').click();
			const look = () => (document.querySelectorAll('hy-messages article').length >= 20
				? requestAnimationFrame(() => setTimeout(() => resolve(Math.round(performance.now() - start) + ' ms, ' + document.querySelectorAll('hy-messages article').length + ' messages')))
				: requestAnimationFrame(look));
			look();
		})`))
		if visit != "third" {
			bo.eval("history.back() ?? 0")
			bo.until("the list", "!document.querySelector('hy-messages')")
		}
	}
	bo.eval(watch)
	scroll := eval[string](bo.person, `(async () => {
		const box = document.querySelector('hy-messages .scroller');
		const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
		const frames = [];
		let last = performance.now();
		let most = 0;
		for (const end = last + 12000; last < end;) {
			box.scrollTop -= 120;
			await frame();
			const now = performance.now();
			frames.push(now - last);
			last = now;
			most = Math.max(most, document.querySelectorAll('hy-messages article').length);
		}
		frames.sort((a, b) => a - b);
		return frames.length + ' frames, p95 ' + Math.round(frames[Math.floor(frames.length * 0.95)]) + ' ms, longest ' + Math.round(frames.at(-1)) + ' ms, at most ' + most +
			' messages in the document, long tasks: ' + tasks.map(Math.round).join(' ') + ', loaded ' + store.timeline(10, `+fmt.Sprint(ann.id)+`).rows.length;
	})()`)
	t.Log("scroll up:", scroll)
	bo.eval(fmt.Sprintf(`(async () => { const line = store.timeline(10, %d); while (!line.complete && !line.error) await store.loadOlder(line); })()`, ann.id))
	t.Log("all loaded:", eval[int](bo.person, fmt.Sprintf("store.timeline(10, %d).rows.length", ann.id)), "messages, heap", bo.heap())
	t.Log("scroll with all loaded:", eval[string](bo.person, `(async () => {
		tasks.length = 0;
		const box = document.querySelector('hy-messages .scroller');
		const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
		const frames = [];
		let last = performance.now();
		for (const end = last + 12000; last < end;) {
			box.scrollTop -= 200;
			await frame();
			frames.push(performance.now() - last);
			last = performance.now();
		}
		frames.sort((a, b) => a - b);
		return frames.length + ' frames, p95 ' + Math.round(frames[Math.floor(frames.length * 0.95)]) + ' ms, longest ' + Math.round(frames.at(-1)) + ' ms, long tasks: ' + tasks.map(Math.round).join(' ');
	})()`))

	// Somebody types while 100 messages a second come in.
	bo.eval("document.querySelector('hy-messages').toBottom().then(() => { tasks.length = inputs.length = 0; return 0; })")
	ann.eval(fmt.Sprintf(`(() => {
		const line = new WebSocket(location.origin.replace('http', 'ws') + '/chat');
		let i = 0;
		line.onopen = () => { globalThis.rain = setInterval(() => { for (let n = 0; n < 5; n++) line.send(JSON.stringify({ cmd: 10, dstid: %d, media: 1, content: 'rain ' + i++, cid: crypto.randomUUID() })); }, 50); };
		globalThis.fell = () => i;
	})() ?? 0`, bo.id))
	bo.do("focus", focus("hy-composer textarea"))
	start := eval[float64](ann.person, "globalThis.t0 = performance.now(), fell()")
	for range 30 {
		for _, r := range "hello " {
			bo.press(string(r), "", int64(r), string(r), 0)
		}
	}
	rate := eval[float64](ann.person, "(() => { clearInterval(rain); return fell() / 1; })()") - start
	seconds := eval[float64](ann.person, "(performance.now() - t0) / 1000")
	bo.until("rest", "performance.now() > 0")
	t.Logf("typing while %.0f messages a second come in: %s", rate/seconds, eval[string](bo.person, `(() => {
		inputs.sort((a, b) => a - b);
		const at = (p) => Math.round(inputs[Math.min(inputs.length - 1, Math.floor(inputs.length * p))] ?? 0);
		return inputs.length + ' events of 16 ms and more (of ' + performance.eventCounts.get('keydown') + ' keys), delay p50 ' + at(0.5) + ' ms, p95 ' + at(0.95) + ' ms, longest ' + at(1) + ' ms; long tasks: ' + tasks.map(Math.round).join(' ') +
			'; ' + document.querySelectorAll('hy-messages article').length + ' messages in the document';
	})()`))
	t.Log("at the end: heap", bo.heap())
}

// heap gives what JavaScript holds once the garbage is gone.
func (a *account) heap() string {
	a.t.Helper()
	a.do("collect garbage", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{})
		return err
	}))
	ctx, cancel := a.within()
	defer cancel()
	used := ""
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		usage, err := chromedp.Call(ctx, runtime.GetHeapUsage, cdp.Empty{})
		used = fmt.Sprintf("%.1f MB", usage.UsedSize/1e6)
		return err
	}))
	if err != nil {
		a.t.Fatal(err)
	}
	return used
}
