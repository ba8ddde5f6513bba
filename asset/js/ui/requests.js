// <hy-requests what>: lists beside the friends: requests (of one group alone, if there is one), groups, the blocked.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, blank, head, icon, toast, View, waiting } from './kit.js';

class Requests extends View {
  static properties = { what: {}, group: {}, up: {}, blocked: { state: true }, error: { state: true } };

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('what') && this.what === 'blocked') this.load();
    else if (changes.has('what')) attempt(() => store.refresh(this.what === 'group' ? 'requests' : this.what));
  }

  async load() {
    this.error = null;
    try {
      this.blocked = (await post('/contact/blocked')).rows;
    } catch (error) {
      this.error = error;
    }
  }

  render() {
    if (this.what === 'groups') return this.groups();
    if (this.what === 'blocked') return this.banned();
    const rows = store.requests.value.filter((q) => !this.group || !q.own && (q.kind === 11 && q.group?.id === this.group)).sort((a, b) => Number(b.status === 'pending') - Number(a.status === 'pending') || b.createat - a.createat);
    return html`<div class="sub">${this.group ? head(t('group.requests'), this.up, nothing, true) : head(t('requests.title'), '/contacts', html`<a class="iconbtn" href="/contacts/add" aria-label=${t('contacts.add')}>${icon('user-round-plus')}</a>`)}
      <div class="scroll">${rows.length ? html`<ul class="rows">${rows.map((q) => this.request(q))}</ul>`
        : store.requests.value === store.unknown ? nothing : blank('user-round-plus', t('requests.empty'), t(this.group ? 'requests.empty.group' : 'requests.empty.hint'))}</div></div>`;
  }

  request(q) {
    if (q.own) return this.answer(q);
    const settled = () => Promise.all(['requests', 'contacts', 'groups', 'conversations'].map((name) => store.refresh(name)));
    const accept = (/** @type {any} */ { target }) => attempt(async () => {
      await post('/contact/accept', { id: q.id });
      await settled();
      await this.updateComplete;
      // What had the focus is gone: on to the next request.
      if (!target.isConnected) /** @type {HTMLElement} */ (this.querySelector('.weui-btn_primary') ?? this.closest('#main'))?.focus();
    }, t('requests.accepted'));
    const reject = () => ask({
      title: t('requests.reject'), text: t('requests.reason.hint'), yes: t('requests.reject'), entry: { label: t('requests.reason'), hint: t('requests.reason'), max: 140 },
      act: async (memo) => {
        await post('/contact/reject', { id: q.id, memo });
        await settled();
        toast(t('requests.rejected'));
      },
    });
    const subject = q.kind === 11 ? t('requests.group', { Name: q.group?.name ?? '' }) : t('requests.friend');
    return html`<li class="row person"><div class="request ${q.status === 'pending' ? 'two' : ''}"><a href="/contacts/${q.user.id}" aria-label=${q.user.nickname}>${avatar(q.user)}</a>
      <div class="what"><span class="name">${q.user.nickname}</span><span class="said">${q.memo || subject}</span>${q.memo && q.kind === 11 && !this.group ? html`<span class="said">${subject}</span>` : nothing}
        ${q.inviterid ? html`<span class="said">${t('requests.by', { Name: store.nameOf(q.inviterid) })}</span>` : nothing}</div>
      ${q.status === 'pending' ? html`<div class="acts"><button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${reject}>${t('requests.reject')}</button>
        <button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${accept}>${t('requests.accept')}</button></div>`
        : html`<span class="said">${t(`requests.${q.status}`)}</span>`}</div></li>`;
  }

  /** Why a request of the reader's own was turned down. */
  answer(q) {
    const group = q.kind === 11;
    return html`<li class="row person"><div class="request">${avatar(group ? q.group : q.user)}
      <div class="what"><span class="name">${group ? q.group.name : q.user.nickname}</span><span class="said">${t(group ? 'requests.answer.group' : 'requests.answer')}</span><span class="said">“${q.answer}”</span></div>
      <span class="said">${t('requests.rejected')}</span></div></li>`;
  }

  groups() {
    const rows = store.groups.value;
    return html`<div class="sub">${head(t('groups.title'), '/contacts', html`<a class="iconbtn" href="/chat/createcom.shtml" aria-label=${t('groups.create')}>${icon('circle-plus')}</a>`)}
      <div class="scroll">${rows.length ? html`<ul class="rows">${rows.map((g) => html`<li class="row person"><a href="/c/11-${g.id}">${avatar(g)}
          <span class="what"><span class="line"><span class="name">${g.name}</span>${g.role && g.role !== 'member' ? html`<span class="tag role">${t(`group.role.${g.role}`)}</span>` : nothing}<span class="time">${t('group.members.count', { Count: g.size })}</span></span></span></a></li>`)}</ul>
          <p class="total"><a href="/groups/join">${t('groups.join')}</a></p>`
        : rows === store.unknown ? nothing : blank('users-round', t('groups.empty'), t('groups.empty.hint'), html`<div class="acts"><a class="weui-btn weui-btn_primary weui-btn_mini" href="/chat/createcom.shtml">${t('groups.create')}</a>
          <a class="weui-btn weui-btn_default weui-btn_mini" href="/groups/join">${t('groups.join')}</a></div>`)}</div></div>`;
  }

  banned() {
    const free = (/** @type {any} */ user) => attempt(async () => {
      await post('/contact/unblock', { dstid: user.id });
      this.blocked = this.blocked.filter((other) => other.id !== user.id);
      await store.refresh('contacts');
    }, t('person.unblocked'));
    const rows = this.blocked;
    return html`<div class="sub">${head(t('blocked.title'), '/contacts')}
      ${rows ? html`<div class="scroll">${rows.length ? html`<ul class="rows">${rows.map((u) => html`<li class="row person"><div class="request">${avatar(u)}<div class="what"><span class="name">${u.nickname}</span></div>
          <div class="acts"><button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${() => free(u)}>${t('person.unblock')}</button></div></div></li>`)}</ul>`
        : blank('ban', t('blocked.empty'), t('blocked.empty.hint'))}</div>` : waiting(this.error, () => this.load())}</div>`;
  }
}

customElements.define('hy-requests', Requests);
