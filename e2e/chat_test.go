package e2e

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTalk is the whole way: two people register, become friends on the screen,
// and talk in both directions with all that goes with it.
func TestTalk(t *testing.T) {
	ann, bo := registerOnScreen(t, "安娜", phone), registerOnScreen(t, "Bo", desktop)
	befriendOnScreen(ann, bo)
	talk(ann, bo)

	ann.say("你好，Bo！")
	bo.sees("你好，Bo！")
	ann.until("the mark of reading", "document.querySelector('article.own .status')?.textContent === '已读'")

	bo.insert("hy-composer textarea", "Hello")
	ann.until("that Bo is typing", "document.querySelector('.subtitle')?.textContent.includes('正在输入')")
	bo.enter()
	ann.sees("Hello")
	ann.until("typing over", "!document.querySelector('.subtitle')?.textContent.includes('正在输入')")
	ann.until("that Bo is there", "document.querySelector('.subtitle')?.textContent === '在线'")

	for i := range 5 {
		ann.say(fmt.Sprintf("ann %d", i))
		bo.say(fmt.Sprintf("bo %d", i))
	}
	for _, one := range []*account{ann, bo} {
		one.sees("ann 4")
		one.sees("bo 4")
	}
	if a, b := ann.texts(), bo.texts(); !slices.Equal(a, b) || len(a) != 12 {
		t.Errorf("the two see different conversations:\n%q\n%q", a, b)
	}
	ann.shot("talk-phone")
	bo.shot("talk-desktop")
}

// TestMessageMenu answers, reacts to, edits and takes back messages.
func TestMessageMenu(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("问题一")
	bo.sees("问题一")

	bo.until("the button for it", "document.querySelector('article.other button[aria-haspopup=menu]')?.ariaLabel")
	bo.eval("document.querySelector('article.other button[aria-haspopup=menu]').click()")
	bo.see(".hy-menu")
	bo.escape()
	bo.until("the menu gone", "!document.querySelector('.hy-menu')")
	bo.openMenu("other")
	bo.shot("menu-phone")
	bo.pickMenu("reply")
	bo.say("答案")
	ann.until("the quote", "document.querySelector('.quote')?.textContent.includes('安娜: 问题一')")
	ann.click(".quote")
	ann.until("the flash", "document.querySelector('article.flash')?.textContent.includes('问题一')")

	bo.openMenu("other")
	bo.click(".hy-menu .reactions button:nth-child(1)")
	ann.until("the reaction", "document.querySelector('article.own .reacted button')?.textContent.includes('👍')")

	ann.openMenu("own")
	ann.shot("menu-desktop")
	ann.pickMenu("pencil")
	ann.eval("document.querySelector('hy-composer textarea').value = ''")
	ann.say("问题二")
	bo.sees("问题二")
	for _, one := range []*account{ann, bo} {
		one.until("that it was edited", "document.querySelector('article .edited')")
	}

	ann.openMenu("own")
	ann.pickMenu("undo-2")
	bo.until("that it was taken back", "document.querySelector('article.note')?.textContent.includes('撤回')")
	ann.click("article.note .textbtn")
	ann.until("its text to edit again", "document.querySelector('hy-composer textarea').value === '问题二'")
	bo.openChat(ann.id)
	bo.until("the same after a reload", "document.querySelector('article.note')?.textContent.includes('撤回') && document.querySelector('.quote')")
}

func (a *account) openMenu(of string) {
	a.t.Helper()
	a.see(last(of))
	a.do("focus", focus(last(of)))
	a.press("F10", "F10", 121, "", 8)
	a.see(".hy-menu")
}

func (a *account) pickMenu(icon string) {
	a.t.Helper()
	a.click(fmt.Sprintf(".hy-menu [role=menuitem]:has(use[href$='#%s'])", icon))
	a.until("the menu gone", "!document.querySelector('.hy-menu')")
}

// TestAttachments sends a picture by choosing, one by pasting and a file.
func TestAttachments(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	dir := t.TempDir()

	ann.choose("hy-composer input[data-for=picture]", drawing(t, dir))
	ann.see(".hy-sheet img")
	ann.shot("sheet-phone")
	ann.insert(".hy-sheet .caption-field", "山 https://example.test/x。好")
	ann.click(".hy-sheet [type=submit]")
	bo.until("the picture", "document.querySelector('article.other .picture img')?.naturalWidth > 0")
	bo.until("its caption", "document.querySelector('article.other .caption a')?.href === 'https://example.test/x'")
	bo.click("article.other .picture .open")
	bo.until("the viewer", "document.querySelector('.hy-viewer .pswp__img:not(.pswp__img--placeholder)')?.naturalWidth === 640")
	bo.shot("viewer-desktop")
	bo.press("Escape", "Escape", 27, "", 0)
	bo.until("no viewer", "!document.querySelector('.hy-viewer')")

	bo.eval(`(async () => {
		const canvas = new OffscreenCanvas(80, 60);
		canvas.getContext('2d').fillRect(0, 0, 40, 60);
		const data = new DataTransfer();
		data.items.add(new File([await canvas.convertToBlob()], 'pasted.png', { type: 'image/png' }));
		document.querySelector('hy-composer textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
	})()`)
	bo.click(".hy-sheet [type=submit]")
	ann.until("the pasted picture", "document.querySelector('article.other .picture img')?.naturalWidth > 0")

	path := filepath.Join(dir, "回归测试报告.csv")
	if err := os.WriteFile(path, []byte(strings.Repeat("a,b,c\n", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	ann.choose("hy-composer input[data-for=file]", path)
	bo.until("the file", "document.querySelector('article.other .file a')?.textContent.includes('回归测试报告.csv')")
	size := eval[int](bo.person, "fetch(document.querySelector('article.other .file a').href).then((r) => r.blob()).then((b) => b.size)")
	if size != 12000 {
		t.Errorf("the file came with %d bytes", size)
	}
	ann.until("all stored", "!document.querySelector('article .clock, article .uploading, article .fault-mark')")
	ann.shot("attachments-phone")
	bo.shot("attachments-desktop")
}

func drawing(t *testing.T, dir string) string {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 640, 420))
	for y := range 420 {
		for x := range 640 {
			picture.Set(x, y, color.RGBA{R: uint8(x / 3), G: uint8(120 + y/4), B: 200, A: 255})
		}
	}
	path := filepath.Join(dir, "hills.png")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, picture); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestVoice records from the browser's fake microphone and plays it on the other side.
func TestVoice(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.microphone()
	ann.until("two seconds of talk", "document.querySelector('hy-voice .time')?.textContent === '0:02'")
	ann.shot("voice-recording")
	ann.click("hy-voice .send")
	bo.see("article.other .unheard")
	bo.shot("voice-arrived")
	bo.click("article.other .bubble.voice")
	bo.until("it plays", "document.querySelector('article.other .bubble.voice.playing')")
	bo.until("it has been heard", "!document.querySelector('article.other .unheard') && !document.querySelector('.bubble.voice.playing')")
	if n := eval[int](bo.person, "store.timeline(10, "+fmt.Sprint(ann.id)+").rows.at(-1).ext.waveform.length"); n != 48 {
		t.Errorf("%d peaks", n)
	}
}
