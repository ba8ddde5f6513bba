package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// watch keeps what the browser says of long tasks and of slow input.
const watch = `(() => {
	globalThis.tasks = [];
	globalThis.inputs = [];
	new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
	new PerformanceObserver((list) => inputs.push(...list.getEntries().filter((e) => /^(key|input|before)/.test(e.name)).map((e) => e.processingStart - e.startTime))).observe({ type: 'event', durationThreshold: 16 });
})() ?? 0`

// measureLongConversation is what a conversation of 10,000 messages costs: to
// open, to scroll through, to type in while 100 messages a second come in, and in
// memory.
func measureLongConversation(t *testing.T, goals *goals) {
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
	var opened []float64
	for visit := range 3 {
		opened = append(opened, eval[float64](bo.person, `new Promise((resolve) => {
			const start = performance.now();
			document.querySelector('.row a').click();
			const look = () => (document.querySelectorAll('hy-messages article').length >= 20
				? requestAnimationFrame(() => setTimeout(() => resolve(Math.round(performance.now() - start))))
				: requestAnimationFrame(look));
			look();
		})`))
		if visit < 2 {
			bo.eval("history.back() ?? 0")
			bo.until("the list", "!document.querySelector('hy-messages')")
		}
	}
	t.Logf("open, three times: %.0f ms", opened)
	goals.median("opening the conversation", opened, 300, "ms")
	bo.eval(watch)
	var scroll string
	longest := bo.traced(func() {
		scroll = eval[string](bo.person, `(async () => {
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
	})
	goals.within("longest task while it loads and scrolls", longest, 50, "ms of the processor")
	t.Log("by the clock:", scroll)
	for !eval[bool](bo.person, fmt.Sprintf(`(async () => {
		const line = store.timeline(10, %d);
		for (const end = performance.now() + 10000; performance.now() < end && !line.complete;) await store.loadOlder(line);
		if (line.error) throw line.error;
		return line.complete;
	})()`, ann.id)) { // a busy machine takes a while
	}
	t.Log("all loaded:", eval[int](bo.person, fmt.Sprintf("store.timeline(10, %d).rows.length", ann.id)), "messages")
	goals.within("heap with all of it", bo.heap(), 100, "MB")
	longest = bo.traced(func() {
		scroll = eval[string](bo.person, `(async () => {
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
	})()`)
	})
	goals.within("longest task while it scrolls", longest, 50, "ms of the processor")
	t.Log("by the clock:", scroll)

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
	typed := eval[struct {
		Slow, Keys, Shown int
		P50, P95, Longest float64
		Tasks             []float64
	}](bo.person, `(() => {
		inputs.sort((a, b) => a - b);
		const at = (p) => Math.round(inputs[Math.min(inputs.length - 1, Math.floor(inputs.length * p))] ?? 0);
		return { Slow: inputs.length, Keys: performance.eventCounts.get('keydown'), Shown: document.querySelectorAll('hy-messages article').length, P50: at(0.5), P95: at(0.95), Longest: at(1), Tasks: tasks.map(Math.round) };
	})()`)
	// The browser tells of input that took 16 ms and more: its 95th part is no less than that of all.
	t.Logf("typing while %.0f messages a second come in: %+v", rate/seconds, typed)
	goals.within(fmt.Sprintf("delay of input, p95, at %.0f messages/s", rate/seconds), typed.P95, 50, "ms")
	goals.within("heap at the end", bo.heap(), 100, "MB")
}

// traced gives the processor's time, in ms, of the longest task of the page's main
// thread while act runs. Unlike the clock's it does not grow with what else the
// machine does.
func (a *account) traced(act func()) float64 {
	a.t.Helper()
	data, complete := chromedp.Events(a.ctx, tracing.DataCollected), chromedp.Events(a.ctx, tracing.TracingComplete)
	var mu sync.Mutex
	type thread struct{ PID, TID int64 }
	longest, pages := map[thread][]float64{}, map[thread]bool{}
	go func() {
		for event, err := range data {
			if err != nil {
				return
			}
			for _, raw := range event.Value {
				var e struct {
					thread
					Name string                `json:"name"`
					Took float64               `json:"tdur"`
					Args struct{ Name string } `json:"args"`
				}
				if json.Unmarshal(raw, &e) != nil {
					continue
				}
				mu.Lock()
				switch {
				case e.Name == "thread_name":
					pages[e.thread] = e.Args.Name == "CrRendererMain"
				case e.Name == "RunTask":
					longest[e.thread] = append(longest[e.thread], e.Took/1000)
				}
				mu.Unlock()
			}
		}
	}()
	a.do("trace", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{IncludedCategories: []string{"disabled-by-default-devtools.timeline", "__metadata"}, ExcludedCategories: []string{"*"}}})
		return err
	}))
	act()
	a.do("end of the trace", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, tracing.End, cdp.Empty{})
		return err
	}))
	for _, err := range complete {
		if err != nil {
			a.t.Fatal(err)
		}
		break
	}
	mu.Lock()
	defer mu.Unlock()
	var tasks []float64
	for at, list := range longest {
		if pages[at] {
			tasks = append(tasks, list...)
		}
	}
	slices.SortFunc(tasks, func(x, y float64) int { return cmp.Compare(y, x) })
	if len(tasks) == 0 {
		a.t.Fatal("the trace has no tasks")
	}
	a.t.Logf("%d tasks, the longest by the processor's time: %.0f ms", len(tasks), tasks[:min(5, len(tasks))])
	return tasks[0]
}

// heap gives what JavaScript holds once the garbage is gone, in MB.
func (a *account) heap() float64 {
	a.t.Helper()
	a.do("collect garbage", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{})
		return err
	}))
	ctx, cancel := a.within()
	defer cancel()
	used := 0.0
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		usage, err := chromedp.Call(ctx, runtime.GetHeapUsage, cdp.Empty{})
		used = usage.UsedSize / 1e6
		return err
	}))
	if err != nil {
		a.t.Fatal(err)
	}
	return used
}
