package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// desk is a browser at the login page on a wide screen, with a code shown.
func (a *account) desk(t *testing.T) *person {
	t.Helper()
	p := newPerson(t, "desk", a.wire.server.URL, desktop)
	p.open("/user/login.shtml")
	p.becomes("waiting")
	return p
}

// becomes waits until the code on the login page is in a state.
func (p *person) becomes(state string) {
	p.t.Helper()
	p.until("the state "+state, fmt.Sprintf("document.querySelector('.qr')?.dataset.state === %q", state))
}

// scans has the scanner read the picture on another's screen.
func (a *account) scans(p *person) {
	a.t.Helper()
	picture := eval[string](p, "document.querySelector('.qr-picture').src")
	if !strings.HasPrefix(picture, "data:image/svg+xml,") {
		a.t.Fatalf("the picture is %.60q", picture)
	}
	a.open("/scan")
	a.see("hy-scan .scan")
	a.eval(fmt.Sprintf(`(async () => {
		const img = new Image();
		img.src = %q;
		await img.decode();
		const canvas = document.createElement('canvas');
		canvas.width = canvas.height = 600;
		canvas.getContext('2d').drawImage(img, 60, 60, 480, 480);
		const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
		await document.querySelector('hy-scan').read(blob);
	})()`, picture))
	a.see("dialog.signin dl")
}

// TestQRLogin signs a desktop in by a phone: declined first, then confirmed, with
// what each screen shows on the way.
func TestQRLogin(t *testing.T) {
	ann := register(t, "林晓", phone)
	desk := ann.desk(t)
	desk.axe("the login with a code")
	desk.shot("qr-waiting")
	if eval[bool](desk, "document.body.innerHTML.includes('X-QR') || location.href.includes('#')") {
		t.Error("the page shows a secret")
	}

	ann.scans(desk)
	if text := eval[string](ann.person, "document.querySelector('dialog.signin dl').innerText"); !strings.Contains(text, "Chrome") || !strings.Contains(text, "127.0.0.1") {
		t.Errorf("the phone is shown %q", text)
	}
	ann.axe("the confirm screen")
	ann.shot("qr-confirm")
	desk.becomes("scanned")
	desk.until("who scanned", "document.querySelector('.qr-name').textContent === '林晓'")
	desk.shot("qr-scanned")
	ann.click("dialog.signin .weui-btn_default")
	desk.becomes("denied")
	desk.axe("the login, declined")
	desk.shot("qr-denied")

	desk.click(".qr-again")
	desk.becomes("waiting")
	ann.scans(desk)
	ann.click("dialog.signin .weui-btn_primary")
	desk.until("the chats", "location.pathname === '/chat/index.shtml' && customElements.get('hy-app')")
	if who := eval[int64](desk, "JSON.parse(document.getElementById('boot').textContent).me.id"); who != ann.id {
		t.Errorf("the desktop is signed in as %d, want %d", who, ann.id)
	}
	if list := ann.api("/user/sessions", nil); !strings.Contains(list, " · QR") {
		t.Errorf("the list of devices: %s", list)
	}
}

// TestQRLoginTyped signs in by the code under the picture, by night and in
// English, and by the address that another program's scanner opens.
func TestQRLoginTyped(t *testing.T) {
	ann := register(t, "Ann", phone)
	ann.scheme("dark")
	desk := newPerson(t, "desk", ann.wire.server.URL, desktop)
	desk.scheme("dark")
	desk.open("/user/login.shtml?lang=en&next=%2Fme%2Fdevices")
	desk.open("/user/login.shtml?next=%2Fme%2Fdevices")
	desk.becomes("waiting")
	desk.axe("the login by night")
	desk.shot("qr-waiting-dark-en")
	ann.open("/me?lang=en")
	ann.open("/scan")
	ann.see("hy-scan .scan")
	ann.click(".scan-acts button:last-child")
	ann.insert("dialog .entry", "WRONG-22")
	ann.click("dialog .weui-dialog__btn_primary, dialog button[type=submit]")
	ann.see("dialog .fault")
	ann.shot("qr-code-wrong")
	ann.eval("document.querySelector('dialog .entry').value = ''")
	code := eval[string](desk, "document.querySelector('.qr-code').textContent")
	ann.insert("dialog .entry", strings.ToLower(code))
	ann.click("dialog .weui-dialog__btn_primary, dialog button[type=submit]")
	ann.see("dialog.signin dl")
	ann.axe("the confirm screen by night")
	ann.shot("qr-confirm-dark-en")
	ann.click("dialog.signin .weui-btn_primary")
	desk.until("the page that was asked for", "location.pathname === '/me/devices'")

	other := ann.desk(t)
	ticket := eval[string](other, "fetch('/qrlogin/new', { method: 'POST' }).then((r) => r.json()).then((a) => a.data.ticket)")
	ann.open("/scan#" + ticket)
	ann.see("dialog.signin dl")
	if eval[bool](ann.person, "location.href.includes('#')") {
		t.Error("the ticket stays in the address")
	}
}

// TestTwoPicturesAtOnce: a frame of the camera was drawn over a picture that was
// still to be read, and no code was found in it.
func TestTwoPicturesAtOnce(t *testing.T) {
	ann := register(t, "林晓", phone)
	ann.open("/scan")
	ann.see("hy-scan .scan")
	found := eval[[]bool](ann.person, `(async () => {
		const { decode } = await import(document.querySelector('script[type=module]').src.replace('app.js', 'ui/code.js'));
		const made = await Promise.all([1, 2].map(async () => (await (await fetch('/qrlogin/new', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"image":true}' })).json()).data));
		const pictures = await Promise.all(made.map(async ({ image }) => {
			const img = new Image(480, 480);
			img.src = 'data:image/svg+xml,' + encodeURIComponent(image);
			await img.decode();
			return img;
		}));
		const texts = await Promise.all(pictures.map((img) => decode(img, 480, 480, true)));
		return [...texts.map((text) => text.includes('/scan#')), texts[0] !== texts[1]];
	})()`)
	for _, ok := range found {
		if !ok {
			t.Errorf("found, found, two: %t", found)
			break
		}
	}
}
