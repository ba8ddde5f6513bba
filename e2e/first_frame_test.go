package e2e

import "testing"

// TestNothingFlashes: a page comes in the looks that its reader chose, from its
// first frame on. A wrong one would be seen as a background or a language that is
// changed afterwards.
func TestNothingFlashes(t *testing.T) {
	ann := register(t, "安娜", phone) // whose system is light and Chinese
	ann.open("/me/settings")
	ann.click("hy-account [aria-labelledby=set-theme] label:nth-child(3)")
	ann.click("hy-account [data-set=care] .weui-switch")
	ann.click("hy-account [aria-labelledby=set-lang] label:nth-child(3)")
	ann.until("English", "document.documentElement.lang === 'en'")
	ann.before(`globalThis.frames = new Set();
		const look = () => {
			const root = document.documentElement;
			if (document.body) frames.add([root.lang, root.dataset.theme, 'care' in root.dataset, getComputedStyle(document.body).backgroundColor].join());
			requestAnimationFrame(look);
		};
		requestAnimationFrame(look);`)
	for _, path := range []string{"/chat/index.shtml", "/me", "/search", "/contacts"} {
		ann.open(path)
		ann.until("the client", "document.querySelector('hy-app')?.hasUpdated && frames.size > 0")
		ann.online()
		if looks := eval[[]string](ann.person, "[...frames]"); len(looks) != 1 {
			t.Errorf("%s was seen as %q", path, looks)
		}
	}
}

// TestPanelIsAsHighAsTheKeyboard: what opens in the keyboard's place takes its
// height, so that the messages do not jump between the two.
func TestPanelIsAsHighAsTheKeyboard(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	// A keyboard of 337 px comes as browsers tell of one: what is visible of the page shrinks by it.
	ann.eval(`Object.defineProperty(visualViewport, 'height', { configurable: true, get: () => innerHeight - 337 });
		document.querySelector('hy-composer textarea').focus();
		visualViewport.dispatchEvent(new Event('resize')) && 0`)
	for _, glyph := range []string{"smile", "circle-plus"} {
		ann.click("hy-composer [aria-expanded=false]:has(use[href$='#" + glyph + "'])")
		ann.until("the panel, as high", "Math.round(document.querySelector('hy-composer .drawer')?.getBoundingClientRect().height) === 337")
		ann.click("hy-composer [aria-expanded=true]")
		ann.until("the panel gone", "!document.querySelector('hy-composer .drawer .emoji-grid, hy-composer [aria-expanded=true]')")
	}
	ann.openChat(bo.id) // and with the next page, before any keyboard has come
	ann.click("hy-composer [aria-expanded=false]:has(use[href$='#smile'])")
	ann.until("the panel, as high", "Math.round(document.querySelector('hy-composer .drawer')?.getBoundingClientRect().height) === 337")
}
