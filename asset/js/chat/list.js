// The list of messages. The scroller is column-reverse with one child in normal
// order: its zero is the bottom, so nothing moves when older pages come in above.
// What a finger, a key or a far jump needs is in hands.js and reach.js, later.
import { firstBelow, frame, html, painted, repeat, t, View } from './base.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';
import { layout } from './layout.js';
import { beginning, callsOf, entry, unreadChip, ways } from './message.js';
import { holdPlace, keepPlace, placeOf, topElement } from './place.js';
import { playing } from './heard.js';

export const PAGE = 30;
const SCREEN = 16; // messages that fill a phone's
export const MOST = 240;
const CALM = 120;
const NEAR = 400;
const LATER = 300;

class MessageList extends View {
  static properties = {
    kind: { type: Number }, dstid: { type: Number }, active: { state: true }, selection: { state: true }, receipts: { state: true },
  };

  constructor() {
    super();
    this.seen = 0;
    this.receipts = new Map();
  }

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    addEventListener('focus', () => this.checkRead(), { signal });
    document.addEventListener('visibilitychange', () => this.checkRead(), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
    if (playing.peek()) import('./player.js').then((player) => player.stop());
  }

  /** However many messages come in, the list is drawn once a frame. */
  async scheduleUpdate() {
    if (this.hasUpdated) await frame();
    super.scheduleUpdate();
    if (!this.isConnected) super.disconnectedCallback(); // it left meanwhile: let go of the signals again
  }

  firstUpdated() {
    setTimeout(() => this.handy().catch(() => {}), LATER); // the first touch asks again
  }

  /** Brings what is not needed before somebody touches something. */
  handy() {
    return this.help ??= Promise.all([import('./hands.js'), import('./reach.js'), import('./receipts.js'), import('../ui/style.js').then(({ style }) => style('talk'))]).then(([hands, reach, receipts]) => {
      [this.hands, this.reach] = [hands, reach];
      receipts.follow(this);
      return this;
    }, (error) => {
      this.help = undefined;
      throw error;
    });
  }

  /** Hands an event to hands.js, which may have to be fetched first. */
  hand(name, event) {
    if (this.hands) {
      this.hands[name](this, event);
      return;
    }
    if (name === 'contextmenu' && event.target.closest('.content')) event.preventDefault();
    this.handy().then(() => this.hands[name](this, event));
  }

  get scroller() {
    return this.querySelector('.scroller');
  }

  willUpdate(changes) {
    super.willUpdate(changes);
    if (changes.has('kind') || changes.has('dstid')) this.enter(changes);
    this.anchor = !this.hasUpdated || !this.opened || this.atBottom() ? null : topElement(this);
  }

  /** Another conversation is shown, where it was left or at its end. */
  enter() {
    clearTimeout(this.settling);
    this.line = store.timeline(this.kind, this.dstid);
    const row = store.rowOf(this.kind, this.dstid);
    this.unreadFrom = row?.unread > 0 ? row.readseq : undefined;
    this.unreadCount = row?.unread ?? 0;
    this.called = row?.mentioned ? row.readseq : Infinity; // mentions after this one were not seen
    this.calledAt = row?.mentionseq ?? 0;
    this.answered = new Set();
    this.receipts = new Map();
    this.kept = this.unreadFrom === undefined ? placeOf(this.line.key) : undefined;
    const at = this.kept && this.line.find(this.kept.seq) ? this.kept : undefined;
    this.fromSeq = at?.fromSeq ?? 0;
    this.toSeq = at?.toSeq ?? Infinity;
    this.active = undefined;
    this.selection = undefined;
    this.keys = new Set();
    this.opened = false;
    this.brief = !this.hasUpdated && !at;
    this.seen = 0;
    store.ensure(this.line);
  }

  /** Whether what is shown is a part of the timeline without its end, after a far jump. */
  get apart() {
    return this.line !== store.timeline(this.kind, this.dstid);
  }

  atBottom() {
    const box = this.scroller;
    return !box || (box.scrollTop > -4 && this.toSeq === Infinity);
  }

  /** Does it again for a few frames: what comes into view takes its real height only then. */
  rest(act, frames = 6) {
    act();
    if (frames > 0 && this.isConnected) requestAnimationFrame(() => this.rest(act, frames - 1));
  }

  /** The rows in the DOM: at most MOST, wherever the reader is, and fewer where only the end is seen. */
  window() {
    const { rows } = this.line;
    if (!this.fromSeq && rows.length > 0) this.fromSeq = rows[Math.max(0, rows.length - (this.brief ? SCREEN : 2 * PAGE))].seq;
    const from = this.line.index(this.fromSeq);
    const to = this.toSeq === Infinity ? rows.length : this.line.index(this.toSeq + 1);
    if (this.toSeq === Infinity && to - from > CALM && this.atBottom()) this.fromSeq = rows[to - 2 * PAGE].seq;
    else if (to - from > MOST) this.fromSeq = rows[to - MOST].seq;
    return rows.slice(this.line.index(this.fromSeq), to);
  }

  render() {
    this.line.version.value; // eslint-disable-line no-unused-expressions -- read to be told of changes
    const row = store.rowOf(this.kind, this.dstid);
    const shown = this.window();
    const tail = this.toSeq === Infinity;
    const two = this.kind === CMD.SINGLE;
    this.items = layout(shown, tail ? store.pending(this.kind, this.dstid) : [], {
      me: store.me.value?.id, kind: this.kind, unreadFrom: this.unreadFrom, whole: this.line.complete && shown[0] === this.line.rows[0],
      peerread: two ? row?.peerread : 0, peerdelivered: two ? row?.peerdelivered : 0, receipts: this.receipts,
    });
    this.calls = callsOf(this);
    this.focusKey = this.items.some((item) => item.key === this.active) ? this.active : this.items.findLast((item) => item.type === 'message' || item.type === 'note')?.key;
    const to = (name) => (event) => this.hand(name, event);
    return html`<div class="scroller" @scroll=${this.scrolled} @keydown=${to('keydown')} @contextmenu=${to('contextmenu')} @pointerdown=${to('press')}>
      <div class="messages" role=${this.items.length ? 'feed' : 'group'} aria-label=${t('chat.messages')} aria-busy=${this.line.loading ? 'true' : 'false'}>${beginning(this)}
        ${repeat(this.items, (item) => item.key, (item) => entry(item, this))}</div></div>
      ${unreadChip(this)}${ways(this)}`;
  }

  reload() {
    if (this.line.loaded) this.showOlder();
    else store.ensure(this.line);
  }

  updated() {
    const box = this.scroller;
    const sent = this.items.some((item) => item.entry && !this.keys.has(item.key));
    const first = !this.opened && this.line.loaded;
    this.keys = new Set(this.items.map((item) => item.key));
    if (first) this.openPlace();
    else if (sent && this.opened) this.toBottom();
    else holdPlace(this, this.anchor);
    if (first && this.brief) this.widen();
    if (this.brief) return; // where things are is asked once the screen has been seen: to know it, all would be laid out twice
    if (this.line.loaded && !this.line.complete && !this.line.error && box.scrollHeight <= box.clientHeight + (this.hands ? NEAR : 0)) this.showOlder();
    this.look();
  }

  /** Draws what is above the screen too, once the screen has been seen. */
  async widen() {
    const { fromSeq } = this;
    await painted();
    this.brief = false;
    if (this.fromSeq === fromSeq) this.fromSeq = 0;
    this.requestUpdate();
  }

  openPlace() {
    this.opened = true;
    this.unreadSeen = undefined;
    if (!this.brief) this.scroller.scrollTop = 0;
    if (this.kept && this.line.find(this.kept.seq)) this.rest(() => holdPlace(this, this.kept));
    else if (this.kept) this.far('toPlace', this.kept);
  }

  scrolled() {
    keepPlace(this);
    this.look();
    this.reach?.floatDate(this);
    const box = this.scroller;
    if (box.scrollHeight - box.clientHeight + box.scrollTop < NEAR) this.showOlder();
    if (box.scrollTop > -NEAR && this.toSeq !== Infinity) this.far('showNewer');
  }

  /** After anything that moves: what has been seen, and whether the way down is offered. */
  look() {
    if (!this.opened) return;
    const down = !this.atBottom() && (this.toSeq !== Infinity || this.scroller.scrollTop < -200);
    const line = this.unreadFrom === undefined ? null : this.querySelector('#hy-unread');
    const top = this.scroller.getBoundingClientRect().top;
    const unreadSeen = this.unreadSeen || (line ? line.getBoundingClientRect().bottom > top : false);
    if (down !== this.down || unreadSeen !== this.unreadSeen) {
      this.down = down;
      this.unreadSeen = unreadSeen;
      this.requestUpdate();
    }
    this.reach?.answer(this);
    this.checkRead();
  }

  /** Read is what was on a screen that somebody could look at. */
  checkRead() {
    if (!this.opened || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const seq = this.atBottom() ? this.line.last : this.lowestVisible();
    if (seq <= this.seen && seq <= (store.rowNow(this.kind, this.dstid)?.readseq ?? 0)) return;
    this.seen = Math.max(this.seen, seq);
    if (seq > 0) store.markRead(this.kind, this.dstid, seq);
  }

  lowestVisible() {
    const bottom = this.scroller.getBoundingClientRect().bottom;
    const all = this.querySelectorAll('article[data-seq]');
    return Number(all[firstBelow(all, bottom + 8) - 1]?.dataset.seq ?? 0);
  }

  showOlder() {
    return this.far('showOlder');
  }

  async toBottom() {
    if (this.toSeq !== Infinity) {
      this.line = store.timeline(this.kind, this.dstid);
      this.toSeq = Infinity;
      this.fromSeq = 0;
      this.requestUpdate();
      await this.updateComplete;
    }
    this.scroller.scrollTop = 0;
    this.look();
  }

  /** Goes to a place that may not be loaded. */
  async far(name, ...what) {
    await this.handy().then(() => this.reach[name](this, ...what), () => {});
  }

  messageAt(seq) {
    return this.line.find(seq);
  }

  /** Brings a message into view and lets it flash. */
  jumpTo(seq) {
    return this.far('jumpTo', seq);
  }
}

customElements.define('hy-messages', MessageList);
