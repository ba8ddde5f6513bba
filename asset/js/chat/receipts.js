// How far own messages have come. Between two people the server says so; in a
// group the counts are asked for, of what is on the screen and while somebody
// looks (doc/adr/0009).
import { effect } from '../../vendor/signals-core.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';

const FIRST = 3000;
const LAST = 15000;
const LAST_OF_MANY = 60000;
const MANY = 100;
const SOON = 1000;
const MOST = 50;

/** Keeps a list of messages told for as long as it is on the page. */
export function follow(pane) {
  if (pane.leaving.signal.aborted || !store.rules.receipts) return; // it left while this was fetched, or nobody is told
  const asker = new Asker(pane);
  const ends = [
    store.onFrame(CMD.EVENT, delivered),
    store.onLive((m, where) => where.kind === pane.kind && where.dstid === pane.dstid && asker.soon()),
    effect(() => {
      const at = store.current.value;
      if (at) store.timeline(at.kind, at.dstid).version.value; // eslint-disable-line no-unused-expressions -- read to be told of changes
      asker.soon();
    }),
  ];
  pane.leaving.signal.addEventListener('abort', () => {
    asker.stop();
    for (const end of ends) end();
  });
  pane.scroller.addEventListener('scroll', () => asker.soon(), { passive: true }); // not all browsers say when it ends; it asks once it rests
  document.addEventListener('visibilitychange', () => asker.soon(), { signal: pane.leaving.signal });
  asker.soon();
}

/** The other of two people has what was said up to a seq. */
function delivered(m) {
  if (m.content !== 'delivered' || m.kind !== CMD.SINGLE || m.userid === store.me.peek()?.id) return;
  const before = store.rowNow(CMD.SINGLE, m.userid)?.peerdelivered ?? 0;
  if (m.ref <= before) return;
  store.step('delivered', m.userid, before, m.ref, m.at);
  store.patchRow(CMD.SINGLE, m.userid, { peerdelivered: m.ref });
}

class Asker {
  constructor(pane) {
    this.pane = pane;
    this.wait = FIRST;
    this.timer = 0;
  }

  /** Something has changed: asks soon, and then less and less often. */
  soon() {
    if (!store.rules.receipts || store.current.peek()?.kind !== CMD.ROOM) return;
    this.wait = FIRST;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), Math.max(SOON, (this.asked ?? 0) + FIRST - Date.now()));
  }

  stop() {
    clearTimeout(this.timer);
    this.stopped = true;
  }

  /** The own messages on the screen that not everybody has read yet. */
  wanted() {
    const { pane } = this;
    const box = pane.scroller?.getBoundingClientRect();
    if (!box || document.visibilityState !== 'visible') return [];
    return [...pane.querySelectorAll('article.own[data-seq]')].filter((element) => {
      const at = element.getBoundingClientRect();
      const known = pane.receipts.get(Number(element.dataset.seq));
      return at.bottom > box.top && at.top < box.bottom && !(known && known.read === known.of);
    }).slice(-MOST).map((element) => Number(element.dataset.seq));
  }

  async ask() {
    const { pane } = this;
    const { kind, dstid } = pane;
    const seqs = this.wanted();
    if (seqs.length === 0 || kind !== CMD.ROOM) return;
    this.asked = Date.now();
    try {
      const { rows } = await post('/message/receipts', { kind, dstid, seqs });
      if (pane.dstid !== dstid || this.stopped) return;
      const changed = rows.filter((row) => pane.receipts.get(row.seq)?.read !== row.read || pane.receipts.get(row.seq)?.of !== row.of);
      if (changed.length > 0) pane.receipts = new Map([...pane.receipts, ...rows.map((row) => [row.seq, row])]);
    } catch (error) {
      if (error.code === 'forbidden') store.rules.receipts = false; // a page from before its operator switched it off
      if (error.code !== 'offline') return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), this.wait);
    const many = (pane.receipts.get(seqs[0])?.of ?? 0) > MANY;
    this.wait = Math.min(many ? LAST_OF_MANY : LAST, this.wait * 2);
  }
}
