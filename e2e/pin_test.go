package e2e

import (
	"fmt"
	"testing"
)

// TestPinByTheMenu pins a conversation by the menu of its row: it is tinted and
// stays first whatever comes in elsewhere, on the person's other device and after
// a reload too, until it is unpinned there.
func TestPinByTheMenu(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	made := map[string]int64{}
	for _, name := range []string{"旧群", "新群"} {
		made[name] = call[struct{ ID int64 }](bo, "/contact/createcommunity", fmt.Sprintf("{ name: %q, members: [%d] }", name, ann.id)).ID
	}
	bo.home()
	say := func(name, text string) {
		t.Helper()
		bo.eval(fmt.Sprintf("store.act({ cmd: 11, dstid: %d, media: 1, content: %q }).then(() => 0)", made[name], text))
	}
	say("旧群", "一")
	say("新群", "二")
	bo.eval(fmt.Sprintf("store.act({ cmd: 10, dstid: %d, media: 1, content: '零' }).then(() => 0)", ann.id))
	say("新群", "三")
	desk := ann.again(desktop)
	for _, one := range []*account{ann, desk} {
		one.home()
		one.until("what came last above", one.rows()+" === '新群,Bo,旧群' && !document.querySelector('.row.pinned')")
	}

	row := fmt.Sprintf(".row[data-key='11-%d']", made["旧群"])
	menu := func(a *account, label string) {
		t.Helper()
		a.see(row + " > a")
		a.do("focus", focus(row+" > a"))
		a.press("F10", "F10", 121, "", 8)
		a.until("the menu", "document.querySelector('dialog.sheet, .hy-menu')")
		a.pickLine(label)
	}
	pinned := fmt.Sprintf(`document.querySelectorAll('.row.pinned').length === 1 && document.querySelector(%q).matches('.pinned')
		&& getComputedStyle(document.querySelector('.row.pinned')).backgroundColor !== getComputedStyle(document.querySelector('.row[data-key]:not(.pinned, .on)')).backgroundColor`, row)
	menu(ann, "置顶")
	for _, one := range []*account{ann, desk} {
		one.until("the pinned one first, and tinted", one.rows()+" === '旧群,新群,Bo' && "+pinned)
	}
	ann.shot("pin-phone")
	say("新群", "四")
	for _, one := range []*account{ann, desk} {
		one.until("the news below it", one.rows()+" === '旧群,新群,Bo' && "+pinned+" && document.querySelectorAll('.row .text')[1].textContent.includes('四')")
	}
	desk.home()
	desk.until("the same after a reload", desk.rows()+" === '旧群,新群,Bo' && "+pinned)
	menu(desk, "取消置顶")
	for _, one := range []*account{ann, desk} {
		one.until("its own place again", one.rows()+" === '新群,Bo,旧群' && !document.querySelector('.row.pinned')")
	}
}
