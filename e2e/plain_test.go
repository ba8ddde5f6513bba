package e2e

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// far signs somebody in over HTTP by a name that is not this machine's: a page
// that browsers trust with little.
func (a *account) far(on screen) *account {
	a.t.Helper()
	base := strings.Replace(a.base, "127.0.0.1", "chat.lan.example", 1)
	far := &account{person: newPerson(a.t, a.name+" far", base, on), id: a.id, mobile: a.mobile, wire: a.wire}
	far.open("/user/login.shtml")
	far.insert("input[name=mobile]", a.mobile)
	far.insert("input[name=passwd]", password)
	far.enter()
	far.until("the list", "location.pathname === '/chat/index.shtml' && customElements.get('hy-app')")
	if eval[bool](far.person, "isSecureContext || !!navigator.locks || !!navigator.clipboard") {
		a.t.Fatal("this is a secure context: the test shows nothing")
	}
	return far
}

// chooses presses a button and gives the browser's own dialog a file.
func (p *person) chooses(css, file string) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	asked := chromedp.Events(ctx, page.FileChooserOpened)
	intercept := func(on bool) {
		p.do("intercept the choice of files", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: on})
			return err
		}))
	}
	intercept(true)
	defer intercept(false)
	p.click(css)
	for event, err := range asked {
		if err != nil {
			p.t.Fatalf("%s: no dialog for files: %v", p.name, err)
		}
		p.give(event, file)
		return
	}
}

// give has a browser's dialog answered with a file.
func (p *person) give(asked page.EventFileChooserOpened, file string) {
	p.t.Helper()
	p.do("give "+file, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, BackendNodeID: asked.BackendNodeID})
		return err
	}))
}

// code keeps the picture of a code that says a text.
func code(t *testing.T, p *person, address string) string {
	t.Helper()
	bits := eval[[]string](p, fmt.Sprintf(`(async () => {
		const img = new Image();
		img.src = %q;
		await img.decode();
		const canvas = document.createElement('canvas');
		canvas.width = canvas.height = 300;
		const pen = canvas.getContext('2d');
		pen.fillStyle = '#fff';
		pen.fillRect(0, 0, 300, 300);
		pen.drawImage(img, 20, 20, 260, 260);
		const { data } = pen.getImageData(0, 0, 300, 300);
		return Array.from({ length: 300 }, (_, y) => Array.from({ length: 300 }, (_, x) => (data[(y * 300 + x) * 4] < 128 ? '1' : '0')).join(''));
	})()`, address))
	picture := image.NewGray(image.Rect(0, 0, 300, 300))
	for y, line := range bits {
		for x, bit := range line {
			picture.SetGray(x, y, color.Gray{Y: map[rune]uint8{'0': 255, '1': 0}[bit]})
		}
	}
	path := filepath.Join(t.TempDir(), "code.png")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	if err := png.Encode(out, picture); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPlainHTTPExplainsItself walks through what a browser locks on plain HTTP:
// each says why and what to start the server with, and does what still can be
// done.
func TestPlainHTTPExplainsItself(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	bo.openChat(ann.id)
	bo.say("抄我")
	far := ann.far(phone)

	const how = "hongyan -tls-self on"
	far.open("/scan")
	far.until("why there is no camera", "document.querySelector('hy-scan [role=alert]')?.textContent.includes('"+how+"')")
	if eval[bool](far.person, "!!document.querySelector('hy-scan .scan-view button')") {
		t.Error("a button offers the camera that cannot be had")
	}
	far.shot("plain-scan-phone")
	far.chooses("hy-scan .scan-acts button:nth-child(1)", code(t, far.person, "/qr.svg?u"))
	far.until("the card that the photo shows", "location.pathname === '/contacts/"+id(ann)+"'")

	far.open("/me/notify")
	far.until("why there are no notifications", "document.querySelector('hy-notify .why')?.textContent.includes('没有加密') && document.querySelector('hy-notify .why code')?.textContent === '"+how+"'")
	far.until("the sound and channels, and no switch that does nothing", "document.querySelectorAll('hy-notify .weui-cells_form label').length === 1 && document.querySelector('hy-notify .add')")
	far.shot("plain-notify-phone")

	far.open("/me/connection")
	far.until("what to start the server with", "document.querySelector('.conn-secure dd.bad code')?.textContent === '"+how+"' && document.querySelector('.conn-push')?.textContent.includes('HTTPS')")
	trust, err := http.Head(ann.base + "/trust.shtml")
	if err != nil {
		t.Fatal(err)
	}
	_ = trust.Body.Close()
	if led := eval[bool](far.person, "!!document.querySelector('.conn-secure a')"); led != (trust.StatusCode == http.StatusOK) {
		t.Errorf("it leads to the server's own certificate: %v, which answers %d", led, trust.StatusCode)
	}

	far.openChat(bo.id)
	far.sees("抄我")
	far.eval("globalThis.took = []; document.addEventListener('copy', () => took.push(document.activeElement.value ?? '')); 0")
	far.openMenu("other")
	far.pickMenu("copy")
	far.until("the words copied the old way", "document.querySelector('.toast:not([hidden])')?.textContent === '已复制' && took.join() === '抄我'")
	far.click(".chat-head .call")
	far.click("dialog.sheet button:nth-of-type(1)")
	far.until("why there are no calls", "[...document.querySelectorAll('dialog[open]')].some((d) => d.textContent.includes('"+how+"') && d.textContent.includes(location.host))")
	far.shot("plain-call-phone")
}

// TestPlainHTTPHasALineForEachTab: without locks no tab leads the others. Each has
// a socket, hears, sends and shows what the other sent.
func TestPlainHTTPHasALineForEachTab(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	bo.openChat(ann.id)
	ann.open("/nowhere") // which has no line
	far := ann.far(desktop)
	far.openChat(bo.id)
	before := ann.wire.sockets.Load()
	two := far.tab("/c/10-" + id(bo))
	two.online()
	if more := ann.wire.sockets.Load() - before; more != 1 {
		t.Errorf("the second tab opened %d sockets", more)
	}
	for _, one := range []*account{far, two} {
		if !eval[bool](one.person, leading) {
			t.Errorf("%s has no line of its own", one.name)
		}
	}
	bo.say("都听到")
	far.sees("都听到")
	two.sees("都听到")
	far.say("第一个标签页")
	two.say("第二个标签页")
	for _, one := range []*account{far, two, bo} {
		one.sees("第一个标签页")
		one.sees("第二个标签页")
		if got := one.texts(); len(got) != 3 {
			t.Errorf("%s sees %q", one.name, got)
		}
	}
}
