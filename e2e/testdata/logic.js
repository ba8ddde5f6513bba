// Checks of the client's pure modules, run in the browser that runs the client.
// Each gives a list of what is wrong; an empty one is a pass.
import { layout } from '/a/x/js/chat/layout.js';
import { peaksOf } from '/a/x/js/chat/recorder.js';
import { callsOf, emojiCount, linkify, partsOf, reasonToAsk, trustHost } from '/a/x/js/chat/text.js';
import { toned } from '/a/x/js/chat/emoji.js';
import { fitting } from '/a/x/js/chat/written.js';
import { openDatabase } from '/a/x/js/core/database.js';
import { frameOf, Outbox } from '/a/x/js/core/outbox.js';
import { Mirror } from '/a/x/js/core/mirror.js';
import { Nodes } from '/a/x/js/core/nodes.js';
import { backoff, isFinal } from '/a/x/js/core/socket.js';
import * as store from '/a/x/js/core/store.js';
import { newCID } from '/a/x/js/core/wire.js';
import { Timeline } from '/a/x/js/core/timeline.js';
import { byLetter, initialsOf, letterOf, matches, ready } from '/a/x/js/ui/pinyin.js';

const same = (what, got, want) => (JSON.stringify(got) === JSON.stringify(want) ? [] : [`${what}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`]);
const post = (seq, more = {}) => ({ cmd: 10, kind: 10, seq, id: seq, userid: 2, dstid: 1, media: 1, content: `m${seq}`, at: seq * 1000, ...more });

/** A generator of numbers that is the same each time. */
function dice(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return seed / 4294967296;
  };
}

export const checks = {
  /** What a picture becomes before it is sent. */
  async shrinking() {
    const draw = async (width, height, type, fill = '') => {
      const canvas = new OffscreenCanvas(width, height);
      const pen = canvas.getContext('2d');
      const noise = new ImageData(Math.min(width, 600), Math.min(height, 600));
      for (let i = 0; i < noise.data.length; i++) noise.data[i] = (i * 2654435761) >>> 24;
      if (fill) pen.fillStyle = fill;
      if (fill) pen.fillRect(0, 0, width, height);
      else pen.putImageData(noise, 0, 0);
      return new File([await canvas.convertToBlob({ type })], `a.${type.slice(6)}`, { type });
    };
    const { prepare } = await import('/a/x/js/core/picture.js');
    const sizeOf = async (file) => {
      const bitmap = await createImageBitmap(file);
      return `${file.type} ${bitmap.width}x${bitmap.height}`;
    };
    const wide = await prepare(await draw(3000, 1500, 'image/png'));
    const photo = await prepare(await draw(2400, 2400, 'image/jpeg'));
    const little = await draw(90, 90, 'image/png');
    const kept = await prepare(little);
    const bytes = new Uint8Array(await little.arrayBuffer());
    const moving = new File([bytes.slice(0, 33), new Uint8Array(300 << 10).fill(65), 'acTL', 'IDAT'], 'b.png', { type: 'image/png' });
    const gif = new File([bytes, new Uint8Array(300 << 10)], 'b.gif', { type: 'image/gif' });
    const huge = await prepare(await draw(6400, 6400, 'image/jpeg', 'teal'));
    const odd = await prepare(new File(['no picture'], 'IMG.heic', { type: '' }));
    return [
      ...same('a wide one', await sizeOf(wide.small), 'image/webp 2048x1024'), ...same('its original', wide.large.name, 'a.png'),
      ...same('a photograph', [await sizeOf(photo.small), photo.small.name], ['image/jpeg 2048x2048', 'a.jpg']),
      ...same('a little one', kept.small === little && kept.large === little, true),
      ...same('one that moves', (await prepare(gif)).small === gif, true), ...same('a broken one', (await prepare(moving)).note, 'plain'),
      ...same('a huge one', [huge.note, await sizeOf(huge.small)], ['pixels', 'image/jpeg 2048x2048']),
      ...(await createImageBitmap(huge.large).then((b) => same('a huge original', b.width * b.height <= 40_000_000 && b.width > 6200, true))),
      ...same('one that cannot be read', [odd.note, odd.small.name], ['plain', 'IMG.heic']),
    ];
  },

  async links() {
    const vectors = await (await fetch('/links.json')).json();
    return vectors.flatMap(([text, want]) => {
      const parts = linkify(text);
      return [...same(text, parts.filter((p) => p.href).map((p) => p.href), want), ...same(`${text} as a whole`, parts.map((p) => p.text).join(''), text)];
    });
  },

  /** Where a link leads elsewhere than its text says, that is noticed; in groups a host is asked about until it is trusted. */
  doubts() {
    const wrong = [['https://a.com/x', ''], ['HTTPS://EXAMPLE.COM:443/A', ''], ['www.example.com/a', ''], ['http://a.com:8080', ''], ['http://例子.中国/x', 'script'], ['https://аpple.com', 'script'],
      ['https://xn--pple-43d.com', 'script'], ['http://0x7f.1/', 'other'], ['http://2130706433/', 'other'], ['\u202emoc.live https://a.com', 'turn']]
      .flatMap(([text, want]) => same(text, linkify(text).find((p) => p.href).doubt, want));
    const [part] = linkify('https://never.test/x');
    wrong.push(...same('between two', reasonToAsk(part, false), ''), ...same('in a group', reasonToAsk(part, true), 'unknown'));
    trustHost('never.test');
    return [...wrong, ...same('trusted', reasonToAsk(part, true), ''), ...same('own', reasonToAsk({ host: location.host, doubt: '' }, true), '')];
  },

  /** Whom a text calls is marked: by the names sent along, else by those known here. */
  calls() {
    const marks = (text, ext) => partsOf(text, callsOf({ ext }, (id) => ({ 2: '小明', 3: '小明明' })[id] ?? '')).filter((p) => p.call).map((p) => [p.text, p.call]);
    return [...same('names', marks('@明 看', { mentions: [2], names: { 2: '明' } }), [['@明', 2]]), ...same('known', marks('看@小明，@小明明', { mentions: [2, 3] }), [['@小明', 2], ['@小明明', 3]]),
      ...same('all', marks('@所有人 @小明', { mentions: 'all', names: { all: '所有人', 2: '小明' } }), [['@所有人', 'all'], ['@小明', 2]]), ...same('nobody', marks('@小明', {}), []),
      ...same('nonsense', marks('@x', { mentions: [{}, 'x', null], names: 7 }), []), ...same('not in links', marks('https://a.com/@小明', { mentions: [2] }).length, 0)];
  },

  /** What does not fit is left out in an order. */
  fits() {
    const long = 'x'.repeat(2500);
    return [...same('small', fitting({ quote: 1 }), { ext: { quote: 1 } }), ...same('nothing', fitting({}), {}),
      ...same('large', Object.keys(fitting({ quote: long, names: long, preview: long, mentions: [1] }).ext), ['quote', 'mentions'])];
  },

  tones() {
    return [['👍', '👍🏽'], ['👍️', '👍🏽'], ['👩‍⚕️', '👩🏽‍⚕️'], ['👨‍👩‍👧', '👨‍👩‍👧'], ['😀', '😀']].flatMap(([emoji, want]) => same(emoji, toned(emoji, '🏽'), want));
  },

  /** What is held leaves later; what leaves late says when it was written, in each resend alike. */
  async held() {
    const db = await openDatabase(`test-${newCID()}`);
    const sent = [];
    const box = new Outbox({ db, send: (frame) => sent.push(frame) > 0, upload: async () => ({}), acked() {}, silent() {} });
    const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
    box.resume();
    const cid = await box.add({ kind: 10, dstid: 2, media: 1, content: 'a', heldUntil: Date.now() + 300 });
    await wait(30);
    box.resume(); // a line that comes back sends no held message early
    const wrong = same('held', sent.length, 0);
    await wait(400);
    wrong.push(...same('gone', sent.map((f) => [f.cid, f.ext ?? null]), [[cid, null]]));
    box.ack({ cmd: 1, cid, seq: 1 });
    box.interrupt();
    const late = await box.add({ kind: 10, dstid: 3, media: 1, content: 'b', ext: { quote: 1 }, heldUntil: Date.now() + 60000 });
    box.update(late, { at: 1000 });
    wrong.push(...same('rewritten', !!(await box.rewrite(late, { content: 'c' })), true));
    const now = box.lane('10:3')[0];
    box.update(now.cid, { at: 1000, heldUntil: 0 });
    box.resume();
    await wait(60);
    box.resume();
    const again = sent.slice(1);
    wrong.push(...same('late', again.map((f) => [f.content, f.ext]), [['c', { quote: 1, written: 1000 }], ['c', { quote: 1, written: 1000 }]]), ...same('what left is not rewritten', await box.rewrite(now.cid, { content: 'd' }), null));
    box.stop();
    return wrong;
  },

  /** What is written in a tab that does not lead stays, though the leader's outbox does not hold it yet. */
  async mirrored() {
    const asked = [];
    const box = new Mirror({ db: await openDatabase(`test-${newCID()}`), send: () => false, upload: async () => ({}), acked() {}, silent() {}, ask: async (what) => { asked.push(what); } });
    const added = box.add({ kind: 10, dstid: 2, media: 1, content: 'a' });
    box.take([]); // while it is being kept
    await added;
    return [...same('shown', box.lane('10:2').map((e) => e.content), ['a']), ...same('handed over', asked, ['adopt'])];
  },

  emoji() {
    return [['👍', 1], ['👨‍👩‍👧‍👦❤️', 2], ['🇨🇳 🇬🇧', 2], ['1️⃣', 1], ['👍🏽👍🏽👍🏽', 3], ['👍👍👍👍', 0], ['好👍', 0], ['123', 0], ['', 0], ['©', 1]]
      .flatMap(([text, want]) => same(text, emojiCount(text), want));
  },

  groups() {
    const minute = 60000;
    const rows = [post(1, { at: minute }), post(2, { at: 2 * minute }), post(3, { at: 3 * minute, userid: 1, cid: 'x' }), post(4, { at: 9 * minute, userid: 1 }),
      post(5, { at: 10 * minute, ext: { recalled: true } }), post(6, { at: 11 * minute })];
    const items = layout(rows, [{ cid: 'q', at: 12 * minute, kind: 10, dstid: 2, state: 'waiting' }], { me: 1, kind: 10, peerread: 3, unreadFrom: 5 });
    return [
      ...same('shape', items.map((i) => i.type), ['time', 'message', 'message', 'message', 'time', 'message', 'note', 'unread', 'message', 'message']),
      ...same('heads', items.filter((i) => i.type === 'message').map((i) => i.head), [true, false, true, true, true, true]),
      ...same('status', items.filter((i) => i.own).map((i) => i.status), ['read', 'sent', 'waiting']),
      ...same('delivered', layout(rows, [], { me: 1, kind: 10, peerread: 3, peerdelivered: 4 }).filter((i) => i.own).map((i) => i.status), ['read', 'delivered']),
      // Where the rows do not reach back to what was read, the line is not among them.
      ...same('out of sight', layout(rows, [], { me: 1, kind: 10, unreadFrom: 0 }).some((i) => i.type === 'unread'), false),
      ...same('from the beginning', layout(rows, [], { me: 1, kind: 10, unreadFrom: 0, whole: true }).findIndex((i) => i.type === 'unread'), 1),
      ...same('readers', layout(rows, [], { me: 1, kind: 11, receipts: new Map([[4, { seq: 4, of: 3, read: 1 }]]) }).filter((i) => i.own).map((i) => i.receipt?.read), [undefined, 1]),
    ];
  },

  /** However frames come, late, twice or out of order, the timeline is the same. */
  merge() {
    const wrong = [];
    for (let seed = 1; seed <= 300; seed++) {
      const random = dice(seed);
      const all = Array.from({ length: 40 }, (_, i) => post(i + 1));
      for (let i = 10; i < 40; i += 7) all[i] = { cmd: 15 + (i % 2), kind: 10, seq: i + 1, ref: 1 + Math.floor(random() * i), userid: 2, dstid: 1, content: 'e' };
      const whole = new Timeline(10, 2);
      whole.newest([], 30, 0);
      for (const m of all) whole.live(m);
      const line = new Timeline(10, 2);
      line.newest([], 30, 0);
      const frames = [...all, ...all.filter(() => random() < 0.3)].sort(() => random() - 0.5);
      for (const m of frames.filter(() => random() < 0.9)) line.live(m);
      line.newer(all.filter((m) => m.seq > line.last));
      wrong.push(...same(`seed ${seed}`, line.rows, whole.rows), ...same(`last ${seed}`, line.last, 40));
    }
    const seqs = new Timeline(10, 2);
    seqs.newest([post(31), post(32)], 2, 40);
    seqs.older([post(29), post(30)], 2);
    wrong.push(...same('pages', seqs.rows.map((m) => m.seq), [29, 30, 31, 32]), ...same('last is what was known', seqs.last, 40), ...same('gap', seqs.live(post(42)), 'gap'), ...same('next', seqs.live(post(41)), 'new'), ...same('after the gap', seqs.last, 42));
    return wrong;
  },

  async outbox() {
    const db = await openDatabase(`test-${newCID()}`);
    const wrong = same('IndexedDB', db.persistent, true);
    const sent = [];
    const stored = [];
    let open = false;
    const make = () => new Outbox({ db, send: (frame) => open && sent.push(frame) > 0, upload: async () => ({ url: '/f' }), acked: (entry, ack) => stored.push([entry.content, ack.seq]), silent() {} });
    const first = make();
    const a = await first.add({ kind: 10, dstid: 2, media: 1, content: 'a' });
    await first.add({ kind: 10, dstid: 2, media: 10, content: 'b', file: new Blob(['x']), name: 'b.txt' });
    await first.add({ kind: 11, dstid: 9, media: 1, content: 'c' });
    const second = make(); // the page was loaded again
    await second.load();
    wrong.push(...same('kept', [...second.entries()].map((e) => e.content), ['a', 'b', 'c']), ...same('the file', await [...second.entries()][1].file.text(), 'x'));
    open = true;
    second.resume();
    wrong.push(...same('one per conversation', sent.map((f) => f.content), ['a', 'c']), ...same('the same cid', sent[0].cid, a), ...same('a frame', Object.keys(frameOf(second.find(a))), ['cmd', 'dstid', 'cid', 'media', 'content']));
    second.fail(a, 'rate_limited', 'slow', 0.01);
    await new Promise((resolve) => setTimeout(resolve, 60));
    wrong.push(...same('tried again', sent.map((f) => f.content), ['a', 'c', 'a']));
    second.ack({ cmd: 1, cid: a, seq: 5 });
    second.ack({ cmd: 1, cid: a, seq: 5 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    wrong.push(...same('then the file', sent.map((f) => f.content), ['a', 'c', 'a', 'b']));
    second.fail(sent[3].cid, 'blocked', 'no');
    wrong.push(...same('refused', second.find(sent[3].cid).state, 'failed'), ...same('stored once', stored, [['a', 5]]));
    const third = make();
    await third.load();
    wrong.push(...same('left', [...third.entries()].map((e) => [e.content, e.state]), [['b', 'failed'], ['c', 'waiting']]));
    return wrong;
  },

  /** A timer of an attempt that is over says nothing of the next one. */
  async silence() {
    const db = await openDatabase(`test-${newCID()}`);
    let silent = 0;
    const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
    const box = new Outbox({ db, send: () => true, upload: async () => ({}), acked() {}, silent: () => silent++, patience: 400 });
    const cid = await box.add({ kind: 10, dstid: 2, media: 1, content: 'a' });
    await wait(250);
    box.interrupt();
    box.resume(); // sent again: the first attempt's timer would end in 150 ms
    await wait(250);
    const wrong = same('the new attempt is given its time', [silent, box.find(cid).state], [0, 'sending']);
    await wait(300);
    wrong.push(...same('then the line is silent', silent, 1));
    box.interrupt();
    box.resume();
    box.ack({ cmd: 1, cid, seq: 1 });
    await box.add({ kind: 10, dstid: 2, media: 1, content: 'b' });
    box.stop();
    await wait(500);
    return [...wrong, ...same('answered or stopped', silent, 1)];
  },

  /** What a resync tells while the history is being read is asked for once more. */
  async resync() {
    const own = globalThis.fetch;
    const asked = [];
    const pages = [[post(3)], [post(4), post(5)]];
    globalThis.fetch = (url, { body }) => new Promise((resolve) => {
      asked.push({ after: JSON.parse(body).after, answer: () => resolve(new Response(JSON.stringify({ code: 0, rows: pages[asked.length - 1] ?? [] }))) });
    });
    const turn = () => new Promise((resolve) => { setTimeout(resolve, 5); });
    try {
      const line = store.timeline(10, 2);
      line.newest([post(1), post(2)], 30, 2);
      const done = store.catchUp(line);
      store.catchUp(line); // the read under way may be from before the drop
      store.catchUp(line);
      asked[0].answer();
      while (asked.length < 2) await turn();
      asked[1].answer();
      await done;
      return [...same('asked', asked.map((a) => a.after), [2, 3]), ...same('no hole', line.rows.map((m) => m.seq), [1, 2, 3, 4, 5]), ...same('last', line.last, 5)];
    } finally {
      globalThis.fetch = own;
    }
  },

  line() {
    const delays = Array.from({ length: 10 }, (_, i) => backoff(i, () => 1));
    return [...same('back-off', delays, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000]), ...same('final', [1001, 4000, 4001, 4007, 4008].map(isFinal), [false, true, true, true, false])];
  },

  /** A round goes through what the page may reach, once, and ends at its own site; what the server wants comes first. */
  async nodes() {
    let asked = 0, tickets = 0, now = 0, reachable = true;
    const pace = { first: 10, most: 100, factor: 3, jitter: 0.2 };
    const [a, b] = ['https://a.example', 'https://b.example'];
    const nodes = new Nodes([a, b], {
      now: () => now,
      ask: async () => {
        if (!reachable) throw new Error('away');
        asked++;
        return { rows: [{ url: b }, { url: 'https://unknown.example' }, { url: a }], ttl: 60, backoff: pace };
      },
      ticket: async () => {
        if (!reachable) throw new Error('away');
        return `t${++tickets}`;
      },
    });
    const round = async (wanted) => {
      const urls = [];
      do urls.push((await nodes.next(urls.length ? '' : wanted)).url); while (nodes.more);
      return urls;
    };
    const wrong = [
      ...same('a round', await round(), [`${b}/chat?ticket=t1`, `${a}/chat?ticket=t2`, '/chat']),
      ...same('where the server wants us', await round(a), [`${a}/chat?ticket=t3`, `${b}/chat?ticket=t4`, '/chat']),
      ...same('where the policy does not let us', await round('https://evil.example'), [`${b}/chat?ticket=t5`, `${a}/chat?ticket=t6`, '/chat']),
      ...same('asked while the list is good', asked, 1),
      ...same('patience', (await nodes.next()).patience, 3000),
    ];
    nodes.arrived();
    wrong.push(...same('after the line was up', (await nodes.next()).url, `${b}/chat?ticket=t8`));
    nodes.forget();
    await nodes.next();
    now = 61_000;
    nodes.arrived();
    await nodes.next();
    wrong.push(...same('asked when told to move, and when the list is old', asked, 3), ...same('the pace', backoff(1, () => 0, nodes.pace), 24));
    reachable = false;
    nodes.forget();
    wrong.push(...same('where the site is away', await round(), ['/chat']));
    return wrong;
  },

  letters() {
    const want = { 阿明: 'A', 陈晨: 'C', 韩梅梅: 'H', 李雷: 'L', 欧阳锋: 'O', 孙悦: 'S', 王小明: 'W', 张伟: 'Z', 赵敏: 'Z', 周杰: 'Z', alice: 'A', Émile: 'E', ' Bo': 'B', 123: '#', '😀': '#', 'ひ': '#', '': '#' };
    const groups = byLetter(['赵敏', 'Zoe', '#1', '阿明', '张伟', 'Ann'], (name) => name);
    return [...Object.entries(want).flatMap(([name, letter]) => same(name, letterOf(name), letter)),
      ...same('groups', groups.map(([letter, rows]) => [letter, rows.length]), [['A', 2], ['Z', 3], ['#', 1]])];
  },

  async pinyin() {
    await ready;
    const found = { 张小明: 'zxm zhangxm zhang xiaoming 小明 xm zh zhxm Zhang ZXM mi', 重庆: 'cq zq chongqing zhongq', 单雄信: 'sxx shan dan', 曾国藩: 'zeng zgf',
      吕布: 'lvbu lubu lyu lb', 'John Smith': 'js smith john', 'José 王': 'jose wang jw', 乐乐: 'lele yl', 重庆火锅群: 'hg cqhgq', 張小明: 'z', 音乐: 'yinyue yy yl', "Anna李": 'annal al' };
    const lost = { 张小明: 'zm xz zhangming zxmm aoming', 重庆: 'qc', 'John Smith': 'jms', 王: 'x' };
    return [
      ...Object.entries(found).flatMap(([name, all]) => (name === '张小明' ? ['zhang xiaoming', ...all.split(' ')] : all.split(' ')).flatMap((q) => same(`${q} for ${name}`, matches(name, q), true))),
      ...Object.entries(lost).flatMap(([name, all]) => all.split(' ').flatMap((q) => same(`${q} for ${name}`, matches(name, q), false))),
      ...Object.entries({ 张小明: 'zxm', 重庆: 'cq', 单田芳: 'stf', 'John Smith': 'js', 解放路: 'jfl', '7号楼': '7hl' }).flatMap(([name, want]) => same(name, initialsOf(name), want)),
      ...Object.entries({ 单雄信: 'S', 曾毅: 'Z', 重庆: 'C', 单位群: 'D', 仇和: 'Q', 区志伟: 'O', 张三: 'Z', 長: 'Z', 'Émile': 'E', '😀': '#', '': '#' }).flatMap(([name, want]) => same(name, letterOf(name), want)),
      ...same('an empty query', matches('张', ''), true), ...same('odd writing', matches('张小明', '*'), false),
    ];
  },

  /** What the forms of cards make of what is written into them. */
  async cards() {
    const { centsOf, countOf } = await import('/a/x/js/chat/money.js');
    const { faultsOf, sumOf } = await import('/a/x/js/chat/packet.js');
    const { addressOf, messageOf } = await import('/a/x/js/chat/news.js');
    const { stickerSize } = await import('/a/x/js/chat/cards.js');
    const faults = (form, where) => Object.keys(faultsOf({ mode: 'lucky', amount: '1', count: '2', ...form }, { room: true, size: 5, balance: 1000, ...where })).join();
    const size = (w, h) => Object.values(stickerSize(w, h)).join('x');
    return [
      ...Object.entries({ 8.88: 888, '0.01': 1, '１２。５': 1250, '.5': 50, '1.': 100, 29.99: 2999, '': null, '1.234': null, '-1': null, '1e3': null, '1,5': null }).flatMap(([text, want]) => same(`cents of ${text}`, centsOf(text), want)),
      ...Object.entries({ 3: 3, ' ３ ': 3, 1.5: null, '': null, '-1': null }).flatMap(([text, want]) => same(`count of ${text}`, countOf(text), want)),
      ...same('fine', faults({}), ''), ...same('nothing', faults({ amount: '', count: '' }), 'count,amount'), ...same('too many', faults({ count: '6' }), 'count'),
      ...same('too little', faults({ amount: '0.01' }), 'amount'), ...same('too much', faults({ amount: '500' }, { balance: undefined }), 'amount'), ...same('beyond the purse', faults({ amount: '10.01' }), 'amount'),
      ...same('each', sumOf({ mode: 'equal', amount: '1.50', count: '3' }, true), 450), ...same('the sum', sumOf({ mode: 'lucky', amount: '1.50', count: '3' }, true), 150),
      ...Object.entries({ 'example.test/a': 'https://example.test/a', 'http://a.test': 'http://a.test/', 'example.test:8080/x': 'https://example.test:8080/x', 'javascript:alert(1)': null, 'a b': null, 你好: null,
        'http://u:p@a.test': null, 'mailto:a@b.test': null, '': null, 'https://例子.测试/a': 'https://xn--fsqu00a.xn--0zwm56d/a' }).flatMap(([text, want]) => same(`address ${text}`, addressOf(text)?.href ?? null, want)),
      ...same('a link', messageOf({ url: 'a.test', title: '', note: '', pic: '' }), { media: 7, url: 'https://a.test/' }),
      ...same('news', messageOf({ url: 'a.test', title: '', note: 'n', pic: '' }), { media: 2, url: 'https://a.test/', content: 'a.test', memo: 'n', pic: '' }),
      ...same('sizes', [size(96, 96), size(640, 320), size(20, 10), size(0, 5), size(1000, 1)], ['96x96', '160x80', '64x32', '120x120', '160x1']),
    ];
  },

  peaks() {
    return [...same('peaks', peaksOf(Array.from({ length: 480 }, (_, i) => (i === 100 ? 1 : 0.5))).length, 48), ...same('silence', Math.max(...peaksOf([])), 0)];
  },
};
