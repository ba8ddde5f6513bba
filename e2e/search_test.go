package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const query = "hy-search input[type=search]"

// TestSearchScreen looks for people, words, pictures, files and links, goes to
// where something was said, comes back, and goes on in one conversation.
func TestSearchScreen(t *testing.T) {
	ann, xm := register(t, "安娜", phone), register(t, "张小明", desktop)
	group := groupOf("发版群", ann, xm)
	xm.openChat(ann.id)
	xm.eval(`(async () => {
		for (let i = 0; i < 70; i++) await store.send(10, ` + id(ann) + `, { media: 1, content: i === 3 ? '灰度 5% 没有异常' : i === 40 ? '见 https://example.test/灰度报告' : '第 ' + i + ' 条' });
	})()`)
	xm.until("all stored", "store.pending(10, "+id(ann)+").length === 0")
	path := filepath.Join(t.TempDir(), "灰度报告.csv")
	if err := os.WriteFile(path, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	xm.choose("hy-composer input[data-for=picture]", drawing(t, t.TempDir()))
	xm.click(".hy-sheet [type=submit]")
	xm.choose("hy-composer input[data-for=file]", path)
	xm.until("the files stored", "store.pending(10, "+id(ann)+").length === 0 && document.querySelector('article .file')")
	xm.openGroup(group)
	xm.say("今晚看灰度")

	ann.open("/search")
	ann.insert(query, "zxm")
	ann.until("a name by its pinyin", "document.querySelector('.results .row .name')?.textContent === '张小明'")
	ann.eval("document.querySelector('hy-search input').select() ?? 0")
	ann.insert(query, "灰度")
	ann.until("words by conversation", "document.querySelectorAll('.found-in').length === 2 && document.querySelectorAll('.found-in .hit mark').length >= 4")
	ann.shot("search-phone")
	ann.scheme("dark")
	ann.shot("search-phone-dark")
	ann.scheme("light")
	ann.click(".search-tabs [data-tab=files]")
	ann.until("the file", "document.querySelectorAll('.results .row').length === 1 && document.querySelector('.results mark')?.textContent === '灰度'")
	ann.click(".search-tabs [data-tab=links]")
	ann.until("the link", "document.querySelector('.results bdi')?.textContent === 'example.test'")
	ann.shot("search-links-phone")
	ann.eval("document.querySelector('hy-search input').value = ''; document.querySelector('hy-search input').dispatchEvent(new Event('input')); 0")
	ann.click(".search-tabs [data-tab=media]")
	ann.until("the picture", "document.querySelector('.thumbs img')?.naturalWidth > 0")
	ann.shot("search-media-phone")

	ann.click(".search-tabs [data-tab=messages]")
	ann.insert(query, "没有异常")
	ann.click(".hit")
	ann.until("the message in its midst", "document.querySelector('article.flash')?.textContent.includes('灰度 5%') && document.querySelectorAll('hy-messages article').length > 20")
	ann.eval("history.back() ?? 0")
	ann.until("the search as it was", "document.querySelector('hy-search input')?.value === '没有异常' && document.querySelectorAll('.hit').length === 1 && document.querySelector('[data-tab=messages]').ariaSelected === 'true'")
}

// TestSearchTabInSight opens the tab that has no room on a small screen.
func TestSearchTabInSight(t *testing.T) {
	ann := register(t, "安娜", screen{"tiny", 320, 568})
	ann.open("/search?tab=links")
	ann.until("the tab in sight", `(() => {
		const tab = document.querySelector('[role=tab][aria-selected=true]').getBoundingClientRect();
		const list = document.querySelector('[role=tablist]').getBoundingClientRect();
		return tab.width > 0 && tab.left >= list.left - 1 && tab.right <= list.right + 1;
	})()`)
	ann.shot("search-links-tiny")
}

// TestSearchInOneConversation begins at a conversation's page, browses a day
// and goes through the hits page by page, by keyboard.
func TestSearchInOneConversation(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	bo.eval(fmt.Sprintf("(async () => { for (let i = 0; i < 35; i++) await store.send(10, %d, { media: 1, content: '苹果 ' + i }); })()", ann.id))
	bo.until("all stored", fmt.Sprintf("store.pending(10, %d).length === 0", ann.id))
	ann.open("/c/10-" + id(bo) + "/info")
	ann.click("a[href^='/search?']")
	ann.see(query)
	ann.insert(query, "苹果")
	ann.until("a page", "document.querySelectorAll('.hit').length === 30 && document.querySelector('.filter').textContent.includes('Bo')")
	ann.shot("search-inside-desktop")
	ann.click(".results .more")
	ann.until("all of them", "document.querySelectorAll('.hit').length === 35 && !document.querySelector('.results .more')")
	ann.do("the field", focus(query))
	ann.press("ArrowDown", "ArrowDown", 40, "", 0)
	ann.press("ArrowDown", "ArrowDown", 40, "", 0)
	ann.until("the second in focus", "document.activeElement.textContent.includes('苹果 33')")
	ann.click(".search-tabs .when")
	ann.click("dialog.sheet button:nth-of-type(5)")
	ann.until("a field for the day", "document.querySelector('dialog .entry')?.type === 'date'")
	ann.eval("document.querySelector('dialog .entry').value = '2020-02-03'; 0")
	ann.click("dialog [type=submit]")
	ann.until("nothing on that day", "document.querySelectorAll('.filter').length === 2 && document.querySelector('.results .blank')")
	ann.click(".filter:last-child button")
	ann.until("everything again", "document.querySelectorAll('.hit').length === 30")
}

// TestWhatIsTakenBackIsNotFound: it leaves the list of what was found at once.
func TestWhatIsTakenBackIsNotFound(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	for _, text := range []string{"灰度一", "灰度二"} {
		bo.say(text)
		ann.sees(text)
	}
	ann.open("/search")
	ann.online()
	ann.insert(query, "灰度")
	ann.until("both", "document.querySelectorAll('.found-in .hit').length === 2")
	bo.openMenu("own")
	bo.pickMenu("undo-2")
	ann.until("one", "[...document.querySelectorAll('.found-in .hit')].map((e) => e.textContent).join().includes('灰度一') && document.querySelectorAll('.found-in .hit').length === 1")
}
