// Calling somebody in a group: an @ offers the members, by nickname, the name
// they have in the group, one's own remark and pinyin. What is sent names the
// people by id; the text keeps their names.
import { avatar, html, nothing, t, toast } from './base.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';
import { matches, ready } from '../ui/pinyin.js';
import { style } from '../ui/style.js';

const FRESH = 60000;
const MOST_SHOWN = 50;
const MOST_CALLED = 100;
const NAMES_BYTES = 2500; // of the 4 KiB that ext may have

/** The members of groups as they were a moment ago, by group. */
const known = new Map();

async function membersOf(group) {
  const kept = known.get(group);
  if (kept && Date.now() - kept.at < FRESH) return kept.rows;
  try {
    const { rows } = await post('/community/members', { dstid: group });
    known.set(group, { at: Date.now(), rows });
    return rows;
  } catch (error) {
    if (kept) return kept.rows;
    throw error;
  }
}

const fits = (name, query) => !!name && matches(name, query);

/** What everybody sees somebody called; a remark is one's own and goes nowhere. */
const publicName = (member) => member.nick || member.nickname;

const remarkOf = (id) => store.contacts.peek().find((user) => user.id === id)?.remark ?? '';

export class Calls {
  /** @param {any} composer its field, its conversation; drawn again by requestUpdate() */
  constructor(composer) {
    this.composer = composer;
    this.group = composer.dstid;
    this.found = [];
    this.at = 0;
    this.open = false;
    this.members = [];
    this.chosen = new Map();
    this.ready = Promise.all([membersOf(this.group).then((rows) => { this.members = rows; }), style('writing'), ready]);
    this.ready.catch(() => {}); // then an @ is just an @
  }

  get mayCallAll() {
    const role = store.groups.peek().find((group) => group.id === this.group)?.role;
    return role === 'owner' || role === 'admin';
  }

  /** What is being asked for before the caret: {from, query}, or null. */
  asked() {
    const { field } = this.composer;
    if (field.selectionStart !== field.selectionEnd) return null;
    const match = /(?<![A-Za-z0-9._-])@([^\s@]{0,20})$/.exec(field.value.slice(0, field.selectionStart));
    return match ? { from: match.index, query: match[1] } : null;
  }

  /** Offers whom the words before the caret may mean. */
  async look() {
    const asked = this.asked();
    if (!asked) return this.close();
    try {
      await this.ready;
    } catch {
      return undefined;
    }
    const now = this.asked();
    if (!now || !this.composer.isConnected) return this.close();
    this.found = this.search(now.query);
    this.at = 0;
    this.open = this.found.length > 0;
    this.show();
    return undefined;
  }

  search(query) {
    const me = store.me.peek().id;
    const all = this.members.filter((m) => m.id !== me && (!query || fits(m.nickname, query) || fits(m.nick, query) || fits(remarkOf(m.id), query)));
    const last = new Map(store.timeline(CMD.ROOM, this.group).rows.map((m) => [m.userid, m.seq]));
    all.sort((a, b) => (last.get(b.id) ?? 0) - (last.get(a.id) ?? 0));
    const everybody = this.mayCallAll && (!query || fits(t('mention.all'), query) || fits('all', query));
    return [...(everybody ? [{ id: 'all', nickname: t('mention.all') }] : []), ...all].slice(0, MOST_SHOWN);
  }

  close() {
    if (!this.open) return;
    this.open = false;
    this.show();
  }

  show() {
    const { field } = this.composer;
    field.setAttribute('aria-autocomplete', 'list');
    field.setAttribute('aria-haspopup', 'listbox');
    if (this.open) {
      field.setAttribute('aria-controls', 'hy-calls');
      field.setAttribute('aria-activedescendant', `hy-call-${this.at}`);
    } else {
      field.removeAttribute('aria-controls');
      field.removeAttribute('aria-activedescendant');
    }
    this.composer.requestUpdate();
    this.composer.updateComplete.then(() => this.composer.querySelector('.calls [aria-selected=true]')?.scrollIntoView({ block: 'nearest' }));
  }

  render() {
    const stay = (event) => event.preventDefault(); // the field keeps the focus, and a phone its keyboard
    return html`<div class="sr" role="status">${this.open ? t('mention.count', { Count: this.found.length }) : ''}</div>
      ${this.open ? html`<div class="calls" id="hy-calls" role="listbox" aria-label=${t('mention.title')} @mousedown=${stay}>${this.found.map((member, i) => this.option(member, i))}</div>` : nothing}`;
  }

  option(member, i) {
    const name = publicName(member);
    const remark = remarkOf(member.id);
    const also = [remark, member.nick ? member.nickname : ''].filter((other) => other && other !== name).join(' · ');
    return html`<div class="call-option" role="option" id="hy-call-${i}" aria-selected=${i === this.at ? 'true' : 'false'} @click=${() => this.pick(i)}>
      ${member.id === 'all' ? html`<span class="avatar mini c5" aria-hidden="true">@</span>` : avatar({ ...member, title: name }, 'mini')}
      <span class="name">${name}</span>${also ? html`<span class="also">${also}</span>` : nothing}${member.id === 'all' ? html`<span class="also">${t('mention.all.hint', { Count: this.members.length })}</span>` : nothing}</div>`;
  }

  /** Whether the key was one for the list. */
  keydown(event) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.found.length) % this.found.length;
      this.show();
    } else if ((event.key === 'Enter' && !event.ctrlKey && !event.metaKey) || event.key === 'Tab') this.pick(this.at);
    else if (event.key === 'Escape') this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  pick(i) {
    const member = this.found[i];
    const asked = this.asked();
    this.close();
    if (member && asked) this.write(member, asked.from);
  }

  write(member, from) {
    const { composer } = this;
    const { field } = composer;
    this.chosen.set(publicName(member), member.id);
    field.setRangeText(`@${publicName(member)} `, from, field.selectionEnd, 'end');
    field.focus();
    composer.typed();
  }

  /** Calls somebody without a list, where the caret is. */
  async insert(id) {
    try {
      await this.ready;
    } catch (error) {
      toast(error.message || t('error.client.offline'));
      return;
    }
    const member = this.members.find((m) => m.id === id);
    if (!member) toast(t('mention.gone'));
    else this.write(member, this.composer.field.selectionStart);
  }

  /** The fields of ext for a text: whom it calls, and by which names; nothing if nobody. */
  take(text) {
    const names = new Map(this.members.map((member) => [publicName(member), member.id]));
    if (this.mayCallAll) names.set(t('mention.all'), 'all');
    for (const [name, id] of this.chosen) if (id !== 'all' || this.mayCallAll) names.set(name, id);
    const longest = [...names.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
    const called = new Map();
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      const rest = text.slice(at + 1);
      const name = longest.find((one) => rest.startsWith(one) && !(/\w$/.test(one) && /^\w/.test(rest.slice(one.length))));
      if (name && called.size < MOST_CALLED) called.set(names.get(name), name);
    }
    this.chosen.clear();
    if (called.size === 0) return {};
    const mentions = called.has('all') ? 'all' : [...called.keys()];
    const said = Object.fromEntries(called);
    return new TextEncoder().encode(JSON.stringify(said)).length > NAMES_BYTES ? { mentions } : { mentions, names: said };
  }
}
