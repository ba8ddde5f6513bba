// <hy-search>: one field over people, groups and all that was said, everywhere
// or in one conversation. What is looked for is in the address, so that the way
// back from a message leads to where one was.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { files, links, media, messages, someone, whereOf, wordsOf } from './found.js';
import { ask, blank, choose, goBack, goTo, icon, View } from './kit.js';
import { matches, readings } from './pinyin.js';
import { style } from './style.js';

const PAUSE = 280;
const PAGE = 30;
const FEW = 3;
const DAY = 86400000;
const ROOM = 11;
const RECALL = 15;

/** What a tab asks the server for. */
const ASKS = { all: {}, messages: {}, media: { media: [4, 8] }, files: { media: [10] }, links: { links: true } };
const TABS = ['all', 'messages', 'contacts', 'groups', 'media', 'files', 'links'];
const INSIDE = ['messages', 'media', 'files', 'links'];

/** The last search as it was left, to come back to. */
let kept = null;

class Search extends View {
  static properties = { q: { state: true }, tab: { state: true }, scope: { state: true }, when: { state: true }, rows: { state: true }, more: { state: true }, error: { state: true }, busy: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    addEventListener('popstate', () => this.read(), { signal: this.leaving.signal });
    this.unlisten = store.onFrame(RECALL, (m) => this.forget(m));
    this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
    this.unlisten();
    clearTimeout(this.timer);
    const box = this.querySelector('.scroll');
    kept = { address: this.address(), rows: this.rows, more: this.more, top: box?.scrollTop ?? 0 };
  }

  /** What is taken back is not found any more. */
  forget(m) {
    const { key } = whereOf(m);
    this.rows = this.rows?.filter((row) => row.seq !== m.ref || whereOf(row).key !== key) ?? null;
  }

  async scheduleUpdate() {
    await style('search').catch(() => {});
    super.scheduleUpdate();
  }

  /** Takes what is looked for from the address. */
  read() {
    if (location.pathname !== '/search') return;
    const asked = new URLSearchParams(location.search);
    const number = (name) => Number(asked.get(name)) || 0;
    this.scope = number('kind') ? { kind: number('kind'), dstid: number('dstid') } : null;
    this.q = asked.get('q') ?? '';
    this.when = number('from') ? { from: number('from'), to: number('to') } : null;
    const tabs = this.tabs();
    this.tab = tabs.includes(asked.get('tab')) ? asked.get('tab') : tabs[0];
    const back = kept?.address === this.address() ? kept : null;
    this.rows = back?.rows ?? null;
    this.more = back?.more ?? false;
    this.error = null;
    this.top = back?.top ?? 0;
    if (!back) this.ask();
  }

  tabs() {
    return this.scope ? INSIDE : TABS;
  }

  address() {
    const { scope, when } = this;
    const all = { q: this.q, tab: this.tab === this.tabs()[0] ? '' : this.tab, kind: scope?.kind, dstid: scope?.dstid, from: when?.from, to: when?.to };
    const text = new URLSearchParams(Object.entries(all).filter(([, value]) => value).map(([name, value]) => [name, String(value)])).toString();
    return `/search${text ? `?${text}` : ''}`;
  }

  firstUpdated() {
    this.querySelector('input')?.focus();
    if (this.top) this.querySelector('.scroll').scrollTop = this.top;
  }

  /** On a small screen not all tabs have room: the one that is chosen is in sight. */
  updated(changes) {
    if (changes.has('tab')) this.querySelector('[role=tab][aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }

  /** Something else is looked for. */
  turn(change, pause = 0) {
    Object.assign(this, change, { rows: null, more: false, error: null });
    history.replaceState(history.state, '', this.address());
    clearTimeout(this.timer);
    this.asked?.abort();
    this.timer = setTimeout(() => this.ask(), pause);
  }

  /** Whether there is something to ask the server for. */
  get asks() {
    return !!ASKS[this.tab] && (!!this.q.trim() || !!this.when || (this.tab !== 'all' && this.tab !== 'messages'));
  }

  async ask(before) {
    if (!this.asks) return;
    this.asked = new AbortController();
    const { signal } = this.asked;
    this.busy = true;
    this.error = null;
    try {
      const { rows } = await post('/message/search', { q: this.q.trim(), limit: PAGE, ...this.scope, ...this.when, ...ASKS[this.tab], ...(before ? { before } : {}) }, { signal });
      if (signal.aborted) return;
      this.rows = [...(before ? this.rows : []), ...rows];
      this.more = rows.length === PAGE;
    } catch (error) {
      // Marks and blanks alone are nothing to look for: nothing is found by them.
      if (!signal.aborted && error.code === 'invalid_argument') this.rows = [];
      else if (!signal.aborted) this.error = error;
    }
    if (!signal.aborted) this.busy = false;
  }

  render() {
    const { scope } = this;
    const hint = scope ? t('search.inside', { Name: store.titleOf(scope.kind, scope.dstid) }) : t('search.hint');
    return html`<header class="bar search-head"><button class="iconbtn keep" type="button" aria-label=${t('act.back')} @click=${() => goBack(this, '/chat/index.shtml')}>${icon('chevron-left')}</button>
      <label class="searchbar">${icon('search', 'small')}<input type="search" enterkeyhint="search" autocomplete="off" maxlength="100" aria-label=${hint} placeholder=${t('search.title')} .value=${this.q}
        @input=${(e) => this.turn({ q: e.target.value }, PAUSE)} @keydown=${this.enter}></label></header>
      ${this.filters()}
      <div class="scroll results" id="hy-found" role="tabpanel" aria-label=${t(`search.tab.${this.tab}`)} aria-busy=${this.busy ? 'true' : 'false'} @keydown=${this.walk}>${this.results()}</div>
      <div class="sr" role="status">${this.rows && !this.busy ? t('search.hits', { Count: this.rows.length }) : ''}</div>`;
  }

  filters() {
    const { scope, when } = this;
    const chip = (text, label, off) => html`<span class="filter">${text}<button type="button" aria-label=${label} @click=${off}>${icon('x', 'small')}</button></span>`;
    return html`<div class="search-tabs"><div class="tablist" role="tablist" aria-label=${t('search.title')} @keydown=${this.turnTab}>${this.tabs().map((tab) => html`<button type="button" role="tab"
        aria-selected=${tab === this.tab ? 'true' : 'false'} aria-controls="hy-found" tabindex=${tab === this.tab ? 0 : -1} data-tab=${tab} @click=${() => this.turn({ tab })}>${t(`search.tab.${tab}`)}</button>`)}</div>
      ${ASKS[this.tab] ? html`<button class="iconbtn when" type="button" aria-haspopup="dialog" aria-label=${t('search.date')} title=${t('search.date')} @click=${this.pickDate}>${icon('calendar')}</button>` : nothing}</div>
      ${scope || when ? html`<div class="filters">${scope ? chip(store.titleOf(scope.kind, scope.dstid), t('search.everywhere'), () => this.turn({ scope: null })) : nothing}
        ${when ? chip(this.spanText(), t('search.date.any'), () => this.turn({ when: null })) : nothing}</div>` : nothing}`;
  }

  spanText() {
    const day = (at) => new Date(at).toLocaleDateString(document.documentElement.lang, { year: 'numeric', month: 'short', day: 'numeric' });
    const { from, to } = this.when;
    return to && to - from <= DAY + 7200000 ? day(from) : t('search.since', { Date: day(from) });
  }

  async pickDate() {
    const today = new Date().setHours(0, 0, 0, 0);
    const since = (days) => ({ from: today - days * DAY });
    const picked = await choose({ title: t('search.date'), choices: [{ value: 'any', label: t('search.date.any') }, { value: '6', label: t('search.date.week') },
      { value: '29', label: t('search.date.month') }, { value: '364', label: t('search.date.year') }, { value: 'day', label: t('search.date.day') }] });
    if (!picked) return;
    if (picked !== 'day') {
      this.turn({ when: picked === 'any' ? null : since(Number(picked)) });
      return;
    }
    await ask({ title: t('search.date.day'), entry: { label: t('search.date.day'), type: 'date' }, act: async (text) => {
      const [year, month, day] = text.split('-').map(Number);
      if (!day) throw new Error(t('search.date.none'));
      this.turn({ when: { from: new Date(year, month - 1, day).getTime(), to: new Date(year, month - 1, day + 1).getTime() } });
    } });
  }

  results() {
    readings.value; // eslint-disable-line no-unused-expressions -- read to be told when names can be found by pinyin
    const { tab } = this;
    const words = wordsOf(this.q);
    if (tab === 'contacts' || tab === 'groups') return this.people(tab, words, Infinity) || this.nothing();
    const few = tab === 'all' && words.length > 0 ? [this.people('contacts', words, FEW), this.people('groups', words, FEW)] : [];
    if (!this.asks) return blank('search', t(this.scope ? 'search.hint.inside' : 'search.hint'));
    const found = this.rows?.length ? this.found(words) : nothing;
    if (this.rows && !this.rows.length && !few.some(Boolean)) return this.nothing();
    return html`${few}${found !== nothing && tab === 'all' ? html`<h2 class="group-title">${t('search.messages')}</h2>` : nothing}${found}
      ${this.error ? html`<p class="total" role="alert">${this.error.message} <button type="button" class="link" @click=${() => this.ask(this.rows?.at(-1)?.id)}>${t('act.retry')}</button></p>` : nothing}
      ${this.more && !this.busy ? html`<p class="total"><button type="button" class="link more" @click=${() => this.ask(this.rows.at(-1).id)}>${t('search.more')}</button></p>` : nothing}
      ${this.busy ? html`<p class="total"><span class="spinner small"></span></p>` : nothing}`;
  }

  found(words) {
    switch (this.tab) {
      case 'media': return media(this.rows);
      case 'files': return files(this.rows, words, this.scope);
      case 'links': return links(this.rows, words, this.scope);
      default: return messages(this.rows, words, { scoped: this.scope, more: this.more, all: (where) => this.inside(where) });
    }
  }

  nothing() {
    return blank('search', this.q.trim() ? t('search.none', { Query: this.q.trim() }) : t('search.none.yet'));
  }

  /** Goes on in one conversation; the way back leads here. */
  inside({ kind, dstid }) {
    goTo(this, `/search?${new URLSearchParams({ q: this.q, kind, dstid })}`);
    this.read();
  }

  people(what, words, most) {
    const q = this.q.trim();
    const contacts = what === 'contacts';
    const all = contacts
      ? store.contacts.value.filter((f) => !q || matches(f.remark, q) || matches(f.nickname, q) || String(f.id) === q)
      : store.groups.value.filter((g) => !q || matches(g.name, q) || String(g.id) === q);
    if (!all.length) return '';
    const row = (one) => (contacts ? someone(`/c/10-${one.id}`, one, one.remark || one.nickname, one.remark ? one.nickname : '', words) : someone(`/c/${ROOM}-${one.id}`, one, one.name, '', words));
    return html`${most === Infinity ? nothing : html`<h2 class="group-title">${t(`search.${what}`)}</h2>`}<ul class="rows">${all.slice(0, most).map(row)}</ul>
      ${all.length > most ? html`<button type="button" class="link all" @click=${() => this.turn({ tab: what })}>${t('search.all', { Count: all.length })}</button>` : nothing}`;
  }

  enter(event) {
    if (event.key !== 'ArrowDown' || event.isComposing) return;
    event.preventDefault();
    this.querySelector('.results a, .results button')?.focus();
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...this.querySelectorAll('.results a, .results button')];
    const next = all[all.indexOf(document.activeElement) + step];
    event.preventDefault();
    (next ?? (step < 0 ? this.querySelector('input') : null))?.focus();
  }

  async turnTab(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const tabs = this.tabs();
    this.turn({ tab: tabs[(tabs.indexOf(this.tab) + step + tabs.length) % tabs.length] });
    await this.updateComplete;
    this.querySelector('[role=tab][aria-selected=true]')?.focus();
  }
}

customElements.define('hy-search', Search);
