// <hy-group groupid>: a group's info, its members and what one may do with them by rank.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, choose, goTo, head, icon, toast, View, waiting } from './kit.js';
import { switches } from './settings.js';
import { pickFile, uploadPicture } from './upload.js';

const SHOWN = 40; // faces before one asks for all
const RANK = { owner: 3, admin: 2, member: 1 };

class Group extends View {
  static properties = { groupid: {}, group: { state: true }, members: { state: true }, error: { state: true }, all: { state: true } };

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('groupid')) {
      this.group = this.members = null;
      this.all = false;
      this.load();
    }
  }

  async load() {
    const dstid = this.groupid;
    this.error = null;
    try {
      const [info, members] = await Promise.all([post('/community/info', { dstid }), post('/community/members', { dstid })]);
      if (dstid !== this.groupid) return;
      this.group = info.data;
      this.members = members.rows;
      store.remember?.(members.rows);
    } catch (error) {
      this.error = error;
    }
  }

  get rank() {
    return this.members?.find((m) => m.id === store.me.value?.id)?.role ?? this.group?.role ?? 'member';
  }

  render() {
    const g = this.group;
    const title = head(t('group.info'), `/c/11-${this.groupid}`, nothing, true);
    if (!g || !this.members) return html`<div class="sub">${title}${waiting(this.error, () => this.load())}</div>`;
    const rules = RANK[this.rank] > 1;
    const cell = (name, value, max, lines = 0) => {
      const long = lines > 2;
      const inside = html`<span class="weui-cell__bd">${t(`group.${name}`)}${long && value ? html`<span class="weui-cell__desc notice-text">${value}</span>` : nothing}</span>
        <span class="weui-cell__ft">${long && value ? '' : value || t('group.none')}</span>`;
      return rules ? html`<button type="button" class="weui-cell weui-cell_access" @click=${() => this.edit(name, max, lines)}>${inside}</button>` : html`<div class="weui-cell">${inside}</div>`;
    };
    return html`<div class="sub">${title}<div class="scroll">
      ${rules ? html`<button type="button" class="card-head pressable" @click=${this.picture}><span class="sr">${t('group.icon')}: </span>${this.face(g)}${icon('camera')}</button>` : html`<div class="card-head">${this.face(g)}</div>`}
      ${this.people()}
      <div class="weui-cells">
        ${cell('name', g.name, 32)}
        ${cell('notice', g.notice, 2000, 6)}
        ${cell('memo', g.memo, 140, 2)}
        ${rules ? html`<button type="button" class="weui-cell weui-cell_access" @click=${this.policy}><span class="weui-cell__bd">${t('group.policy')}</span><span class="weui-cell__ft">${t(`group.policy.${g.join}`)}</span></button>`
          : html`<div class="weui-cell"><span class="weui-cell__bd">${t('group.policy')}</span><span class="weui-cell__ft">${t(`group.policy.${g.join}`)}</span></div>`}
        <div class="weui-cell"><span class="weui-cell__bd">${t('group.id')}</span><span class="weui-cell__ft">${g.id}</span></div>
      </div>
      ${switches(11, g.id)}
      <div class="weui-cells">${this.rank === 'owner'
        ? html`<button type="button" class="weui-cell weui-cell_active centre danger" @click=${() => this.end('dismiss', 'dismissed')}>${t('group.dismiss')}</button>`
        : html`<button type="button" class="weui-cell weui-cell_active centre danger" @click=${() => this.end('leave', 'left')}>${t('group.leave')}</button>`}</div>
      ${this.rank === 'owner' ? html`<p class="weui-cells__tips">${t('group.leave.owner')}</p>` : nothing}</div></div>`;
  }

  face(g) {
    return html`${avatar(g, 'huge')}<div><h2>${g.name}</h2><p>${t('group.members.count', { Count: this.members.length })}</p></div>`;
  }

  people() {
    const sorted = [...this.members].sort((a, b) => RANK[b.role] - RANK[a.role]);
    const shown = this.all ? sorted : sorted.slice(0, SHOWN);
    return html`<h2 class="group-title">${t('group.members')}</h2><div class="members">
      ${shown.map((m) => html`<button type="button" @click=${() => this.member(m)}>${avatar(m)}<span class="label">${nameOf(m)}</span>
        ${m.role !== 'member' ? html`<span class="tag role">${t(`group.role.${m.role}`)}</span>` : m.muted ? html`<span class="tag">${t('group.muted')}</span>` : nothing}</button>`)}
      <button type="button" @click=${this.invite}><span class="plus">${icon('plus')}</span><span class="label">${t('group.invite')}</span></button></div>
      ${shown.length < sorted.length ? html`<p class="total"><button type="button" class="link" @click=${() => { this.all = true; }}>${t('group.members.count', { Count: sorted.length })}</button></p>` : nothing}`;
  }

  async member(m) {
    const mine = RANK[this.rank];
    const own = m.id === store.me.peek()?.id;
    const above = mine > RANK[m.role] && mine > 1 && !own;
    const owner = this.rank === 'owner' && !own;
    const pick = (value, label, warn = false) => ({ value, label: t(label), warn });
    const choices = [pick('profile', 'group.profile')];
    if (owner) choices.push(m.role === 'admin' ? pick('demote', 'group.demote') : pick('promote', 'group.promote'), pick('transfer', 'group.transfer'));
    if (above) choices.push(m.muted ? pick('unmute', 'group.unmute') : pick('mute', 'group.mute'), pick('kick', 'group.kick', true));
    const what = choices.length > 1 ? await choose({ title: nameOf(m), choices }) : 'profile';
    if (what === 'profile') return goTo(this, own ? '/me/profile' : `/contacts/${m.id}`);
    const to = { dstid: this.groupid, memberid: m.id };
    if (what === 'kick' || what === 'transfer') {
      await ask({ title: t(`group.${what}`), text: t(`group.${what}.text`, { Name: nameOf(m) }), warn: true, act: () => post(`/community/${what}`, to) });
    } else if (what === 'mute') {
      const seconds = await choose({ title: t('group.mute'), choices: [600, 3600, 86400, 2592000].map((s) => ({ value: String(s), label: t(`group.mute.${s}`) })) });
      if (!seconds) return;
      await attempt(() => post('/community/mute', { ...to, seconds: Number(seconds) }));
    } else if (what === 'unmute') await attempt(() => post('/community/mute', { ...to, seconds: 0 }));
    else if (what) await attempt(() => post('/community/role', { ...to, role: what === 'promote' ? 'admin' : 'member' }));
    if (what) this.load();
  }

  async invite() {
    const inside = new Set(this.members.map((m) => m.id));
    const friends = store.contacts.peek().filter((f) => !inside.has(f.id));
    if (!friends.length) return toast(t('group.invite.none'));
    const members = await pickFriends(friends);
    if (!members?.length) return;
    await attempt(() => post('/community/invite', { dstid: this.groupid, members }), t('group.invited'));
    this.load();
  }

  edit(name, max, lines = 0) {
    return ask({
      title: t(`group.${name}`), yes: t('act.save'), entry: { label: t(`group.${name}`), value: this.group[name], max, lines },
      act: (value) => this.save({ [name]: value }),
    });
  }

  async save(change) {
    this.group = { ...this.group, ...(await post('/community/update', { dstid: this.groupid, ...change })).data };
    await Promise.all([store.refresh('groups'), store.refresh('conversations')]);
  }

  async policy() {
    const join = await choose({ title: t('group.policy'), choices: ['open', 'approval', 'invite'].map((value) => ({ value, label: t(`group.policy.${value}`) })) });
    if (join) attempt(() => this.save({ join }), t('act.saved'));
  }

  async picture() {
    const file = await pickFile('image/*');
    if (file) attempt(async () => this.save({ icon: await uploadPicture(file) }), t('act.saved'));
  }

  async end(what, done) {
    const ok = await ask({ title: t(`group.${what}`), text: t(`group.${what}.text`), yes: t(`group.${what}`), warn: true, act: () => post(what === 'leave' ? '/contact/leavecommunity' : '/community/dismiss', { dstid: this.groupid }) });
    if (!ok) return;
    toast(t(`group.${done}`));
    attempt(() => Promise.all([store.refresh('groups'), store.refresh('conversations')]));
    goTo(this, '/chat/index.shtml', true);
  }
}

/** A member as this reader calls them. */
function nameOf(m) {
  return store.contacts.value.find((f) => f.id === m.id)?.remark || m.nickname;
}

/** Lets the reader choose among friends; resolves with their ids. */
async function pickFriends(friends) {
  const { pickPeople } = await import('./people.js');
  return pickPeople(t('group.members.pick'), friends);
}

customElements.define('hy-group', Group);
