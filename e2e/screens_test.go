package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// speak sets the language of the pages to come.
func (a *account) speak(lang string) {
	a.t.Helper()
	a.eval(fmt.Sprintf("document.cookie = 'lang=%s; path=/'; 0", lang))
}

// TestLongNamesAndWords puts into the smallest screen, with large text, and into
// a large one what people really write: names without an end, words without a
// space, writing from the right, tall pictures, a hundred unread messages.
func TestLongNamesAndWords(t *testing.T) {
	long := "Wolfeschlegelsteinhausenbergerdo" // as long as a name may be
	ann, bo := register(t, long, screen{"tiny", 320, 568}), register(t, "محمد بن عبد الله آل سعود", screen{"large", 1440, 900})
	befriend(ann, bo)
	group := call[struct{ ID int64 }](ann, "/contact/createcommunity", fmt.Sprintf("{ name: '一个名字特别特别特别特别特别特别特别特别长的群聊二三四五', members: [%d] }", bo.id)).ID
	talk(ann, bo)
	write := func(one *account, kind int, to int64) {
		one.eval(fmt.Sprintf(`(async () => {
			const to = (m) => store.act({ cmd: %d, dstid: %d, media: 1, ...m });
			await to({ content: 'x'.repeat(300) });
			await to({ content: 'https://example.test/' + 'path-without-an-end/'.repeat(12) });
			await to({ content: 'مرحبا بكم في هذه المحادثة الطويلة جدا، كيف حالكم اليوم؟ — and some English, 和一点中文' });
			await to({ media: 10, url: '/mnt/none.pdf', content: 'report-' + 'final-'.repeat(20) + '.pdf', amount: 1887437 });
			await to({ media: 2, url: 'https://' + 'sub.'.repeat(20) + 'example.test/', content: 'T'.repeat(120), memo: 'M'.repeat(200) });
			await to({ media: 9, content: '%d', memo: '同事'.repeat(40) });
			await to({ media: 4, url: '/mnt/none.png', memo: '很高的图', ext: { width: 100, height: 4000 } });
			await to({ media: 4, url: '/mnt/none.png', ext: { width: 4000, height: 100 } });
			await to({ media: 100, content: '{"a":"' + 'b'.repeat(400) + '"}' });
		})()`, kind, to, ann.id))
	}
	write(ann, 10, bo.id)
	write(bo, 10, ann.id)
	write(bo, 11, group)
	ann.open("/me")
	ann.store()
	bo.sayAll(11, group, 0, 110, "`第 ${i} 句 ` + 'words '.repeat(i % 30)")
	for _, care := range []bool{false, true} {
		for _, one := range []*account{ann, bo} {
			if care {
				one.eval("document.cookie = 'care=1; path=/'; 0")
			}
			for _, view := range [][2]string{
				{"/chat/index.shtml", ".row .badge, .row .name"}, {"/c/10-" + id(map[*account]*account{ann: bo, bo: ann}[one]), "hy-messages .card"},
				{fmt.Sprintf("/c/11-%d", group), "hy-messages article"}, {fmt.Sprintf("/c/11-%d/info", group), "hy-group .members"},
				{"/contacts", ".row.person .avatar"}, {"/me", "hy-me h2"}, {"/search?q=words", ".found-in .hit"},
			} {
				one.open(view[0])
				one.see(view[1])
				name := fmt.Sprintf("long-%d-%v%s", map[*account]int{ann: 320, bo: 1440}[one], care, strings.NewReplacer("/", "-", "?", "-").Replace(view[0]))
				one.shot(name)
				found := slices.DeleteFunc(eval[[]string](one.person, faults), func(fault string) bool {
					return strings.HasPrefix(fault, "moved") // what moves is TestEveryScreen's; here a busy machine's line comes late
				})
				if len(found) > 0 {
					t.Errorf("%s, %d wide, care %v:\n    %s", view[0], eval[int](one.person, "innerWidth"), care, strings.Join(found, "\n    "))
				}
			}
		}
	}
}
