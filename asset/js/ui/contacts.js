// <hy-contacts>: the tab of friends by letter, those with a star before them, requests and groups on top.
import { html, nothing, repeat } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { avatar, blank, finder, icon, View } from './kit.js';
import { byLetter, matches } from './pinyin.js';
import { style } from './style.js';

const LONG = 12; // from this many friends on an index saves scrolling
const STAR = '☆';

await style('people').catch(() => {});

class Contacts extends View {
  static properties = { path: {}, q: { state: true }, hint: { state: true } };

  constructor() {
    super();
    this.q = '';
  }

  render() {
    const friends = store.contacts.value;
    const waiting = store.requests.value.filter((q) => q.status === 'pending').length;
    return html`<header class="bar"><h1>${t('contacts.title')}</h1>
        <a class="iconbtn" href="/scan" aria-label=${t('scan.title')}>${icon('scan-line')}</a>
        <a class="iconbtn" href="/contacts/add" aria-label=${t('contacts.add')}>${icon('user-round-plus')}</a></header>
      <div @keydown=${this.leave}>${finder(t('contacts.find'), this.q, (text) => { this.q = text; })}</div>
      ${this.q.trim() ? this.found(friends) : this.all(friends, waiting)}`;
  }

  /** Escape empties the field before it does anything else. */
  leave(e) {
    if (e.key !== 'Escape' || !this.q) return;
    e.stopPropagation();
    this.q = '';
  }

  all(friends, waiting) {
    const starred = friends.filter((f) => f.starred);
    const groups = byLetter(friends, nameOf);
    const sections = starred.length ? [[STAR, byLetter(starred, nameOf).flatMap(([, rows]) => rows)], ...groups] : groups;
    const long = friends.length > LONG;
    return html`<div class="indexed ${long ? 'long' : ''}"><div class="scroll">
        <ul class="rows">
          ${this.door('requests', 'user-round-plus', 'c2', t('contacts.new'), waiting)}
          ${this.door('groups', 'users-round', 'c0', t('contacts.groups'), 0)}
          ${this.door('blocked', 'ban', 'c5', t('contacts.blocked'), 0)}
        </ul>
        ${friends.length ? sections.map(([letter, rows]) => html`<h2 class="index-title" id="letter-${letter}">${letter === STAR ? html`<span aria-hidden="true">${STAR} </span>${t('star.section')}` : letter}</h2>
          <ul class="rows">${repeat(rows, (f) => f.id, (f) => this.friend(f))}</ul>`)
        : friends === store.unknown ? nothing : blank('contact-round', t('contacts.empty'), t('contacts.empty.hint'), html`<a class="weui-btn weui-btn_primary weui-btn_mini" href="/contacts/add">${t('contacts.add')}</a>`)}
        ${friends.length ? html`<p class="total">${t('contacts.total', { Count: friends.length })}</p>` : nothing}
      </div>${long ? this.index(sections) : nothing}</div>`;
  }

  index(sections) {
    return html`<nav class="index" aria-label=${t('contacts.index')} @pointermove=${this.slide} @pointerdown=${this.slide} @pointerup=${this.rest} @pointercancel=${this.rest} @pointerleave=${this.rest}>
      ${sections.map(([letter]) => html`<button type="button" data-letter=${letter} aria-label=${letter === STAR ? t('star.section') : letter} @click=${() => this.show(letter)}>${letter}</button>`)}</nav>
      ${this.hint ? html`<div class="index-hint" aria-hidden="true">${this.hint}</div>` : nothing}`;
  }

  show(letter) {
    this.querySelector(`[id="letter-${letter}"]`)?.scrollIntoView();
  }

  /** A finger moves along the letters, and the list with it. */
  slide(e) {
    if (!e.buttons) return;
    e.currentTarget.releasePointerCapture?.(e.pointerId);
    const letter = document.elementFromPoint(e.clientX, e.clientY)?.closest('[data-letter]')?.dataset.letter;
    if (!letter || letter === this.hint) return;
    this.hint = letter;
    this.show(letter);
  }

  rest() {
    this.hint = '';
  }

  found(friends) {
    const q = this.q.trim();
    const people = friends.filter((f) => matches(nameOf(f), q) || matches(f.nickname, q) || String(f.id) === q);
    const groups = store.groups.value.filter((g) => matches(g.name, q));
    if (!people.length && !groups.length) return html`<div class="scroll">${blank('search', t('contacts.none', { Query: q }))}</div>`;
    return html`<div class="scroll">${people.length ? html`<h2 class="index-title">${t('contacts.title')}</h2><ul class="rows">${people.map((f) => this.friend(f, true))}</ul>` : nothing}
      ${groups.length ? html`<h2 class="index-title">${t('contacts.groups')}</h2><ul class="rows">${groups.map((g) => html`<li class="row person"><a href="/c/11-${g.id}">${avatar(g)}
        <span class="what"><span class="line"><span class="name">${g.name}</span><span class="time">${t('group.members.count', { Count: g.size })}</span></span></span></a></li>`)}</ul>` : nothing}</div>`;
  }

  door(name, glyph, colour, label, n) {
    const on = this.path === `/contacts/${name}`;
    return html`<li class="row person ${on ? 'on' : ''}"><a href="/contacts/${name}" aria-current=${on ? 'true' : nothing}>
      <span class="square ${colour}">${icon(glyph)}</span><span class="what"><span class="line"><span class="name">${label}</span>
      ${n ? html`<span class="badge">${n}</span>` : nothing}</span></span></a></li>`;
  }

  friend(f, both = false) {
    const on = this.path === `/contacts/${f.id}`;
    const online = store.presence.value.get(f.id);
    return html`<li class="row person ${on ? 'on' : ''}"><a href="/contacts/${f.id}" aria-current=${on ? 'true' : nothing}>
      ${avatar(f)}<span class="what"><span class="line"><span class="name">${nameOf(f)}${both && f.remark ? html`<span class="also"> ${f.nickname}</span>` : nothing}</span>
      ${online ? html`<span class="dot-on" role="img" aria-label=${t('person.online')}></span>` : nothing}</span></span></a></li>`;
  }
}

const nameOf = (/** @type {any} */ f) => f.remark || f.nickname;

customElements.define('hy-contacts', Contacts);
