// <hy-search>: one field over conversations, contacts, groups and messages.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { shortTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { avatar, blank, goBack, icon, preview, View } from './kit.js';

const PAUSE = 250;
const PAGE = 20;

class Search extends View {
  static properties = { q: { state: true }, hits: { state: true }, more: { state: true }, error: { state: true } };

  q = '';

  firstUpdated() {
    this.querySelector('input')?.focus();
  }

  render() {
    return html`<header class="bar"><button class="iconbtn keep" type="button" aria-label=${t('act.back')} @click=${() => goBack(this, '/chat/index.shtml')}>${icon('chevron-left')}</button>
      <label class="searchbar">${icon('search', 'small')}<input type="search" enterkeyhint="search" autocomplete="off" aria-label=${t('search.title')} placeholder=${t('search.hint')} .value=${this.q} @input=${this.typed}></label></header>
      <div class="scroll">${this.q ? this.results() : blank('search', t('search.hint'))}</div>`;
  }

  typed(e) {
    this.q = e.target.value.trim();
    this.hits = null;
    this.more = false;
    this.error = null;
    clearTimeout(this.timer);
    this.asked?.abort();
    if (this.q) this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask(before) {
    this.asked = new AbortController();
    const { signal } = this.asked;
    try {
      const { rows } = await post('/message/search', { q: this.q, limit: PAGE, ...(before ? { before } : {}) }, { signal });
      this.hits = [...(before ? this.hits : []), ...rows];
      this.more = rows.length === PAGE;
    } catch (error) {
      if (!signal.aborted) this.error = error;
    }
  }

  results() {
    const q = this.q.toLowerCase();
    const has = (...texts) => texts.some((text) => text && String(text).toLowerCase().includes(q));
    const friends = store.contacts.value.filter((f) => has(f.remark, f.nickname) || String(f.id) === q);
    const groups = store.groups.value.filter((g) => has(g.name) || String(g.id) === q);
    const hits = this.hits ?? [];
    if (!friends.length && !groups.length && this.hits && !hits.length) return blank('search', t('search.none', { Query: this.q }));
    const section = (title, rows) => (rows.length ? html`<h2 class="group-title">${title}</h2><ul class="rows">${rows}</ul>` : nothing);
    return html`${section(t('search.contacts'), friends.map((f) => this.row(`/c/10-${f.id}`, f, f.remark || f.nickname)))}
      ${section(t('search.groups'), groups.map((g) => this.row(`/c/11-${g.id}`, g, g.name)))}
      ${section(t('search.messages'), hits.map((m) => this.hit(m)))}
      ${this.more ? html`<p class="total"><button type="button" class="link" @click=${() => this.ask(hits.at(-1).id)}>${t('search.more')}</button></p>` : nothing}
      ${this.error ? html`<p class="total" role="alert">${this.error.message}</p>` : nothing}`;
  }

  row(to, who, name, line = nothing, time = '') {
    return html`<li class="row person"><a href=${to}>${avatar(who)}<span class="what"><span class="line"><span class="name">${this.lit(name)}</span>${time ? html`<span class="time">${time}</span>` : nothing}</span>
      ${line === nothing ? nothing : html`<span class="line"><span class="text">${line}</span></span>`}</span></a></li>`;
  }

  hit(m) {
    const kind = m.kind || m.cmd;
    const own = store.me.value?.id;
    const dstid = kind === 10 && m.userid !== own ? m.userid : m.dstid;
    const title = store.titleOf(kind, dstid);
    const row = store.conversations.value.find((c) => c.kind === kind && c.dstid === dstid);
    return this.row(`/c/${kind}-${dstid}?seq=${m.seq}`, { ...row, dstid, title }, title, this.lit(this.around(preview(m, (id) => (id === own ? '' : store.nameOf(id))))), shortTime(m.at));
  }

  /** The part of a long line that holds the words looked for. */
  around(text) {
    const i = text.toLowerCase().indexOf(this.q.toLowerCase());
    return i > 16 ? `…${text.slice(i - 10)}` : text;
  }

  lit(text) {
    const i = text.toLowerCase().indexOf(this.q.toLowerCase());
    if (i < 0 || !this.q) return text;
    const end = i + this.q.length;
    return html`${text.slice(0, i)}<mark>${text.slice(i, end)}</mark>${text.slice(end)}`;
  }
}

customElements.define('hy-search', Search);
