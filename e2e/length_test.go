package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTooLongMessageIsSaidAtTheField: the words stay, and so does the sentence,
// until they are changed or another conversation is opened.
func TestTooLongMessageIsSaidAtTheField(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	const said = "document.querySelector('.composer .warn[role=alert]')?.textContent.length > 5 && document.querySelector('hy-composer textarea').getAttribute('aria-describedby') === 'hy-long'"
	const unsaid = "!document.querySelector('.composer .warn') && document.querySelector('hy-composer textarea').getAttribute('aria-invalid') === 'false'"
	ann.eval("(() => { const f = document.querySelector('hy-composer textarea'); f.value = '长'.repeat(12000); f.dispatchEvent(new Event('input', { bubbles: true })); })() ?? 0")
	ann.click("hy-composer .send")
	ann.until("why not", said)
	ann.shot("too-long-phone")
	ann.until("the words, whole, and not sent", "document.querySelector('hy-composer textarea').value.length === 12000 && !document.querySelector('article.own')")
	ann.insert(field, "！")
	ann.until("it gone with the first change", unsaid)
	ann.click("hy-composer .send")
	ann.until("it again", said)
	ann.eval("document.querySelector('hy-composer textarea').value = ''")
	ann.say("短的")
	ann.until("it gone, the short one sent", unsaid+" && document.querySelector('article.own')")
}

// TestPastedWordsStayWhole: a limit cuts nothing. What is too much is said at the
// field, and refused until it is gone.
func TestPastedWordsStayWhole(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	// over waits until a field has all of its text and says how much of it is too much.
	over := func(css string, length, many int) {
		t.Helper()
		ann.until(fmt.Sprintf("%d too many in %s", many, css), fmt.Sprintf(`(() => {
			const f = document.querySelector(%q);
			const note = document.getElementById(f.getAttribute('aria-describedby')?.split(' ').at(-1));
			return [...f.value].length === %d && (%d === 0 ? !document.querySelector('.fault.over') && f.getAttribute('aria-invalid') !== 'true'
				: note?.matches('.fault.over[role=alert]') && note.textContent.includes('%d') && f.getAttribute('aria-invalid') === 'true');
		})()`, css, length, many, many))
	}
	text := func(css string, length int) {
		t.Helper()
		ann.see(css)
		ann.eval(fmt.Sprintf("document.querySelector(%q).select()", css))
		ann.insert(css, eval[string](ann.person, fmt.Sprintf("'🙂' + '字'.repeat(%d)", length-1)))
	}

	ann.open("/me/profile")
	ann.click("hy-account .weui-cell:nth-child(2)")
	const entry = "dialog.box .entry"
	ann.see(entry)
	text(entry, 40)
	over(entry, 40, 8)
	ann.shot("over-dialog-phone")
	ann.click("dialog.box [type=submit]")
	ann.until("the field again", "document.activeElement === document.querySelector('"+entry+"')")
	over(entry, 40, 8)
	ann.enter()
	over(entry, 40, 8)
	text(entry, 32)
	over(entry, 32, 0)
	ann.click("dialog.box [type=submit]")
	ann.until("the name kept", "!document.querySelector('dialog.box') && document.querySelector('hy-account .weui-cell:nth-child(2)').textContent.includes('🙂字')")

	ann.open("/chat/createcom.shtml")
	text("hy-create input[name=name]", 33)
	over("hy-create input[name=name]", 33, 1)
	ann.shot("over-form-phone")
	ann.click("hy-create header .weui-btn_primary")
	over("hy-create input[name=name]", 33, 1)

	ann.openChat(bo.id)
	ann.choose("hy-composer input[data-for=picture]", photo(t, t.TempDir(), "a.jpg", 80, 60))
	text(".hy-sheet .caption-field", 510)
	over(".hy-sheet .caption-field", 510, 10)
	ann.shot("over-caption-phone")
	ann.click(".hy-sheet [type=submit]")
	over(".hy-sheet .caption-field", 510, 10)
	text(".hy-sheet .caption-field", 500)
	over(".hy-sheet .caption-field", 500, 0)
	ann.click(".hy-sheet [type=submit]")
	ann.until("the picture sent", "document.querySelector('article.own[data-seq] .picture img') && !document.querySelector('.hy-sheet, .clock')")

	ann.openMenu("own")
	ann.pickMenu("forward")
	ann.click(".hy-panel .people label")
	text(".hy-panel .note", 501)
	over(".hy-panel .note", 501, 1)
	ann.shot("over-note-phone")
	ann.click(".hy-panel footer .weui-btn")
	over(".hy-panel .note", 501, 1)
	text(".hy-panel .note", 3)
	over(".hy-panel .note", 3, 0)
	ann.click(".hy-panel footer .weui-btn")
	ann.until("it forwarded", "!document.querySelector('.hy-panel')")

	ann.click("hy-composer button.plus")
	ann.click("hy-composer [data-tool=link]")
	text(".link-form [name=title]", 500)
	ann.until("a note in a form of a card", "document.querySelector('.link-form .fault.over')")
	ann.shot("over-card-phone")
	ann.click(".link-form [type=submit]")
	ann.until("the form still there", "document.querySelector('.link-form .fault.over') && document.activeElement.name === 'title'")
}

// TestLongReplyWithoutScriptComesBack: nothing of what was typed is lost where the
// server is the first to see that it is too long.
func TestLongReplyWithoutScriptComesBack(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", phone)
	befriend(ann, bo)
	ann.scripts(false)
	defer ann.scripts(true)
	ann.open("/c/10-" + id(bo))
	const many = 25_000
	ann.insertPlain("#reply", strings.Repeat("长", many))
	ann.do("send", chromedp.Click(chromedp.CSS("form.first-reply button")))
	ann.waitFor(".first .fault")
	ann.shot("too-long-plain")
	if text := ann.plainText(".first"); strings.Count(text, "长") < many || !strings.Contains(text, "消息太长了") {
		t.Errorf("%d characters came back", strings.Count(text, "长"))
	}
}
