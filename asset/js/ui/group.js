// <hy-group groupid sub>: a group's info, and from there its members, its invitations and who asks for a place.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { fullTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, choose, goTo, head, icon, toast, View, waiting } from './kit.js';
import { face, memberActs, membersView, nameOf, RANK } from './members.js';
import './invite.js';
import './recalls.js';
import './requests.js';
import { switches } from './settings.js';
import { style } from './style.js';
import { pickFile, uploadPicture } from './upload.js';

const SHOWN = 18; // faces before one goes to the list of all
const EVENTS = new Set(['group_changed', 'group_joined', 'group_left', 'nick_changed']);

await style('people').catch(() => {});

class Group extends View {
  static properties = { groupid: {}, sub: {}, group: { state: true }, members: { state: true }, error: { state: true }, q: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    const ends = [
      store.onFrame(19, (m) => {
        if (m.dstid === this.groupid && EVENTS.has(m.content) && (!m.kind || m.kind === 11)) this.load();
      }),
      store.onFrame(6, () => this.load()), // nobody told of what changed before there was a line
    ];
    this.unlisten = () => ends.forEach((end) => end());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unlisten();
  }

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('sub')) this.q = '';
    if (changes.has('groupid')) {
      this.group = this.members = null;
      this.load();
    }
  }

  /** Fetches what is shown; calls that come while one runs have it ask once more. */
  async load() {
    if (this.loading) {
      this.stale = true;
      return;
    }
    this.loading = true;
    const dstid = this.groupid;
    try {
      const [info, members] = await Promise.all([post('/community/info', { dstid }), post('/community/members', { dstid })]);
      this.stale ||= dstid !== this.groupid;
      if (dstid === this.groupid) {
        this.error = null;
        this.group = info.data;
        this.members = members.rows;
        store.remember(members.rows);
        store.nameIn(dstid, members.rows.filter((m) => m.nick));
      }
    } catch (error) {
      this.error = error;
    }
    this.loading = false;
    if (!this.stale) return;
    this.stale = false;
    this.load();
  }

  /** The reader's own rank: what the page was told last. */
  get rank() {
    return this.members?.find((m) => m.id === store.me.value?.id)?.role ?? this.group?.role ?? 'member';
  }

  get rules() {
    return RANK[this.rank] > 1;
  }

  /** Requests for places in this group that wait for an answer. */
  get asking() {
    return store.requests.value.filter((q) => q.kind === 11 && q.group?.id === this.groupid && q.status === 'pending');
  }

  render() {
    const up = this.sub === 'info' ? `/c/11-${this.groupid}` : `/c/11-${this.groupid}/info`;
    if (this.sub === 'requests') return html`<hy-requests what="group" .group=${this.groupid} .up=${up}></hy-requests>`;
    if (this.sub === 'recalled') return html`<hy-recalls .group=${this.groupid} .up=${up}></hy-recalls>`;
    const title = { members: t('group.members'), invite: t('invite.title') }[this.sub] ?? t('group.info');
    if (this.error && !this.members || !this.group || !this.members) return html`<div class="sub">${head(title, up, nothing, true)}${waiting(this.error, () => this.load())}</div>`;
    if (this.sub === 'members') return html`<div class="sub">${head(title, up, this.plus(), true)}${membersView(this)}</div>`;
    if (this.sub === 'invite') return html`<div class="sub">${head(title, up, nothing, true)}<hy-invite .group=${this.group} .rules=${this.rules} .members=${this.members} @hy-pick=${this.invite}></hy-invite></div>`;
    return this.info(head(title, up, nothing, true));
  }

  plus() {
    return html`<button type="button" class="iconbtn" aria-label=${t('group.invite')} @click=${this.invite}>${icon('user-round-plus')}</button>`;
  }

  info(title) {
    const g = this.group;
    const own = this.members.find((m) => m.id === store.me.value?.id);
    const here = `/c/11-${g.id}`;
    return html`<div class="sub">${title}<div class="scroll">
      ${this.rules ? html`<button type="button" class="card-head pressable" @click=${this.picture}><span class="sr">${t('group.icon')}: </span>${card(g)}${icon('camera')}</button>` : html`<div class="card-head">${card(g)}</div>`}
      ${this.people(here)}
      ${this.asking.length ? html`<div class="weui-cells">${this.door(`${here}/requests`, t('group.requests'), html`<span class="badge">${this.asking.length}</span>`)}</div>` : nothing}
      <div class="weui-cells">
        ${this.cell('name', g.name, 32)}
        ${this.door(`${here}/invite`, t('invite.code'), icon('qr-code', 'small'))}
        ${this.cell('notice', g.notice, 2000, 6, g.noticeat ? `${store.nameOf(g.noticeby)} · ${fullTime(g.noticeat)}` : '')}
        ${this.cell('memo', g.memo, 140, 2)}
      </div>
      <div class="weui-cells">
        <button type="button" class="weui-cell weui-cell_access" @click=${() => this.rename(own)}><span class="weui-cell__bd">${t('group.nick')}</span><span class="weui-cell__ft">${own?.nick || store.me.value?.nickname}</span></button>
      </div>
      ${switches(11, g.id, this)}
      <div class="weui-cells weui-cells_form">
        ${this.rules ? html`<button type="button" class="weui-cell weui-cell_access" @click=${this.policy}><span class="weui-cell__bd">${t('group.policy')}</span><span class="weui-cell__ft">${t(`group.policy.${g.join}`)}</span></button>
          <label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${t('group.quiet')}<span class="weui-cell__desc">${t('group.quiet.text')}</span></span><input class="weui-switch" type="checkbox" role="switch" .checked=${!!g.quiet} @change=${this.hush}></label>`
          : html`<div class="weui-cell"><span class="weui-cell__bd">${t('group.policy')}</span><span class="weui-cell__ft">${t(`group.policy.${g.join}`)}</span></div>`}
        ${this.rules ? this.door(`${here}/recalled`, t('recalls.title')) : nothing}
        ${this.rank === 'owner' ? html`<button type="button" class="weui-cell weui-cell_access" @click=${this.transfer}><span class="weui-cell__bd">${t('group.transfer')}</span><span class="weui-cell__ft"></span></button>` : nothing}
        <div class="weui-cell"><span class="weui-cell__bd">${t('group.id')}</span><span class="weui-cell__ft">${g.id}</span></div>
      </div>
      <div class="weui-cells">${this.rank === 'owner'
        ? html`<button type="button" class="weui-cell weui-cell_active centre danger" @click=${() => this.end('dismiss', 'dismissed')}>${t('group.dismiss')}</button>`
        : html`<button type="button" class="weui-cell weui-cell_active centre danger" @click=${() => this.end('leave', 'left')}>${t('group.leave')}</button>`}</div>
      ${this.rank === 'owner' ? html`<p class="weui-cells__tips">${t('group.leave.owner')}</p>` : nothing}</div></div>`;
  }

  /** A row of what a group says of itself; those who may change it. */
  cell(name, value, max, lines = 0, below = '') {
    const long = lines > 2;
    const inside = html`<span class="weui-cell__bd">${t(`group.${name}`)}${long && value ? html`<span class="weui-cell__desc notice-text">${value}</span>` : nothing}${value && below ? html`<span class="weui-cell__desc">${below}</span>` : nothing}</span>
      <span class="weui-cell__ft">${long && value ? '' : value || t('group.none')}</span>`;
    return this.rules ? html`<button type="button" class="weui-cell weui-cell_access" @click=${() => this.edit(name, max, lines)}>${inside}</button>`
      : html`<div class="weui-cell">${inside}</div>`;
  }

  door(to, label, extra = nothing) {
    return html`<a class="weui-cell weui-cell_access" href=${to}><span class="weui-cell__bd">${label}</span><span class="weui-cell__ft">${extra}</span></a>`;
  }

  people(here) {
    const sorted = [...this.members].sort((a, b) => RANK[b.role] - RANK[a.role]);
    return html`<div class="members">
      ${sorted.slice(0, SHOWN).map((m) => html`<button type="button" @click=${() => memberActs(this, m)}>${face(m)}<span class="label">${nameOf(m)}</span>
        ${m.role !== 'member' ? html`<span class="tag role">${t(`group.role.${m.role}`)}</span>` : m.muted ? html`<span class="tag">${t('group.muted')}</span>` : nothing}</button>`)}
      <button type="button" @click=${this.invite}><span class="plus">${icon('plus')}</span><span class="label">${t('group.invite.short')}</span></button></div>
      <div class="weui-cells flat">${this.door(`${here}/members`, t('group.members.all'), this.members.length)}</div>`;
  }

  async invite() {
    const { everybody, pickPeople } = await import('./people.js');
    const inside = new Set(this.members.map((m) => m.id));
    const friends = (await everybody()).filter((f) => !inside.has(f.id));
    if (!friends.length) return toast(t('group.invite.none'));
    const members = await pickPeople(t('group.members.pick'), friends);
    if (!members?.length) return;
    const done = await attempt(() => post('/community/invite', { dstid: this.groupid, members }));
    if (done) toast(t(done.data.requested.length ? 'group.invited.asked' : 'group.invited'));
    this.load();
  }

  edit(name, max, lines = 0) {
    return ask({
      title: t(`group.${name}`), text: name === 'notice' ? t('group.notice.hint') : '', yes: t('act.save'), entry: { label: t(`group.${name}`), value: this.group[name], max, lines },
      act: (value) => this.save({ [name]: value }),
    });
  }

  rename(own) {
    return ask({
      title: t('group.nick'), text: t('group.nick.hint'), yes: t('act.save'), entry: { label: t('group.nick'), value: own?.nick ?? '', max: 32, hint: store.me.peek()?.nickname },
      act: async (nick) => {
        await post('/community/nick', { dstid: this.groupid, nick });
        this.load();
      },
    });
  }

  async save(change) {
    this.group = { ...this.group, ...(await post('/community/update', { dstid: this.groupid, ...change })).data };
    await Promise.all([store.refresh('groups'), store.refresh('conversations')]);
  }

  async hush(e) {
    const box = e.target;
    const quiet = box.checked;
    if (!(await attempt(async () => { await this.save({ quiet }); return true; }))) box.checked = !quiet;
  }

  async policy() {
    const join = await choose({ title: t('group.policy'), choices: ['open', 'approval', 'invite'].map((value) => ({ value, label: t(`group.policy.${value}`) })) });
    if (join) attempt(() => this.save({ join }), t('act.saved'));
  }

  async picture() {
    const file = await pickFile('image/*');
    if (file) attempt(async () => this.save({ icon: await uploadPicture(file) }), t('act.saved'));
  }

  async transfer() {
    const { pickPerson } = await import('./people.js');
    const others = this.members.filter((m) => m.id !== store.me.peek()?.id);
    if (!others.length) return toast(t('group.transfer.none'));
    const id = await pickPerson(t('group.transfer'), others, nameOf);
    const m = others.find((other) => other.id === id);
    if (!m) return;
    await ask({ title: t('group.transfer'), text: t('group.transfer.text', { Name: nameOf(m) }), warn: true, act: () => post('/community/transfer', { dstid: this.groupid, memberid: id }) });
    this.load();
  }

  async end(what, done) {
    const ok = await ask({ title: t(`group.${what}`), text: t(`group.${what}.text`), yes: t(`group.${what}`), warn: true, act: () => post(what === 'leave' ? '/contact/leavecommunity' : '/community/dismiss', { dstid: this.groupid }) });
    if (!ok) return;
    toast(t(`group.${done}`));
    attempt(() => Promise.all([store.refresh('groups'), store.refresh('conversations')]));
    goTo(this, '/chat/index.shtml', true);
  }
}

const card = (g) => html`${avatar(g, 'huge')}<div><h2>${g.name}</h2><p>${t('group.members.count', { Count: g.size })}</p></div>`;

customElements.define('hy-group', Group);
