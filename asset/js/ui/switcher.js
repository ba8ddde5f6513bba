// The quick switcher (Ctrl+K): one field over conversations, contacts and groups.
import { html, nothing, render } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { host } from './dialog.js';
import { avatar, goTo } from './kit.js';
import { matches } from './pinyin.js';

const MOST = 8;

/** Everything that can be gone to, conversations in their order first. */
function places() {
  const all = new Map();
  const add = (kind, dstid, who, ...names) => {
    const key = `${kind}-${dstid}`;
    if (!all.has(key)) all.set(key, { key, who, names: new Set() });
    for (const name of names) if (name) all.get(key).names.add(name);
  };
  for (const row of store.conversations.peek()) add(row.kind, row.dstid, row, row.title || store.titleOf(row.kind, row.dstid));
  for (const user of store.contacts.peek()) add(10, user.id, user, user.remark, user.nickname);
  for (const group of store.groups.peek()) add(11, group.id, group, group.name);
  return [...all.values()];
}

export function openSwitcher() {
  const back = /** @type {HTMLElement|null} */ (document.activeElement);
  const dialog = host('box switcher', t('switch.title'));
  const all = places();
  let at = 0;
  let gone = false;
  const found = (/** @type {string} */ q) => all.filter((p) => !q || [...p.names].some((name) => matches(name, q))).slice(0, MOST);
  let rows = found('');
  const go = (/** @type {any} */ row) => {
    if (!row) return;
    gone = true;
    dialog.close();
    goTo(/** @type {Element} */ (document.querySelector('hy-app')), `/c/${row.key}`);
  };
  const typed = (/** @type {any} */ e) => {
    rows = found(e.target.value.trim());
    at = 0;
    draw();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.isComposing || e.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && rows.length) at = (at + step + rows.length) % rows.length;
    else if (e.key === 'Enter') go(rows[at]);
    else return;
    e.preventDefault();
    draw();
  };
  const draw = () => render(html`<input class="entry" type="text" role="combobox" autocomplete="off" aria-expanded="true" aria-controls="switch-list"
      aria-activedescendant=${rows[at] ? `switch-${at}` : nothing} aria-label=${t('switch.title')} placeholder=${t('switch.hint')} @input=${typed} @keydown=${key}>
    <ul class="rows" id="switch-list" role="listbox" aria-label=${t('switch.title')}>${rows.map((row, i) => html`<li class="row person ${i === at ? 'on' : ''}" role="presentation"><button type="button"
      id=${`switch-${i}`} role="option" tabindex="-1" aria-selected=${i === at ? 'true' : 'false'} @click=${() => go(row)}>${avatar({ ...row.who, title: [...row.names][0] }, 'mini')}<span class="what"><span class="line"><span class="name">${[...row.names].join(' · ')}</span></span></span></button></li>`)}</ul>
    ${rows.length ? nothing : html`<p class="total" role="status">${t('switch.none')}</p>`}`, dialog);
  dialog.addEventListener('close', () => gone || back?.focus({ preventScroll: true }));
  draw();
  dialog.showModal();
  dialog.querySelector('input')?.focus();
}
