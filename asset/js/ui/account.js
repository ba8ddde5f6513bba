// <hy-account what>: profile, devices, password and settings.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { ago, fullTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, blank, choose, goBack, head, icon, toast, View, waiting } from './kit.js';
import { preferences } from './preferences.js';
import { pickFile, uploadPicture } from './upload.js';

class Account extends View {
  static properties = { what: {}, sessions: { state: true }, error: { state: true }, fault: { state: true }, busy: { state: true } };

  willUpdate(changes) {
    super.willUpdate();
    if (!changes.has('what')) return;
    this.fault = null;
    if (this.what === 'devices') this.load();
  }

  render() {
    const page = { profile: this.profile, devices: this.devices, passwd: this.passwd, settings: preferences }[this.what];
    if (!page) return html`<div class="sub">${head(t('page.notfound'), '/me')}${blank('circle-alert', t('page.notfound'), t('page.notfound.text'))}</div>`;
    return html`<div class="sub">${head(t(`me.${this.what}`), '/me')}<div class="scroll">${page.call(this)}</div></div>`;
  }

  profile() {
    const me = store.me.value ?? {};
    const row = (label, value, press) => (press
      ? html`<button type="button" class="weui-cell weui-cell_access" @click=${press}><span class="weui-cell__bd">${t(label)}</span><span class="weui-cell__ft">${value}</span></button>`
      : html`<div class="weui-cell"><span class="weui-cell__bd">${t(label)}</span><span class="weui-cell__ft">${value}</span></div>`);
    return html`<div class="weui-cells">
        ${row('me.avatar', avatar(me), this.picture)}
        ${row('person.nickname', me.nickname, () => this.edit('nickname', 'person.nickname', 32))}
        ${row('person.sex', t(`sex.${me.sex || 'U'}`), () => this.pick('sex', 'person.sex', 'sex', ['W', 'M', 'U']))}
        ${row('person.memo', me.memo || t('group.none'), () => this.edit('memo', 'person.memo', 140, 3))}</div>
      <div class="weui-cells">${row('me.mobile', me.mobile)}${row('person.id', me.id)}</div>
      <div class="weui-cells">${row('me.addable', t(`me.addable.${me.addable || 'approval'}`), () => this.pick('addable', 'me.addable', 'me.addable', ['open', 'approval', 'closed']))}</div>`;
  }

  edit(name, label, max, lines = 0) {
    return ask({ title: t(label), yes: t('act.save'), entry: { label: t(label), value: store.me.peek()[name], max, lines }, act: (value) => this.save({ [name]: value }) });
  }

  async pick(name, label, prefix, values) {
    const value = await choose({ title: t(label), choices: values.map((v) => ({ value: v, label: t(`${prefix}.${v}`) })) });
    if (value) attempt(() => this.save({ [name]: value }), t('act.saved'));
  }

  async picture() {
    const file = await pickFile('image/*');
    if (file) attempt(async () => this.save({ avatar: await uploadPicture(file) }), t('act.saved'));
  }

  async save(change) {
    store.me.value = { ...store.me.peek(), ...(await post('/user/update', change)).data };
  }

  async load() {
    this.error = null;
    try {
      this.sessions = (await post('/user/sessions')).rows;
    } catch (error) {
      this.error = error;
    }
  }

  devices() {
    if (!this.sessions) return waiting(this.error, () => this.load());
    const rows = [...this.sessions].sort((a, b) => Number(b.current) - Number(a.current) || b.seenat - a.seenat);
    const others = rows.filter((s) => !s.current);
    return html`<div class="weui-cells">${rows.map((s) => html`<div class="weui-cell">${icon(/phone|android|ios/i.test(s.device) ? 'smartphone' : 'globe')}
      <div class="weui-cell__bd"><p>${s.device || t('me.device.unknown')}</p><p class="weui-cell__desc">${s.address}${s.address ? ' · ' : ''}${s.current ? t('me.device.since', { When: fullTime(s.createat) }) : t('me.device.seen', { When: ago(s.seenat) })}</p></div>
      <div class="weui-cell__ft">${s.current ? html`<span class="tag role">${t('me.device.current')}</span>`
        : html`<button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${() => this.revoke('me.device.end', s)}>${t('me.device.end')}</button>`}</div></div>`)}</div>
      ${others.length > 1 ? html`<div class="weui-cells"><button type="button" class="weui-cell weui-cell_active centre danger others" @click=${() => this.revoke('me.device.others', ...others)}>${t('me.device.others')}</button></div>` : nothing}`;
  }

  async revoke(what, ...sessions) {
    const done = await ask({ title: t(what), text: t(`${what}.text`), warn: true, act: () => Promise.all(sessions.map(({ id }) => post('/user/revoke', { id }))) });
    if (!done) return;
    toast(t('me.device.ended'));
    this.load();
  }

  passwd() {
    const field = (name, complete, min) => html`<label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${t(`me.passwd.${name}`)}</span></span>
      <span class="weui-cell__bd"><input class="weui-input" type="password" name=${name} autocomplete=${complete} minlength=${min} maxlength="128" required placeholder=${t(name === 'old' ? 'login.passwd.hint' : 'register.passwd.hint')}></span></label>`;
    return html`<form @submit=${this.change}><input type="text" name="user" autocomplete="username" .value=${store.me.value?.mobile ?? ''} hidden>
      <div class="weui-cells weui-cells_form">${field('old', 'current-password', 1)}${field('new', 'new-password', 8)}${field('again', 'new-password', 8)}</div>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      <p class="weui-cells__tips">${t('me.passwd.hint')}</p>
      <div class="pad"><button class="weui-btn weui-btn_primary weui-btn_block" ?disabled=${this.busy}>${t('me.passwd')}</button></div></form>`;
  }

  async change(e) {
    e.preventDefault();
    const form = new FormData(e.target);
    this.fault = form.get('new') === form.get('again') ? null : t('me.passwd.differ');
    if (this.fault) return;
    this.busy = true;
    try {
      await post('/user/passwd', { old: form.get('old'), passwd: form.get('new') });
      toast(t('me.passwd.done'));
      goBack(this, '/me');
    } catch (error) {
      this.fault = error.message;
    }
    this.busy = false;
  }
}

customElements.define('hy-account', Account);
