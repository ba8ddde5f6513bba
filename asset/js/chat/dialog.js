// The frame of the dialogs in which cards are made and opened: red packets,
// people, links, stickers. Their sheet comes with the first of them.
import { html, icon, nothing, t } from './base.js';
import { host } from '../ui/dialog.js';
import { style } from '../ui/style.js';

const drafts = new Map();

/**
 * The form that was begun for a conversation and not sent, else a new one: closing a dialog loses nothing.
 * @template T @param {string} what @param {{kind: number, dstid: number}} to @param {T} fresh @returns {{form: T, done: () => void}}
 */
export function draftOf(what, { kind, dstid }, fresh) {
  const key = `${what}:${kind}:${dstid}`;
  if (!drafts.has(key)) drafts.set(key, fresh);
  return { form: drafts.get(key), done: () => drafts.delete(key) };
}

/**
 * An empty dialog in the page, to be drawn into and shown. What is written in it is kept by draftOf.
 * @param {string} name its class @param {string} label @param {{light?: boolean}} [options]
 */
export async function dialogOf(name, label, { light = false } = {}) {
  await style('cards');
  const dialog = host(`box hy-card ${name}`, label, { light, kept: true });
  dialog.addEventListener('keydown', (event) => event.key === 'Escape' && event.stopPropagation()); // it closes this, not the conversation
  return dialog;
}

/** The bar on top: the way out, a title, and what else. */
export const top = (dialog, title, extra = html`<span class="iconbtn" aria-hidden="true"></span>`) => html`<header class="bar">
  <button type="button" class="iconbtn keep" aria-label=${t('act.cancel')} @click=${() => dialog.close()}>${icon('x')}</button><h2>${title}</h2>${extra}</header>`;

/**
 * A field with its label, and what is wrong with it beneath.
 * @param {{name: string, label: string, value: string, input: (value: string) => void, unit?: string, hint?: string, fault?: string,
 *   mode?: string, max?: number, type?: string, change?: () => void, lines?: number}} f
 */
export function field(f) {
  const common = (control) => html`<label class="field ${f.fault ? 'bad' : ''} ${f.lines ? 'tall' : 'single'} ${f.unit ? 'measured' : ''}"><span class="label">${f.label}</span>${control}${f.unit ? html`<span class="unit">${f.unit}</span>` : nothing}</label>
    <p class="fault" id="fault-${f.name}" role="alert" ?hidden=${!f.fault}>${f.fault ?? ''}</p>`;
  const heard = (event) => f.input(event.target.value);
  return common(f.lines
    ? html`<textarea name=${f.name} rows=${f.lines} data-most=${f.max ?? 200} placeholder=${f.hint ?? ''} .value=${f.value} @input=${heard}
      aria-invalid=${f.fault ? 'true' : 'false'} aria-describedby="fault-${f.name}"></textarea>`
    : html`<input name=${f.name} type=${f.type ?? 'text'} inputmode=${f.mode ?? 'text'} data-most=${f.max ?? 200} placeholder=${f.hint ?? ''} autocomplete="off" .value=${f.value}
      @input=${heard} @change=${() => f.change?.()} aria-invalid=${f.fault ? 'true' : 'false'} aria-describedby="fault-${f.name}">`);
}
