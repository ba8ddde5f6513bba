package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// fault is the mark of what was refused.
const fault = "article.own .fault-mark"

// resend presses the mark of what was refused and sends it again.
func (a *account) resend() {
	a.t.Helper()
	a.click(fault)
	a.click("dialog.sheet button:not(.title)")
	a.until("the sheet gone", "!document.querySelector('dialog[open]')")
}

// TestRetryOfOneMessage sends what was refused again, by the mark at its bubble:
// it is refused again as long as the reason stands, and arrives once after that.
func TestRetryOfOneMessage(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	call[any](bo, "/contact/block", "{ dstid: "+id(ann)+" }")
	ann.say("还在吗")
	ann.see(fault)
	refused := eval[string](ann.person, "store.pending(10, "+id(bo)+")[0].msg")
	ann.click(fault)
	ann.until("why, and what can be done", fmt.Sprintf("document.querySelector('dialog.sheet .title')?.textContent === %q && document.querySelectorAll('dialog.sheet button').length === 4", refused))
	ann.axe("what can be done with a refused message")
	ann.shot("retry-phone")
	ann.click("dialog.sheet .cancel")
	ann.until("the sheet gone", "!document.querySelector('dialog[open]')")

	// Still blocked: it goes, and comes back.
	ann.eval("globalThis.states = []; store.outbox.peek().lanes.subscribe(() => states.push(store.pending(10, " + id(bo) + ")[0]?.state)); 0")
	ann.resend()
	ann.until("it refused once more", "states.some((s) => s === 'sending' || s === 'waiting') && states.at(-1) === 'failed'")
	ann.see(fault)

	call[any](bo, "/contact/unblock", "{ dstid: "+id(ann)+" }")
	ann.resend()
	bo.sees("还在吗")
	ann.until("no mark, and nothing waiting", "!document.querySelector('.fault-mark') && store.pending(10, "+id(bo)+").length === 0")
	ann.say("好了")
	bo.sees("好了")
	for _, one := range []*account{ann, bo} {
		if got := one.texts(); len(got) != 2 || got[0] != "还在吗" {
			t.Errorf("%s sees %q", one.name, got)
		}
	}
}

// TestRetryOfAFile sends a file again whose upload was refused: the card stays
// with its mark, and the whole file arrives once.
func TestRetryOfAFile(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	path := filepath.Join(t.TempDir(), "清单.csv")
	if err := os.WriteFile(path, []byte("a,b,c\n1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// As a proxy does that lets no such file through.
	ann.eval(`{
		const open = XMLHttpRequest.prototype.open;
		globalThis.refuse = true;
		XMLHttpRequest.prototype.open = function (method, route, ...rest) {
			return open.call(this, method, refuse && route === '/attach/upload' ? '/attach/nowhere' : route, ...rest);
		};
	} 0`)
	ann.choose("hy-composer input[data-for=file]", path)
	ann.see(fault)
	ann.until("the card with its name", "document.querySelector('article.own .file')?.textContent.includes('清单.csv') && !document.querySelector('article.own .uploading')")
	if why := eval[string](ann.person, "document.querySelector('.fault-mark').title"); why == "" {
		t.Error("it is not said why")
	}
	ann.shot("retry-file-phone")
	// It is kept on the device: there after a reload too, which also ends the refusal.
	ann.openChat(bo.id)
	ann.see(fault)
	ann.resend()
	bo.until("the file", "document.querySelector('article.other .file a')?.textContent.includes('清单.csv')")
	if got := eval[string](bo.person, "fetch(document.querySelector('article.other .file a').href).then((r) => r.text())"); got != "a,b,c\n1,2,3\n" {
		t.Errorf("the file came as %q", got)
	}
	ann.until("no mark, and nothing waiting", "!document.querySelector('.fault-mark') && store.pending(10, "+id(bo)+").length === 0")
	ann.say("表格在上面")
	bo.sees("表格在上面")
	if n := eval[int](bo.person, "document.querySelectorAll('article.other .file').length"); n != 1 {
		t.Errorf("the file came %d times", n)
	}
}
