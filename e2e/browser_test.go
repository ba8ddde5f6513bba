package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience is how long a browser may take for anything; a busy machine is slow.
const patience = 30 * time.Second

// Sizes of screens that the product is looked at on.
var (
	phone   = screen{"phone", 390, 844}
	desktop = screen{"desktop", 1280, 800}
)

type screen struct {
	name          string
	width, height int64
}

var browser struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

// findBrowser gives the path of an installed browser, or "".
func findBrowser() string {
	for _, name := range []string{os.Getenv("E2E_BROWSER"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startBrowser starts the one browser of all tests; each person in it has a
// context of their own, with nothing in common but the process.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := findBrowser()
	if path == "" {
		t.Skip("no browser found: install chromium or set E2E_BROWSER to run the browser tests")
	}
	browser.once.Do(func() { browser.ctx, browser.stop, browser.err = runBrowser(path) })
	if browser.err != nil {
		t.Fatalf("the browser does not start: %v", browser.err)
	}
	return browser.ctx
}

// runBrowser starts a browser, a process of its own.
func runBrowser(path string) (ctx context.Context, stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("accept-lang", "zh-CN,zh"),
		chromedp.Flag("lang", "zh-CN"),
		// A name that is not this machine's own: its pages over HTTP are not trusted with a microphone.
		chromedp.Flag("host-resolver-rules", "MAP chat.lan.example 127.0.0.1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	// The browser lives as long as this first context: no deadline on it.
	return ctx, func() { stopBrowser(); stopAllocator() }, chromedp.Do(ctx)
}

// anotherBrowser is one beside that of all tests, until the test is over.
func anotherBrowser(t *testing.T) context.Context {
	t.Helper()
	startBrowser(t) // or skips
	ctx, stop, err := runBrowser(findBrowser())
	if err != nil {
		t.Fatalf("another browser does not start: %v", err)
	}
	t.Cleanup(stop)
	return ctx
}

// TestMain runs one test at a time unless -parallel says otherwise: beside each
// other they take less time, but gestures that are told by the clock, and waits
// of thirty seconds, do not bear a machine that is busy with others too.
func TestMain(m *testing.M) {
	flag.Parse()
	together := false
	flag.Visit(func(f *flag.Flag) { together = together || f.Name == "test.parallel" })
	if !together {
		_ = flag.Set("test.parallel", "1")
	}
	code := m.Run()
	if browser.stop != nil {
		browser.stop()
	}
	stopProduct()
	os.Exit(code)
}

// person is somebody at a browser.
type person struct {
	t    *testing.T
	name string
	base string
	ctx  context.Context

	silent  bool // its pages run no scripts
	touched bool // by a finger

	mu       sync.Mutex
	problems []string
	dialogs  []string
}

// alongside are the tests that run beside others.
var alongside sync.Map

// beside lets a test run beside others, where go test -parallel asks for it: each
// has people and windows of its own, and most of a test is waiting. Its parts
// keep their order.
func beside(t *testing.T) {
	t.Helper()
	if strings.Contains(t.Name(), "/") {
		return
	}
	if _, already := alongside.LoadOrStore(t, true); !already {
		t.Parallel()
	}
}

// newPerson opens a fresh browser profile for the site at base. What goes wrong
// in the page's console fails the test in the end.
func newPerson(t *testing.T, name, base string, on screen) *person {
	t.Helper()
	beside(t)
	return newPersonIn(t, startBrowser(t), name, base, on)
}

// newPersonIn does so in a certain browser.
func newPersonIn(t *testing.T, root context.Context, name, base string, on screen) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	p := &person{t: t, name: name, base: base, ctx: ctx}
	messages := chromedp.Console(ctx)
	go p.listen(messages)
	dialogs := chromedp.Events(ctx, page.JavascriptDialogOpening)
	go func() {
		for event, err := range dialogs {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.dialogs = append(p.dialogs, event.Message)
			p.mu.Unlock()
			_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
	}()
	p.do("set up", chromedp.EmulateViewport(on.width, on.height), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
	t.Cleanup(func() {
		if t.Failed() {
			p.shot("failed-" + strings.ReplaceAll(t.Name(), "/", "-") + "-" + name)
		}
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Errorf("%s's console: %s", name, problem)
		}
		for _, dialog := range p.dialogs {
			t.Errorf("%s saw a dialog: %q", name, dialog)
		}
	})
	return p
}

// listen collects errors and violations of the content security policy. That a
// request found no network is the network's fault, which some tests cut.
func (p *person) listen(messages func(func(chromedp.ConsoleMessage, error) bool)) {
	for m, err := range messages {
		if err != nil {
			return
		}
		text := m.String()
		bad := m.IsException() || strings.HasPrefix(text, "error") || m.Source == "security" || strings.Contains(text, "Content Security Policy")
		if !bad || m.Source == "network" || strings.Contains(text, "WebSocket connection to") || strings.Contains(text, "Cross-Origin-Opener-Policy header has been ignored") {
			continue
		}
		p.mu.Lock()
		p.problems = append(p.problems, text+" "+m.URL)
		p.mu.Unlock()
	}
}

// within gives a context for one step.
func (p *person) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

func (p *person) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	// The first call opens the tab, which must outlive any deadline.
	if chromedp.FromContext(p.ctx).Target == nil {
		if err := chromedp.Do(p.ctx); err != nil {
			p.t.Fatalf("%s: %s: %v", p.name, what, err)
		}
	}
	ctx, cancel := p.within()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, what, err)
	}
}

func (p *person) open(path string) {
	p.t.Helper()
	address := p.base + path
	if !strings.HasPrefix(path, "/") { // of another server
		address = path
	}
	p.do("open "+path, chromedp.Navigate(address))
}

// eval runs JavaScript in the page; a promise is awaited.
func eval[T any](p *person, js string) T {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v in %s", p.name, err, js)
	}
	return v
}

// until waits for an expression, or what it promises, to become true, through
// reloads too.
func (p *person) until(what, js string) {
	p.t.Helper()
	expression := fmt.Sprintf(`new Promise((resolve, reject) => {
		const end = Date.now() + %d;
		const look = async () => {
			let is = false;
			try { is = !!(await (%s)); } catch {}
			if (is) resolve(true);
			else if (Date.now() > end) reject(new Error('not in time'));
			else setTimeout(look, 40);
		};
		look();
	})`, patience.Milliseconds(), js)
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithDeadline(p.ctx, deadline.Add(time.Second))
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise))
		cancel()
		if err == nil {
			return
		}
		// A page that goes away takes the question along: ask the next one.
		if time.Now().After(deadline) || strings.Contains(err.Error(), "not in time") {
			p.t.Fatalf("%s: waited for %s: %s: %v", p.name, what, js, err)
		}
	}
}

// eval runs JavaScript for its effect.
func (p *person) eval(js string) {
	p.t.Helper()
	eval[any](p, js)
}

func (p *person) see(css string) {
	p.t.Helper()
	p.until("sight of "+css, fmt.Sprintf("document.querySelector(%q)?.getClientRects().length > 0", css))
}

func (p *person) click(css string) {
	p.t.Helper()
	// What still moves is not where it was when the click comes.
	p.until("rest of "+css, fmt.Sprintf(`(() => {
		const box = document.querySelector(%q)?.getBoundingClientRect();
		const now = box && [box.x, box.y, box.width, box.height].join();
		const rests = now && box.width > 0 && globalThis.lastBox === now;
		globalThis.lastBox = now;
		return rests;
	})()`, css))
	p.do("click "+css, chromedp.Click(chromedp.CSS(css)))
}

// write types into a field, key by key.
func (p *person) write(css, text string) {
	p.t.Helper()
	p.see(css)
	p.do("write into "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

// press is a key going down and up, as a keyboard does it: what the page
// prevents does not happen.
func (p *person) press(key, code string, number int64, text string, modifiers int64) {
	p.t.Helper()
	p.do("press "+key, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		down := input.DispatchKeyEventParams{Type: "keyDown", Key: key, Code: code, WindowsVirtualKeyCode: number, Text: text, Modifiers: modifiers}
		if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, down); err != nil {
			return err
		}
		up := input.DispatchKeyEventParams{Type: "keyUp", Key: key, Code: code, WindowsVirtualKeyCode: number, Modifiers: modifiers}
		_, err := chromedp.Call(ctx, input.DispatchKeyEvent, up)
		return err
	}))
}

func (p *person) enter() { p.t.Helper(); p.press("Enter", "Enter", 13, "\r", 0) }

func focus(css string) chromedp.Action[chromedp.Void] { return chromedp.Focus(chromedp.CSS(css)) }

// insert puts text into a field in one go, as an input method does.
func (p *person) insert(css, text string) {
	p.t.Helper()
	p.see(css)
	p.do("write into "+css, focus(css), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// say writes a message and sends it with Enter.
func (p *person) say(text string) {
	p.t.Helper()
	p.insert("hy-composer textarea", text)
	p.enter()
	p.until("an empty field", "document.querySelector('hy-composer textarea').value === ''")
}

func (p *person) choose(css string, files ...string) {
	p.t.Helper()
	p.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS(css), files, chromedp.QueryOption(chromedp.NodeReady)))
}

// insertPlain, waitFor and plainText do without JavaScript in the page.
func (p *person) insertPlain(css, text string) {
	p.t.Helper()
	p.do("write into "+css, focus(css), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

func (p *person) waitFor(css string) {
	p.t.Helper()
	p.do("wait for "+css, chromedp.WaitReady(chromedp.CSS(css)))
}

func (p *person) plainText(css string) string {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	html, err := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS(css)))
	if err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return html
}

// shot keeps a picture of what is on the screen, for people to look at.
func (p *person) shot(name string) {
	ctx, cancel := p.within()
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("no picture %s: %v", name, err)
		return
	}
	path := filepath.Join("shots", name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Log(err)
		return
	}
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		p.t.Log(err)
	}
}

// scheme shows the page light or dark, as the system would ask for.
func (p *person) scheme(name string) {
	p.t.Helper()
	p.do("scheme", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
		return err
	}))
}
