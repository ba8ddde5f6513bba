// <hy-board kind dstid>: what stands on top of a conversation: a notice that was not read yet, and what is pinned.
import { render } from '../../vendor/lit.js';
import { chipTime, html, icon, nothing, preview, t, View } from './base.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';
import { loadPins, mayPin, pin, pinsOf } from './pins.js';
import { words } from './bubble.js';
import { host } from '../ui/dialog.js';
import { style } from '../ui/style.js';

const readKey = () => `hy-notices-${store.me.peek()?.id}`;

/** When the newest notice was written that was seen on this device, by group. */
function readNotices() {
  try {
    return JSON.parse(localStorage.getItem(readKey()) ?? '{}');
  } catch {
    return {};
  }
}

/** Names that members have in a group reach the store; it asks each time the group is opened. */
async function loadNicks(group) {
  try {
    store.nameIn(group, (await post('/community/nicks', { dstid: group })).rows);
  } catch { /* their own names do */ }
}

store.onFrame(CMD.EVENT, (m) => {
  if (m.content === 'nick_changed') store.nameIn(m.dstid, [{ id: m.userid, nick: m.ext?.nick ?? '' }], true);
});

class Board extends View {
  static properties = { kind: { type: Number }, dstid: { type: Number }, at: { state: true }, seen: { state: true }, styled: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    style('board').catch(() => {}).then(() => { this.styled = true; });
    // What changed while the line was away comes with the history, which this does not follow.
    this.ends = [CMD.HELLO, CMD.RESYNC].map((cmd) => store.onFrame(cmd, () => this.fetch()));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const end of this.ends) end();
  }

  fetch() {
    if (this.kind === CMD.SINGLE || this.kind === CMD.ROOM) loadPins(this.kind, this.dstid);
    if (this.kind === CMD.ROOM) loadNicks(this.dstid);
  }

  willUpdate(changes) {
    super.willUpdate();
    if (!changes.has('kind') && !changes.has('dstid')) return;
    this.at = 0;
    this.seen = readNotices()[this.dstid] ?? 0;
    this.fetch();
  }

  render() {
    return this.styled ? html`${this.pinned()}${this.notice()}` : nothing;
  }

  /** The notice lies over the messages, which it thus does not move; what else stands at their top gives way to it. */
  updated() {
    const notice = /** @type {HTMLElement|null} */ (this.querySelector('.notice'));
    this.parentElement?.style.setProperty('--notice', `${notice ? notice.offsetTop + notice.offsetHeight - this.offsetHeight : 0}px`);
  }

  get group() {
    return this.kind === CMD.ROOM ? store.groups.value.find((group) => group.id === this.dstid) : undefined;
  }

  notice() {
    const g = this.group;
    if (!g?.notice || !g.noticeat || g.noticeat <= this.seen || g.noticeby === store.me.value?.id) return nothing;
    return html`<div class="board notice" role="note">${icon('megaphone')}<button type="button" class="body" @click=${() => this.openNotice(g)}>
        <span class="top"><strong>${t('group.notice')}</strong><span class="by">${this.byline(g)}</span></span><span class="said">${g.notice}</span></button>
      <button type="button" class="iconbtn" aria-label=${t('group.notice.seen')} @click=${() => this.markSeen(g)}>${icon('x')}</button></div>`;
  }

  byline(g) {
    return `${store.nameOf(g.noticeby)} · ${chipTime(g.noticeat)}`;
  }

  markSeen(g) {
    this.seen = g.noticeat;
    try {
      localStorage.setItem(readKey(), JSON.stringify({ ...readNotices(), [g.id]: g.noticeat }));
    } catch { /* it is shown again after the next load */ }
  }

  openNotice(g) {
    this.markSeen(g);
    sheet(t('group.notice'), html`<p class="by">${this.byline(g)}</p><p class="whole" dir="auto">${words(g.notice)}</p>`);
  }

  pinned() {
    const rows = pinsOf(this.kind, this.dstid);
    if (!rows.length) return nothing;
    const at = Math.min(this.at, rows.length - 1);
    const m = rows[at];
    return html`<div class="board pins" role="region" aria-label=${t('pin.title')}>${icon('pin')}<button type="button" class="body" @click=${() => this.jump(m.seq, at, rows.length)}>
        <span class="top"><strong>${t('pin.title')}</strong>${rows.length > 1 ? html`<span class="by">${at + 1}/${rows.length}</span>` : nothing}</span><span class="said">${line(m)}</span></button>
      <button type="button" class="iconbtn" aria-haspopup="dialog" aria-label=${t('pin.all')} @click=${() => this.openPins()}>${icon('ellipsis')}</button></div>`;
  }

  /** To the message; the next tap leads to the one pinned before it. */
  jump(seq, at, count) {
    this.at = (at + 1) % count;
    this.closest('hy-chat')?.querySelector('hy-messages')?.jumpTo(seq);
  }

  openPins() {
    const { kind, dstid } = this;
    const may = mayPin(kind, dstid);
    const dialog = sheet(t('pin.all'), nothing);
    const draw = () => {
      const rows = pinsOf(kind, dstid);
      render(html`<ul class="pin-list">${rows.map((m) => html`<li><button type="button" class="body" @click=${() => { dialog.close(); this.jump(m.seq, 0, 1); }}>
          <span class="said">${line(m)}</span><span class="by">${t('pin.by', { Name: store.nameOf(m.pinnedby) })} · ${chipTime(m.pinnedat)}</span></button>
        ${may ? html`<button type="button" class="iconbtn" aria-label="${t('pin.off')}: ${preview(m)}" @click=${async () => { await pin(kind, dstid, m.seq, false); if (pinsOf(kind, dstid).length) draw(); else dialog.close(); }}>${icon('pin-off')}</button>` : nothing}</li>`)}</ul>`, dialog.querySelector('.scroll'));
    };
    draw();
  }
}

const line = (m) => html`${m.userid ? html`<span class="who">${store.nameOf(m.userid)}: </span>` : nothing}${preview({ ...m, kind: CMD.SINGLE, cmd: CMD.SINGLE })}`;

/** A dialog of the board's own: a title, a way out, and what is in it. */
function sheet(title, inside) {
  const dialog = host('box tall board-sheet', title);
  render(html`<header class="bar"><h2>${title}</h2><button type="button" class="iconbtn" aria-label=${t('act.close')} @click=${() => dialog.close()}>${icon('x')}</button></header><div class="scroll">${inside}</div>`, dialog);
  dialog.showModal();
  return dialog;
}

customElements.define('hy-board', Board);
