// A client without a server: the modules of the chat pane on a script of what a
// server would say, so that a look is the same each time. Test data only.
const ME = 1;
const START = new Date('2026-11-20T21:03:00').getTime();
const query = new URLSearchParams(location.search);
const lang = query.get('lang') ?? 'zh-CN';
document.documentElement.lang = lang;
if (query.get('theme')) document.documentElement.dataset.theme = query.get('theme');
if (query.has('care')) document.documentElement.dataset.care = '1';

const wave = Array.from({ length: 48 }, (_, i) => 6 + ((i * 37) % 26));
const landscape = '/landscape.png';
const users = [
  { id: 2, nickname: '林晓', avatar: '', online: true }, { id: 3, nickname: 'Anna', avatar: '', online: false },
  { id: 4, nickname: '王小明', avatar: '', online: true },
];
const rows = [];

function say(userid, minutes, fields) {
  rows.push({ id: rows.length + 1, seq: rows.length + 1, cmd: 11, kind: 11, dstid: 7, userid, media: 1, amount: 0, at: START + minutes * 60000, ...fields });
}

say(2, 0, { content: 'v1.4.0 的变更都合并了，ws 网关压测 10 万连接内存 2.1G。' });
say(2, 1, { content: 'Release notes: https://example.test/notes/v1.4.0' });
say(1, 2, { content: '收到，我来跑一遍回归。', cid: 'own-1' });
say(3, 3, { cmd: 19, content: 'group_joined', ext: { members: [4], names: { 3: 'Anna', 4: '王小明' } } });
const later = 23 * 60 + 7;
say(3, later, { media: 4, url: '/landscape.png', pic: landscape, ext: { width: 360, height: 240 } });
say(3, later + 1, { media: 3, url: '/v.webm', amount: 12, ext: { waveform: wave } });
say(4, later + 2, { media: 10, url: '/f.xlsx', content: '回归测试报告-final(2).xlsx', amount: 1887437 });
say(1, later + 3, { content: '哈哈哈 final(2) 😂 这个命名我太熟了', cid: 'own-2', ext: { reactions: { '👍': [2, 3], '😂': [1] } } });
say(1, later + 3, { media: 3, url: '/v.webm', amount: 5, cid: 'own-3', ext: { waveform: wave } });
say(2, later + 4, { media: 5, url: '/r', amount: 6600, memo: '恭喜发财，大吉大利' });
say(2, later + 4, { content: '@all 今晚八点发版，大家看下灰度', ext: { mentions: 'all' } });
say(1, later + 5, { content: '灰度 5% 没有异常，可以继续放量。', cid: 'own-4', ref: 11, ext: { quote: { userid: 2, text: '@all 今晚八点发版' } } });
if (query.get('more')) {
  say(4, later + 6, { content: '👌' });
  say(4, later + 6, { media: 7, url: 'https://example.test/news/2026', content: '鸿雁 1.0 发布', memo: '一个程序，一条命令' });
  say(4, later + 6, { media: 9, content: '3', memo: 'ID 3' });
  say(4, later + 6, { media: 8, url: '/v.mp4', pic: landscape, ext: { width: 360, height: 240, size: 8123456, duration: 83 } });
  say(4, later + 6, { media: 100, content: '{"game":"chess"}' });
  say(4, later + 6, { content: '', ext: { recalled: true } });
  say(1, later + 7, { content: '好', cid: 'own-5', ext: { edited: 1 } });
}

const answers = {
  '/message/conversations': () => ({ rows: [row()] }),
  '/message/history': (body) => ({ rows: body.before ? [] : body.after ? [] : rows }),
  '/contact/loadfriend': () => ({ rows: users }),
  '/contact/loadcommunity': () => ({ rows: [{ id: 7, name: 'Go 开发者群', size: 238, role: 'member' }] }),
  '/contact/requests': () => ({ rows: [] }),
  '/message/settings': () => ({ data: {} }),
  '/user/find': (body) => ({ data: users.find((u) => u.id === body.id) ?? users[0] }),
};
const row = () => ({ kind: 11, dstid: 7, title: 'Go 开发者群', avatar: '', lastseq: rows.length, readseq: query.get('unread') ? 4 : rows.length, peerread: 0,
  unread: query.get('unread') ? rows.length - 4 : 0, last: rows.at(-1), pinned: false, muted: false, draft: '', mentioned: false });

globalThis.fetch = new Proxy(globalThis.fetch, { apply(target, self, [url, options]) {
  const route = answers[url];
  if (!route) return Reflect.apply(target, self, [url, options]);
  return Promise.resolve(new Response(JSON.stringify({ code: 0, msg: '', ...route(JSON.parse(options?.body ?? '{}')) })));
} });

/** The line: it answers like the server, and lets a test say things over it. */
class Line extends EventTarget {
  static OPEN = 1;

  constructor() {
    super();
    this.readyState = 1;
    globalThis.line = this;
    this.sent = [];
    queueMicrotask(() => this.say({ cmd: 6, userid: ME, amount: 30, ext: { epoch: 'a', node: 'n', version: '1' } }));
  }

  say(frame) {
    queueMicrotask(() => this.onmessage?.({ data: JSON.stringify({ amount: 0, ...frame }) }));
  }

  send(text) {
    const m = JSON.parse(text);
    this.sent.push(m);
    if (globalThis.deaf) return;
    if (m.cmd === 11 && m.content === '这条发送失败了，点红点重发') this.say({ cmd: 5, cid: m.cid, error: 'forbidden', msg: '你已被禁言' });
    else if (m.cid) this.say({ cmd: 1, cid: m.cid, id: 100 + this.sent.length, seq: rows.length + this.sent.filter((f) => f.cid && f.content !== '这条发送失败了，点红点重发').length, kind: 11, dstid: 7, at: Date.now() });
  }

  close() {}
}
globalThis.WebSocket = Line;

const store = await import('/a/x/js/core/store.js');
globalThis.store = store;
await store.start({ me: { id: ME, nickname: '我', avatar: '' }, conversations: [row()], contacts: users, groups: answers['/contact/loadcommunity']().rows, requests: [] });
await (await import('/a/x/js/core/i18n.js')).words();
await import('/a/x/js/chat/chat.js');
const pane = document.querySelector('hy-chat');
pane.kind = 11;
pane.dstid = 7;
