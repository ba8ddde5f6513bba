// <hy-person userid chat>: somebody's profile, and from a chat its settings.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { ago, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, goTo, head, icon, toast, View, waiting } from './kit.js';
import { switches } from './settings.js';

class Person extends View {
  static properties = { userid: {}, chat: {}, found: { state: true }, error: { state: true }, banned: { state: true } };

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('userid')) this.load();
  }

  connectedCallback() {
    super.connectedCallback();
    // What was done on another device shows here too.
    const ends = [
      store.onFrame(19, (m) => { if (m.content === 'contact_changed' && m.dstid === this.userid) this.loadBanned(); }),
      store.onFrame(6, () => this.loadBanned()), // nobody told of what was done before there was a line
    ];
    this.unlisten = () => ends.forEach((end) => end());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unlisten();
  }

  async loadBanned() {
    const id = this.userid;
    try {
      const { rows } = await post('/contact/blocked');
      if (id === this.userid) this.banned = rows.some((user) => user.id === id);
    } catch { /* then one is asked to block somebody who may be blocked already, which changes nothing */ }
  }

  async load() {
    this.found = null;
    this.error = null;
    this.banned = false;
    this.loadBanned();
    const id = this.userid;
    try {
      // Shown once, with what makes a friend of somebody: what comes later would move what is there.
      const contacts = store.contacts.peek().length || store.refresh('contacts').catch(() => {});
      const [{ data }] = await Promise.all([post('/user/find', { id }), contacts]);
      if (id === this.userid) this.found = data;
    } catch (error) {
      if (id === this.userid) this.error = error;
    }
  }

  render() {
    const friend = store.contacts.value.find((f) => f.id === this.userid);
    const user = friend ? { ...this.found, ...friend } : this.found;
    const up = this.chat ? `/c/10-${this.userid}` : '/contacts';
    const title = head(t(this.chat ? 'group.info' : 'person.title'), up, nothing, this.chat);
    if (!user) return html`<div class="sub">${title}${waiting(this.error, () => this.load())}</div>`;
    const own = user.id === store.me.value?.id;
    const seen = store.lastSeen.value.get(user.id);
    return html`<div class="sub">${title}<div class="scroll">
      <div class="card-head">${avatar({ ...user, title: user.nickname }, 'huge')}<div><h2>${user.remark || user.nickname}</h2>
        ${user.remark ? html`<p>${t('person.nickname')}: ${user.nickname}</p>` : nothing}<p>${t('person.id')}: ${user.id}</p>
        ${friend ? html`<p>${store.presence.value.get(user.id) ? html`<span class="dot-on"></span>${t('person.online')}` : seen ? t('person.seen', { When: ago(seen) }) : t('person.offline')}</p>` : nothing}</div></div>
      <div class="weui-cells">
        ${friend ? html`<button type="button" class="weui-cell weui-cell_access" @click=${() => this.remark(user)}><span class="weui-cell__bd">${t('person.remark')}</span><span class="weui-cell__ft">${user.remark || ''}</span></button>` : nothing}
        ${friend ? html`<label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${t('star.on')}<span class="weui-cell__desc">${t('star.hint')}</span></span><input class="weui-switch" type="checkbox" role="switch" .checked=${!!friend.starred} @change=${(e) => this.star(user, e.target)}></label>` : nothing}
        ${user.sex && user.sex !== 'U' ? cell(t('person.sex'), t(`sex.${user.sex}`)) : nothing}
        ${user.memo ? cell(t('person.memo'), user.memo) : nothing}
      </div>
      ${this.chat ? switches(10, this.userid, this) : nothing}
      ${own ? html`<p class="total">${t('person.self')}</p><p class="total"><button type="button" class="link" @click=${async () => (await import('./code.js')).showCard()}>${t('scan.mine')}</button></p>` : this.actions(user, friend)}</div></div>`;
  }

  actions(user, friend) {
    const press = (act) => () => act.call(this, user);
    return html`<div class="weui-cells">
        ${friend ? html`<a class="weui-cell weui-cell_active centre strong" href="/c/10-${user.id}">${icon('message-circle')}${t('act.message')}</a>
          <button type="button" class="weui-cell weui-cell_active centre strong" @click=${() => attempt(async () => (await import('../call/call.js')).offer(user.id))}>${icon('phone')}${t('call.start')}</button>`
          : html`<button type="button" class="weui-cell weui-cell_active centre strong" @click=${press(this.add)}>${t('person.add')}</button>`}
      </div>
      <div class="weui-cells">
        ${this.banned ? html`<button type="button" class="weui-cell weui-cell_active centre" @click=${press(this.unblock)}>${t('person.unblock')}</button>`
          : html`<button type="button" class="weui-cell weui-cell_active centre danger" @click=${press(this.block)}>${t('person.block')}</button>`}
        ${friend ? html`<button type="button" class="weui-cell weui-cell_active centre danger" @click=${press(this.unfriend)}>${t('person.delete')}</button>` : nothing}
      </div>`;
  }

  remark(user) {
    return ask({
      title: t('person.remark'), text: t('person.remark.hint'), yes: t('act.save'),
      entry: { label: t('person.remark'), value: user.remark, max: 32 },
      act: async (memo) => {
        await post('/contact/remark', { dstid: user.id, memo });
        await Promise.all([store.refresh('contacts'), store.refresh('conversations')]);
      },
    });
  }

  async star(user, box) {
    const on = box.checked;
    const done = await attempt(async () => {
      await post('/contact/star', { dstid: user.id, on });
      await store.refresh('contacts');
      return true;
    });
    if (!done) box.checked = !on;
  }

  unblock(user) {
    return attempt(async () => {
      await post('/contact/unblock', { dstid: user.id });
      this.banned = false;
      await store.refresh('contacts');
    }, t('person.unblocked'));
  }

  async add(user) {
    await askFriend(user);
  }

  async block(user) {
    const done = await ask({
      title: t('person.block'), text: t('person.block.text'), yes: t('person.block'), warn: true,
      act: () => post('/contact/block', { dstid: user.id }),
    });
    if (!done) return;
    toast(t('person.blocked'));
    attempt(() => Promise.all([store.refresh('contacts'), store.refresh('conversations')]));
    goTo(this, '/contacts', true);
  }

  async unfriend(user) {
    const done = await ask({
      title: t('person.delete'), text: t('person.delete.text'), yes: t('act.delete'), warn: true,
      act: () => post('/contact/delfriend', { dstid: user.id }),
    });
    if (!done) return;
    toast(t('person.deleted'));
    attempt(() => Promise.all([store.refresh('contacts'), store.refresh('conversations')]));
    goTo(this, '/contacts', true);
  }
}

const cell = (label, value) => html`<div class="weui-cell"><span class="weui-cell__bd">${label}</span><span class="weui-cell__ft">${value}</span></div>`;

/** Asks somebody to be a friend, with a greeting. */
export function askFriend(user) {
  return ask({
    title: t('person.add'), yes: t('act.send'),
    entry: { label: t('add.greeting'), value: t('add.greeting.hint', { Name: store.me.peek()?.nickname ?? '' }), max: 140, lines: 3 },
    act: async (memo) => {
      const { data } = await post('/contact/addfriend', { dstid: user.id, memo });
      toast(t(data.status === 'friend' ? 'add.friend' : 'add.requested'));
      if (data.status === 'friend') await Promise.all([store.refresh('contacts'), store.refresh('conversations')]);
    },
  });
}

customElements.define('hy-person', Person);
