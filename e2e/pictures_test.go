package e2e

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
)

// photo writes a picture of noise, which no format makes small.
func photo(t *testing.T, dir, name string, width, height int) string {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			n := uint8(r.IntN(90))
			picture.SetRGBA(x, y, color.RGBA{R: uint8(x*160/width) + n, G: uint8(y*160/height) + n, B: 90 + n, A: 255})
		}
	}
	path := filepath.Join(dir, name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(file, picture, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// violations counts what the content security policy and Trusted Types refuse
// from now on.
func (p *person) violations() {
	p.t.Helper()
	p.eval("globalThis.refused = []; document.addEventListener('securitypolicyviolation', (e) => refused.push(e.violatedDirective + ' ' + e.sample)); 0")
}

func (p *person) noViolations() {
	p.t.Helper()
	if refused := eval[[]string](p, "globalThis.refused"); len(refused) > 0 {
		p.t.Errorf("%s: the policy refused %q", p.name, refused)
	}
	if eval[bool](p, "(() => { try { return !!trustedTypes.defaultPolicy?.createHTML('<svg onload=x>'); } catch { return false; } })()") {
		p.t.Errorf("%s: there is a policy that lets markup through, which nothing needs", p.name)
	}
}

// drag moves the mouse with its button down.
func (p *person) drag(fromX, fromY, toX, toY float64) {
	p.t.Helper()
	for _, step := range []input.DispatchMouseEventParams{
		{Type: "mousePressed", X: fromX, Y: fromY, Button: "left", Buttons: 1, ClickCount: 1},
		{Type: "mouseMoved", X: fromX + 12, Y: fromY, Button: "left", Buttons: 1},
		{Type: "mouseMoved", X: (fromX + toX) / 2, Y: (fromY + toY) / 2, Button: "left", Buttons: 1},
		{Type: "mouseMoved", X: toX, Y: toY, Button: "left", Buttons: 1},
		{Type: "mouseReleased", X: toX, Y: toY, Button: "left", ClickCount: 1},
	} {
		p.do("drag", mouse(step))
	}
}

const names = "[...document.querySelectorAll('.hy-sheet figure')].map((f) => /: ([^,]+),/.exec(f.ariaLabel)[1])"

// TestSheet puts pictures into order by mouse and by keyboard, takes one out,
// adds one, and sends them smaller; then one as it is.
func TestSheet(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.violations()
	dir := t.TempDir()
	large := photo(t, dir, "large.jpg", 2600, 1400)
	a, b, c := photo(t, dir, "a.jpg", 80, 60), photo(t, dir, "b.jpg", 80, 60), photo(t, dir, "c.jpg", 80, 60)
	ann.choose("hy-composer input[data-for=picture]", a, b, large)
	ann.until("three pictures", "document.querySelectorAll('.hy-sheet figure img').length === 3")
	ann.choose(".hy-sheet input[type=file]", c)
	ann.until("a fourth", "document.querySelectorAll('.hy-sheet figure img').length === 4")

	x1, y1 := middle(ann.person, ".hy-sheet figure:nth-child(3)")
	x2, y2 := middle(ann.person, ".hy-sheet figure:nth-child(1)")
	ann.drag(x1, y1, x2, y2)
	ann.until("the large one in front", names+".join() === 'large.jpg,a.jpg,b.jpg,c.jpg'")
	ann.do("focus", focus(".hy-sheet figure:nth-child(4)"))
	ann.press("ArrowLeft", "ArrowLeft", 37, "", 0)
	ann.until("the fourth before the third", names+".join() === 'large.jpg,a.jpg,c.jpg,b.jpg' && document.activeElement === document.querySelectorAll('.hy-sheet figure')[2]")
	ann.until("that it is said", "document.querySelector('.hy-sheet .said').textContent.includes('3')")
	ann.press("Delete", "Delete", 46, "", 0)
	ann.until("the third gone", names+".join() === 'large.jpg,a.jpg,b.jpg'")
	for _, scheme := range []string{"light", "dark"} {
		ann.scheme(scheme)
		ann.shot("sheet-many-desktop-" + scheme)
	}
	small := eval[string](ann.person, "document.querySelector('.hy-sheet figcaption').textContent")
	ann.click(".hy-sheet .original input")
	ann.until("the size of the original", "document.querySelector('.hy-sheet figcaption').textContent !== '"+small+"'")
	ann.click(".hy-sheet .original input")
	ann.insert(".hy-sheet .caption-field", "三张")
	ann.click(".hy-sheet [type=submit]")
	bo.until("three pictures", "store.timeline(10, "+id(ann)+").rows.filter((m) => m.media === 4).length === 3")
	const sizes = "store.timeline(10, %s).rows.filter((m) => m.media === 4).map((m) => m.ext.width + 'x' + m.ext.height + (m.memo ?? '')).join()"
	if got := eval[string](bo.person, fmt.Sprintf(sizes, id(ann))); got != "2048x1103,80x60,80x60三张" {
		t.Errorf("came as %s", got)
	}

	// While it is made ready, the button stays where a finger may be on its way to.
	ann.choose("hy-composer input[data-for=picture]", large)
	ann.see(".hy-sheet [type=submit]")
	_, was := middle(ann.person, ".hy-sheet [type=submit]")
	ann.see(".hy-sheet .original input")
	if _, now := middle(ann.person, ".hy-sheet [type=submit]"); math.Abs(now-was) > 1 {
		t.Errorf("the button to send moved from %.0f to %.0f", was, now)
	}
	ann.click(".hy-sheet .original input")
	ann.click(".hy-sheet [type=submit]")
	bo.until("the original", "store.timeline(10, "+id(ann)+").rows.at(-1).ext?.width === 2600")
	ann.noViolations()
}

// TestSheetByFinger moves a picture with a finger that rested on it, adds one
// by pasting, and looks at the sheet in both languages on a narrow screen.
func TestSheetByFinger(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.fingers(1)
	talk(ann, bo)
	dir := t.TempDir()
	ann.choose("hy-composer input[data-for=picture]", photo(t, dir, "a.jpg", 80, 60), photo(t, dir, "b.jpg", 1600, 1600), photo(t, dir, "c.jpg", 80, 60))
	ann.until("three pictures", "document.querySelectorAll('.hy-sheet figure img').length === 3")
	x1, y1 := middle(ann.person, ".hy-sheet figure:nth-child(3)")
	x2, y2 := middle(ann.person, ".hy-sheet figure:nth-child(1)")
	ann.touches("touchStart", [2]float64{x1, y1})
	ann.see(".hy-sheet figure.lifted")
	ann.touches("touchMove", [2]float64{(x1 + x2) / 2, y1})
	ann.touches("touchMove", [2]float64{x2, y2})
	ann.see(".hy-sheet figure.over")
	ann.shot("sheet-drag-phone")
	ann.touches("touchEnd")
	ann.until("the third in front", names+".join() === 'c.jpg,a.jpg,b.jpg'")
	ann.eval(`(async () => {
		const canvas = new OffscreenCanvas(80, 60), data = new DataTransfer();
		canvas.getContext('2d').fillRect(0, 0, 40, 60);
		data.items.add(new File([await canvas.convertToBlob()], 'pasted.png', { type: 'image/png' }));
		document.querySelector('.hy-sheet .caption-field').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
	})()`)
	ann.until("a fourth", names+".length === 4")
	ann.until("its size, smaller", "document.querySelector('.hy-sheet .original input')")
	ann.axe("the sheet")
	ann.shot("sheet-phone-light")
	ann.scheme("dark")
	ann.shot("sheet-phone-dark")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.click("dialog.box .weui-dialog__btn_warn") // four pictures are not dropped unasked
	ann.until("no sheet", "!document.querySelector('.hy-sheet')")
}

// TestForeignPicture sends a picture that this browser cannot read: it says so,
// and it goes as a file.
func TestForeignPicture(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	path := filepath.Join(t.TempDir(), "IMG_0001.HEIC")
	if err := os.WriteFile(path, []byte(strings.Repeat("not really one ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	ann.choose("hy-composer input[data-for=picture]", path)
	ann.until("why it is not shown", "document.querySelector('.hy-sheet .warn')?.textContent.includes('作为文件发送')")
	ann.shot("sheet-foreign-phone")
	ann.click(".hy-sheet [type=submit]")
	bo.until("the file", "document.querySelector('article.other .file')?.textContent.includes('IMG_0001.HEIC')")
}

// TestViewer looks at pictures with keys, wheel and fingers.
func TestViewer(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	dir := t.TempDir()
	ann.choose("hy-composer input[data-for=picture]", photo(t, dir, "a.jpg", 900, 600), photo(t, dir, "b.jpg", 600, 900))
	ann.insert(".hy-sheet .caption-field", "高的那张")
	ann.click(".hy-sheet [type=submit]")
	bo.until("two pictures", "document.querySelectorAll('article.other .picture img').length === 2")
	// One that says to be large: its small copy comes first.
	ann.eval("(() => { const m = store.timeline(10, " + id(bo) + ").rows[0]; store.send(10, " + id(bo) + ", { media: 4, url: m.url, pic: m.pic, ext: { ...m.ext, size: 9e6 } }); })() ?? 0")
	bo.until("the third", "document.querySelectorAll('article.other .picture img')[2]?.naturalWidth > 0")
	bo.violations()

	bo.click("article.other .picture .open")
	bo.until("the first", viewed+".naturalWidth === 900 && document.querySelector('.hy-viewer .place').textContent === '1 / 3'")
	bo.press("ArrowRight", "ArrowRight", 39, "", 0)
	bo.until("the second, with its caption", viewed+".naturalHeight === 900 && document.querySelector('.hy-viewer .memo').textContent === '高的那张'")
	if alt := eval[string](bo.person, viewed+".alt"); alt != "高的那张" {
		t.Errorf("its text is %q", alt)
	}
	width := eval[float64](bo.person, viewed+".getBoundingClientRect().width")
	bo.press("+", "Equal", 187, "+", 8)
	bo.until("it larger", fmt.Sprintf("%s.getBoundingClientRect().width > %f", viewed, width*1.3))
	bo.press("0", "Digit0", 48, "0", 0)
	bo.until("it as it was", fmt.Sprintf("Math.abs(%s.getBoundingClientRect().width - %f) < 2", viewed, width))
	bo.shot("viewer-caption-desktop")
	bo.click(".hy-viewer .turn.on")
	bo.until("the small copy of the third", viewed+".src.includes('_s.') && document.querySelector('.hy-viewer .full').textContent.includes('8.6 MB')")
	bo.shot("viewer-full-desktop")
	bo.axe("the viewer")
	bo.click(".hy-viewer .full")
	bo.until("the original", viewed+".naturalWidth === 900 && !document.querySelector('.hy-viewer .full')")
	if got := eval[string](bo.person, "document.querySelector('.hy-viewer a[download]').pathname"); !strings.HasPrefix(got, "/mnt/") || strings.Contains(got, "_s.") {
		t.Errorf("what is saved is %s", got)
	}
	bo.click(".hy-viewer button:has(use[href$='#forward'])")
	bo.until("to whom it goes", "document.querySelectorAll('dialog[open]').length === 2")
	bo.press("ArrowLeft", "ArrowLeft", 37, "", 0)
	bo.press("Escape", "Escape", 27, "", 0)
	bo.until("the viewer alone, where it was", "document.querySelectorAll('dialog[open]').length === 1 && document.querySelector('.hy-viewer .place')?.textContent === '3 / 3'")
	bo.press("Escape", "Escape", 27, "", 0)
	bo.until("the focus on the picture shown last", "!document.querySelector('.hy-viewer') && document.activeElement === document.querySelectorAll('article.other .picture .open')[2]")
	bo.noViolations()

	ann.fingers(2)
	ann.violations()
	ann.click("article.own .picture .open")
	ann.until("the first", viewed+".naturalWidth === 900")
	ann.until("its place", "!document.querySelector('.pswp__img--placeholder') && document.querySelector('.pswp--ui-visible')")
	width = eval[float64](ann.person, viewed+".getBoundingClientRect().width")
	ann.touches("touchStart", [2]float64{180, 420}, [2]float64{210, 420})
	for i := range 8 {
		ann.touches("touchMove", [2]float64{180 - 15*float64(i), 420}, [2]float64{210 + 15*float64(i), 420})
	}
	ann.until("two fingers to make it larger", fmt.Sprintf("%s.getBoundingClientRect().width > %f", viewed, width*1.5))
	ann.shot("viewer-pinch-phone")
	ann.touches("touchEnd")
	ann.press("0", "Digit0", 48, "0", 0)
	ann.until("it as it was", fmt.Sprintf("Math.abs(%s.getBoundingClientRect().width - %f) < 2", viewed, width))
	ann.touches("touchStart", [2]float64{340, 420})
	for i := range 8 {
		ann.touches("touchMove", [2]float64{340 - 35*float64(i), 420})
	}
	ann.touches("touchEnd")
	ann.until("a swipe to turn the page", "document.querySelector('.hy-viewer .place').textContent === '2 / 3'")
	ann.touches("touchStart", [2]float64{200, 300})
	for i := range 8 {
		ann.touches("touchMove", [2]float64{200, 300 + 50*float64(i)})
	}
	ann.touches("touchEnd")
	ann.until("a pull to close it", "!document.querySelector('.hy-viewer')")
	ann.noViolations()
}

// viewed is the picture in the middle of the viewer.
const viewed = "[...document.querySelectorAll('.hy-viewer .pswp__item .pswp__img:not(.pswp__img--placeholder)')].find((i) => Math.abs(i.getBoundingClientRect().x + i.getBoundingClientRect().width / 2 - innerWidth / 2) < innerWidth / 2 - 1)"
