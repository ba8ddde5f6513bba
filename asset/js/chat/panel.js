// A panel over the chat: a sheet from below on a phone, a box on a desktop. It
// is modal, closes by Escape, by its cross and by a tap beside it.
import { render } from '../../vendor/lit.js';
import { html, icon, t } from './base.js';
import { host, leave } from '../ui/dialog.js';
import { style } from '../ui/style.js';

/**
 * @param {string} title @param {string} [extra] classes @param {() => unknown} [work] whether something other than words could be lost with it
 * @returns {Promise<{dialog: HTMLDialogElement, draw: (body: any, head?: any) => void}>} draw puts a template into it
 */
export async function openPanel(title, extra = '', work = undefined) {
  await style('talk');
  const dialog = host(`hy-panel ${extra}`, title, { work });
  // What is tapped in it may lead elsewhere: the shell hears of that.
  dialog.addEventListener('hy-go', (event) => {
    event.stopPropagation();
    dialog.close();
    document.querySelector('hy-app')?.dispatchEvent(new CustomEvent('hy-go', { detail: event.detail }));
  });
  const draw = (body, head = title) => render(html`<header><h2>${head}</h2><button class="iconbtn" type="button" aria-label=${t('act.close')}
    @click=${() => leave(dialog)}>${icon('x')}</button></header>${body}`, dialog);
  return { dialog, draw };
}
