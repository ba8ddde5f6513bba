// The client's entry: the shell of tabs and panes, the list of conversations, and where an address leads.
import { html, nothing, repeat } from '../vendor/lit.js';
import { computed, effect, signal } from '../vendor/signals-core.js';
import { post } from './core/api.js';
import { shortTime, t } from './core/i18n.js';
import * as store from './core/store.js';
import { attempt, avatar, choose, count, followKeyboard, icon, lazily, painted, preview, setCookie, View } from './ui/kit.js';

const HOME = '/chat/index.shtml';
const mark = new URL('../favicon.svg', import.meta.url).pathname;
const GRACE = 2000; // a line that is back within this time was never away, as far as people care

/** Views that are fetched when they are first needed. */
const views = {
  chat: () => import('./chat/chat.js'),
  contacts: () => import('./ui/contacts.js'),
  person: () => import('./ui/person.js'),
  requests: () => import('./ui/requests.js'),
  find: () => import('./ui/find.js'),
  group: () => import('./ui/group.js'),
  create: () => import('./ui/create.js'),
  me: () => import('./ui/me.js'),
  account: () => import('./ui/account.js'),
  search: () => import('./ui/search.js'),
};
const { ready, failed, load } = lazily(views);

const path = signal(location.pathname);
const late = signal(false);
const second = signal(0);
let depth = 0;

/** What an address stands for: the tab, the view of the main pane and what that view is about. */
const route = computed(() => {
  const [, first, id = '', sub = ''] = path.value.split('/');
  if (first === 'c') {
    const [kind, dstid] = id.split('-').map(Number);
    return { tab: 'messages', view: sub === 'info' ? (kind === 11 ? 'group' : 'person') : 'chat', kind, dstid, sub };
  }
  if (first === 'contacts') {
    const view = { '': '', add: 'find', requests: 'requests', blocked: 'requests', groups: 'requests' }[id] ?? 'person';
    return { tab: 'contacts', view, sub: id, kind: 10, dstid: Number(id) || 0 };
  }
  if (first === 'groups') return { tab: 'contacts', view: 'find', sub: 'join', kind: 11, dstid: 0 };
  if (first === 'me') return { tab: 'me', view: id && 'account', sub: id, kind: 0, dstid: 0 };
  if (first === 'search') return { tab: 'messages', view: '', sub: 'search', kind: 0, dstid: 0 };
  return { tab: 'messages', view: path.value === '/chat/createcom.shtml' ? 'create' : '', sub: '', kind: 0, dstid: 0 };
});

/** Goes to an address of the client. */
export function go(/** @type {string} */ to, replace = false) {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState({ depth }, '', to);
  else history.pushState({ depth: ++depth }, '', to);
  const url = new URL(to, location.origin);
  path.value = url.pathname;
  jump(Number(url.searchParams.get('seq')));
}

/** Brings the message that a found line leads to into view. */
async function jump(/** @type {number} */ seq) {
  const { view, kind, dstid } = route.peek();
  if (!seq || view !== 'chat') return;
  await load('chat');
  await store.ensure(store.timeline(kind, dstid));
  requestAnimationFrame(() => document.querySelector('hy-messages')?.jumpTo(seq));
}

/** Goes back to where one came from, or up where one came from elsewhere. */
export function back(/** @type {string} */ up = HOME) {
  if (depth > 0) history.back();
  else go(up, true);
}

addEventListener('popstate', (e) => {
  depth = e.state?.depth ?? 0;
  path.value = location.pathname;
});

document.addEventListener('click', (e) => {
  const link = /** @type {HTMLAnchorElement|null} */ (/** @type {Element} */ (e.target).closest?.('a[href^="/"]'));
  if (!link || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || link.target || link.download) return;
  if (!/^\/(c|contacts|groups|me|search|chat)(\/|$)/.test(link.pathname)) return;
  e.preventDefault();
  go(link.pathname + link.search);
});

class App extends View {
  static properties = { frozen: { state: true }, pending: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    this.addEventListener('hy-go', (e) => go(e.detail.to, e.detail.replace));
    this.addEventListener('hy-back', (e) => back(e.detail?.up));
    this.addEventListener('back', () => back());
    for (const name of ['open-info', 'hy-info']) this.addEventListener(name, () => go(`${path.value}/info`));
    addEventListener('pointerup', () => { this.frozen = null; });
    addEventListener('pointercancel', () => { this.frozen = null; });
    addEventListener('keydown', (e) => this.key(e));
    setInterval(() => document.hidden || this.requestUpdate(), 60000); // 昨天 comes at midnight
  }

  render() {
    const r = route.value;
    const list = !r.view;
    return html`<div class="shell at-${list ? 'list' : 'main'}">
      ${this.tabs(r)}
      ${banner()}
      <section class="side" aria-label=${t(`tab.${r.tab}`)}>${this.side(r)}</section>
      <main class="main" id="main" tabindex="-1">${this.main(r)}</main>
    </div>`;
  }

  tabs(r) {
    const waiting = store.requests.value.filter((q) => q.status === 'pending').length;
    const tab = (name, to, glyph, n) => html`<a class="tab ${r.tab === name ? 'on' : ''}" href=${to} aria-current=${r.tab === name ? 'page' : nothing}>
      <span class="glyph">${icon(glyph, name === 'contacts' ? '' : 'solid')}${n ? html`<span class="badge">${count(n)}</span>` : nothing}</span><span class="label">${t(`tab.${name}`)}</span></a>`;
    return html`<nav class="tabs" aria-label=${t('nav.main')}>
      <span class="self"><img src=${mark} alt=""></span>
      ${tab('messages', HOME, 'message-circle', store.unreadTotal.value)}
      ${tab('contacts', '/contacts', 'user-round-plus', waiting)}
      ${tab('me', '/me', 'user-round', 0)}</nav>`;
  }

  side(r) {
    if (r.tab === 'contacts') return this.need('contacts', () => html`<hy-contacts .path=${path.value}></hy-contacts>`);
    if (r.tab === 'me') return this.need('me', () => html`<hy-me .path=${path.value}></hy-me>`);
    if (r.sub === 'search') return this.need('search', () => html`<hy-search></hy-search>`);
    const n = store.unreadTotal.value;
    return html`<header class="bar"><h1>${t('tab.messages')}${n ? html`<span class="n">(${n})</span>` : nothing}</h1>
      <a class="iconbtn" href="/search" aria-label=${t('act.search')}>${icon('search')}</a>
      <button class="iconbtn" type="button" aria-haspopup="dialog" aria-label=${t('menu.title')} @click=${create}>${icon('circle-plus')}</button></header>
      <div class="scroll" @pointerdown=${this.hold} @contextmenu=${this.menu}>${this.rows(r)}</div>`;
  }

  rows(r) {
    let rows = store.conversations.value;
    if (!rows.length) {
      return html`<div class="blank">${icon('message-circle')}<p>${t('list.empty')}</p><p class="hint">${t('list.empty.hint')}</p>
        <a class="weui-btn weui-btn_primary weui-btn_mini" href="/contacts/add">${t('menu.friend')}</a></div>`;
    }
    if (this.frozen) rows = [...rows].sort((a, b) => (this.frozen.get(keyOf(a)) ?? -1) - (this.frozen.get(keyOf(b)) ?? -1));
    return html`<ul class="rows">${repeat(rows, keyOf, (row) => conversation(row, r.view && r.kind === row.kind && r.dstid === row.dstid))}</ul>`;
  }

  main(r) {
    switch (r.view) {
      case '': return html`<div class="blank">${icon(r.tab === 'messages' ? 'message-circle' : r.tab === 'me' ? 'settings' : 'contact-round')}<p>${t({ messages: 'list.pick', contacts: 'list.pick.contacts', me: 'list.pick.me' }[r.tab])}</p></div>`;
      case 'chat': return this.need('chat', () => html`<hy-chat .kind=${r.kind} .dstid=${r.dstid} kind=${r.kind} dstid=${r.dstid}></hy-chat>`);
      case 'person': return this.need('person', () => html`<hy-person .userid=${r.dstid} .chat=${r.sub === 'info'}></hy-person>`);
      case 'group': return this.need('group', () => html`<hy-group .groupid=${r.dstid}></hy-group>`);
      case 'requests': return this.need('requests', () => html`<hy-requests .what=${r.sub}></hy-requests>`);
      case 'find': return this.need('find', () => html`<hy-find .what=${r.sub}></hy-find>`);
      case 'create': return this.need('create', () => html`<hy-create></hy-create>`);
      default: return this.need('account', () => html`<hy-account .what=${r.sub}></hy-account>`);
    }
  }

  /** Renders a view once its module is there; what waits shows nothing for 300 ms, then a sign of waiting. */
  need(name, draw) {
    if (ready.value.has(name)) return draw();
    load(name);
    return failed.value.has(name)
      ? html`<div class="blank">${icon('wifi-off')}<p>${t('error.client.page')}</p><button class="weui-btn weui-btn_default weui-btn_mini" type="button" @click=${() => load(name, true)}>${t('act.retry')}</button></div>`
      : html`<div class="blank wait"><span class="spinner"></span></div>`;
  }

  /** The order of rows stands still under a finger. */
  hold() {
    this.frozen = new Map(store.conversations.peek().map((row, i) => [keyOf(row), i]));
  }

  async menu(e) {
    const link = e.target.closest('.row a');
    const row = link && store.conversations.peek().find((c) => link.pathname === `/c/${c.kind}-${c.dstid}`);
    if (!row) return;
    e.preventDefault();
    const picked = await choose({ title: row.title, choices: [
      { value: 'pinned', label: t(row.pinned ? 'list.unpin' : 'list.pin') },
      { value: 'muted', label: t(row.muted ? 'list.unmute' : 'list.mute') },
    ] });
    if (picked) attempt(() => change(row, { [picked]: !row[picked] }));
  }

  key(e) {
    if (e.isComposing || document.querySelector('dialog[open]')) return;
    const around = e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown');
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') go('/search');
    else if (e.key === 'Escape' && path.peek() === '/search') back();
    else if (around) step(e.key === 'ArrowUp' ? -1 : 1, e.shiftKey);
    else return;
    e.preventDefault();
  }
}

const keyOf = (/** @type {any} */ row) => `${row.kind}-${row.dstid}`;

/** Changes the reader's own settings of a conversation. */
export async function change(row, settings) {
  await post('/message/settings', { kind: row.kind, dstid: row.dstid, ...settings });
  store.patchRow(row.kind, row.dstid, settings);
}

/** A name for a line's beginning; none is better than a number while it is looked up. */
function known(id) {
  const user = store.userOf(id);
  return user.remark || user.nickname;
}

function conversation(row, on) {
  const draft = on ? '' : store.draftOf(row.kind, row.dstid);
  const own = store.me.value?.id;
  const text = draft && !row.mentioned ? draft : preview(row.last, (id) => (id === own ? '' : known(id)));
  const mark = row.mentioned ? t('preview.mention') : draft ? t('preview.draft') : '';
  const label = row.unread ? t('list.unread', { Count: row.unread }) : '';
  return html`<li class="row ${row.pinned ? 'pinned' : ''} ${on ? 'on' : ''}"><a href="/c/${keyOf(row)}" aria-current=${on ? 'true' : nothing}>
    ${avatar(row)}<span class="what"><span class="line"><span class="name">${row.title || store.titleOf(row.kind, row.dstid)}</span><span class="time">${shortTime(row.last?.at)}</span></span>
    <span class="line"><span class="text">${mark ? html`<em>${mark}</em> ` : nothing}${text}</span>
    ${row.muted ? html`${icon('bell-off', 'small hush')}<span class="sr">${t('list.muted')}</span>` : nothing}
    ${row.unread ? html`<span class="badge ${row.muted ? 'muted' : ''}" aria-hidden="true">${count(row.unread)}</span><span class="sr">${label}</span>` : nothing}</span></span></a></li>`;
}

function banner() {
  const line = store.connection.value;
  if (line.state === 'online' || !late.value) return nothing;
  second.value; // counts down
  const left = Math.max(0, Math.ceil(((line.retryAt || 0) - Date.now()) / 1000));
  const trying = line.state === 'connecting' || !left;
  return html`<div class="offline" role="status">${icon('wifi-off', 'small')}<span>${t(trying ? 'line.connecting' : navigator.onLine ? 'line.reason.server' : 'line.reason.network')}
    ${trying ? nothing : html`<span class="count" aria-hidden="true">${t('line.retry', { Count: left })}</span>`}</span>
    ${trying ? nothing : html`<button type="button" @click=${() => store.retryNow()}>${t('line.now')}</button>`}</div>`;
}

async function create() {
  const to = await choose({ title: t('menu.title'), choices: [
    { value: '/chat/createcom.shtml', label: t('menu.group') },
    { value: '/contacts/add', label: t('menu.friend') },
    { value: '/groups/join', label: t('menu.join') },
  ] });
  if (to) go(to);
}

/** Opens the next or the one before of the conversations, or of those unread. */
function step(by, unread) {
  const r = route.peek();
  const rows = store.conversations.peek();
  let i = rows.findIndex((row) => row.kind === r.kind && row.dstid === r.dstid);
  do i += by; while (unread && rows[i] && !rows[i].unread);
  if (rows[i]) go(`/c/${keyOf(rows[i])}`);
}

function watchLine() {
  let timer = 0;
  effect(() => {
    const away = store.connection.value.state !== 'online';
    if (!away) late.value = false;
    if (away && !timer) timer = setTimeout(() => { late.value = true; }, GRACE);
    if (!away) timer = clearTimeout(timer) ?? 0;
  });
  setInterval(() => { if (late.peek()) second.value++; }, 1000);
}

addEventListener('dragenter', () => import('./chat/drop.js'), { once: true });

async function boot() {
  await painted(); // what the server rendered is seen first
  const data = JSON.parse(document.getElementById('boot')?.textContent || '{}');
  setCookie('tz', Intl.DateTimeFormat().resolvedOptions().timeZone ?? '');
  history.replaceState({ depth: 0 }, '');
  const r = route.peek();
  if (data.chat) await import('./core/timeline.js'); // the store puts its messages there
  store.start(data).catch(() => {}); // the line tells of it
  // What the server rendered stays until the view that takes its place is there.
  const needed = { contacts: 'contacts', me: 'me' }[r.tab] ?? (r.sub === 'search' ? 'search' : '');
  await Promise.all([r.view && load(r.view), needed && load(needed)]);
  effect(() => {
    const { view, kind, dstid } = route.value;
    if (view === 'chat') store.open(kind, dstid);
    else store.close();
  });
  effect(() => {
    const { view, kind, dstid } = route.value;
    const n = store.unreadTotal.value;
    const title = view === 'chat' || view === 'group' ? store.titleOf(kind, dstid) : '';
    document.title = `${n ? `(${count(n)}) ` : ''}${title ? `${title} · ` : ''}${t('app.name')}`;
    navigator.setAppBadge?.(n).catch(() => {});
  });
  for (let cmd = 20; cmd < 30; cmd++) store.onFrame(cmd, async (m) => (await import('./call/call.js')).hear(m));
  watchLine();
  followKeyboard();
  customElements.define('hy-app', App);
  jump(Number(new URLSearchParams(location.search).get('seq')));
}

boot();
