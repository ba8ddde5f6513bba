// <hy-chat kind dstid>: one conversation, from its head to the composer.
import { attempt, count, emit, html, icon, nothing, t, View } from './base.js';
import { ago } from '../core/i18n.js';
import * as store from '../core/store.js';
import { CMD, keyOf, MEDIA } from '../core/timeline.js';
import './composer.js';
import './list.js';

// A line that is back within this time was never away, as far as people care.
const GRACE = 2000;
const LATER = 2500;

class Chat extends View {
  static properties = { kind: { type: Number }, dstid: { type: Number }, dropping: { state: true }, late: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.unlisten = store.onLive((m, where) => this.announce(m, where));
    this.minute = setInterval(() => document.hidden || this.requestUpdate(), 60000); // a time that is told grows
    this.addEventListener('hy-reply', (event) => this.composer?.reply(event.detail.m));
    this.addEventListener('hy-edit', (event) => this.composer?.edit(event.detail.m));
    this.addEventListener('hy-write', (event) => this.composer?.write(event.detail));
    this.addEventListener('hy-mention', (event) => this.composer?.callSomebody(event.detail.id));
    this.addEventListener('hy-edit-last', () => this.editLast());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unlisten?.();
    clearTimeout(this.graceTimer);
    clearInterval(this.minute);
  }

  /** What is fetched when it is needed must be here before the network may be gone. */
  firstUpdated() {
    (globalThis.requestIdleCallback ?? setTimeout)(() => import('./board.js').catch(() => {})); // what it shows can wait
    setTimeout(() => Promise.allSettled([import('./menu.js'), import('./deeds.js'), import('./announce.js'), import('./select.js'), import('./forward.js'), import('./sheet.js'), import('./tools.js'), import('../core/media.js'), import('./recorder.js'), import('./emoji.js'), import('./sending.js'), import('./mention.js'), import('./linkcheck.js')]), LATER);
  }

  get composer() {
    return this.querySelector('hy-composer');
  }

  updated(changes) {
    if ((changes.has('kind') || changes.has('dstid')) && this.dstid !== undefined) store.open(this.kind, this.dstid);
  }

  render() {
    if (!this.kind) return nothing;
    const { kind, dstid } = this;
    return html`<section class="chat" aria-label=${store.titleOf(kind, dstid)} @dragenter=${this.drag} @dragover=${this.drag} @dragleave=${this.undrag} @drop=${this.drop}>
      ${this.head()}<hy-board .kind=${kind} .dstid=${dstid}></hy-board>
      <hy-messages .kind=${kind} .dstid=${dstid}></hy-messages>
      ${this.foot()}
      <div class="sr announcer" aria-live="polite" aria-atomic="true"></div>
      ${this.dropping ? html`<div class="drop-here" aria-hidden="true"><span>${t('chat.drop', { Name: store.titleOf(kind, dstid) })}</span></div>` : nothing}</section>`;
  }

  /** Where one writes; where there is nobody to write to, why. */
  foot() {
    const { kind, dstid } = this;
    if (kind === CMD.NOTICE) return nothing;
    const ended = kind === CMD.ROOM && !store.groups.value.some((group) => group.id === dstid) && store.ended.value.get(dstid);
    return ended ? html`<p class="ended" role="status">${t(ended.dismissed ? 'chat.event.dismissed' : 'chat.ended')}</p>`
      : html`<hy-composer .kind=${kind} .dstid=${dstid}></hy-composer>`;
  }

  head() {
    const { kind, dstid } = this;
    const row = store.rowOf(kind, dstid);
    const unread = store.unreadTotal.value - (row ? store.badge(row) : 0);
    const size = kind === CMD.ROOM ? store.groups.value.find((group) => group.id === dstid)?.size : 0;
    const said = this.subtitle();
    return html`<header class="chat-head ${kind === CMD.SINGLE ? 'two' : ''}">
      <button class="back" type="button" @click=${() => emit(this, 'hy-back')}>${icon('chevron-left')}<span class="sr">${t('act.back')}</span>${unread ? html`<span class="others">${count(unread)}</span>` : nothing}</button>
      <div class="titles"><h2><span class="title">${store.titleOf(kind, dstid)}</span>${size ? html` <span class="size">(${size})</span>` : nothing}</h2>
        ${said ? html`<p class="subtitle">${said}</p>` : nothing}</div>
      ${kind === CMD.SINGLE ? html`<button class="iconbtn call" type="button" aria-label=${t('call.start')} aria-haspopup="dialog" @click=${() => attempt(async () => (await import('../call/call.js')).offer(dstid))}>${icon('phone')}</button>` : nothing}
      ${kind === CMD.NOTICE ? html`<span class="iconbtn"></span>` : html`<button class="iconbtn" type="button" aria-label=${t('chat.info')} @click=${() => emit(this, 'hy-info', { kind, dstid })}>${icon('ellipsis')}</button>`}</header>`;
  }

  /** What the second line says: trouble with the line first, then who is writing, then presence. */
  subtitle() {
    const line = store.connection.value;
    this.watchLine(line);
    if (line.state !== 'online' && this.late) return t(line.state === 'connecting' ? 'line.connecting' : 'line.offline');
    const writing = store.typing.value.get(keyOf(this.kind, this.dstid));
    if (writing) return this.kind === CMD.ROOM ? t('chat.typing.name', { Name: store.nameOf(writing.userid) }) : t('chat.typing');
    if (this.kind !== CMD.SINGLE) return '';
    const seen = store.lastSeen.value.get(this.dstid);
    return store.presence.value.get(this.dstid) ? t('person.online') : seen ? t('person.seen', { When: ago(seen) }) : '';
  }

  watchLine(line) {
    clearTimeout(this.graceTimer);
    if (line.state === 'online') {
      this.lostAt = 0;
      this.late = false;
      return;
    }
    this.lostAt ||= Date.now();
    const wait = GRACE - (Date.now() - this.lostAt);
    if (wait > 0) this.graceTimer = setTimeout(() => { this.late = true; }, wait);
  }

  /** Lets what has just come in be read out. */
  async announce(m, where) {
    if (where.kind !== this.kind || where.dstid !== this.dstid || m.userid === store.me.peek()?.id) return;
    const box = this.querySelector('.announcer');
    if (box) (await import('./announce.js').catch(() => null))?.announce(box, m, where);
  }

  editLast() {
    const me = store.me.peek()?.id;
    const last = store.timeline(this.kind, this.dstid).rows.findLast((m) => m.userid === me && m.media === MEDIA.TEXT && !m.ext?.recalled);
    if (last) this.composer?.edit(last);
  }

  carriesFiles(event) {
    return this.kind !== CMD.NOTICE && [...(event.dataTransfer?.types ?? [])].includes('Files');
  }

  drag(event) {
    if (!this.carriesFiles(event)) return;
    event.preventDefault();
    this.dropping = true;
  }

  undrag(event) {
    if (!this.contains(event.relatedTarget)) this.dropping = false;
  }

  drop(event) {
    if (!this.carriesFiles(event)) return;
    event.preventDefault();
    this.dropping = false;
    const files = [...event.dataTransfer.files];
    attempt(async () => this.composer?.offer(files));
  }
}

customElements.define('hy-chat', Chat);
