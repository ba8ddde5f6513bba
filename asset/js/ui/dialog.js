// Dialogs that ask, and sheets that offer a choice.
import { html, nothing, render } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';

/** Whether something was written into a dialog, other than what it is searched by. */
const written = (/** @type {HTMLElement} */ dialog) => [...dialog.querySelectorAll('textarea, input:not([type=checkbox], [type=radio], [type=file], [type=search])')]
  .some((field) => /** @type {HTMLInputElement} */ (field).value.trim() && /** @type {HTMLInputElement} */ (field).value !== /** @type {HTMLInputElement} */ (field).defaultValue);

/** An empty dialog in the page, to be drawn into and shown. It goes when it is closed: by a tap beside it too, unless something written or chosen could be lost. */
export function host(/** @type {string} */ className, /** @type {string} */ label, light = true) {
  const dialog = document.createElement('dialog');
  dialog.className = className;
  dialog.setAttribute('aria-label', label);
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (e) => {
    if (light && e.target === dialog && !written(dialog)) dialog.close(); // the backdrop
  });
  return dialog;
}

const entryField = (/** @type {any} */ e) => (e.lines
  ? html`<textarea class="entry" rows=${e.lines} maxlength=${e.max ?? 2000} aria-label=${e.label} placeholder=${e.hint ?? ''} .defaultValue=${e.value ?? ''}></textarea>`
  : html`<input class="entry" type=${e.type ?? 'text'} maxlength=${e.max ?? 200} aria-label=${e.label} placeholder=${e.hint ?? ''} .defaultValue=${e.value ?? ''}>`);

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
