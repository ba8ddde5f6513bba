package e2e

import "testing"

// TestVoiceStaysInItsConversation: a recording went on while another conversation
// was opened, and was sent there.
func TestVoiceStaysInItsConversation(t *testing.T) {
	ann, bo, di := register(t, "安娜", desktop), register(t, "Bo", desktop), register(t, "Di", desktop)
	befriend(ann, bo)
	befriend(ann, di)
	talk(ann, bo)
	ann.openChat(bo.id)
	ann.microphone()
	ann.until("a second of it", "document.querySelector('hy-voice .time')?.textContent === '0:01'")
	ann.eval("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/10-" + id(di) + "' } })) && 0")
	ann.until("what became of it", "document.querySelector('.toast')?.textContent.includes('丢弃') && !document.querySelector('hy-voice .strip')")
	ann.shot("voice-left-desktop")
	if n := eval[int](ann.person, "[...store.outbox.peek().entries()].length + store.timeline(10, "+id(di)+").rows.length"); n != 0 {
		t.Errorf("%d messages in the other conversation", n)
	}
	// One that is sent goes where it was made, whatever is opened in the same moment.
	ann.microphone()
	ann.until("a second of it", "document.querySelector('hy-voice .time')?.textContent === '0:01'")
	ann.eval("document.querySelector('hy-voice .strip .send').click(); document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/10-" + id(bo) + "' } })) && 0")
	ann.until("it with Di", "store.timeline(10, "+id(di)+").rows.at(-1)?.media === 3 || [...store.outbox.peek().entries()].some((e) => e.media === 3 && e.dstid === "+id(di)+")")
}

// TestBegunChangeIsKept: the words of a change survive another conversation and a
// reload, and go only where one says so.
func TestBegunChangeIsKept(t *testing.T) {
	ann, bo, di := register(t, "安娜", desktop), register(t, "Bo", desktop), register(t, "Di", desktop)
	befriend(ann, bo)
	befriend(ann, di)
	ann.openChat(bo.id)
	ann.say("七点见")
	ann.until("it stored", "document.querySelector('article.own[data-seq]') && !document.querySelector('.bubble.pending')")
	ann.openMenu("own")
	ann.pickMenu("pencil")
	ann.insert("hy-composer textarea", "，在老地方")
	const kept = "document.querySelector('hy-composer textarea').value === '七点见，在老地方' && document.querySelector('hy-composer .context')?.textContent.includes('修改')"
	ann.until("the change", kept)
	ann.eval("document.querySelector('hy-app').dispatchEvent(new CustomEvent('hy-go', { detail: { to: '/c/10-" + id(di) + "' } })) && 0")
	ann.until("the other one", "document.querySelector('hy-composer textarea').value === '' && !document.querySelector('hy-composer .context')")
	ann.openChat(bo.id) // loads the page anew
	ann.until("the change again", kept)
	ann.press("Escape", "Escape", 27, "", 0)
	ann.see("dialog.box")
	ann.click("dialog.box .weui-dialog__btn_default")
	ann.until("still the change", kept)
	ann.enter()
	ann.until("it changed", "document.querySelector('article.own .words')?.textContent === '七点见，在老地方' && !document.querySelector('hy-composer .context')")
	ann.openChat(bo.id)
	ann.until("nothing left of it", "document.querySelector('hy-composer textarea').value === '' && !document.querySelector('hy-composer .context')")
}

// TestTapBesideLosesNothing: a dialog in which something was written stays.
func TestTapBesideLosesNothing(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	ann.open("/contacts/add")
	ann.insert("hy-find input[name=key]", bo.mobile)
	ann.click("hy-find form button")
	ann.click("hy-find .card-head button")
	ann.see("dialog.box .entry")
	const beside = "document.querySelector('dialog.box').dispatchEvent(new MouseEvent('click', { bubbles: true })) && 0"
	ann.insert("dialog.box .entry", "我是安娜，上周见过")
	ann.eval(beside)
	if !eval[bool](ann.person, "!!document.querySelector('dialog.box[open]')") {
		t.Fatal("what was written is gone")
	}
	ann.eval("document.querySelector('dialog.box .entry').value = ''")
	ann.eval(beside)
	ann.until("the empty one closed", "!document.querySelector('dialog.box')")
}

// TestPicturesAreNotDroppedUnasked: Escape and a tap beside the sheet, with
// pictures in their order and a caption.
func TestPicturesAreNotDroppedUnasked(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	ann.openChat(bo.id)
	dir := t.TempDir()
	ann.choose("hy-composer input[data-for=picture]", photo(t, dir, "a.jpg", 80, 60), photo(t, dir, "b.jpg", 80, 60))
	const there = "document.querySelectorAll('.hy-sheet[open] figure img').length === 2 && document.querySelector('.hy-sheet .caption-field').value === '山'"
	ann.insert(".hy-sheet .caption-field", "山")
	ann.until("the sheet", there)
	ann.eval("document.querySelector('.hy-sheet').dispatchEvent(new MouseEvent('click', { bubbles: true })) && 0")
	ann.until("still the sheet", there)
	ann.press("Escape", "Escape", 27, "", 0)
	ann.see("dialog.box")
	ann.shot("sheet-drop-phone")
	ann.click("dialog.box .weui-dialog__btn_default")
	ann.until("still the sheet", there+" && !document.querySelector('dialog.box')")
	ann.click(".hy-sheet .weui-btn_default")
	ann.click("dialog.box .weui-dialog__btn_warn")
	ann.until("no sheet", "!document.querySelector('.hy-sheet, dialog.box')")
}
