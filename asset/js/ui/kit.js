// Small parts that every view uses: elements that follow signals, avatars, icons, previews, dialogs and toasts.
import { html, LitElement, nothing } from '../../vendor/lit.js';
import { effect, signal, untracked } from '../../vendor/signals-core.js';
import { duration, shortTime, t, words } from '../core/i18n.js';
import * as store from '../core/store.js';

const sprite = new URL('../../icons.svg', import.meta.url).pathname;

/** An element in the light DOM that renders again when a signal that it read changes. */
export class View extends LitElement {
  #stop = () => {};

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.requestUpdate();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#stop();
  }

  performUpdate() {
    if (!this.isUpdatePending) return;
    this.#stop();
    let first = true;
    this.#stop = effect(() => {
      if (!first) return untracked(() => this.requestUpdate());
      first = false;
      super.performUpdate();
    });
  }

  willUpdate() {
    // What the server rendered makes way for the first render of our own.
    if (!this.hasUpdated) this.replaceChildren();
  }
}

/** @param {string} name an icon of the sprite @param {string} [extra] classes */
export const icon = (name, extra = '') =>
  html`<svg class="icon ${extra}" aria-hidden="true"><use href="${sprite}#${name}"></use></svg>`;

/** A letter that nothing is put together with. */
const PLAIN = /^[\p{Script=Latin}\p{Script=Han}](?!\p{M})/u;

/** The first letter of a name, as a person would count letters. */
export function initial(/** @type {string} */ name) {
  const text = (name || '').trim();
  if (!text) return '?';
  const plain = PLAIN.exec(text)?.[0]; // a segmenter costs milliseconds on a phone
  const first = plain ?? (Intl.Segmenter ? new Intl.Segmenter().segment(text).containing(0).segment : [...text][0]);
  return first.toUpperCase();
}

/**
 * The picture of a user, group or conversation, or the first letter of its name.
 * @param {{id?: number, dstid?: number, avatar?: string, icon?: string, nickname?: string, name?: string, title?: string}} who
 * @param {string} [extra] classes: mini, huge
 */
export function avatar(who, extra = '') {
  const picture = ownPath(who.avatar || who.icon);
  if (picture) return html`<img class="avatar ${extra}" src=${picture} alt="" loading="lazy" decoding="async">`;
  const name = who.title || who.nickname || who.name || '';
  return html`<span class="avatar ${extra} c${(who.dstid ?? who.id ?? 0) % 10}" aria-hidden="true">${initial(name)}</span>`;
}

/** A path of this site, or '': a picture elsewhere would tell its host who looks at whom. */
const ownPath = (/** @type {string} */ url) => (/^\/(?!\/)/.test(url ?? '') ? url : '');

/** A count as people read it. */
export const count = (/** @type {number} */ n) => (n > 99 ? '99+' : String(n));

const mediaNames = { 2: 'news', 3: 'voice', 4: 'image', 5: 'redpacket', 7: 'link', 8: 'video', 9: 'card', 10: 'file', 100: 'user' };

/**
 * One line that says what a message holds.
 * @param {any} m a Message
 * @param {(id: number) => string} nameOf the name to put before it, '' for none
 */
export function preview(m, nameOf = () => '') {
  if (!m) return '';
  if (m.ext?.recalled) return t('preview.recalled');
  if (m.cmd === 19) return t('preview.event');
  const medium = m.ext?.call ? (m.ext.call.video ? 'videocall' : 'voicecall') : m.ext?.record ? 'record' : mediaNames[m.media];
  let text = medium ? `[${t(`media.${medium}`)}]` : m.media === 6 && m.url ? `[${m.content}]` : m.content;
  if (m.media === 3 && m.amount) text += ` ${duration(m.amount)}`;
  else if (m.media === 10 || m.media === 2) text += ` ${m.content ?? ''}`;
  else if (m.media === 5 || m.media === 7) text += ` ${m.memo || m.url || ''}`;
  text = (text || '').replace(/\s+/g, ' ').trim().slice(0, 120);
  const name = m.kind === 11 || m.cmd === 11 ? nameOf(m.userid) : '';
  return name ? `${name}: ${text}` : text;
}

/** A conversation as its address has it: 10-7. */
export const addressOf = (/** @type {any} */ row) => `${row.kind}-${row.dstid}`;

/** A name for a line's beginning; none is better than a number while it is looked up. */
function known(id) {
  const user = store.userOf(id);
  return user.remark || user.nickname;
}

/** The row of a conversation; on: it is open, active: the one that the Tab key leads to. */
export function conversation(row, on, active) {
  const draft = on ? '' : store.draftOf(row.kind, row.dstid);
  const own = store.me.value?.id;
  const text = draft && !row.mentioned ? draft : preview(row.last, (id) => (id === own ? '' : known(id)));
  const mark = row.mentioned ? t('preview.mention') : draft ? t('preview.draft') : '';
  const label = row.unread ? t('list.unread', { Count: row.unread }) : t('list.marked');
  const seen = !row.unread && !row.marked;
  return html`<li class="row ${row.pinned ? 'pinned' : ''} ${on ? 'on' : ''}" data-key=${addressOf(row)}><a href="/c/${addressOf(row)}" tabindex=${active ? 0 : -1} aria-current=${on ? 'true' : nothing}>
    ${avatar(row)}<span class="what"><span class="line"><span class="name">${row.title || store.titleOf(row.kind, row.dstid)}</span><span class="time">${shortTime(row.last?.at)}</span></span>
    <span class="line"><span class="text">${mark ? html`<em>${mark}</em> ` : nothing}${text}</span>
    ${row.muted ? html`${icon('bell-off', 'small hush')}<span class="sr">${t('list.muted')}</span>` : nothing}
    ${seen ? nothing : html`<span class="badge ${row.muted ? 'muted' : ''} ${row.unread ? '' : 'dot'}" aria-hidden="true">${row.unread ? count(row.unread) : ''}</span><span class="sr">${label}</span>`}</span></span></a>
    <button class="more iconbtn" type="button" tabindex=${active ? 0 : -1} aria-haspopup="menu" aria-label=${t('list.more')}>${icon('ellipsis')}</button></li>`;
}

/** Says that there is no line, why, of when what is shown is, and when the next attempt comes; drawn anew each second. */
export function banner() {
  const line = store.connection.value;
  const left = Math.max(0, Math.ceil(((line.retryAt || 0) - Date.now()) / 1000));
  const trying = line.state === 'connecting' || !left;
  return html`<div class="offline" role="status">${icon('wifi-off', 'small')}<span>${t(trying ? 'line.connecting' : navigator.onLine ? 'line.reason.server' : 'line.reason.network')}
    ${trying ? nothing : html` · <span class="count" aria-hidden="true">${t('line.retry', { Count: left })}</span>`}
    ${store.asOf.value ? html` · <span class="asof">${t('line.asof', { When: shortTime(store.asOf.value) })}</span>` : nothing}</span>
    ${trying ? nothing : html`<button type="button" @click=${() => store.retryNow()}>${t('line.now')}</button>`}</div>`;
}

/** Dialogs come with the first of them; the shell fetches them when there is time. */
const dialogs = () => import('./dialog.js').catch(() => {
  toast(t('error.client.page'), 3500);
  return { ask: () => false, choose: () => undefined };
});

/**
 * Asks before something is done: see ui/dialog.js.
 * @param {import('./dialog.js').Question} o
 * @returns {Promise<boolean>} whether it was done
 */
export const ask = async (o) => (await dialogs()).ask(o);

/**
 * Offers a few choices from the bottom of the screen; resolves with the chosen value.
 * @param {{title?: string, choices: {value: string, label: string, warn?: boolean}[]}} o
 * @returns {Promise<string|undefined>}
 */
export const choose = async (o) => (await dialogs()).choose(o);

let toastTimer = 0;

/** Says something for a moment, over whatever is open. */
export function toast(/** @type {string} */ text, ms = 2200) {
  let box = /** @type {HTMLElement|null} */ (document.querySelector('.toast'));
  if (!box) {
    box = document.createElement('div');
    box.className = 'toast';
    box.setAttribute('role', 'status');
    if ('popover' in box) box.popover = 'manual';
    document.body.append(box);
  }
  const hide = () => {
    if (box.hidePopover && box.matches(':popover-open')) box.hidePopover();
    box.hidden = true;
  };
  hide(); // shown anew, to lie above a dialog opened since
  box.hidden = false;
  box.textContent = text;
  box.showPopover?.();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hide, ms);
}

/** Whether a part of the client could not be fetched; each browser has words of its own for that. */
export const unfetched = (/** @type {any} */ error) => error instanceof TypeError && /dynamically imported module|module script failed/i.test(error.message);

/**
 * Runs what a button stands for; a failure is said, and nothing else happens.
 * @template T @param {() => Promise<T>} act @param {string} [done] what to say after it
 * @returns {Promise<T|undefined>}
 */
export async function attempt(act, done) {
  try {
    const result = await act();
    if (done) toast(done);
    return result;
  } catch (err) {
    toast(unfetched(err) ? t('error.client.page') : err.message || t('error.client.unavailable'), 3500);
    return undefined;
  }
}

/** Changes a cookie that the server reads, so that the next page comes right at once. */
export function setCookie(/** @type {string} */ name, /** @type {string} */ value) {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; SameSite=Lax; Max-Age=${value ? 31536000 : 0}${secure}`;
}

/** Asks the shell to go to an address, or back. */
export const goTo = (/** @type {Element} */ from, /** @type {string} */ to, replace = false) =>
  from.dispatchEvent(new CustomEvent('hy-go', { bubbles: true, detail: { to, replace } }));

export const goBack = (/** @type {Element} */ from, /** @type {string} */ up) =>
  from.dispatchEvent(new CustomEvent('hy-back', { bubbles: true, detail: { up } }));

/** The bar on top of a view, with the way back. */
export const head = (/** @type {string} */ title, /** @type {string} */ up, /** @type {any} */ extra = nothing, keep = false) =>
  html`<header class="bar"><button class="iconbtn ${keep ? 'keep' : ''}" type="button" aria-label=${t('act.back')}
    @click=${(/** @type {Event} */ e) => goBack(/** @type {Element} */ (e.target), up)}>${icon('chevron-left')}</button><h1>${title}</h1>${extra}</header>`;

/** A field that narrows a list down. */
export const finder = (/** @type {string} */ label, /** @type {string} */ value, /** @type {(text: string) => void} */ typed) => html`<div class="find-bar"><label class="searchbar">${icon('search', 'small')}
  <input type="search" autocomplete="off" enterkeyhint="search" aria-label=${label} placeholder=${label} .value=${value} @input=${(/** @type {any} */ e) => typed(e.target.value)}
    @keydown=${(/** @type {any} */ e) => { if (e.key === 'Enter') e.preventDefault(); }}></label></div>`;

/** Nothing yet, and what to do about it. */
export const blank = (/** @type {string} */ glyph, /** @type {string} */ text, hint = '', /** @type {any} */ extra = nothing) =>
  html`<div class="blank">${icon(glyph)}<p>${text}</p>${hint ? html`<p class="hint">${hint}</p>` : nothing}${extra}</div>`;

/** What is shown while something is fetched, or in its place where that failed. */
export const waiting = (/** @type {Error|null|undefined} */ error, /** @type {() => void} */ again) => (error
  ? blank('circle-alert', error.message, '', html`<button class="weui-btn weui-btn_default weui-btn_mini" type="button" @click=${again}>${t('act.retry')}</button>`)
  : html`<div class="blank wait"><span class="spinner"></span></div>`);

/** Keeps the shell above an on-screen keyboard, and only while something is being typed. */
export function followKeyboard() {
  const view = window.visualViewport;
  if (!view) return;
  const root = document.documentElement;
  const place = () => {
    const typing = document.activeElement?.matches('input, textarea, [contenteditable]') && view.scale === 1;
    const covered = typing && view.height < root.clientHeight - 40;
    root.style.setProperty('--shell-height', covered ? `${view.height}px` : '');
    root.style.setProperty('--shell-top', covered ? `${view.offsetTop}px` : '');
  };
  for (const type of ['resize', 'scroll']) view.addEventListener(type, place);
  for (const type of ['focusin', 'focusout']) document.addEventListener(type, () => setTimeout(place, 50));
}

/**
 * Modules that are fetched when they are first needed.
 * @param {Record<string, () => Promise<unknown>>} modules
 */
export function lazily(modules) {
  const ready = signal(/** @type {Set<string>} */ (new Set()));
  const failed = signal(/** @type {Set<string>} */ (new Set()));
  const loading = new Map();
  const load = (/** @type {string} */ name, again = false) => {
    if (again) {
      loading.delete(name);
      failed.value = new Set([...failed.peek()].filter((other) => other !== name));
    }
    if (!loading.has(name)) {
      loading.set(name, Promise.all([modules[name](), words(name)]).then(
        () => { ready.value = new Set(ready.peek()).add(name); },
        () => { failed.value = new Set(failed.peek()).add(name); },
      ));
    }
    return loading.get(name);
  };
  return { ready, failed, load };
}

/**
 * A module that is opened by hand, and the sentences that it says: a button without its words is none.
 * @template M @param {Promise<M>} module
 */
export const helper = (module) => Promise.all([module, words()]).then(([m]) => m);

/** Resolves after the next frame; where none comes, as in a hidden tab, a little later. */
export const painted = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, 200);
});
