// <hy-find what>: adding a friend by mobile or ID, and joining a group by its ID.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, avatar, goTo, head, icon, toast, View } from './kit.js';
import './length.js';
import { askFriend } from './person.js';

class Find extends View {
  static properties = { what: {}, found: { state: true }, fault: { state: true }, busy: { state: true } };

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('what')) this.found = this.fault = null;
  }

  render() {
    const join = this.what === 'join';
    return html`<div class="sub">${head(t(join ? 'groups.join' : 'add.title'), '/contacts')}<div class="scroll">
      <form @submit=${this.submit}>
        <div class="weui-cells weui-cells_form"><label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${t(join ? 'groups.join.field' : 'add.field')}</span></span>
          <span class="weui-cell__bd"><input class="weui-input" name="key" required autocomplete="off" inputmode=${join ? 'numeric' : 'tel'} maxlength="16" placeholder=${t(join ? 'groups.join.hint' : 'add.hint')} aria-invalid=${this.fault ? 'true' : nothing} autofocus></span></label>
          ${join ? html`<label class="weui-cell"><span class="weui-cell__bd"><input class="weui-input" name="memo" data-most="140" aria-label=${t('groups.join.memo')} placeholder=${t('groups.join.memo')}></span></label>` : nothing}</div>
        ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
        <div class="pad"><button class="weui-btn weui-btn_primary weui-btn_block" ?disabled=${this.busy}>${t(join ? 'groups.join' : 'add.find')}</button></div>
      </form>
      ${this.found ? this.result(this.found) : nothing}
      <div class="weui-cells"><a class="weui-cell weui-cell_access" href="/scan">${icon('scan-line')}<span class="weui-cell__bd">${t('scan.title')}</span><span class="weui-cell__ft"></span></a>
        ${join ? nothing : html`<button type="button" class="weui-cell weui-cell_access" @click=${async () => (await import('./code.js')).showCard()}>${icon('qr-code')}<span class="weui-cell__bd">${t('scan.mine')}</span><span class="weui-cell__ft">${t('add.mine')}: ${store.me.value?.id}</span></button>`}</div></div></div>`;
  }

  result(user) {
    const friend = store.contacts.value.some((f) => f.id === user.id);
    const own = user.id === store.me.value?.id;
    return html`<div class="card-head">${avatar(user, 'huge')}<div><h2>${user.nickname}</h2><p>${t('person.id')}: ${user.id}</p>${user.memo ? html`<p>${user.memo}</p>` : nothing}</div>
      ${own ? html`<p>${t('person.self')}</p>` : friend ? html`<a class="weui-btn weui-btn_primary weui-btn_mini" href="/c/10-${user.id}">${t('act.message')}</a>`
        : html`<button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${() => askFriend(user)}>${t('act.add')}</button>`}</div>`;
  }

  async submit(e) {
    e.preventDefault();
    const form = new FormData(e.target);
    const key = String(form.get('key')).trim();
    this.busy = true;
    this.fault = this.found = null;
    try {
      if (this.what === 'join') await this.join(key, String(form.get('memo')));
      else this.found = await find(key);
    } catch (error) {
      this.fault = error.code === 'not_found' && this.what !== 'join' ? t('person.notfound') : error.message;
    }
    this.busy = false;
  }

  async join(key, memo) {
    const { data } = await post('/contact/joincommunity', { dstid: Number(key) || 0, memo });
    if (data.status !== 'member') return toast(t('groups.requested'));
    toast(t('groups.joined'));
    await attempt(() => Promise.all([store.refresh('groups'), store.refresh('conversations')]));
    goTo(this, `/c/11-${Number(key)}`, true);
  }
}

/** Short numbers are IDs, long ones mobiles first; whichever is there is taken. */
async function find(key) {
  const tries = /^\d{1,16}$/.test(key) ? [{ id: Number(key) }] : [];
  if (/^\+?\d{6,15}$/.test(key)) tries[key.length >= 8 ? 'unshift' : 'push']({ mobile: key });
  if (!tries.length) tries.push({ mobile: key });
  for (const [i, query] of tries.entries()) {
    try {
      return (await post('/user/find', query)).data;
    } catch (error) {
      if (error.code !== 'not_found' || i === tries.length - 1) throw error;
    }
  }
  return null;
}

customElements.define('hy-find', Find);
