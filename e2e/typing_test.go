package e2e

import "testing"

// TestTypingIsSaidOnceInAWhile counts what leaves a page while somebody types,
// and how long the other side says so: a frame in 3 s, shown for 6 s after the
// last, and no longer than until the message.
func TestTypingIsSaidOnceInAWhile(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.before(`globalThis.typings = 0;
		const send = WebSocket.prototype.send;
		WebSocket.prototype.send = function (data) {
			if (JSON.parse(data).cmd === 14) typings++;
			return send.call(this, data);
		};`)
	talk(ann, bo)
	const shown = "document.querySelector('.chat-head .subtitle')?.textContent === '对方正在输入…'"
	bo.eval(`globalThis.heard = [];
		globalThis.gone = 0;
		store.onFrame(14, () => heard.push(performance.now()));
		store.typing.subscribe((all) => { if (heard.length && !all.size) gone ||= performance.now(); }); 0`)
	count := func(want int, what string) {
		t.Helper()
		if got := eval[int](ann.person, "typings"); got != want {
			t.Errorf("%s: %d frames, want %d", what, got, want)
		}
	}

	// Time stands still on the page that types, but where it is told to go on.
	ann.eval("globalThis.clock = Date.now(); Date.now = () => clock; 0")
	ann.insert(field, " ")
	count(0, "blanks")
	ann.insert(field, "写")
	count(1, "the first letter")
	bo.until("that somebody types", shown)
	for range 5 {
		ann.insert(field, "字")
	}
	count(1, "further letters")
	ann.eval("(clock += 2999, 0)")
	ann.insert(field, "字")
	count(1, "a letter after 2.999 s")
	ann.eval("(clock += 1, 0)")
	ann.insert(field, "字")
	ann.insert(field, "字")
	count(2, "letters after 3 s")

	bo.until("nothing of it any more", "heard.length === 2 && gone && !("+shown+")")
	if after := eval[float64](bo.person, "gone - heard.at(-1)"); after < 5900 || after > 9000 {
		t.Errorf("it was shown for %.0f ms after the last frame", after)
	}
	ann.eval("(clock += 3000, 0)")
	ann.insert(field, "字")
	bo.until("that somebody types", shown)
	bo.eval("(gone = 0)")
	ann.enter()
	bo.until("the message, and nobody who types", "gone && document.querySelector('hy-messages .words') && !("+shown+")")
	if after := eval[float64](bo.person, "gone - heard.at(-1)"); after > 5500 {
		t.Errorf("it was still shown %.0f ms later: the message did not end it", after)
	}
	count(3, "all in all")
}
