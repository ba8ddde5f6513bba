package e2e

import (
	"fmt"
	"testing"
)

// unasked lets nobody be offered notices: what is shown moves when the offer comes.
func unasked(all ...*account) {
	for _, a := range all {
		a.eval("localStorage.setItem('hy-push', 'no')")
	}
}

// together opens a group of two on both screens.
func together(a, b *account) {
	a.t.Helper()
	befriend(a, b)
	unasked(a, b)
	a.openChat(b.id)
	group := eval[int64](a.person, fmt.Sprintf(`fetch('/contact/createcommunity', { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ name: '登山队', members: [%d] }) }).then((r) => r.json()).then((x) => x.data.id)`, b.id))
	for _, one := range []*account{a, b} {
		one.open(fmt.Sprintf("/c/11-%d", group))
		one.see("hy-composer textarea")
		one.online()
	}
}

// tool opens a row of the plus panel.
func (a *account) tool(name string) {
	a.t.Helper()
	a.click("hy-composer .plus")
	a.click("hy-composer [data-tool=" + name + "]")
	a.see("dialog[open]")
}

// looks takes a picture in each theme.
func (a *account) looks(name string) {
	a.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		a.scheme(theme)
		a.shot(name + "-" + theme)
	}
	a.scheme("light")
}

// TestRedPacket sends a packet into a group; both open it, see who took what,
// and every open screen learns of it.
func TestRedPacket(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	together(ann, bo)

	ann.tool("packet")
	ann.click(".packet-form [type=submit]")
	ann.until("what is wrong at each field", "document.querySelectorAll('.packet-form .fault:not([hidden])').length === 2 && document.activeElement.name === 'amount'")
	ann.insert("input[name=amount]", "8.88")
	ann.insert("input[name=count]", "3")
	ann.until("too many shares", "document.querySelector('#fault-count').textContent.includes('（2）')")
	ann.eval("(() => { const f = document.querySelector('input[name=count]'); f.value = '2'; f.dispatchEvent(new Event('input', { bubbles: true })); })() ?? 0")
	ann.until("no faults", "!document.querySelector('.packet-form .fault:not([hidden])') && document.querySelector('.sum').textContent.includes('8.88')")
	ann.until("the balance", "document.querySelector('.packet-form').textContent.includes('1000.00')")
	ann.looks("packet-form-phone")
	ann.axe("the form of a packet")
	ann.click(".packet-form [type=submit]")
	ann.until("no form", "!document.querySelector('dialog')")

	bo.see("article.other .packet[data-state=sealed] button")
	ann.see("article.own .packet[data-state=sealed] button")
	ann.shot("packet-sealed-phone")
	bo.click("article.other .packet button")
	bo.see(".envelope .opens")
	bo.looks("packet-envelope-desktop")
	bo.axe("a sealed packet")
	bo.click(".envelope .opens")
	bo.until("who took what", "document.querySelectorAll('.envelope li').length === 1 && document.querySelector('.envelope .head .sum')")
	bo.press("Escape", "Escape", 27, "", 0)
	bo.see("article.other .packet[data-state=opened]")

	ann.click("article.own .packet button")
	ann.click(".envelope .opens")
	ann.until("both in the list, and the luckiest", "document.querySelectorAll('.envelope li').length === 2 && document.querySelectorAll('.envelope .best').length === 1")
	sum := eval[float64](ann.person, "[...document.querySelectorAll('.envelope li .amount')].reduce((sum, e) => sum + Math.round(parseFloat(e.textContent) * 100), 0)")
	if sum != 888 {
		t.Errorf("the shares are %v together", sum)
	}
	ann.looks("packet-detail-phone")
	ann.axe("who took what")
	ann.click(".envelope .bar button")
	ann.see("article.own .packet.over")
	bo.openChat(ann.id)

	// What a client says of itself is an ornament, whatever it claims.
	bo.eval(fmt.Sprintf("store.act({ cmd: 10, dstid: %d, media: 5, memo: '假的', amount: 99900, url: '/packet/1', ext: { packet: 1 } }).then(() => 0)", ann.id))
	ann.openChat(bo.id)
	ann.until("a wish without a way to open it", "document.querySelector('article.other .packet .wish')?.textContent === '假的' && !document.querySelector('article.other .packet button')")
}

// TestPacketIsEmpty shows those who come late that all is taken.
func TestPacketIsEmpty(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	unasked(ann, bo)
	talk(ann, bo)
	ann.tool("packet")
	ann.insert("input[name=amount]", "1")
	ann.enter()
	bo.see("article.other .packet[data-state=sealed] button")
	ann.click("article.own .packet button")
	ann.until("that it waits", "document.querySelector('.envelope .none')?.textContent === '等待对方领取'")
	bo.click("article.other .packet button")
	bo.click(".envelope .opens")
	bo.until("the amount", "document.querySelector('.envelope .head .sum strong')?.textContent === '1.00'")
	ann.until("that it was taken, on the open sheet", "document.querySelector('.envelope .none')?.textContent === '对方已领取' && document.querySelectorAll('.envelope li').length === 1")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.see("article.own .packet[data-state=empty]")
	ann.until("the same in its words", "document.querySelector('article.own .packet .size').textContent === '对方已领取'")
	bo.openChat(ann.id)
	bo.see("article.other .packet[data-state=opened]")
	bo.shot("packet-opened-phone")
}

// TestCards sends a contact card, a link, a news card and a sticker.
func TestCards(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	cat := register(t, "张小明", phone)
	befriend(ann, bo)
	befriend(ann, cat)
	unasked(ann, bo)
	talk(ann, bo)

	ann.tool("card")
	ann.until("the others alone", "document.querySelectorAll('dialog .rows .row').length === 1")
	ann.insert("dialog .find-bar input", "zxm")
	ann.until("found by pinyin", "document.querySelector('dialog .rows .row')?.textContent.includes('张小明')")
	ann.looks("card-pick-phone")
	ann.axe("choosing a card")
	ann.click("dialog .rows .row button")
	ann.click("dialog .weui-dialog__btn_primary")
	bo.until("the card", "document.querySelector('article.other .card.person .name')?.textContent === '张小明'")
	bo.click("article.other .card.person button")
	bo.until("the page of who it is", fmt.Sprintf("location.pathname === '/contacts/%d'", cat.id))
	bo.openChat(ann.id)

	ann.tool("link")
	ann.insert(".link-form [name=url]", "不是网址")
	ann.enter()
	ann.until("what is wrong", "document.querySelector('#fault-url').textContent.includes('网址')")
	ann.eval("document.querySelector('.link-form [name=url]').value = ''")
	ann.insert(".link-form [name=url]", "example.test/notes")
	ann.until("the sample", "document.querySelector('.sample')?.textContent.includes('example.test')")
	ann.enter()
	bo.until("the link card", "document.querySelector('article.other .card.news a')?.href === 'https://example.test/notes'")
	ann.tool("link")
	ann.insert(".link-form [name=url]", "https://example.test/v1.4")
	ann.insert(".link-form [name=title]", "发布 v1.4")
	ann.insert(".link-form [name=note]", "连接数、内存与延迟的改进")
	ann.looks("link-form-phone")
	ann.axe("the form of a link")
	ann.click(".link-form [type=submit]")
	bo.until("the news card", "[...document.querySelectorAll('article.other .card.news .name')].some((e) => e.textContent === '发布 v1.4')")

	// What the page says of itself is offered, and can be taken off; a form that is closed is not lost.
	ann.openChat(bo.id)
	ann.tool("link")
	ann.eval(`(() => {
		const real = fetch;
		globalThis.fetch = (to, how) => (to === '/link/preview' ? Promise.resolve(Response.json({ code: 0, data: { url: 'https://example.test/a', host: 'example.test', title: '网页的标题', note: '说明', pic: '' } })) : real(to, how));
	})()`)
	ann.insert(".link-form [name=url]", "https://example.test/a")
	ann.do("leave the field", focus(".link-form [name=note]"))
	ann.until("what the page says", "document.querySelector('.sample .name')?.textContent === '网页的标题'")
	ann.press("Escape", "Escape", 27, "", 0)
	ann.until("no dialog", "!document.querySelector('dialog')")
	ann.tool("link")
	ann.until("what was written", "document.querySelector('.link-form [name=url]').value === 'https://example.test/a' && document.querySelector('.link-form [name=title]').value === '网页的标题'")
	ann.click(".sample .iconbtn")
	ann.until("none of it", "document.querySelector('.sample .name').textContent === 'https://example.test/a'")
	ann.click(".link-form .bar button")

	ann.stick()
	bo.until("the sticker", "document.querySelector('article.other .sticker img')?.naturalWidth === 96")
	bo.until("no larger than it is", "document.querySelector('article.other .sticker img').getBoundingClientRect().width <= 160")
	ann.looks("cards-phone")
	bo.looks("cards-desktop")
	bo.axe("cards in the list")
	bo.openMenu("other")
	bo.pickMenu("sticker")
	bo.tool("sticker")
	bo.until("the sticker kept", "document.querySelectorAll('.stickers .grid img').length === 1")
	bo.shot("stickers-desktop")
	bo.axe("stickers")
	bo.click(".stickers .bar .textbtn")
	bo.click(".stickers .grid button:nth-child(2)")
	bo.click("dialog .weui-dialog__btn_warn")
	bo.until("none left", "document.querySelectorAll('.stickers .grid img').length === 0")
}

// TestLinkPreview offers what a page says of itself while a link is being
// written, sends it along, and leaves it out where it was taken off.
func TestLinkPreview(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	unasked(ann, bo)
	talk(ann, bo)
	ann.eval(`(() => {
		const real = fetch;
		globalThis.fetch = (to, how) => (to === '/link/preview' ? Promise.resolve(Response.json({ code: 0, data: { url: JSON.parse(how.body).url, host: 'example.test', title: '发布 v1.4.0', note: '连接数、内存与延迟的改进', pic: '' } })) : real(to, how));
	})()`)
	ann.insert("hy-composer textarea", "看https://example.test/notes。好的")
	ann.until("the offer", "document.querySelector('.link-offer .name')?.textContent === '发布 v1.4.0'")
	ann.looks("link-offer-phone")
	ann.enter()
	bo.until("what the page says, in the bubble", "document.querySelector('article.other a.page')?.href === 'https://example.test/notes' && document.querySelector('a.page .size').textContent.includes('example.test · 连接数')")
	ann.until("no offer", "!document.querySelector('.link-offer')")
	ann.looks("link-page-phone")
	ann.insert("hy-composer textarea", "https://example.test/other")
	ann.click(".link-offer .iconbtn")
	ann.enter()
	bo.sees("https://example.test/other")
	if n := eval[int](bo.person, "document.querySelectorAll('article.other a.page').length"); n != 1 {
		t.Errorf("%d previews, one was taken off", n)
	}
}

// stick puts a picture into the collection, and sends it.
func (a *account) stick() {
	a.t.Helper()
	a.eval(`(async () => {
		const canvas = new OffscreenCanvas(96, 96);
		const pen = canvas.getContext('2d');
		pen.fillStyle = '#f5b301';
		pen.arc(48, 48, 44, 0, 7);
		pen.fill();
		const form = new FormData();
		form.append('file', new File([await canvas.convertToBlob()], '太阳.png', { type: 'image/png' }));
		const { data } = await (await fetch('/attach/upload', { method: 'POST', body: form })).json();
		await fetch('/sticker/add', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ url: data }) });
	})()`)
	a.tool("sticker")
	a.until("the collection", "document.querySelector('.stickers .grid img')?.naturalWidth > 0")
	a.shot("stickers-phone")
	a.click(".stickers .grid button:nth-child(2)")
	a.until("no dialog", "!document.querySelector('dialog')")
}
