// Small parts that every view uses: elements that follow signals, avatars, icons, previews, dialogs and toasts.
import { html, LitElement, nothing, render } from '../../vendor/lit.js';
import { effect, signal, untracked } from '../../vendor/signals-core.js';
import { duration, t, words } from '../core/i18n.js';

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

/** The first letter of a name, as a person would count letters. */
export function initial(/** @type {string} */ name) {
  const text = (name || '').trim();
  if (!text) return '?';
  const first = Intl.Segmenter ? [...new Intl.Segmenter().segment(text)][0].segment : [...text][0];
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
  const medium = m.ext?.call ? (m.ext.call.video ? 'videocall' : 'voicecall') : mediaNames[m.media];
  let text = medium ? `[${t(`media.${medium}`)}]` : m.content;
  if (m.media === 3 && m.amount) text += ` ${duration(m.amount)}`;
  else if (m.media === 10 || m.media === 2) text += ` ${m.content ?? ''}`;
  else if (m.media === 5 || m.media === 7) text += ` ${m.memo || m.url || ''}`;
  text = (text || '').replace(/\s+/g, ' ').trim().slice(0, 120);
  const name = m.kind === 11 || m.cmd === 11 ? nameOf(m.userid) : '';
  return name ? `${name}: ${text}` : text;
}

function host(/** @type {string} */ className, /** @type {string} */ label) {
  const dialog = document.createElement('dialog');
  dialog.className = className;
  dialog.setAttribute('aria-label', label);
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (e) => {
    if (e.target === dialog) dialog.close(); // the backdrop
  });
  return dialog;
}

const entryField = (/** @type {any} */ e) => (e.lines
  ? html`<textarea class="entry" rows=${e.lines} maxlength=${e.max ?? 2000} aria-label=${e.label} placeholder=${e.hint ?? ''} .defaultValue=${e.value ?? ''}></textarea>`
  : html`<input class="entry" type=${e.type ?? 'text'} maxlength=${e.max ?? 200} aria-label=${e.label} placeholder=${e.hint ?? ''} .defaultValue=${e.value ?? ''}>`);

/**
 * Asks before something is done. Where `entry` is given there is a field, and `act` gets its text; a failure of `act` is
 * said in the dialog, which stays open with what was typed.
 * @param {{title: string, text?: string, yes?: string, no?: string, warn?: boolean,
 *   entry?: {label: string, value?: string, max?: number, type?: string, lines?: number, hint?: string},
 *   act?: (text: string) => Promise<unknown>}} o
 * @returns {Promise<boolean>} whether it was done
 */
export function ask(o) {
  return new Promise((resolve) => {
    const dialog = host('box', o.title);
    let done = false;
    let fault = '';
    let busy = false;
    dialog.addEventListener('close', () => resolve(done));
    const field = () => /** @type {HTMLInputElement|null} */ (dialog.querySelector('.entry'));
    const go = async (/** @type {Event} */ e) => {
      e.preventDefault();
      if (busy) return;
      busy = true;
      fault = '';
      draw();
      try {
        await o.act?.(field()?.value.trim() ?? '');
        done = true;
        dialog.close();
      } catch (err) {
        fault = err.message;
      }
      busy = false;
      draw();
    };
    const draw = () => render(html`<form @submit=${go}>
      <div class="weui-dialog__hd"><h2 class="weui-dialog__title">${o.title}</h2></div>
      <div class="weui-dialog__bd">${o.text ?? ''}${o.entry ? entryField(o.entry) : nothing}${fault ? html`<p class="fault" role="alert">${fault}</p>` : nothing}</div>
      <div class="weui-dialog__ft">
        <button type="button" class="weui-dialog__btn weui-dialog__btn_default" @click=${() => dialog.close()}>${o.no ?? t('act.cancel')}</button>
        <button type="submit" class="weui-dialog__btn ${o.warn ? 'weui-dialog__btn_warn' : 'weui-dialog__btn_primary'}" ?disabled=${busy}>${o.yes ?? t('act.ok')}</button>
      </div></form>`, dialog);
    draw();
    dialog.showModal();
    (field() ?? /** @type {HTMLElement} */ (dialog.querySelector(o.warn ? 'button' : '[type=submit]'))).focus();
  });
}

/**
 * Offers a few choices from the bottom of the screen; resolves with the chosen value.
 * @param {{title?: string, choices: {value: string, label: string, warn?: boolean}[]}} o
 * @returns {Promise<string|undefined>}
 */
export function choose(o) {
  return new Promise((resolve) => {
    const dialog = host('sheet', o.title ?? t('act.choose'));
    /** @type {string|undefined} */
    let picked;
    dialog.addEventListener('close', () => resolve(picked));
    const pick = (/** @type {string} */ value) => {
      picked = value;
      dialog.close();
    };
    render(html`${o.title ? html`<p class="title">${o.title}</p>` : nothing}
      ${o.choices.map((c) => html`<button type="button" class=${c.warn ? 'danger' : ''} @click=${() => pick(c.value)}>${c.label}</button>`)}
      <button type="button" class="cancel" @click=${() => dialog.close()}>${t('act.cancel')}</button>`, dialog);
    dialog.showModal();
  });
}

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
    toast(err.message || t('error.client.unavailable'), 3500);
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
      loading.set(name, Promise.all([modules[name](), words()]).then(
        () => { ready.value = new Set(ready.peek()).add(name); },
        () => { failed.value = new Set(failed.peek()).add(name); },
      ));
    }
    return loading.get(name);
  };
  return { ready, failed, load };
}

/** Resolves after the next frame; where none comes, as in a hidden tab, a little later. */
export const painted = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, 200);
});
