package e2e

import (
	"fmt"
	"strings"
)

// aboveChats is what opens over and within the chats.
func (w *walk) aboveChats() []sight {
	chat, group := "/c/10-"+id(w.other), fmt.Sprintf("/c/11-%d", w.group)
	const theirs, mine = "hy-messages article.other .bubble", "hy-messages article.own .bubble"
	packet := "hy-composer [data-tool=packet]"
	selected := deed(theirs, "list-checks")
	at := func(name string, steps []step, shows string) sight {
		return sight{name: name, path: chat, steps: steps, shows: shows}
	}
	all := []sight{
		at("tools", does(tap("hy-composer button.plus")), "hy-composer .choices"),
		at("emoji", does(tap(emojiButton)), "hy-emoji .emoji-grid button"),
		at("emoji-find", does(tap(emojiButton), sees("hy-emoji .emoji-grid button"), fill("hy-emoji input", "火箭")), "hy-emoji .emoji-grid button[title='🚀']"),
		at("emoji-tone", does(tap(emojiButton, "hy-emoji .tone")), "dialog.sheet"),
		at("stickers", does(tool("sticker")), ".stickers .grid img"),
		at("stickers-manage", does(tool("sticker"), sees(".stickers .grid img"), tap(".stickers .bar .textbtn")), ".stickers .managing"),
		at("packet-form", does(tool("packet")), ".packet-form input"),
		at("packet-faults", does(tap("hy-composer button.plus", packet, ".packet-form [type=submit]")), ".packet-form .fault:not([hidden])"),
		at("card-pick", does(tool("card")), "dialog .rows .row"),
		at("card-sure", does(tool("card"), tap("dialog .rows .row button")), "dialog.box [type=submit]"),
		at("link-form", does(tool("link")), ".link-form input"),
		at("link-faults", does(tool("link"), fill(".link-form [name=url]", "不是网址"), tap(".link-form [type=submit]")), ".link-form .fault:not([hidden])"),
		at("link-offer", does(preview, fill(field, "https://example.test/notes")), ".link-offer .name"),
		at("picture-sheet", does(func(w *walk) { w.choose("hy-composer input[data-for=picture]", w.pictures[:1]...) }), ".hy-sheet img"),
		at("pictures-sheet", does(func(w *walk) { w.choose("hy-composer input[data-for=picture]", w.pictures...) }), ".hy-sheet figure:nth-child(2) img"),
		at("viewer", does(tap("article.other .picture .open")), ".hy-viewer .pswp__img"),
		at("message-menu", does(menu(theirs)), ".hy-menu [role=menuitem]"),
		at("message-menu-own", does(menu(mine)), ".hy-menu [role=menuitem]"),
		at("react-all", does(menu(theirs), tap(".hy-menu .all")), ".hy-menu hy-emoji .emoji-grid button"),
		at("details", deed(mine, "info"), ".hy-panel .facts"),
		at("reactions", deed("hy-messages article:has(.reacted) .bubble", "smile"), ".hy-panel .people"),
		at("reply", deed(theirs, "reply"), ".composer .context"),
		at("edit", deed(mine, "pencil"), ".composer .context"),
		at("select", selected, ".select-bar"),
		at("forward", deed(theirs, "forward"), ".hy-panel .people label"),
		at("forward-chosen", then(deed(theirs, "forward"), tap(".hy-panel .people label"), fill(".hy-panel .note", "看看这个 Have a look")), ".hy-panel footer .weui-btn:not([disabled])"),
		at("forward-merged", then(selected, tap(".select-bar .acts button:nth-child(2)")), ".hy-panel .people label"),
		at("voice", does(func(w *walk) { w.microphone() }), "hy-voice .strip, hy-voice .hold"),
		at("voice-primer", does(run("navigator.permissions.query = async () => ({ state: 'prompt' }); localStorage.removeItem('hy-mic'); 0"), tap("hy-voice .mic")), "dialog.box [type=submit]"),
		at("voice-blocked", does(run("navigator.permissions.query = async () => ({ state: 'granted' }); navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }; 0"), blocked), "dialog.box [type=submit]"),
		at("envelope", does(tap("article.other .packet[data-state=sealed] button")), ".envelope .opens"),
		at("envelope-open", does(tap("article.own .packet button")), ".envelope .detail"),
		at("envelope-empty", does(run(packetsAre("empty")), tap("article.other .packet button")), ".envelope .none"),
		at("envelope-expired", does(run(packetsAre("expired")), tap("article.other .packet button")), ".envelope .none"),
		at("record-card", does(tap("article .card.record")), ".hy-panel hy-record li"),
		at("held", does(run("localStorage.setItem('hy-undo', '30'); 0"), func(w *walk) { w.say("等一等 Wait") }), ".status.held .textbtn").mended(run("localStorage.removeItem('hy-undo'); 0")),
		at("notices", does(run("localStorage.removeItem('hy-push'); 0"), func(w *walk) { w.say("你好 Hello") }), ".push-offer").mended(run("localStorage.setItem('hy-push', 'no'); 0")),
		at("notices-install", does(run("delete globalThis.PushManager; Object.defineProperty(navigator, 'userAgent', { get: () => 'iPhone' }); localStorage.removeItem('hy-push'); 0"), func(w *walk) {
			w.say("你好 Hello")
			w.until("how to install", "/主屏幕|Home Screen/i.test(document.querySelector('.push-offer')?.textContent)")
		}), ".push-offer").mended(run("localStorage.setItem('hy-push', 'no'); 0")),
		at("too-long", does(fill(field, strings.Repeat("很长的话 ", 2600)), tap("hy-composer .send")), ".composer .warn[role=alert]").mended(fill(field, "")),
		at("voice-unplayable", does(run("HTMLMediaElement.prototype.canPlayType = () => ''; 0"), tap("article.other .bubble.voice")), ".note-under"),
		at("upload-failed", does(refuseFiles, func(w *walk) { w.choose("hy-composer input[data-for=file]", w.pictures[0]) }), "article.own .fault-mark").mended(dropWaiting),
		at("call-kinds", does(tap(".chat-head .call")), "dialog.sheet"),

		{name: "nothing-said", path: "/c/10-" + id(w.third), steps: does(sees("hy-messages .chip.end")), shows: "hy-composer textarea"},
		{name: "group-ended", path: "/chat/index.shtml", steps: does(func(w *walk) {
			w.online()
			made := call[struct{ ID int64 }](w.third, "/contact/createcommunity", fmt.Sprintf("{ name: '临时的群 For a day', members: [%d] }", w.id)).ID
			w.eval(fmt.Sprintf("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/11-%d' } }))", made))
			w.see(field)
			call[any](w.third, "/community/dismiss", fmt.Sprintf("{ dstid: %d }", made))
		}), shows: ".chat > .ended"},
		{name: "mention", path: group, steps: does(fill(field, "@")), shows: ".calls .call-option"},
		{name: "readers", path: group, steps: does(tap("article.own button.status")), shows: ".hy-panel .people"},
		{name: "pins", path: group, steps: does(tap(".board.pins .iconbtn")), shows: ".pin-list"},
		{name: "link-asked", path: group, steps: does(tapAt("article.other .words a", -1)), shows: "dialog.hy-link"},
		{name: "notice", path: fmt.Sprintf("/c/11-%d", w.theirs), steps: does(tap(".board.notice .body")), shows: "dialog .whole"},
		{name: "failed", path: fmt.Sprintf("/c/11-%d", w.quiet), steps: does(func(w *walk) { w.say("能说话吗 May I speak?") }), shows: ".fault-mark"},
		{name: "failed-menu", path: fmt.Sprintf("/c/11-%d", w.quiet), steps: does(tap(".fault-mark")), shows: "dialog.sheet"},
	}
	return append(all, w.calls()...)
}

// packetsAre has the server say of packets what it says a day later, or after the last was taken.
func packetsAre(state string) string {
	return `(() => {
		const real = fetch;
		globalThis.fetch = async (to, how) => {
			const answer = await real(to, how);
			if (!String(to).startsWith('/packet/')) return answer;
			const said = await answer.json();
			for (const one of [said.data, ...(said.rows ?? [])]) if (one) Object.assign(one, { state: '` + state + `', may: false });
			return Response.json(said);
		};
	})() ?? 0`
}

// refuseFiles answers for the server that a file is too large.
func refuseFiles(w *walk) {
	w.t.Helper()
	w.store()
	w.eval(`XMLHttpRequest.prototype.send = function () {
		Object.defineProperty(this, 'response', { value: { code: 413, error: 'too_large', msg: '文件太大 The file is too large' } });
		setTimeout(() => this.onload());
	}; 0`)
}

// dropWaiting leaves nothing in the outbox.
func dropWaiting(w *walk) {
	w.t.Helper()
	w.eval("for (const one of [...store.outbox.peek().entries()]) store.outbox.peek().cancel(one.cid); 0")
	w.until("nothing waiting", "[...store.outbox.peek().entries()].length === 0")
}

const emojiButton = "hy-composer button:has(use[href$='#smile'])"

// preview answers for the server what a page says of itself.
func preview(w *walk) {
	w.t.Helper()
	w.eval(`(() => {
		const real = fetch;
		globalThis.fetch = (to, how) => (to === '/link/preview' ? Promise.resolve(Response.json({ code: 0, data: { url: JSON.parse(how.body).url, host: 'example.test', title: '发布 v1.4.0', note: '连接数、内存与延迟的改进', pic: '' } })) : real(to, how));
	})() ?? 0`)
}

// blocked asks for a microphone that is refused: by touch at once, else when it records.
func blocked(w *walk) {
	w.t.Helper()
	w.eval("localStorage.removeItem('hy-mic'); navigator.permissions.query = async () => ({ state: 'prompt' }); 0")
	w.click("hy-voice .mic")
	w.click("dialog.box [type=submit]")
	w.until("why not", "document.querySelector('dialog.box')?.textContent.length > 20 && document.querySelectorAll('dialog.box').length === 1")
}

// calls are the states of a call with somebody who waits for one.
func (w *walk) calls() []sight {
	chat := "/c/10-" + id(w.third)
	rings := func(w *walk) {
		w.t.Helper()
		w.online()
		w.click(".chat-head .call")
		w.click("dialog.sheet button:nth-of-type(2)")
		w.third.see(acceptButton)
	}
	talks := does(rings, func(w *walk) { w.third.click(acceptButton); w.inCall("active") })
	ends := does(func(w *walk) { w.click("dialog.call .round.end, dialog.call .end"); w.noCall(); w.third.noCall() })
	return []sight{
		{name: "call-ringing", path: chat, steps: does(rings), shows: "dialog.call.ringing", after: ends},
		{name: "call", path: chat, steps: talks, shows: "dialog.call.seen .timer", after: ends},
		{name: "call-small", path: chat, steps: then(talks, func(w *walk) { w.escape() }), shows: "dialog.call.mini", after: ends},
		{name: "call-incoming", path: chat, steps: does(func(w *walk) {
			w.online()
			w.third.openInCall(w.id)
			w.third.click(".chat-head .call")
			w.third.click("dialog.sheet button:nth-of-type(1)")
		}), shows: acceptButton, after: does(func(w *walk) { w.third.click(endButton); w.noCall() })},
		{name: "call-over", path: chat, steps: does(rings, func(w *walk) {
			w.eval("globalThis.setTimeout = ((real) => (act, ms, ...rest) => (ms >= 1000 ? 0 : real(act, ms, ...rest)))(setTimeout); 0") // it stays to be seen
			w.third.click("dialog.call.incoming .round.end")
		}), shows: "dialog.call.ended"},
	}
}
