package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestTouch does with a finger what a phone is for: a long press opens the menu,
// holding the button records, sliding up throws the recording away.
func TestTouch(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.do("a touch screen", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: phone.width, Height: phone.height, DeviceScaleFactor: 2, Mobile: true}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1})
		return err
	}))
	talk(ann, bo)
	bo.say("按住我")
	ann.sees("按住我")
	ann.until("a coarse pointer", "matchMedia('(pointer: coarse)').matches")

	x, y := ann.middle("article.other .bubble")
	ann.finger("touchStart", x, y)
	ann.see(".hy-menu")
	ann.finger("touchEnd", 0, 0)
	ann.until("the menu still open", "document.querySelector('.hy-menu')?.open")
	ann.shot("touch-menu")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("the menu gone", "!document.querySelector('.hy-menu')")

	ann.microphone()
	ann.see("hy-voice .hold")
	x, y = ann.middle("hy-voice .hold")
	ann.finger("touchStart", x, y)
	ann.until("talk", "document.querySelector('.talk-bubble')?.textContent.includes('0:01')")
	ann.shot("touch-talk")
	ann.finger("touchMove", x, y-150)
	ann.until("the warning", "document.querySelector('.talk.cancelling')")
	ann.shot("touch-talk-cancel")
	ann.finger("touchEnd", 0, 0)
	ann.until("nothing sent", "!document.querySelector('.talk') && !document.querySelector('article.own')")

	ann.finger("touchStart", x, y)
	ann.until("talk again", "document.querySelector('.talk-bubble')?.textContent.includes('0:01')")
	ann.finger("touchEnd", 0, 0)
	bo.see("article.other .bubble.voice")

	ann.click("hy-composer .plus")
	ann.see(".composer .choices")
	ann.shot("touch-plus")
	ann.click("hy-composer [aria-expanded=false]:has(use[href$='#smile'])")
	ann.see("hy-emoji .emoji-grid button")
	ann.shot("touch-emoji")
	ann.click("hy-emoji .emoji-grid button[title='嘿嘿']")
	ann.click("hy-composer .send")
	bo.until("the emoji, large", "document.querySelector('article.other .emoji-1')?.textContent === '😀'")
}

func (a *account) middle(css string) (x, y float64) {
	a.t.Helper()
	a.see(css)
	at := eval[[]float64](a.person, fmt.Sprintf("(() => { const b = document.querySelector(%q).getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()", css))
	return at[0], at[1]
}

func (a *account) finger(what input.DispatchTouchEventType, x, y float64) {
	a.t.Helper()
	var at []*input.TouchPoint
	if what != "touchEnd" {
		at = []*input.TouchPoint{{X: x, Y: y}}
	}
	a.do(string(what), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: what, TouchPoints: at})
		return err
	}))
}
