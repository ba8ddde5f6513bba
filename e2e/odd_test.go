package e2e

import (
	"fmt"
	"testing"
)

// TestUserMedia shows what another program's own medium says in words, says
// that there is more to it than this client shows, and keeps what is for
// programs folded.
func TestUserMedia(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	ann.readsClipboard()
	bo.eval(fmt.Sprintf(`store.send(10, %d, { media: 100, content: '{"game":"chess","move":"<b>e4</b>"}', memo: '轮到你走了' }) && 0`, ann.id))
	ann.until("its words, and that there is more", "document.querySelector('article.other .odd-note')?.textContent.trim() === '这个版本还不能显示此类消息' && document.querySelector('article.other .odd .words')?.textContent === '轮到你走了'")
	ann.until("the data folded", "document.querySelector('article.other details') && !document.querySelector('article.other details').open && !document.querySelector('article.other .raw').checkVisibility()")
	ann.shot("odd-phone")
	ann.click("article.other summary")
	ann.until("the data as it is, and nothing made of it", `document.querySelector('article.other .raw').checkVisibility() && document.querySelector('article.other .raw').textContent === '{"game":"chess","move":"<b>e4</b>"}' && !document.querySelector('article.other .raw b')`)
	ann.axe("what is not shown")
	ann.openMenu("other")
	if eval[bool](ann.person, "!!document.querySelector('.hy-menu use[href$=\"#forward\"]')") {
		t.Error("it is offered to forward what is bound to its conversation")
	}
	ann.pickMenu("copy")
	ann.copied("轮到你走了")
	ann.open("/chat/index.shtml")
	ann.until("in the list that there is something", fmt.Sprintf("document.querySelector('hy-app a[href=\"/c/10-%d\"] .text')?.textContent.trim() === '[消息]'", bo.id))
}
