// <hy-invite group rules members>: a link into a group with its code, how long and how often it is good, and those given before.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { fullTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, blank, icon, toast, View } from './kit.js';
import { style } from './style.js';

const HOURS = [24, 168, 720, 0];
const USES = [0, 1, 10, 100];

await style('invite').catch(() => {});

/** Links made in this tab: their tokens are told once, and a link is not made anew each time one looks. */
const kept = (/** @type {number} */ group) => `hy-invite-${store.me.peek()?.id}-${group}`;

class Invite extends View {
  static properties = { group: {}, rules: {}, members: {}, link: { state: true }, links: { state: true }, fault: { state: true }, hours: { state: true }, uses: { state: true }, busy: { state: true } };

  constructor() {
    super();
    this.hours = 168;
    this.uses = 0;
  }

  get may() {
    return this.rules || this.group.join === 'open';
  }

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('group') && changes.get('group')?.id !== this.group.id) this.load();
  }

  async load() {
    this.link = this.links = this.fault = null;
    if (!this.may) return;
    try {
      this.links = (await post('/community/invitelinks', { dstid: this.group.id })).rows;
      let mine = null;
      try {
        mine = JSON.parse(sessionStorage.getItem(kept(this.group.id)) ?? 'null');
      } catch { /* then a new one is made */ }
      if (mine && this.links.some((row) => row.id === mine.id)) this.link = mine;
      else await this.make();
    } catch (error) {
      this.fault = error;
    }
  }

  async make() {
    this.busy = true;
    try {
      const { data } = await post('/community/invitelink', { dstid: this.group.id, hours: this.hours, uses: this.uses });
      this.link = { ...data, url: `${location.origin}/join/${data.token}` };
      this.links = [data, ...(this.links ?? [])];
      try {
        sessionStorage.setItem(kept(this.group.id), JSON.stringify(this.link));
      } catch { /* it is made anew the next time */ }
    } finally {
      this.busy = false;
    }
  }

  render() {
    const g = this.group;
    const friends = html`<div class="weui-cells"><button type="button" class="weui-cell weui-cell_access" @click=${() => this.dispatchEvent(new CustomEvent('hy-pick'))}><span class="weui-cell__bd">${t('group.invite')}</span><span class="weui-cell__ft"></span></button></div>`;
    if (!this.may) return html`<div class="scroll">${blank('qr-code', t('invite.closed'), t('invite.closed.hint'))}${friends}</div>`;
    return html`<div class="scroll">
      <div class="code-card"><div class="whose">${avatar(g)}<div><strong>${g.name}</strong><span>${t('group.members.count', { Count: g.size })}</span></div></div>
        ${this.link ? html`<img class="code" src="/qr.svg?join=${this.link.token}" alt=${t('scan.image')} width="240" height="240">`
          : html`<span class="code none">${this.fault ? html`<span role="alert">${this.fault.message}</span>` : html`<span class="spinner"></span>`}</span>`}
        <p>${this.link ? this.terms(this.link) : nothing}</p>
        ${this.link ? html`<div class="code-acts"><button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${this.copy}>${icon('link', 'small')}${t('invite.copy')}</button>
          ${navigator.share ? html`<button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${this.share}>${icon('share-2', 'small')}${t('invite.share')}</button>` : nothing}
          <a class="weui-btn weui-btn_default weui-btn_mini" href="/qr.svg?join=${this.link.token}" download="${g.name}.svg">${icon('download', 'small')}${t('invite.save')}</a></div>` : nothing}</div>
      ${this.settings()}${friends}${this.others()}</div>`;
  }

  terms(link) {
    const until = link.expires ? t('invite.until', { Time: fullTime(link.expires) }) : t('invite.forever');
    return link.uses ? `${until} · ${t('invite.uses', { Used: link.used ?? 0, Uses: link.uses })}` : until;
  }

  settings() {
    const select = (name, label, values, called) => html`<label class="weui-cell weui-cell_access"><span class="weui-cell__hd"><span class="weui-label">${label}</span></span><span class="weui-cell__bd"><select class="weui-input" name=${name}
      @change=${(e) => { this[name] = Number(e.target.value); }}>${values.map((v) => html`<option value=${v} ?selected=${v === this[name]}>${called(v)}</option>`)}</select></span><span class="weui-cell__ft"></span></label>`;
    return html`<h2 class="weui-cells__title">${t('invite.new')}</h2><div class="weui-cells weui-cells_form">
      ${select('hours', t('invite.hours'), HOURS.filter((h) => h || this.rules), (h) => t(h ? `invite.hours.${h}` : 'invite.forever'))}
      ${select('uses', t('invite.limit'), USES, (n) => (n ? t('invite.limit.n', { Count: n }) : t('invite.limit.none')))}
      <button type="button" class="weui-cell weui-cell_active centre strong" ?disabled=${this.busy} @click=${() => attempt(() => this.make(), t('invite.made'))}>${icon('refresh-cw')}${t('invite.make')}</button></div>
      <p class="weui-cells__tips">${t(this.rules ? 'invite.straight' : 'invite.member')}</p>`;
  }

  others() {
    const rows = this.links ?? [];
    if (!rows.length) return nothing;
    return html`<h2 class="weui-cells__title">${t('invite.given')}</h2><div class="weui-cells">${rows.map((row) => html`<div class="weui-cell"><span class="weui-cell__bd">
      ${store.nameOf(row.userid)}${this.link?.id === row.id ? html` <span class="tag role">${t('invite.shown')}</span>` : nothing}<span class="weui-cell__desc">${this.terms(row)}</span></span>
      <button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${() => this.revoke(row)}>${t('invite.revoke')}</button></div>`)}</div>`;
  }

  async revoke(row) {
    const done = await ask({ title: t('invite.revoke'), text: t('invite.revoke.text'), yes: t('invite.revoke'), warn: true, act: () => post('/community/revokelink', { id: row.id }) });
    if (!done) return;
    toast(t('invite.revoked'));
    this.links = this.links.filter((other) => other.id !== row.id);
    if (this.link?.id !== row.id) return;
    this.link = null;
    this.load();
  }

  async copy() {
    const { copyText } = await import('../chat/clipboard.js');
    toast(t((await copyText(this.link.url)) ? 'act.copied' : 'chat.copy.failed'));
  }

  share() {
    navigator.share({ title: this.group.name, text: t('invite.share.text', { Name: this.group.name }), url: this.link.url }).catch(() => {});
  }
}

customElements.define('hy-invite', Invite);
