package e2e

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// mouse is one event of a mouse.
func mouse(params input.DispatchMouseEventParams) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.DispatchMouseEvent, params)
		return err
	})
}

// press is a button of the mouse going down or up somewhere.
func press(what input.DispatchMouseEventType, x, y float64) input.DispatchMouseEventParams {
	return input.DispatchMouseEventParams{Type: what, X: x, Y: y, Button: "left", ClickCount: 1}
}

// middle is the centre of an element that is at rest.
func middle(p *person, css string) (x, y float64) {
	p.t.Helper()
	p.see(css)
	at := eval[[]float64](p, fmt.Sprintf("(() => { const b = document.querySelector(%q).getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()", css))
	return at[0], at[1]
}

// fingers makes the screen one to be touched with so many of them.
func (p *person) fingers(n int64) {
	p.t.Helper()
	p.do("a touch screen", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: phone.width, Height: phone.height, DeviceScaleFactor: 2, Mobile: true}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: n})
		return err
	}))
}

// touches is one event of the fingers that are on the screen.
func (p *person) touches(what input.DispatchTouchEventType, at ...[2]float64) {
	p.t.Helper()
	points := []*input.TouchPoint{}
	for i, one := range at {
		finger := float64(i)
		points = append(points, &input.TouchPoint{X: one[0], Y: one[1], ID: &finger})
	}
	p.do(string(what), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: what, TouchPoints: points})
		return err
	}))
}

// sends bounds how many bytes a second leave the browser; 0 is no bound.
func (p *person) sends(rate float64) {
	p.t.Helper()
	if rate == 0 {
		rate = -1
	}
	p.do("a slow line", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: rate}}})
		return err
	}))
}
