package e2e

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// measureFirstLoad is what a slow phone gets: 1.6 Mbit/s, 150 ms, a quarter of
// this processor, nothing cached.
func measureFirstLoad(t *testing.T, goals *goals) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	for range 30 {
		bo.say("一条消息 with some words to read")
	}
	// Whoever is signed in is led away from the login, so somebody new measures it.
	guest := &account{person: newPerson(t, "guest", ann.wire.server.URL, phone), wire: ann.wire}
	guest.open("/user/login.shtml") // a new window's first page pays for the window too
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		if protocol == "HTTP/2" {
			modern := httptest.NewUnstartedServer(ann.wire.server.Config.Handler)
			modern.EnableHTTP2 = true
			modern.StartTLS()
			t.Cleanup(modern.Close)
			for _, one := range []*account{guest, ann} {
				one.base = modern.URL
				one.do("trust", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
					_, err := chromedp.Call(ctx, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
					return err
				}))
			}
		}
		for _, visit := range []struct {
			*account
			path string
		}{{guest, "/user/login.shtml"}, {ann, "/chat/index.shtml"}, {ann, "/c/10-" + id(bo)}} {
			var paints, answers []float64
			for range 5 {
				visit.open("/nowhere") // or leaving the former page is measured with it
				visit.slow()
				visit.open(visit.path)
				load := visit.firstLoad()
				paints, answers = append(paints, load.Paint), append(answers, load.Answers)
				t.Logf("%s %s: %+v", protocol, visit.path, load)
			}
			goals.median("first paint of "+visit.path+" over "+protocol, paints, 1000, "ms")
			goals.median("answer of "+visit.path+" over "+protocol, answers, 1200, "ms")
		}
	}
}

// load is what a page took until it answered.
type load struct {
	Protocol                   string
	Paint, Answers             float64 // ms
	Requests, Modules          int
	Kilobytes, ModuleKilobytes int
}

// firstLoad tells what the page that is open took until it answered.
func (a *account) firstLoad() load {
	a.t.Helper()
	a.until("what answers", "(location.pathname.startsWith('/user/') || performance.getEntriesByName('interactive').length > 0) && performance.getEntriesByType('navigation')[0].loadEventEnd > 0 && performance.getEntriesByName('first-contentful-paint').length > 0")
	return eval[load](a.person, `(() => {
		const [page] = performance.getEntriesByType('navigation');
		const paint = performance.getEntriesByName('first-contentful-paint')[0].startTime;
		const answers = Math.max(page.domInteractive, performance.getEntriesByName('interactive')[0]?.startTime ?? 0);
		const all = [page, ...performance.getEntriesByType('resource').filter((e) => e.startTime < answers)];
		const sum = (rows) => Math.round(rows.reduce((n, e) => n + e.transferSize, 0) / 1000);
		const modules = all.filter((e) => /\.js$/.test(e.name));
		return { Protocol: page.nextHopProtocol, Paint: Math.round(paint), Answers: Math.round(answers), Requests: all.length, Modules: modules.length, Kilobytes: sum(all), ModuleKilobytes: sum(modules) };
	})()`)
}

// unstyled lets the server take this browser for one that has no style sheet yet.
func (a *account) unstyled() {
	a.t.Helper()
	a.eval("document.cookie = 'sheet=; Path=/; Max-Age=0'; 0")
}

// slow makes this person's browser a slow phone on a slow line, with an empty cache.
func (a *account) slow() {
	a.t.Helper()
	a.unstyled()
	a.do("slow", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, network.ClearBrowserCache, cdp.Empty{}); err != nil {
			return err
		}
		// A first visit has no worker that keeps the files.
		if _, err := chromedp.Call(ctx, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true}); err != nil {
			return err
		}
		if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: 150, DownloadThroughput: 1.6e6 / 8, UploadThroughput: 750e3 / 8}}}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		return err
	}))
}
