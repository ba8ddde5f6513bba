package e2e

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// microphone presses the button for voice and goes on past what is said before
// the browser asks.
func (a *account) microphone() {
	a.t.Helper()
	a.click("hy-voice .mic")
	a.until("the microphone, or what it is for", "document.querySelector('dialog.box') || document.querySelector('hy-voice .strip, hy-voice .hold')")
	if eval[bool](a.person, "!!document.querySelector('dialog.box')") {
		a.click("dialog.box [type=submit]")
	}
}

// tone writes a sound of so many seconds.
func tone(t *testing.T, seconds int) string {
	t.Helper()
	const rate = 8000
	n := uint32(rate * seconds)
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+n)...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, rate), rate)
	b = append(b, "\x01\x00\x08\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, n)
	for i := range n {
		b = append(b, byte(128+100*math.Sin(float64(i)/3)))
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.wav", seconds))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func voice(n int, rest string) string {
	return fmt.Sprintf("document.querySelectorAll('article.other .bubble.voice')[%d]%s", n, rest)
}

// TestVoicePrimer says what the microphone is for before the browser asks, once.
func TestVoicePrimer(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	// The tests' browser gives the microphone unasked; one of people does not.
	ann.eval("navigator.permissions.query = async () => ({ state: 'prompt' }); globalThis.asked = 0; const real = navigator.mediaDevices.getUserMedia; navigator.mediaDevices.getUserMedia = function (...a) { asked++; return real.apply(this, a); }; 0")
	ann.click("hy-voice .mic")
	ann.until("what it is for", "document.querySelector('dialog.box')?.textContent.includes('麦克风') && asked === 0")
	ann.shot("voice-primer-desktop")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("nothing recorded", "!document.querySelector('dialog.box') && !document.querySelector('hy-voice .strip') && asked === 0")
	ann.click("hy-voice .mic")
	ann.click("dialog.box [type=submit]")
	ann.until("the recording", "document.querySelector('hy-voice .strip') && asked === 1")
	ann.click("hy-voice .strip .iconbtn")
	ann.click("hy-voice .mic")
	ann.until("the recording without more words", "document.querySelector('hy-voice .strip') && asked === 2")
	ann.click("hy-voice .strip .iconbtn")
	ann.until("nothing sent", "!document.querySelector('article.own')")
}

// TestVoiceLockAndLimit slides right to go on without a finger, counts down from
// 50 s and ends at 60.
func TestVoiceLockAndLimit(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.fingers(1)
	talk(ann, bo)
	ann.microphone()
	x, y := middle(ann.person, "hy-voice .hold")
	ann.touches("touchStart", [2]float64{x, y})
	ann.until("talk", "document.querySelector('.talk-bubble')?.textContent.includes('0:01')")
	ann.touches("touchMove", [2]float64{x + 120, y})
	ann.until("the lock", "document.querySelector('.talk.locking')")
	ann.shot("voice-lock-phone")
	ann.touches("touchEnd")
	ann.see("hy-voice .strip")
	ann.eval("document.querySelector('hy-voice').recorder.startedAt -= 51000")
	ann.until("the countdown", "/还可以说 [1-8] 秒/.test(document.querySelector('hy-voice .left')?.textContent)")
	ann.shot("voice-countdown-phone")
	ann.eval("document.querySelector('hy-voice').recorder.startedAt -= 9000")
	bo.until("a voice of a minute", "store.timeline(10, "+id(ann)+").rows.at(-1)?.amount === 60")
	bo.until("its look", "/60″/.test(document.querySelector('article.other .voice')?.textContent)")
}

// TestVoicePlays plays voices one after the other, each where it was left, at
// the speed that was chosen, and forgets at the end whose ears they were.
func TestVoicePlays(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.choose("hy-composer input[data-for=audio]", tone(t, 6))
	bo.see("article.other .bubble.voice")
	ann.choose("hy-composer input[data-for=audio]", tone(t, 2))
	bo.until("two voices, not heard", "document.querySelectorAll('article.other .unheard').length === 2")
	if got := eval[int](bo.person, "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('.wav')).length"); got != 0 {
		t.Errorf("%d voices were fetched before anybody listened", got)
	}

	bo.eval(voice(0, ".click()"))
	bo.until("the first", voice(0, ".classList.contains('playing')"))
	bo.until("its speed", "document.querySelector('.rate')?.textContent === '1×'")
	x, y := middle(bo.person, "article.other .voice .wave")
	w := eval[float64](bo.person, "document.querySelector('article.other .voice .wave').getBoundingClientRect().width")
	bo.do("tap the waveform", mouse(press("mousePressed", x+w*0.1, y)), mouse(press("mouseReleased", x+w*0.1, y)))
	bo.until("it past its middle", playShare+" > 0.55")
	bo.shot("voice-playing-desktop")
	bo.eval(voice(1, ".click()"))
	bo.until("the second alone", voice(1, ".classList.contains('playing')")+" && "+voice(0, ".classList.contains('idle')"))
	bo.eval(voice(0, ".click()"))
	bo.until("the first where it was left", voice(0, ".classList.contains('playing')")+" && "+playShare+" > 0.35")
	if share := eval[float64](bo.person, playShare); share > 0.8 {
		t.Errorf("the first goes on at %.2f", share)
	}
	bo.click(".rate")
	bo.click(".rate")
	bo.until("twice the speed", "document.querySelector('.rate').textContent === '2×'")
	bo.until("the end of the first", "!document.querySelector('.bubble.voice.playing')")
	if heard := eval[int](bo.person, "JSON.parse(localStorage.getItem('hy-heard-"+id(bo)+"')).length"); heard != 2 {
		t.Errorf("%d voices were heard", heard)
	}

	ann.choose("hy-composer input[data-for=audio]", tone(t, 20))
	bo.until("a third", "document.querySelectorAll('article.other .bubble.voice').length === 3 && document.querySelectorAll('.unheard').length === 1")
	bo.eval(voice(1, ".click()"))
	bo.until("the third after the second, by itself", voice(2, "?.classList.contains('playing')"))

	bo.click("hy-voice .mic")
	bo.until("quiet while one speaks", "document.querySelector('hy-voice .strip') && "+voice(2, ".classList.contains('paused')"))
	bo.click("hy-voice .strip .iconbtn")
	bo.eval(voice(2, ".click()"))

	bo.eval("document.documentElement.dataset.care = '1'")
	bo.until("slow speech in care mode", "document.querySelector('.rate')?.click() ?? document.querySelector('.rate')?.textContent === '0.75×'")
	bo.eval("delete document.documentElement.dataset.care")
	bo.open("/me")
	bo.click("hy-me .danger")
	bo.click("dialog [type=submit]")
	bo.until("the login", "location.pathname === '/user/login.shtml' && document.readyState === 'complete'")
	if left := eval[[]string](bo.person, "Object.keys(localStorage).filter((key) => key.startsWith('hy-heard'))"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// playShare is how far the voice that plays has come.
const playShare = "(document.querySelectorAll('.voice.playing .wave .done').length / document.querySelectorAll('.voice.playing .wave rect').length)"

// TestVoiceThatCannotPlay says why, and offers the file.
func TestVoiceThatCannotPlay(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.choose("hy-composer input[data-for=audio]", tone(t, 2))
	bo.see("article.other .bubble.voice")
	bo.eval("HTMLMediaElement.prototype.canPlayType = () => ''; 0")
	bo.click("article.other .bubble.voice")
	bo.until("why", "document.querySelector('.note-under')?.textContent.includes('WAV')")
	bo.until("the file", "document.querySelector('.note-under a[download]')?.pathname.endsWith('.wav')")
	bo.shot("voice-unplayable-phone")
}

// TestPlainHTTP opens the client over HTTP by a name that is not this machine's:
// the browser keeps the microphone, and the client says so and offers a file.
func TestPlainHTTP(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	far := &account{person: newPerson(t, "far", strings.Replace(ann.wire.server.URL, "127.0.0.1", "chat.lan.example", 1), phone), id: ann.id, wire: ann.wire}
	far.open("/user/login.shtml")
	far.insert("input[name=mobile]", ann.mobile)
	far.insert("input[name=passwd]", password)
	far.enter()
	far.until("the list", "location.pathname === '/chat/index.shtml'")
	far.openChat(bo.id)
	if eval[bool](far.person, "isSecureContext") {
		t.Fatal("this is a secure context: the test shows nothing")
	}
	far.click("hy-voice .mic")
	far.until("why there is no recording", "document.querySelector('dialog.box')?.textContent.includes('HTTPS')")
	far.shot("voice-plain-http-phone")
	if got := eval[string](far.person, "(() => { const i = document.querySelector('input[data-for=audio]'); return i.accept + ' ' + i.getAttribute('capture'); })()"); got != "audio/* user" {
		t.Errorf("the input takes %q", got)
	}
	far.eval("document.querySelector('dialog.box').close()")
	far.choose("hy-composer input[data-for=audio]", tone(t, 2))
	bo.until("the voice", "document.querySelector('article.other .bubble.voice')")
	if got := eval[int](bo.person, "store.timeline(10, "+id(ann)+").rows.at(-1).amount"); got != 2 {
		t.Errorf("it lasts %d s", got)
	}
	far.open("/me/notify")
	far.until("why there are no notices, and what helps", "/不允许通知.*hongyan -tls-self on/s.test(document.querySelector('hy-notify .why')?.textContent)")
	far.shot("notify-plain-http-phone")
}
