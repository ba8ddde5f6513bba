// The list of messages. The scroller is column-reverse with one child in normal
// order: its zero is the bottom, so nothing moves when older pages come in above.
import { chipTime, emit, html, icon, nothing, repeat, t, toast, View } from './base.js';
import * as store from '../core/store.js';
import { CMD, isPost } from '../core/timeline.js';
import { menu } from './actions.js';
import { noteOf } from './bubble.js';
import { layout } from './layout.js';
import { message } from './message.js';
import * as player from './player.js';

const PAGE = 30;
const MOST = 300;
const NEAR = 400;
const PRESS = 400;
const SETTLED = 100;

/** Where the reader was in each conversation, by its key, to come back to; nothing for the bottom. */
const places = new Map();

class MessageList extends View {
  static properties = { kind: { type: Number }, dstid: { type: Number }, active: { state: true } };

  constructor() {
    super();
    this.seen = 0;
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
    player.stop();
  }

  get scroller() {
    return this.querySelector('.scroller');
  }

  willUpdate(changes) {
    super.willUpdate(changes);
    if (changes.has('kind') || changes.has('dstid')) this.enter(changes);
    this.anchor = this.takeAnchor();
  }

  /** Another conversation is shown, where it was left or at its end. */
  enter() {
    clearTimeout(this.settling);
    this.line = store.timeline(this.kind, this.dstid);
    const row = store.rowOf(this.kind, this.dstid);
    this.unreadFrom = row?.unread > 0 ? row.readseq : undefined;
    this.unreadCount = row?.unread ?? 0;
    const kept = this.unreadFrom === undefined ? places.get(this.line.key) : undefined;
    this.kept = kept;
    this.fromSeq = kept?.fromSeq ?? 0;
    this.toSeq = kept?.toSeq ?? Infinity;
    this.active = undefined;
    this.keys = new Set();
    this.opened = false;
    this.seen = 0;
    store.ensure(this.line);
  }

  /** Keeps the reader's place, and again when the heights of what came into view are known. */
  keepPlace(again = true) {
    clearTimeout(this.settling);
    if (!this.isConnected || !this.opened) return;
    if (again) this.settling = setTimeout(() => this.keepPlace(false), SETTLED);
    places.set(this.line.key, this.atBottom() ? undefined : { ...this.topElement(), fromSeq: this.fromSeq, toSeq: this.toSeq });
  }

  atBottom() {
    const box = this.scroller;
    return !box || (box.scrollTop > -4 && this.toSeq === Infinity);
  }

  topElement() {
    const top = this.scroller.getBoundingClientRect().top;
    for (const element of this.querySelectorAll('article')) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top) return { key: element.dataset.key, seq: Number(element.dataset.seq), offset: box.top - top };
    }
    return null;
  }

  takeAnchor() {
    if (!this.hasUpdated || !this.opened || this.atBottom()) return null;
    return this.topElement();
  }

  holdAnchor(anchor) {
    const element = anchor && this.querySelector(`article[data-key="${CSS.escape(anchor.key)}"]`);
    if (!element) return;
    const box = this.scroller;
    box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.offset;
  }

  /** Does it again for a few frames: what comes into view takes its real height only then. */
  rest(act, frames = 6) {
    act();
    if (frames > 0 && this.isConnected) requestAnimationFrame(() => this.rest(act, frames - 1));
  }

  /** The rows in the DOM: at most 300, wherever the reader is. */
  window() {
    const { rows } = this.line;
    if (!this.fromSeq && rows.length > 0) this.fromSeq = rows[Math.max(0, rows.length - 2 * PAGE)].seq;
    const from = this.line.index(this.fromSeq);
    const to = this.toSeq === Infinity ? rows.length : this.line.index(this.toSeq + 1);
    if (this.toSeq === Infinity && to - from > MOST && this.atBottom()) {
      this.fromSeq = rows[to - MOST].seq;
      return rows.slice(to - MOST, to);
    }
    return rows.slice(from, to);
  }

  render() {
    this.line.version.value; // eslint-disable-line no-unused-expressions -- read to be told of changes
    const me = store.me.value?.id;
    const row = store.rowOf(this.kind, this.dstid);
    const shown = this.window();
    const tail = this.toSeq === Infinity;
    this.items = layout(shown, tail ? store.pending(this.kind, this.dstid) : [], {
      me, kind: this.kind, unreadFrom: this.unreadFrom, peerread: this.kind === CMD.SINGLE ? row?.peerread : 0,
    });
    return html`<div class="scroller" @scroll=${this.scrolled} @keydown=${this.keydown} @contextmenu=${this.contextmenu}
        @pointerdown=${this.press} @pointermove=${this.unpress} @pointerup=${this.unpress} @pointercancel=${this.unpress}>
      <div class="messages" role="feed" aria-label=${t('chat.messages')} aria-busy=${this.line.loading ? 'true' : 'false'}>${this.head()}
        ${repeat(this.items, (item) => item.key, (item) => this.item(item))}</div></div>
      ${this.unreadChip()}${this.bottomButton()}`;
  }

  head() {
    const { loaded, complete, loading, error, rows } = this.line;
    if (error) return html`<div class="chip">${error.message} <button class="textbtn" type="button" @click=${() => this.reload()}>${t('act.retry')}</button></div>`;
    if (!loaded || loading === 'older') return html`<div class="chip"><span class="spinner small" role="status" aria-label=${t('chat.loading')}></span></div>`;
    if (complete && (rows.length === 0 || this.fromSeq <= rows[0].seq)) return html`<div class="chip end">${rows.length > 0 ? t('chat.start') : t('chat.empty')}</div>`;
    return nothing;
  }

  reload() {
    if (this.line.loaded) this.showOlder();
    else store.ensure(this.line);
  }

  item(item) {
    if (item.type === 'time') return html`<div class="chip time"><time datetime=${new Date(item.at).toISOString()}>${chipTime(item.at)}</time></div>`;
    if (item.type === 'unread') return html`<div class="unread-line" id="hy-unread"><span>${t('chat.unread.line')}</span></div>`;
    if (item.type === 'note') return html`<article class="chip note" data-key=${item.key} data-seq=${item.m.seq} tabindex="-1">${noteOf(item, this)}</article>`;
    return message(item, this);
  }

  unreadChip() {
    if (!this.unreadCount || this.unreadFrom === undefined || this.unreadSeen) return nothing;
    if (this.unreadCount < 5) return nothing;
    return html`<button class="unread-chip" type="button" @click=${this.toUnread}>${icon('arrow-up', 'small')}${t('chat.unread.jump', { Count: this.unreadCount })}</button>`;
  }

  bottomButton() {
    if (this.down !== true) return nothing;
    const count = this.line.rows.filter((m) => isPost(m) && m.seq > this.seen && m.userid !== store.me.value?.id).length;
    return html`<button class="to-bottom iconbtn" type="button" aria-label=${count ? t('chat.bottom.count', { Count: count }) : t('chat.bottom')} @click=${() => this.toBottom()}>
      ${icon('arrow-down')}${count ? html`<span class="badge">${count > 99 ? '99+' : count}</span>` : nothing}</button>`;
  }

  updated() {
    const box = this.scroller;
    const sent = this.items.some((item) => item.entry && !this.keys.has(item.key));
    const first = !this.opened && this.line.loaded;
    this.keys = new Set(this.items.map((item) => item.key));
    if (first) this.openPlace();
    else if (sent && this.opened) this.toBottom();
    else this.holdAnchor(this.anchor);
    if (this.line.loaded && !this.line.complete && !this.line.error && box.scrollHeight <= box.clientHeight + NEAR) this.showOlder();
    this.look();
  }

  openPlace() {
    this.opened = true;
    this.unreadSeen = false;
    this.scroller.scrollTop = 0;
    if (this.kept) this.rest(() => this.holdAnchor(this.kept));
  }

  scrolled() {
    this.keepPlace();
    this.look();
    const box = this.scroller;
    if (box.scrollHeight - box.clientHeight + box.scrollTop < NEAR) this.showOlder();
    if (box.scrollTop > -NEAR && this.toSeq !== Infinity) this.showNewer();
  }

  /** After anything that moves: what has been seen, and whether the way down is offered. */
  look() {
    if (!this.opened) return;
    const down = !this.atBottom() && (this.toSeq !== Infinity || this.scroller.scrollTop < -200);
    const line = this.querySelector('#hy-unread');
    const top = this.scroller.getBoundingClientRect().top;
    const unreadSeen = this.unreadSeen || (line ? line.getBoundingClientRect().bottom > top : false);
    if (down !== this.down || unreadSeen !== this.unreadSeen) {
      this.down = down;
      this.unreadSeen = unreadSeen;
      this.requestUpdate();
    }
    this.checkRead();
  }

  /** Read is what was on a screen that somebody could look at. */
  checkRead() {
    if (!this.opened || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const seq = this.atBottom() ? this.line.last : this.lowestVisible();
    if (seq <= this.seen && seq <= (store.rowOf(this.kind, this.dstid)?.readseq ?? 0)) return;
    this.seen = Math.max(this.seen, seq);
    if (seq > 0) store.markRead(this.kind, this.dstid, seq);
  }

  lowestVisible() {
    const bottom = this.scroller.getBoundingClientRect().bottom;
    const all = this.querySelectorAll('article[data-seq]');
    for (let i = all.length - 1; i >= 0; i--) {
      if (all[i].getBoundingClientRect().bottom <= bottom + 8) return Number(all[i].dataset.seq);
    }
    return 0;
  }

  async showOlder() {
    if (this.growing) return;
    this.growing = true;
    try {
      const { line } = this;
      if (line.index(this.fromSeq) === 0) {
        if (line.complete) return;
        await store.loadOlder(line);
        if (line !== this.line) return;
      }
      const { rows } = line;
      const from = Math.max(0, line.index(this.fromSeq) - PAGE);
      if (rows.length === 0) return;
      this.fromSeq = rows[from].seq;
      const to = this.toSeq === Infinity ? rows.length : line.index(this.toSeq + 1);
      if (to - from > MOST) this.toSeq = rows[from + MOST - 1].seq;
      this.requestUpdate();
      await this.updateComplete;
    } finally {
      this.growing = false;
    }
  }

  showNewer() {
    const { rows } = this.line;
    const to = Math.min(rows.length, this.line.index(this.toSeq + 1) + PAGE);
    this.toSeq = to === rows.length ? Infinity : rows[to - 1].seq;
    const from = this.line.index(this.fromSeq);
    if (to - from > MOST) this.fromSeq = rows[to - MOST].seq;
    this.requestUpdate();
  }

  async toBottom() {
    if (this.toSeq !== Infinity) {
      this.toSeq = Infinity;
      this.fromSeq = 0;
      this.requestUpdate();
      await this.updateComplete;
    }
    this.scroller.scrollTop = 0;
    this.look();
  }

  async toUnread() {
    while (!this.querySelector('#hy-unread') && !(this.line.complete && this.line.index(this.fromSeq) === 0) && !this.line.error) await this.showOlder();
    this.rest(() => this.querySelector('#hy-unread')?.scrollIntoView({ block: 'start' }), 3);
    this.unreadSeen = true;
    this.requestUpdate();
  }

  messageAt(seq) {
    return this.line.find(seq);
  }

  /** Brings a message into view and lets it flash. */
  async jumpTo(seq) {
    const { line } = this;
    while (line.first > seq && !line.complete && !line.error) await store.loadOlder(line);
    const at = line.index(seq);
    if (line.rows[at]?.seq !== seq) {
      toast(t('chat.quote.gone'));
      return;
    }
    if (seq < this.fromSeq || seq > this.toSeq) {
      this.fromSeq = line.rows[Math.max(0, at - PAGE)].seq;
      const to = at + MOST - PAGE;
      this.toSeq = to < line.rows.length ? line.rows[to].seq : Infinity;
      this.requestUpdate();
      await this.updateComplete;
    }
    const element = this.querySelector(`article[data-seq="${seq}"]`);
    if (!element) return;
    this.rest(() => element.scrollIntoView({ block: 'center' }), 3);
    element.classList.add('flash');
    element.addEventListener('animationend', () => element.classList.remove('flash'), { once: true });
    element.focus({ preventScroll: true });
  }

  itemOf(target) {
    const key = target.closest?.('article')?.dataset.key;
    return key ? this.items.find((item) => item.key === key) : undefined;
  }

  contextmenu(event) {
    const item = this.itemOf(event.target);
    if (!item || item.type !== 'message' || !event.target.closest('.content, article:focus')) return;
    if (event.target.closest('a') || !getSelection().isCollapsed) return;
    event.preventDefault();
    menu(this, item, event.target.closest('article').querySelector('.content'));
  }

  press(event) {
    if (event.pointerType === 'mouse') return;
    const item = this.itemOf(event.target);
    const content = event.target.closest('.content');
    if (!item || !content) return;
    this.pressed = { x: event.clientX, y: event.clientY, timer: setTimeout(() => {
      this.pressed = null;
      if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(10);
      addEventListener('click', (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true, signal: AbortSignal.timeout(700) });
      menu(this, item, content);
    }, PRESS) };
  }

  unpress(event) {
    if (!this.pressed) return;
    if (event.type === 'pointermove' && Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) < 10) return;
    clearTimeout(this.pressed.timer);
    this.pressed = null;
  }

  keydown(event) {
    const article = event.target.closest('article');
    if (!article || event.target !== article) return;
    const all = [...this.querySelectorAll('article')];
    const at = all.indexOf(article);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    const item = this.itemOf(article);
    if (to !== undefined) {
      event.preventDefault();
      const next = all[Math.max(0, Math.min(all.length - 1, to))];
      next.focus();
      this.active = next.dataset.key;
    } else if ((event.key === 'F10' && event.shiftKey) || event.key === 'ContextMenu' || event.key === 'Enter') {
      event.preventDefault();
      if (item?.type === 'message') menu(this, item, article.querySelector('.content'));
    } else if (event.key === 'r' && !event.ctrlKey && !event.metaKey && item?.m.seq) {
      event.preventDefault();
      emit(this, 'hy-reply', { m: item.m });
    }
  }

}

customElements.define('hy-messages', MessageList);
