package e2e

import (
	"context"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// outside is what somebody sees who is not signed in.
func (w *walk) outside() []sight {
	guest := func(js string) step { return func(w *walk) { w.t.Helper(); w.guest.eval(js) } }
	at := func(name, path, shows string, steps ...step) sight {
		return sight{name: name, path: path, shows: shows, steps: steps}
	}
	const submit = "document.querySelector('form').submit() ?? 0"
	all := []sight{
		at("login", "/user/login.shtml", "form"), at("register", "/user/register.shtml", "form"), at("not-found-page", "/nowhere", ".status"),
		at("login-faults", "/user/login.shtml", ".fault", guest("document.querySelector('[name=mobile]').value = 'x'; "+submit)),
		at("register-faults", "/user/register.shtml", ".fault", guest(submit)),
		at("join-guest", w.link, ".invite .weui-btn"), at("join-over-guest", w.spent, ".auth .status"),
		at("trust", w.trust+"/trust.shtml", ".trust .steps"),
		at("trust-how", w.trust+"/trust.shtml", ".trust details[open] p", guest("for (const one of document.querySelectorAll('details')) one.open = true; 0")),
	}
	for _, state := range []string{"waiting", "scanned", "denied", "expired", "offline"} {
		// Beside the form where the screen has room.
		all = append(all, at("qr-"+state, "/user/login.shtml?qr="+state, "form", guest(`new Promise((resolve) => {
			const box = document.querySelector('.qr');
			const look = () => (getComputedStyle(box).display === 'none' || box.dataset.state === '`+state+`' ? resolve(0) : setTimeout(look, 20));
			look();
		})`)))
	}
	return all
}

// states has the server say what the address asks for of a code to sign in by.
const states = `const real = fetch;
	globalThis.fetch = async (to, how) => {
		const state = new URLSearchParams(location.search).get('qr');
		if (state === 'offline' && String(to).startsWith('/qrlogin/wait')) throw new TypeError('Failed to fetch');
		if (!state || !String(to).startsWith('/qrlogin/wait') || state === 'waiting' || globalThis.said > 4) return String(to).startsWith('/qrlogin/wait') && state ? new Promise(() => {}) : real(to, how);
		globalThis.said = (globalThis.said ?? 0) + (state === 'expired' ? 1 : 5);
		return Response.json({ code: 0, data: { state, user: { nickname: '林晓', avatar: '' } } });
	};`

// withoutScript is what is to be seen where nothing of ours runs.
func (w *walk) withoutScript() []sight {
	at := func(name, path, shows string) sight { return sight{name: "plain-" + name, path: path, shows: shows} }
	return []sight{
		at("list", "/chat/index.shtml", ".row a"), at("chat", "/c/10-"+id(w.other), ".first-reply"), at("contacts", "/contacts", ".total"), at("archived", "/archived", ".side"),
		at("create", "/chat/createcom.shtml", "form"), at("join", w.link, ".invite form"), at("me", "/me", ".card-head"),
	}
}

// scripts lets pages run them or not.
func (p *person) scripts(run bool) {
	p.t.Helper()
	p.silent = !run
	p.do("scripts", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	}))
}
