// Dialogs that ask, and sheets that offer a choice.
import { html, nothing, render } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import './length.js';

const FIELDS = 'textarea, input:not([type=checkbox], [type=radio], [type=file], [type=search], [type=date], [role=combobox])';

/** Whether something was written into a dialog, or taken out of it, other than what it is searched by. */
const written = (/** @type {HTMLElement} */ dialog) => [.../** @type {NodeListOf<HTMLInputElement>} */ (dialog.querySelectorAll(FIELDS))]
  .some((field) => field.value.trim() !== field.defaultValue.trim());

/** What would be lost with a dialog that is open, and how that is asked about. @type {WeakMap<HTMLElement, {any: () => unknown, drop: string}>} */
const works = new WeakMap();

/**
 * An empty dialog in the page, to be drawn into and shown. It goes when it is closed: by Escape, and if it is `light` by a tap
 * beside it, but not with something written or chosen in it unless that may be dropped.
 * @param {string} className @param {string} label
 * @param {{light?: boolean, work?: () => unknown, kept?: boolean, drop?: string}} [o] work: whether something other than words
 *   could be lost; kept: nothing could, as it is there again when the dialog is; drop: the question before it is dropped
 */
export function host(className, label, { light = true, work, kept, drop = t('act.drop.ask') } = {}) {
  const dialog = document.createElement('dialog');
  dialog.className = className;
  dialog.setAttribute('aria-label', label);
  document.body.append(dialog);
  works.set(dialog, { any: () => !kept && (written(dialog) || work?.()), drop });
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (e) => {
    if (light && e.target === dialog) leave(dialog); // the backdrop
  });
  // A browser lets "cancel" be prevented once, a key each time; other ways back, such as a phone's, have no key.
  const hold = (/** @type {Event} */ e) => {
    if (e.target !== dialog && e.type === 'cancel') return; // a picker of files has one too
    if (!works.get(dialog)?.any()) return;
    e.preventDefault();
    leave(dialog);
  };
  dialog.addEventListener('cancel', hold);
  dialog.addEventListener('keydown', (e) => e.key === 'Escape' && !e.isComposing && e.keyCode !== 229 && !e.defaultPrevented && hold(e));
  return dialog;
}

/** Closes a dialog as a cross does: what was written or chosen in it is not thrown away unasked. */
export async function leave(/** @type {HTMLDialogElement} */ dialog) {
  const work = works.get(dialog);
  if (!work?.any() || await ask({ title: work.drop, yes: t('act.drop'), no: t('act.drop.no'), warn: true })) dialog.close();
}

const entryField = (/** @type {any} */ e) => (e.lines
  ? html`<textarea class="entry" rows=${e.lines} data-most=${e.max ?? 2000} aria-label=${e.label} placeholder=${e.hint ?? ''} .defaultValue=${e.value ?? ''}></textarea>`
  : html`<input class="entry" type=${e.type ?? 'text'} data-most=${e.max ?? 200} aria-label=${e.label} placeholder=${e.hint ?? ''} .defaultValue=${e.value ?? ''}>`);

/**
 * Asks before something is done. Where `entry` is given there is a field, and `act` gets its text; a failure of `act` is
 * said in the dialog, which stays open with what was typed.
 * @typedef {{title: string, text?: string, yes?: string, no?: string, warn?: boolean,
 *   entry?: {label: string, value?: string, max?: number, type?: string, lines?: number, hint?: string},
 *   act?: (text: string) => Promise<unknown>}} Question
 * @param {Question} o
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
        <button type="button" class="weui-dialog__btn weui-dialog__btn_default" @click=${() => leave(dialog)}>${o.no ?? t('act.cancel')}</button>
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
