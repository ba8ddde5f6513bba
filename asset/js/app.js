// The client's entry: the shell of tabs and panes, and the list of conversations.
import { html, nothing, repeat } from '../vendor/lit.js';
import { effect, signal } from '../vendor/signals-core.js';
import { t } from './core/i18n.js';
import * as store from './core/store.js';
import { addressOf as keyOf, banner, blank, conversation, count, followKeyboard, head, helper, icon, painted, setCookie, toast, unfetched, View } from './ui/kit.js';
import { back, go, HOME, jump, path, route } from './ui/route.js';
import { lazy } from './ui/views.js';

const { failed, load, ready } = lazy;
const mark = new URL('../favicon.svg', import.meta.url).pathname;
const LATER = 3000;
const PRESS = 450;
const HOVER = 3000; // so long rows stand still after the pointer last moved over them
const NARROW = '(max-width: 719.9px)'; // there is room for one pane
const GRACE = 2000; // a line that is back within this time was never away, as far as people care

// Keys and menus come with the first of them, or when there is time.
const menus = () => helper(import('./ui/menus.js'));
let keys = null;
const loadKeys = async () => { keys = await helper(import('./ui/keys.js')); };

const late = signal(false);
const second = signal(0);

class App extends View {
  static properties = { frozen: { state: true }, active: { state: true }, brief: { state: true } };

  constructor() {
    super();
    this.brief = !!route.peek().view && matchMedia(NARROW).matches; // the list behind can wait
  }

  connectedCallback() {
    super.connectedCallback();
    this.addEventListener('hy-go', (e) => go(e.detail.to, e.detail.replace));
    this.addEventListener('hy-back', (e) => back(e.detail?.up));
    this.addEventListener('back', () => back());
    for (const name of ['open-info', 'hy-info']) this.addEventListener(name, () => go(`${path.value}/info`));
    for (const name of ['pointerup', 'pointercancel']) addEventListener(name, () => this.release());
    addEventListener('keydown', (e) => (keys ? keys.key(e, this) : !document.querySelector('dialog[open]') && loadKeys().then(() => keys.key(e, this), () => {})));
    setInterval(() => document.hidden || this.requestUpdate(), 60000); // 昨天 comes at midnight
  }

  render() {
    const r = route.value;
    const list = !r.view;
    return html`<div class="shell at-${list ? 'list' : 'main'}">
      ${this.tabs(r)}
      ${late.value && store.connection.value.state !== 'online' ? (second.value, banner()) : nothing}
      <section class="side" tabindex="-1" aria-label=${t(`tab.${r.tab}`)}>${this.brief ? nothing : this.side(r)}</section>
      <main class="main" id="main" tabindex="-1">${this.main(r)}</main>
    </div>`;
  }

  updated() {
    keys?.land(route.peek());
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
    const bar = r.sub === 'archived' ? head(t('list.archived'), HOME, nothing, true)
      : html`<header class="bar"><h1>${t('tab.messages')}${n ? html`<span class="n">(${n})</span>` : nothing}</h1>
      <a class="iconbtn" href="/search" aria-label=${t('act.search')}>${icon('search')}</a>
      <button class="iconbtn" type="button" aria-haspopup="dialog" aria-label=${t('menu.title')} @click=${() => this.menu('create')}>${icon('circle-plus')}</button></header>`;
    return html`${bar}<div class="scroll" @pointerdown=${this.press} @pointermove=${this.hover} @pointerleave=${this.release} @contextmenu=${this.context}
      @click=${this.pick} @focusin=${(e) => { this.active = rowOf(e)?.key; }}>${this.rows(r)}</div>`;
  }

  rows(r) {
    const away = r.sub === 'archived';
    const all = store.conversations.value;
    const hidden = all.filter((row) => row.archived);
    let rows = away ? hidden : hidden.length ? all.filter((row) => !row.archived) : all;
    if (away && !rows.length) return blank('archive', t('list.archived.empty'));
    if (!all.length) {
      return blank('message-circle', t('list.empty'), t('list.empty.hint'),
        html`<a class="weui-btn weui-btn_primary weui-btn_mini" href="/contacts/add">${t('menu.friend')}</a>`);
    }
    if (this.frozen) rows = [...rows].sort((a, b) => (this.frozen.get(keyOf(a)) ?? Infinity) - (this.frozen.get(keyOf(b)) ?? Infinity));
    const on = (row) => r.view && r.kind === row.kind && r.dstid === row.dstid;
    const active = rows.find((row) => keyOf(row) === this.active) ?? rows.find(on) ?? rows[0];
    return html`<ul class="rows">${!away && hidden.length ? html`<li class="row fold"><a href="/archived">${icon('archive')}<span class="name">${t('list.archived')}</span><span class="time">${hidden.length}</span></a></li>` : nothing}
      ${repeat(rows, keyOf, (row) => conversation(row, on(row), row === active))}</ul>`;
  }

  main(r) {
    switch (r.view) {
      case '': return html`<div class="blank">${icon(r.tab === 'messages' ? 'message-circle' : r.tab === 'me' ? 'settings' : 'contact-round')}<p>${t({ messages: 'list.pick', contacts: 'list.pick.contacts', me: 'list.pick.me' }[r.tab])}</p></div>`;
      case 'chat': return this.need('chat', () => html`<hy-chat .kind=${r.kind} .dstid=${r.dstid} kind=${r.kind} dstid=${r.dstid}></hy-chat>`);
      case 'person': return this.need('person', () => html`<hy-person .userid=${r.dstid} .chat=${r.sub === 'info'}></hy-person>`);
      case 'group': return this.need('group', () => html`<hy-group .groupid=${r.dstid} .sub=${r.sub}></hy-group>`);
      case 'scan': return this.need('scan', () => html`<hy-scan></hy-scan>`);
      case 'requests': return this.need('requests', () => html`<hy-requests .what=${r.sub}></hy-requests>`);
      case 'find': return this.need('find', () => html`<hy-find .what=${r.sub}></hy-find>`);
      case 'create': return this.need('create', () => html`<hy-create></hy-create>`);
      case 'outbox': return this.need('outbox', () => html`<hy-outbox></hy-outbox>`);
      case 'connection': return this.need('connection', () => html`<hy-connection></hy-connection>`);
      case 'notify': return this.need('notify', () => html`<hy-notify></hy-notify>`);
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

  /** The order of rows stands still under a finger, and under a pointer that moves over them. */
  hold() {
    this.frozen ??= new Map(store.conversations.peek().map((row, i) => [keyOf(row), i]));
    clearTimeout(this.resting);
  }

  hover(e) {
    if (e.pointerType !== 'mouse') return;
    this.hold();
    this.resting = setTimeout(() => this.release(), HOVER);
  }

  press(e) {
    this.hold();
    this.held = false;
    if (e.pointerType !== 'mouse' && rowOf(e)) this.pressing = setTimeout(() => { this.held = this.menu(e); }, PRESS);
  }

  release() {
    clearTimeout(this.pressing);
    this.frozen = null;
  }

  /** A long press ends in a click, which is not meant. */
  pick(e) {
    if (this.held) e.preventDefault();
    else if (e.target.closest('.more')) this.menu(e);
    this.held = false;
  }

  context(e) {
    if (!rowOf(e)) return false;
    e.preventDefault();
    return this.held || this.menu(e);
  }

  /** Opens the menu of the row under an event, or of what may be made. */
  menu(what) {
    this.release();
    const row = what === 'create' ? null : rowOf(what)?.row;
    menus().then((m) => (row ? m.rowMenu(row, what) : m.createMenu()), () => toast(t('error.client.page')));
    return true;
  }
}

/** The conversation whose row an event is about. */
function rowOf(/** @type {Event} */ e) {
  const key = /** @type {HTMLElement|null} */ (/** @type {Element} */ (e.target).closest('.row[data-key]'))?.dataset.key;
  const row = key && store.conversations.peek().find((c) => keyOf(c) === key);
  return row ? { key, row } : null;
}

function watchLine() {
  let timer = 0;
  let prefetch = 0;
  effect(() => {
    const away = store.connection.value.state !== 'online';
    if (!away) {
      late.value = false;
      prefetch ||= setTimeout(() => Promise.allSettled([loadKeys(), menus(), import('./ui/dialog.js'), import('./ui/style.js').then((style) => style.keepMain()), import('./awake/awake.js').then((awake) => awake.start())]), LATER); // the network may go
    }
    if (away && !timer) timer = setTimeout(() => { late.value = true; }, GRACE);
    if (!away) timer = clearTimeout(timer) ?? 0;
  });
  setInterval(() => { if (late.peek()) second.value++; }, 1000);
}

// What people asked for and could not be fetched is said, wherever they asked: the next touch asks again.
addEventListener('unhandledrejection', (e) => {
  if (!unfetched(e.reason)) return;
  e.preventDefault();
  toast(t('error.client.page'), 3500);
});
addEventListener('dragenter', () => import('./chat/drop.js').catch(() => {}), { once: true });

async function boot() {
  // What the server rendered is seen first; where it is already, there is no frame to wait for.
  if (!performance.getEntriesByName('first-contentful-paint').length) await painted();
  const data = JSON.parse(document.getElementById('boot')?.textContent || '{}');
  const r = route.peek();
  let show = () => {};
  const started = store.start(data, new Promise((resolve) => { show = resolve; })).catch(() => {}); // the line tells of it
  if (!data.me) await started; // from what this device kept
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
  await painted();
  performance.mark('interactive'); // what is shown has been drawn and answers
  document.querySelector('hy-app').brief = false;
  show();
  setCookie('tz', Intl.DateTimeFormat().resolvedOptions().timeZone ?? '');
  jump(Number(new URLSearchParams(location.search).get('seq')));
  const [, record] = /^\/record\/(\d+)$/.exec(location.pathname) ?? [];
  if (record) helper(import('./chat/record.js')).then((m) => m.openRecord(Number(record))).catch((error) => toast(error.message));
}

boot();
