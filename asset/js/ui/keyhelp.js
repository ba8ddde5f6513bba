// The list of keys, which "?" opens.
import { html, render } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import { host } from './dialog.js';
import { style } from './style.js';

const apple = /Mac|iPhone|iPad/.test(navigator.platform);
const CTRL = apple ? '⌘' : 'Ctrl';
const ALT = apple ? '⌥' : 'Alt';
const SHIFT = apple ? '⇧' : 'Shift';

/** What keys do, where: [where, [what, keys…]…]; each entry of keys is one way to do it, '↑↓' two keys side by side. */
const LIST = () => [
  ['keyhelp.anywhere', [
    ['keyhelp.switch', [[CTRL, 'K']]], ['keyhelp.step', [[ALT, '↑↓']]], ['keyhelp.unread', [[ALT, SHIFT, '↑↓']]],
    ['keyhelp.region', [['F6'], [SHIFT, 'F6']]], ['keyhelp.leave', [['Esc']]], ['keyhelp.help', [['?']]],
  ]],
  ['keyhelp.list', [['keyhelp.walk', [['↑↓']]], ['keyhelp.ends', [['Home'], ['End']]], ['keyhelp.menu', [[SHIFT, 'F10']]]]],
  ['keyhelp.messages', [
    ['keyhelp.walk', [['↑↓']]], ['keyhelp.reply', [['R']]], ['keyhelp.menu', [[SHIFT, 'F10']]],
  ]],
  ['keyhelp.writing', [
    ['keyhelp.line', [[SHIFT, 'Enter']]], ['keyhelp.edit', [['↑']]], ['keyhelp.mention', [['@']]],
  ]],
];

const cap = (key) => (key === '↑↓' ? html`<kbd>↑</kbd> <kbd>↓</kbd>` : html`<kbd>${key}</kbd>`);
const combination = (keys) => keys.map((key, i) => html`${i ? ' + ' : ''}${cap(key)}`);
const ways = (all) => all.map((keys, i) => html`${i ? html` <span class="or">/</span> ` : ''}${combination(keys)}`);

export async function openKeyHelp() {
  if (document.querySelector('dialog[open]')) return;
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  await style('keyhelp');
  const dialog = host('box keyhelp', t('keyhelp.title'));
  render(html`<h2 id="keyhelp-title">${t('keyhelp.title')}</h2><div class="scroll" tabindex="0" role="region" aria-labelledby="keyhelp-title">${LIST().map(([where, rows]) => html`<section>
      <h3>${t(where)}</h3><dl>${rows.map(([what, keys]) => html`<div><dt>${t(what)}</dt><dd>${ways(keys)}</dd></div>`)}</dl></section>`)}</div>
    <p class="foot"><button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${() => dialog.close()}>${t('act.ok')}</button></p>`, dialog);
  dialog.addEventListener('close', () => before?.isConnected && before.focus());
  dialog.showModal();
  dialog.querySelector('button')?.focus();
}
