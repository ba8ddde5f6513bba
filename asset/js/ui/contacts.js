// <hy-contacts>: the tab of friends by letter, with requests and groups on top.
import { html, nothing, repeat } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { avatar, blank, icon, View } from './kit.js';
import { byLetter } from './pinyin.js';

const LONG = 12; // from this many friends on an index saves scrolling

class Contacts extends View {
  static properties = { path: {} };

  render() {
    const friends = store.contacts.value;
    const groups = byLetter(friends, (f) => f.remark || f.nickname);
    const waiting = store.requests.value.filter((q) => q.status === 'pending').length;
    const long = friends.length > LONG;
    return html`<header class="bar"><h1>${t('contacts.title')}</h1>
        <a class="iconbtn" href="/search" aria-label=${t('act.search')}>${icon('search')}</a>
        <a class="iconbtn" href="/contacts/add" aria-label=${t('contacts.add')}>${icon('user-round-plus')}</a></header>
      <div class="indexed ${long ? 'long' : ''}"><div class="scroll">
        <ul class="rows">
          ${this.door('requests', 'user-round-plus', 'c2', t('contacts.new'), waiting)}
          ${this.door('groups', 'users-round', 'c0', t('contacts.groups'), 0)}
          ${this.door('blocked', 'ban', 'c5', t('contacts.blocked'), 0)}
        </ul>
        ${friends.length ? groups.map(([letter, rows]) => html`<h2 class="index-title" id="letter-${letter}">${letter}</h2>
          <ul class="rows">${repeat(rows, (f) => f.id, (f) => this.friend(f))}</ul>`)
        : blank('contact-round', t('contacts.empty'), t('contacts.empty.hint'), html`<a class="weui-btn weui-btn_primary weui-btn_mini" href="/contacts/add">${t('contacts.add')}</a>`)}
        ${friends.length ? html`<p class="total">${t('contacts.total', { Count: friends.length })}</p>` : nothing}
      </div>${long ? html`<nav class="index" aria-label=${t('contacts.index')}>${groups.map(([letter]) => html`<button type="button"
          @click=${() => this.querySelector(`[id="letter-${letter}"]`)?.scrollIntoView()}>${letter}</button>`)}</nav>` : nothing}</div>`;
  }

  door(name, glyph, colour, label, n) {
    const on = this.path === `/contacts/${name}`;
    return html`<li class="row person ${on ? 'on' : ''}"><a href="/contacts/${name}" aria-current=${on ? 'true' : nothing}>
      <span class="square ${colour}">${icon(glyph)}</span><span class="what"><span class="line"><span class="name">${label}</span>
      ${n ? html`<span class="badge">${n}</span>` : nothing}</span></span></a></li>`;
  }

  friend(f) {
    const on = this.path === `/contacts/${f.id}`;
    const online = store.presence.value.get(f.id);
    return html`<li class="row person ${on ? 'on' : ''}"><a href="/contacts/${f.id}" aria-current=${on ? 'true' : nothing}>
      ${avatar(f)}<span class="what"><span class="line"><span class="name">${f.remark || f.nickname}</span>
      ${online ? html`<span class="dot-on" title=${t('person.online')}></span>` : nothing}</span></span></a></li>`;
  }
}

customElements.define('hy-contacts', Contacts);
