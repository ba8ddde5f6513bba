// A conversation's timeline as this device knows it, and how it is filled from
// the history. No DOM, so that it can be tested by itself. seq is the only order
// there is. The list needs no timelines: this module comes with the chat.
import { signal } from '../../vendor/signals-core.js';
import { post } from './api.js';
import { CMD, isPost, keyOf } from './wire.js';
import { rowNow, timelines } from './state.js';

export { CMD, isPost, keyOf, kindOf, peerOf } from './wire.js';

const PAGE = 30;
const CATCH_UP = 200;

export const MEDIA = Object.freeze({
  TEXT: 1, NEWS: 2, VOICE: 3, IMAGE: 4, RED_PACKET: 5, EMOJI: 6, LINK: 7, VIDEO: 8, CARD: 9, FILE: 10, USER: 100,
});

const isChange = (m) => m.cmd === CMD.RECALL || m.cmd === CMD.EDIT || m.cmd === CMD.REACT;

/** [{emoji, users}] of a message, in the order in which they came. */
export function reactionsOf(m) {
  const all = m.ext?.reactions;
  if (!all || typeof all !== 'object') return [];
  return Object.entries(all)
    .map(([emoji, users]) => ({ emoji, users: Array.isArray(users) ? users : [] }))
    .filter((r) => r.users.length > 0);
}

export class Timeline {
  /** @param {number} kind @param {number} dstid */
  constructor(kind, dstid) {
    this.kind = kind;
    this.dstid = dstid;
    this.key = keyOf(kind, dstid);
    this.version = signal(0);
    this.jobs = new Map(); // what is being fetched
    this.again = false; // what is being fetched may be old already
    /** @type {Timeline|null} */
    this.piece = null; // a part of long ago that is shown by itself, between which and this there is a gap
    this.reset();
  }

  reset() {
    /** @type {Message[]} what is shown, by rising seq */
    this.rows = [];
    this.first = 0; // the lowest seq loaded
    this.last = 0; // every seq from first up to here is known
    this.loaded = false;
    this.complete = false; // the conversation's beginning is loaded
    this.loading = '';
    this.error = null;
    /** @type {Map<number,Message>} live frames that came before what precedes them */
    this.ahead = new Map();
    this.bump();
  }

  bump() {
    this.version.value = this.version.peek() + 1;
  }

  /** The newest page. known is the conversation's last seq from before the page was asked for. */
  newest(rows, limit, known = 0) {
    this.first = 0;
    for (const m of rows) this.insert(m);
    this.last = Math.max(known, ...rows.map((m) => m.seq ?? 0));
    this.first = rows.length > 0 ? rows[0].seq : this.last + 1;
    this.complete = rows.length < limit || this.first <= 1;
    this.loaded = true;
    this.drain();
    this.bump();
  }

  /** An older page: each message as it is now, so changes among the rows are not played again. */
  older(rows, limit) {
    for (const m of rows) this.insert(m);
    if (rows.length > 0) this.first = Math.min(this.first, rows[0].seq);
    this.complete = rows.length < limit || this.first <= 1;
    this.bump();
  }

  /** What history(after last) gave: changes are played in their order. */
  newer(rows) {
    for (const m of rows) {
      this.apply(m);
      this.last = Math.max(this.last, m.seq ?? 0);
    }
    this.drain();
    this.bump();
  }

  /**
   * A live frame with a seq. 'gap' asks the caller to fetch what is missing.
   * @param {Message} m @returns {'new'|'known'|'gap'|'unloaded'}
   */
  live(m) {
    if (!this.loaded) return 'unloaded';
    const seq = m.seq ?? 0;
    if (seq <= this.last) {
      if (isPost(m) && seq >= this.first && !this.find(seq)) {
        this.insert(m);
        this.bump();
        return 'new';
      }
      return 'known';
    }
    this.ahead.set(seq, m);
    this.drain();
    this.bump();
    return seq <= this.last ? 'new' : 'gap';
  }

  drain() {
    for (const seq of [...this.ahead.keys()].sort((a, b) => a - b)) {
      if (seq > this.last + 1) return;
      const m = this.ahead.get(seq);
      this.ahead.delete(seq);
      if (seq === this.last + 1) {
        this.apply(m);
        this.last = seq;
      }
    }
  }

  index(seq) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  find(seq) {
    const m = this.rows[this.index(seq)];
    return m && m.seq === seq ? m : undefined;
  }

  /** Puts a message at its place; a seq that is there already stays as it is. */
  insert(m) {
    if (!m.seq || isChange(m)) return;
    const i = this.index(m.seq);
    if (this.rows[i]?.seq === m.seq) return;
    this.rows.splice(i, 0, m);
  }

  apply(m) {
    if (!isChange(m)) {
      this.insert(m);
      return;
    }
    if (this.piece) { // what is shown of long ago changes with it
      this.piece.apply(m);
      this.piece.bump();
    }
    const i = this.index(m.ref ?? 0);
    const old = this.rows[i];
    if (old && old.seq === m.ref) this.rows[i] = changed(old, m);
  }

  /** Loads the newest page unless it is there. */
  ensure() {
    if (this.loaded) return Promise.resolve();
    return this.once('newest', async () => {
      this.again = false;
      const known = this.goal();
      try {
        const { rows } = await this.history({ limit: PAGE });
        this.newest(rows, PAGE, known);
      } catch (error) {
        const rows = ['offline', 'unavailable'].includes(error.code) ? await timelines.kept(this.key) : [];
        if (rows.length === 0) throw error;
        this.newest(rows, 0);
        return; // what followed is fetched with the next hello
      }
      // What came while the page was under way may not be on it.
      if (this.again || this.goal() > this.last) this.catchUp();
    });
  }

  /** Loads one older page. */
  loadOlder() {
    if (!this.loaded || this.complete) return Promise.resolve();
    return this.once('older', async () => {
      const { rows } = await this.history({ before: this.first, limit: PAGE });
      this.older(rows, PAGE);
    });
  }

  /** Fetches what followed the last seq known. A call that comes while one runs has it ask once more: the answer
   * under way may have been read before what this call is about. */
  catchUp() {
    const running = this.jobs.get('newer');
    if (running) {
      this.again = true;
      return running;
    }
    return this.once('newer', async () => {
      do {
        this.again = false;
        await this.follow();
      } while (this.again && this.loaded);
    });
  }

  /** Too long an absence starts the timeline anew. */
  async follow() {
    if (this.goal() - this.last > 3 * CATCH_UP) {
      this.reset();
      this.ensure();
      return;
    }
    for (;;) {
      const { rows } = await this.history({ after: this.last, limit: CATCH_UP });
      this.newer(rows);
      for (const m of rows) timelines.settle(m);
      if (rows.length < CATCH_UP) return;
    }
  }

  /** The last seq that the list knows of. */
  goal() {
    return rowNow(this.kind, this.dstid)?.lastseq ?? 0;
  }

  history(range) {
    return post('/message/history', { kind: this.kind, dstid: this.dstid, ...range });
  }

  async once(what, act) {
    if (this.jobs.has(what)) return this.jobs.get(what);
    const job = (async () => {
      this.loading = what;
      this.error = null;
      this.bump();
      try {
        await act();
      } catch (error) {
        this.error = error;
      } finally {
        this.jobs.delete(what);
        this.loading = '';
        this.bump();
      }
    })();
    this.jobs.set(what, job);
    return job;
  }
}

/** A message after a recall, an edit or a reaction; the old one is left as it was. */
export function changed(old, m) {
  switch (m.cmd) {
    case CMD.RECALL:
      return { ...old, content: '', pic: '', url: '', memo: '', amount: 0, ext: { recalled: true, by: m.userid } };
    case CMD.EDIT:
      return { ...old, content: m.content ?? '', ext: { ...old.ext, edited: m.at || true } };
    case CMD.REACT: {
      const reactions = { ...old.ext?.reactions };
      const users = (reactions[m.content] ?? []).filter((id) => id !== m.userid);
      if (m.amount) users.push(m.userid);
      if (users.length > 0) reactions[m.content] = users;
      else delete reactions[m.content];
      return { ...old, ext: { ...old.ext, reactions } };
    }
    default:
      return old;
  }
}

timelines.make = (kind, dstid) => new Timeline(kind, dstid);
