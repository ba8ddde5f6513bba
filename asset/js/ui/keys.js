// What keys do anywhere in the client: from conversation to conversation, from
// region to region, along the rows of a list.
import * as store from '../core/store.js';
import { helper } from './kit.js';
import { back, go, route } from './route.js';

const TYPING = 'input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]';

/** A key that nobody else took. @param {KeyboardEvent} e @param {any} shell the app's element */
export function key(e, shell) {
  if (e.isComposing || e.keyCode === 229 || e.defaultPrevented || document.querySelector('dialog[open]')) return;
  if (act(e, shell)) e.preventDefault();
}

function act(e, shell) {
  const command = e.ctrlKey || e.metaKey;
  const target = /** @type {HTMLElement} */ (e.target);
  switch (e.key) {
    case 'k': case 'K':
      if (!command || e.altKey || e.shiftKey) return false;
      helper(import('./switcher.js')).then((m) => m.openSwitcher(), () => go('/search'));
      return true;
    case 'ArrowUp': case 'ArrowDown':
      if (e.altKey && !command) return step(e.key === 'ArrowUp' ? -1 : 1, e.shiftKey);
      return !command && !e.shiftKey && walk(target, e.key);
    case 'Home': case 'End':
      return !command && !e.altKey && walk(target, e.key);
    case 'F10': return e.shiftKey && shell.context(e);
    case 'ContextMenu': return shell.context(e);
    case 'F6': return region(e.shiftKey ? -1 : 1);
    case 'Escape': return leave(target);
    case '?': return !command && !e.altKey && help(target);
  }
  return false;
}

/** Opens the next or the one before of the conversations, or of those unread. */
function step(by, unread) {
  const r = route.peek();
  const rows = store.conversations.peek().filter((row) => !row.archived);
  let i = rows.findIndex((row) => row.kind === r.kind && row.dstid === r.dstid);
  if (i < 0 && by < 0) i = rows.length;
  do i += by; while (unread && rows[i] && !rows[i].unread && !rows[i].marked);
  if (rows[i]) go(`/c/${rows[i].kind}-${rows[i].dstid}`);
  return true;
}

/** Along the rows of a list: one of them is where the Tab key leads. */
function walk(target, to) {
  const rows = target.closest('.rows');
  if (!rows || target.matches(TYPING)) return false;
  const all = [...rows.querySelectorAll(':scope > .row > a, :scope > .row > button:not(.more)')];
  const i = all.indexOf(target.closest('.row')?.querySelector('a, button'));
  const next = { ArrowUp: i - 1, ArrowDown: i + 1, Home: 0, End: all.length - 1 }[to];
  all[next]?.focus();
  return true;
}

/** The list of keys, unless a question mark is being written. */
function help(target) {
  if (target.matches(TYPING) && target.value !== '') return false;
  helper(import('./keyhelp.js')).then((m) => m.openKeyHelp(), () => {});
  return true;
}

let at = '';
let from = '';

/** After one went to another view: focus that went away with the former one goes to the new one, and back to the row one came from. */
export function land(r) {
  const now = `${r.tab}/${r.view}/${r.sub}/${r.kind}-${r.dstid}`;
  if (now === at) return;
  const row = !r.view && from ? /** @type {HTMLElement|null} */ (document.querySelector(`.side .row[data-key="${from}"] a`)) : null;
  const first = !at;
  at = now;
  from = r.view === 'chat' ? `${r.kind}-${r.dstid}` : r.view ? from : '';
  if (first) return;
  requestAnimationFrame(() => {
    const held = document.activeElement;
    if (held && held !== document.body && seen(held)) return;
    (row ?? /** @type {HTMLElement|null} */ (document.querySelector(r.view ? '#main' : '.side')))?.focus({ preventScroll: true });
  });
}

const REGIONS = ['.tabs', '.side', 'hy-messages', 'hy-composer', '.main'];
const FIRST = '[aria-current]:not([tabindex="-1"]), [tabindex="0"], textarea, input, a[href], button';

const seen = (element) => element?.checkVisibility?.() ?? element?.getClientRects().length > 0;

/** Goes to the next region of the screen. */
function region(by) {
  const all = REGIONS.map((css) => document.querySelector(css)).filter((e) => seen(e) && !(e.matches('.main') && e.querySelector('hy-composer')));
  const i = all.findLastIndex((e) => e.contains(document.activeElement));
  const next = all[(i + by + all.length) % all.length];
  const first = next && ([...next.querySelectorAll('[tabindex="0"], textarea')].find(seen) ?? [...next.querySelectorAll(FIRST)].find(seen));
  (first ?? next)?.focus();
  return true;
}

/** Out of where one is: from a search or a chat to the list. */
function leave(target) {
  const r = route.peek();
  if (r.sub === 'search' || r.sub === 'archived') back();
  else if (r.view === 'chat') {
    const row = /** @type {HTMLElement|null} */ (document.querySelector('.side .row.on a'));
    if (seen(row)) row.focus();
    else back();
  } else if (r.view) back();
  else return false;
  return !!target;
}
