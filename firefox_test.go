package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
	"hongyan/util/freeport"

	"github.com/gorilla/websocket"
)

// firefox is a Firefox that is driven by WebDriver BiDi, whose one window is page.
type firefox struct {
	t     *testing.T
	conn  *websocket.Conn
	calls int
	page  string
}

// newFirefox starts one with a profile of its own, or skips the test.
func newFirefox(t *testing.T) *firefox {
	t.Helper()
	names := []string{"firefox", "firefox-esr"}
	i := slices.IndexFunc(names, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if i < 0 {
		t.Skip("no Firefox is installed")
	}
	port, err := freeport.Find()
	check(t, err)
	profile := t.TempDir()
	cmd := exec.CommandContext(t.Context(), names[i], "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", fmt.Sprint(port))
	cmd.Env = append(os.Environ(), "HOME="+profile)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	f := &firefox{t: t}
	for end := time.Now().Add(time.Minute); f.conn == nil; time.Sleep(100 * time.Millisecond) { // until it listens
		if f.conn, _, err = websocket.DefaultDialer.DialContext(t.Context(), fmt.Sprintf("ws://127.0.0.1:%d/session", port), nil); err != nil && time.Now().After(end) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = f.conn.Close() })
	f.call("session.new", `{"capabilities": {}}`)
	var tree struct{ Contexts []struct{ Context string } }
	check(t, json.Unmarshal(f.call("browsingContext.getTree", `{}`), &tree))
	f.page = tree.Contexts[0].Context
	f.call("browsingContext.setViewport", fmt.Sprintf(`{"context": %q, "viewport": {"width": 390, "height": 844}}`, f.page))
	return f
}

func (f *firefox) call(method, params string) json.RawMessage {
	f.t.Helper()
	f.calls++
	check(f.t, f.conn.WriteJSON(map[string]any{"id": f.calls, "method": method, "params": json.RawMessage(params)}))
	for {
		var answer struct {
			ID                   int
			Type, Error, Message string
			Result               json.RawMessage
		}
		check(f.t, f.conn.SetReadDeadline(time.Now().Add(time.Minute)))
		check(f.t, f.conn.ReadJSON(&answer))
		if answer.ID != f.calls {
			continue // an event
		}
		if answer.Type == "error" {
			f.t.Fatalf("%s: %s: %s", method, answer.Error, answer.Message)
		}
		return answer.Result
	}
}

func (f *firefox) open(url string) {
	f.t.Helper()
	f.call("browsingContext.navigate", fmt.Sprintf(`{"context": %q, "url": %q, "wait": "complete"}`, f.page, url))
}

// eval gives the JSON of what JavaScript comes to in the page; a promise is awaited.
func (f *firefox) eval(js string) string {
	f.t.Helper()
	expression, err := json.Marshal("(async () => JSON.stringify(await (" + js + ") ?? null))()")
	check(f.t, err)
	var answer struct {
		Result           struct{ Value string }
		ExceptionDetails *struct{ Text string }
	}
	check(f.t, json.Unmarshal(f.call("script.evaluate", fmt.Sprintf(`{"expression": %s, "awaitPromise": true, "userActivation": true, "target": {"context": %q}}`, expression, f.page)), &answer))
	if answer.ExceptionDetails != nil {
		f.t.Fatalf("%s: %s", js, answer.ExceptionDetails.Text)
	}
	return answer.Result.Value
}

func (f *firefox) until(what, js string) {
	f.t.Helper()
	for end := time.Now().Add(30 * time.Second); f.eval("Boolean("+js+")") != "true"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("waited for %s: %s", what, js)
		}
	}
}

func (f *firefox) click(css string) {
	f.t.Helper()
	f.until(css, fmt.Sprintf("document.querySelector(%q)", css))
	f.eval(fmt.Sprintf("document.querySelector(%q).click()", css))
}

// TestFirefox is what a person does on a day, in another browser than that of the
// browser tests: signing up, writing and being written to, emoji, the menu of a
// message, the views, and signing out, after which nothing is left.
func TestFirefox(t *testing.T) {
	f := newFirefox(t)
	n := start(t, "-limits", "off")
	bo := client.New(n.public)
	t.Cleanup(bo.Close)
	check(t, bo.Register(t.Context(), "+8613700000002", "a good password", "Bo"))

	f.open(n.public + "/user/register.shtml")
	for name, text := range map[string]string{"mobile": "13700000001", "nickname": "安娜", "passwd": "a good password"} {
		f.eval(fmt.Sprintf("document.querySelector('input[name=%s]').value = %q", name, text))
	}
	f.click("button[type=submit]")
	f.until("the client", "location.pathname === '/chat/index.shtml' && document.querySelector('hy-app')?.hasUpdated")
	var ann int64
	check(t, json.Unmarshal([]byte(f.eval("JSON.parse(document.getElementById('boot').textContent).me.id")), &ann))
	f.eval(fmt.Sprintf("fetch('/contact/addfriend', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{\"dstid\": %d}' }).then((r) => r.status)", bo.User().ID))
	check(t, bo.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": ann}, nil))
	s, err := bo.Dial(t.Context())
	check(t, err)
	t.Cleanup(s.Close)

	f.open(fmt.Sprintf("%s/c/10-%d", n.public, bo.User().ID))
	f.until("the composer", "document.querySelector('hy-composer textarea')")
	f.eval("((field) => { field.focus(); field.value = '你好 https://a.com/b。'; field.dispatchEvent(new Event('input', { bubbles: true })); })(document.querySelector('hy-composer textarea'))")
	f.click("hy-composer button.send")
	f.until("it stored", "document.querySelector('article.own[data-seq] .words a')?.href === 'https://a.com/b'")
	_, err = s.Send(t.Context(), model.Message{Cmd: model.CmdSingle, DstID: ann, Media: model.MediaText, Content: "hello back", CID: "1"})
	check(t, err)
	f.until("the answer", "[...document.querySelectorAll('article.other .words')].some((e) => e.textContent === 'hello back')")
	f.until("what is kept, and how it could be said", "import(document.querySelector('script[type=module]').src).then((all) => all.$core_store.database.peek()?.persistent) && ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus'].some((type) => MediaRecorder.isTypeSupported(type))")
	f.click("hy-composer button[aria-expanded=false]:not(.plus)")
	f.until("emoji", "document.querySelectorAll('hy-emoji .emoji-grid button').length > 100")
	f.click("article.other .more")
	f.until("the menu", "document.querySelectorAll('.hy-menu [role=menuitem]').length > 4")

	for _, path := range []string{"/me", "/me/settings", "/me/notify", "/me/connection", "/contacts", "/search?q=hello", "/scan", "/chat/index.shtml"} {
		f.open(n.public + path)
		f.until(path, "document.querySelector('hy-app')?.hasUpdated && document.querySelector('.main > *, .side > *')")
	}
	f.until("the worker", "navigator.serviceWorker.ready.then((r) => r.active)")
	f.open(n.public + "/me")
	f.click("hy-me .danger")
	f.click("dialog .weui-dialog__btn_warn")
	f.until("the login", "location.pathname === '/user/login.shtml'")
	left := f.eval("Promise.all([navigator.serviceWorker.getRegistrations(), caches.keys(), indexedDB.databases()]).then((all) => [...all.map((x) => x.length), ...Object.keys(localStorage)])")
	if strings.TrimSpace(left) != "[0,0,0]" {
		t.Errorf("left: %s", left)
	}
}
