package e2e

import (
	"context"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestOffline writes without a network, reloads without one, and comes back:
// everything arrives once and in order on both sides.
func TestOffline(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.say("before")
	bo.sees("before")

	ann.offline(true)
	ann.until("the loss noticed", "store.connection.peek().state !== 'online'")
	ann.say("one")
	ann.choose("hy-composer input[data-for=picture]", drawing(t, t.TempDir()))
	ann.click(".hy-sheet [type=submit]")
	ann.until("the picture waiting", "document.querySelectorAll('article .picture').length === 1")
	ann.say("two")
	ann.say("three")
	ann.until("four waiting", "store.pending(10, "+id(bo)+").length === 4 && document.querySelectorAll('article .clock').length >= 3")
	bo.say("meanwhile 1")
	bo.say("meanwhile 2")
	bo.until("stored", "!document.querySelector('article .clock')")
	ann.until("that it says so", "/网络|连接/.test(document.querySelector('.subtitle')?.textContent)")
	ann.shot("offline-phone")

	ann.open("/c/10-" + id(bo))
	ann.store()
	ann.until("all four after the reload", "store.outbox.peek() && store.pending(10, "+id(bo)+").length === 4 && document.querySelectorAll('article .clock').length >= 3")

	ann.offline(false)
	ann.until("nothing waiting", "store.pending(10, "+id(bo)+").length === 0 && !document.querySelector('article .clock, article .fault-mark')")
	for _, one := range []*account{ann, bo} {
		one.sees("three")
		one.sees("meanwhile 2")
		one.until("the picture", "document.querySelector('article .picture img')?.naturalWidth > 0")
	}
	want := []string{"before", "meanwhile 1", "meanwhile 2", "one", "two", "three"}
	for _, one := range []*account{ann, bo} {
		if got := one.texts(); !slices.Equal(got, want) {
			t.Errorf("%s sees %q, want %q", one.name, got, want)
		}
		order := eval[[]string](one.person, "[...document.querySelectorAll('hy-messages article.message')].map((a) => a.querySelector('.picture') ? 'picture' : a.querySelector('.words').textContent)")
		if !slices.Equal(order[3:], []string{"one", "picture", "two", "three"}) {
			t.Errorf("%s sees the order %q", one.name, order)
		}
	}
	bo.openChat(ann.id)
	if got := bo.texts(); !slices.Equal(got, want) {
		t.Errorf("after a reload Bo sees %q", got)
	}
}

// TestLostAcks cuts the line over and over while messages go out: some are
// stored whose acknowledgement never came, and still each is there once.
func TestLostAcks(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	var want []string
	for round := range 6 {
		for i := range 5 {
			text := string(rune('a'+round)) + string(rune('0'+i))
			want = append(want, text)
			ann.eval("store.send(10, " + id(bo) + ", { media: 1, content: '" + text + "' }) && 0")
		}
		ann.wire.cut()
		ann.until("the loss noticed", "store.connection.peek().state !== 'online'")
		ann.wire.mend()
		ann.eval("store.retryNow() ?? 0")
		ann.until("the line", "store.connection.peek().state === 'online'")
	}
	for _, one := range []*account{ann, bo} {
		one.sees("f4")
		one.until("nothing waiting", "store.pending(10, "+id(bo)+").length === 0")
		if got := one.texts(); !slices.Equal(got, want) {
			t.Errorf("%s sees %q", one.name, got)
		}
	}
}

// offline takes the network away and tells the browser, as a phone in a tunnel does.
func (a *account) offline(off bool) {
	a.t.Helper()
	if off {
		a.wire.cut()
	} else {
		a.wire.mend()
	}
	a.do("network state", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{
			Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	}))
}
