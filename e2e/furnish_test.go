package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// a conversation of two and a group, with something of most kinds in them.
func furnish(ann, bo *account) (group int64) {
	ann.t.Helper()
	befriend(ann, bo)
	var made struct{ Data struct{ ID int64 } }
	if err := json.Unmarshal([]byte(ann.api("/contact/createcommunity", map[string]any{"name": "产品组 Product", "members": []int64{bo.id}})), &made); err != nil {
		ann.t.Fatal(err)
	}
	talk(ann, bo)
	bo.tells(ann, made.Data.ID)
	ann.until("what Bo said", fmt.Sprintf("store.timeline(10, %d).rows.length >= 7", bo.id))
	return made.Data.ID
}

// tells says something of most kinds to somebody, and a word to a group.
func (a *account) tells(b *account, group int64) {
	a.t.Helper()
	a.eval(fmt.Sprintf(`(async () => {
		const to = async (m) => store.send(10, %d, m);
		await to({ media: 1, content: '周五下午三点开会，地点老地方 https://example.test/room?id=5' });
		await to({ media: 6, content: '👍' });
		await to({ media: 2, content: '版本说明', url: 'https://example.test/notes', memo: 'What is new' });
		await to({ media: 7, url: 'https://example.test/' });
		await to({ media: 9, content: '%d', memo: '同事' });
		await to({ media: 10, url: '/mnt/none.pdf', content: '季度报告-final.pdf', amount: 1887437 });
		await to({ media: 100, content: 'x', memo: '自定义' });
		await store.send(11, %d, { media: 1, content: 'Hello, everybody, see https://example.test/agenda' });
	})()`, b.id, a.id, group))
}

// walk is somebody who looks at everything, and those around.
type walk struct {
	*account
	other, third, stranger, fresh *account
	guest, plain                  *person // not signed in; the walker in a browser without scripts
	friend                        int64   // whose conversation is put away
	group, theirs, quiet, gone    int64   // of their own, the other's, one in which nobody may speak, one that is no more
	record, link, spent, trust    string  // addresses
	pictures                      []string
}

// world is what two walkers have in common.
type world struct {
	ann, bo, cy, spare, stranger, fresh *account
	walks                               map[string]*walk
}

// furnished makes people, groups and conversations in which there is some of
// everything to be seen.
func furnished(t *testing.T) *world {
	f := &world{ann: register(t, "安娜", tiny), bo: register(t, "Bo", desktop), cy: register(t, "赛伊", phone), fresh: register(t, "New", phone)}
	f.spare = &account{person: newPerson(t, "spare", f.ann.base, phone), wire: f.ann.wire}
	f.spare.open("/user/register.shtml")
	befriend(f.ann, f.bo)
	talk(f.ann, f.bo)
	quiet := groupOf("公告 Announcements", f.cy, f.ann, f.bo)
	call[any](f.cy, "/community/update", fmt.Sprintf("{ dstid: %d, quiet: true }", quiet))
	closed := call[struct{ ID int64 }](f.cy, "/contact/createcommunity", "{ name: '周末登山队 Weekend hikers', join: 'approval', memo: '每周六早上八点 Saturdays at eight' }").ID
	gone := call[struct{ ID int64 }](f.cy, "/contact/createcommunity", fmt.Sprintf("{ name: \"去年的旅行 Last year's trip\", members: [%d, %d] }", f.ann.id, f.bo.id)).ID
	call[any](f.cy, "/community/dismiss", fmt.Sprintf("{ dstid: %d }", gone))
	link, spent := f.cy.invites(closed), f.cy.invites(closed)
	call[any](f.cy, "/community/revokelink", fmt.Sprintf("{ id: %d }", spent.ID))
	common := walk{third: f.cy, quiet: quiet, gone: gone, link: "/join/" + link.Token, spent: "/join/" + spent.Token, trust: authority(t)}
	dir := t.TempDir()
	common.pictures = []string{photo(t, dir, "a.jpg", 900, 600), photo(t, dir, "b.jpg", 600, 900)}
	f.walks = map[string]*walk{}
	for lang, pair := range map[string][2]*account{"zh-CN": {f.ann, f.bo}, "en": {f.bo, f.ann}} {
		w := common
		w.account, w.other, w.fresh = pair[0], pair[1], f.fresh
		w.group = call[struct{ ID int64 }](w.account, "/contact/createcommunity", fmt.Sprintf("{ name: '产品组 Product', members: [%d, %d] }", w.other.id, f.cy.id)).ID
		f.walks[lang] = &w
	}
	f.walks["zh-CN"].theirs, f.walks["en"].theirs = f.walks["en"].group, f.walks["zh-CN"].group
	f.strangers()
	for _, w := range f.walks {
		w.furnish()
	}
	for _, w := range f.walks {
		w.settle()
	}
	f.cy.home()
	return f
}

type inviteLink struct {
	ID    int64
	Token string
}

func (a *account) invites(group int64) inviteLink {
	a.t.Helper()
	return call[inviteLink](a, "/community/invitelink", fmt.Sprintf("{ dstid: %d, hours: 24 }", group))
}

// authority is the address of a server that is its own.
func authority(t *testing.T) string {
	t.Helper()
	return strings.Replace(callServer(t, "-tls-self", "on"), "https:", "http:", 1)
}

// strangers are a friend who is in no group, somebody who is blocked, and
// somebody who asks for everything.
func (f *world) strangers() {
	somebody := func(name string) *account {
		f.spare.mobile = fmt.Sprint(13900000000 + people.Add(1))
		made := call[struct{ ID int64 }](f.spare, "/user/register", fmt.Sprintf("{ mobile: %q, nickname: %q, passwd: %q }", f.spare.mobile, name, password))
		return &account{person: f.spare.person, id: made.ID, mobile: f.spare.mobile}
	}
	friend := somebody("朋友 Friend")
	for _, w := range f.walks {
		befriend(w.account, friend)
		w.friend = friend.id
	}
	banned := somebody("推销 Seller")
	for _, w := range f.walks {
		call[any](w.account, "/contact/block", fmt.Sprintf("{ dstid: %d }", banned.id))
		call[any](w.account, "/community/update", fmt.Sprintf("{ dstid: %d, join: 'approval', memo: '做什么、为什么 What and why' }", w.group))
	}
	f.stranger = somebody("陌生人 Stranger")
	for _, w := range f.walks {
		w.stranger = f.stranger
		call[any](f.spare, "/contact/addfriend", fmt.Sprintf("{ dstid: %d, memo: '我们昨天见过 We met yesterday' }", w.id))
		call[any](f.spare, "/contact/joincommunity", fmt.Sprintf("{ dstid: %d, memo: '我是新来的同事 I am new here' }", w.group))
	}
	for _, w := range f.walks { // a second device of each
		f.spare.api("/user/login", map[string]any{"mobile": w.mobile, "passwd": password})
	}
}

// furnish says what is to be said, in the walker's name.
func (w *walk) furnish() {
	unasked(w.account)
	w.tells(w.other, w.theirs)
	w.eval(fmt.Sprintf(`(async () => {
		const post = (to, body) => fetch(to, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then((r) => r.json()).then((r) => { if (r.code) throw new Error(to + JSON.stringify(r)); return r.data; });
		const canvas = new OffscreenCanvas(300, 200);
		const pen = canvas.getContext('2d');
		pen.fillStyle = '#9ec7ea';
		pen.fillRect(0, 0, 300, 200);
		pen.fillStyle = '#5d8c5b';
		pen.fillRect(0, 120, 300, 80);
		const form = new FormData();
		form.append('file', new File([await canvas.convertToBlob()], '山.png', { type: 'image/png' }));
		const { data: url } = await (await fetch('/attach/upload', { method: 'POST', body: form })).json();
		const other = %[1]d, group = %[2]d;
		await store.send(10, other, { media: 4, url, memo: '老地方', ext: { width: 300, height: 200 } });
		await post('/sticker/add', { url });
		await post('/packet/send', { kind: 10, dstid: other, amount: 888, count: 1, mode: 'equal', memo: '恭喜发财' });
		const { id, title, names, count, lines, kind } = await post('/record/create', { kind: 10, dstid: other, seqs: [1, 2] });
		globalThis.record = '/record/' + id;
		await store.send(10, other, { media: 2, content: title ?? '聊天记录', memo: '…', url: record, ext: { record: { id, kind, title, names, count, lines } } });
		await store.send(10, other, { media: 1, content: '好的，明天见 See you tomorrow' });
		const { seq: slip } = await store.act({ cmd: 11, dstid: group, media: 1, content: '说错了 A slip' });
		await store.act({ cmd: 15, kind: 11, dstid: group, ref: slip });
		globalThis.met = (await store.act({ cmd: 11, dstid: group, media: 1, content: '集合点：东门 We meet at the east gate' })).seq;
		if (!met) throw new Error('no seq');
		await post('/community/update', { dstid: group, notice: '周六早上八点集合。\n下雨改到周日。 Rain moves it to Sunday.' });
		await post('/notify/set', { kind: 'webhook', address: 'https://example.test/hook', name: '值班 On call' });
	})()`, w.other.id, w.group))
	w.choose("hy-composer input[data-for=audio]", tone(w.t, 3))
	w.until("all stored", "document.querySelector('hy-messages article.own .voice') && [...store.outbox.peek().entries()].length === 0")
	w.record = eval[string](w.person, "record")
}

// settle answers what the other said: a reaction, and what is pinned.
func (w *walk) settle() {
	w.eval(fmt.Sprintf(`(async () => {
		const line = store.timeline(10, %[1]d);
		await store.act({ cmd: 17, kind: 10, dstid: %[1]d, ref: line.rows.findLast((m) => m.media === 1 && m.userid === %[1]d).seq, content: '👍', amount: 1 }).catch(() => {});
	})()`, w.other.id))
	w.eval(fmt.Sprintf("store.act({ cmd: 10, dstid: %d, media: 1, content: '谢谢 Thank you' }).then(() => 0)", w.friend))
	call[any](w.account, "/message/settings", fmt.Sprintf("{ kind: 10, dstid: %d, archived: true }", w.friend))
	call[any](w.account, "/message/pin", fmt.Sprintf("{ kind: 11, dstid: %d, seq: met }", w.group))
}

// walk is a walker in a language, with those who are not signed in beside.
func (f *world) walk(t *testing.T, lang string) *walk {
	t.Helper()
	w := f.walks[lang]
	back := w.speaks(t)
	t.Cleanup(back)
	w.guest = newPerson(t, "guest", w.base, tiny)
	w.guest.before(states)
	w.plain = newPerson(t, "plain", w.base, tiny)
	for _, one := range []*person{w.guest, w.plain, w.person, w.fresh.person} {
		one.t = t
		one.open("/user/login.shtml?lang=" + lang)
	}
	w.plain.api("/user/login", map[string]any{"mobile": w.mobile, "passwd": password})
	w.plain.scripts(false)
	for _, one := range []*person{w.guest, w.person, w.fresh.person} {
		one.touched = lang == "zh-CN"
	}
	return w
}

// speaks has what goes wrong told to a test, until the way back is called.
func (w *walk) speaks(t *testing.T) (back func()) {
	all := []*person{w.person, w.other.person, w.third.person, w.fresh.person, w.guest, w.plain}
	were := make([]*testing.T, len(all))
	for i, one := range all {
		if one != nil {
			were[i], one.t = one.t, t
		}
	}
	return func() {
		for i, one := range all {
			if one != nil {
				one.t = were[i]
			}
		}
	}
}
