// The menu of a message: a modal dialog without a visible ground, so that focus,
// Escape and a tap beside it behave as people expect.
import { render } from '../../vendor/lit.js';
import { attempt, html, icon, nothing, t } from './base.js';
import { host } from '../ui/dialog.js';

const MARGIN = 8;

export const REACTIONS = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

/**
 * @param {DOMRect} anchor what the menu belongs to
 * @param {{items:{label:string, icon:string, act:()=>void, danger?:boolean}[], react?:(emoji:string)=>void, mine?:Set<string>}} menu
 */
export function openMenu(anchor, { items, react, mine }) {
  const dialog = host('hy-menu', t('chat.menu'));
  const run = (act) => () => {
    dialog.close();
    act();
  };
  render(html`${react ? html`<div class="reactions" role="group" aria-label=${t('chat.react')}>${REACTIONS.map((emoji) => html`<button type="button"
      aria-pressed=${mine?.has(emoji) ? 'true' : 'false'} @click=${run(() => react(emoji))}>${emoji}</button>`)}<button type="button" class="all"
      aria-label=${t('receipt.react.more')} @click=${() => attempt(() => allEmoji(dialog, anchor, run, react))}>${icon('smile-plus')}</button></div>` : nothing}
    <div class="items" role="menu">${items.map((item) => html`<button type="button" role="menuitem" class=${item.danger ? 'danger' : ''}
      @click=${run(item.act)}>${icon(item.icon)}<span>${item.label}</span></button>`)}</div>`, dialog);
  dialog.addEventListener('keydown', walk);
  const stay = () => place(dialog, anchor); // within a screen that was turned
  addEventListener('resize', stay);
  dialog.addEventListener('close', () => removeEventListener('resize', stay));
  dialog.showModal();
  place(dialog, anchor);
  dialog.querySelector('[role=menuitem]')?.focus({ preventScroll: true });
}

/** The whole panel of emoji in the menu's place. */
async function allEmoji(dialog, anchor, run, react) {
  await import('./emoji.js');
  dialog.classList.add('wide');
  dialog.removeEventListener('keydown', walk);
  render(html`<hy-emoji @hy-emoji=${(event) => event.detail.emoji && run(() => react(event.detail.emoji))()}></hy-emoji>`, dialog);
  place(dialog, anchor);
  requestAnimationFrame(() => dialog.querySelector('input')?.focus({ preventScroll: true }));
}

function place(dialog, anchor) {
  const { offsetWidth: width, offsetHeight: height } = dialog;
  const x = Math.min(Math.max(MARGIN, anchor.left + anchor.width / 2 - width / 2), innerWidth - width - MARGIN);
  const above = anchor.top - height - MARGIN;
  const y = Math.min(above > MARGIN ? above : anchor.bottom + MARGIN, innerHeight - height - MARGIN);
  dialog.style.left = `${Math.round(x)}px`;
  dialog.style.top = `${Math.round(Math.max(MARGIN, y))}px`;
}

function walk(event) {
  const all = [...event.currentTarget.querySelectorAll('button')];
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}
