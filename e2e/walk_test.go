package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// look is a way to look at what is on the screen.
type look struct {
	screen
	dark, care bool
	rules      bool // whether axe-core is asked
}

// Where what is looked at has been opened comes first: only that tells whether it moved.
var looks = map[string][]look{
	"zh-CN": {{tiny, false, false, true}, {tiny, false, true, true}, {phone, true, false, false}, {desktop, false, false, false}},
	"en":    {{desktop, true, false, true}, {phone, false, false, true}, {tiny, false, false, false}, {tiny, true, true, false}},
}

// gallery is what people look at: every sight is kept in each of these.
var gallery = []look{{phone, false, false, false}, {phone, true, false, false}, {desktop, false, false, false}, {desktop, true, false, false}, {tiny, false, true, false}}

// large is where a view could be lost in the width: the main ones are looked at there too, once.
var large = look{screen{"large", 1440, 900}, false, false, false}

func onLarge() []string {
	return []string{"login", "list", "chat", "group", "group-info", "contacts", "friend", "search-all", "me", "settings", "viewer", "call"}
}

var tiny = screen{"tiny", 320, 568}

// TestEveryScreen walks through all there is to be seen, once in each language,
// and looks at each from a tiny screen to a large one, by day and night, and with
// large text: nothing is wider than the screen, cut off, hard to hit, moved after
// it was shown, or against the rules of axe-core that are serious or critical.
// Touched in Chinese, with mouse and keys in English. With E2E_GALLERY=1 it keeps
// pictures of everything, to be looked at, in shots/gallery.
func TestEveryScreen(t *testing.T) {
	f := furnished(t)
	for _, lang := range []string{"zh-CN", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := f.walk(t, lang)
			for _, group := range []struct {
				who    *person
				sights []sight
			}{{w.guest, w.outside()}, {w.plain, w.withoutScript()}, {w.fresh.person, w.empty()}, {w.person, w.views()}, {w.person, w.above()}, {w.person, w.aboveChats()}} {
				w.visit(t, group.who, lang, group.sights)
			}
		})
	}
}

// visit goes to each of the sights and looks at it. One that cannot be reached
// hides none of the others.
func (w *walk) visit(t *testing.T, who *person, lang string, sights []sight) {
	all := looks[lang]
	first := all[0]
	if os.Getenv("E2E_GALLERY") != "" {
		all = append([]look{first}, gallery...)
	}
	for _, s := range sights {
		all := all
		if lang == "zh-CN" && slices.Contains(onLarge(), s.name) {
			all = append(slices.Clip(all), large)
		}
		t.Run(s.name, func(t *testing.T) {
			defer w.speaks(t)()
			who.appear(first)
			who.open(s.path)
			defer func() {
				for _, step := range s.after {
					step(w)
				}
			}()
			who.reach(w, s)
			if len(s.steps) == 0 && who != w.plain {
				who.judge(first.String(), moves(max(s.shift, 0.1)))
			}
			for i, l := range all {
				if i > 0 {
					who.appear(l)
				}
				who.judge(l.String(), faults)
				if l.rules {
					who.axe(l.String())
				}
				if os.Getenv("E2E_GALLERY") != "" && i > 0 {
					who.shot(filepath.Join("gallery", strings.Join([]string{s.name, l.String(), lang}, "-")))
				}
			}
		})
	}
}

// reach does what people do to see something, and waits for it.
func (p *person) reach(w *walk, s sight) {
	p.t.Helper()
	if p == w.plain {
		p.waitFor(s.shows)
		return
	}
	p.until("the client, where the page runs it", "!document.body.matches('.app') || document.querySelector('hy-app')?.hasUpdated")
	for _, step := range s.steps {
		step(w)
	}
	p.see(s.shows)
	p.until("rest", "[...document.images].every((i) => i.complete || i.loading === 'lazy') && !document.querySelector('.bubble.pending, .blank.wait .spinner:not(.main .blank.wait .spinner)')")
}

func (l look) String() string {
	name := fmt.Sprintf("%s-%s", l.name, map[bool]string{false: "light", true: "dark"}[l.dark])
	if l.care {
		name += "-care"
	}
	return name
}

// appear turns the page that is open into how it looks elsewhere.
func (p *person) appear(l look) {
	p.t.Helper()
	p.scheme(map[bool]string{false: "light", true: "dark"}[l.dark])
	p.eval(fmt.Sprintf(`document.documentElement.toggleAttribute('data-care', %[1]v); %[1]v ? document.body?.setAttribute('data-weui-mode', 'care') : document.body?.removeAttribute('data-weui-mode'); 0`, l.care))
	p.do("a "+l.String()+" screen", chromedp.EmulateViewport(l.width, l.height, emulateTouch(p.touched)...))
	if !p.silent {
		p.eval("dispatchEvent(new Event('resize')); 0")                                                 // what is placed by hand is so with text of this size
		p.eval("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))") // components draw once a frame
	}
}

func emulateTouch(on bool) []chromedp.EmulateViewportOption {
	if on {
		return []chromedp.EmulateViewportOption{chromedp.EmulateTouch}
	}
	return nil
}

// judge fails for what a look at the page finds.
func (p *person) judge(where, js string) {
	p.t.Helper()
	if found := eval[[]string](p, js); len(found) > 0 {
		p.t.Errorf("%s:\n    %s", where, strings.Join(found, "\n    "))
	}
}
