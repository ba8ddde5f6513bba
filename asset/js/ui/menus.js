// Menus of the list: what may be done with a conversation, and what may be made.
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, choose, goTo } from './kit.js';

const HOUR = 3600;

/** @param {any} row @returns {[value: string, icon: string, label: string][]} */
function choices(row) {
  const unread = row.unread > 0 || row.marked;
  return [
    unread ? ['read', 'mail-open', t('archive.read')] : ['unread', 'mail', t('archive.unread')],
    row.pinned ? ['unpin', 'pin-off', t('archive.unpin')] : ['pin', 'pin', t('archive.pin')],
    row.muted ? ['unmute', 'bell', t('archive.unmute')] : ['mute', 'bell-off', t('archive.mute')],
    row.archived ? ['restore', 'archive-restore', t('archive.restore')] : ['archive', 'archive', t('archive.archive')],
  ];
}

/** Does with a conversation what was chosen. */
export async function change(row, what) {
  const { kind, dstid } = row;
  const set = (/** @type {object} */ values, said = '') => attempt(() => store.settings(kind, dstid, values), said || undefined);
  switch (what) {
    case 'read':
      store.markRead(kind, dstid, row.lastseq);
      return row.marked ? set({ unread: false }) : undefined;
    case 'unread': return set({ unread: true });
    case 'pin': return set({ pinned: true });
    case 'unpin': return set({ pinned: false });
    case 'mute': return mute(kind, dstid);
    case 'unmute': return set({ mutefor: 0 });
    case 'archive': return set({ archived: true }, t('archive.done'));
    case 'restore': return set({ archived: false });
  }
  return undefined;
}

/** Asks for how long, and mutes; messages that mention one are told of all the same. */
export async function mute(kind, dstid) {
  const seconds = await choose({ title: t('archive.mute.title'), choices: [
    { value: String(HOUR), label: t('archive.mute.hour') }, { value: String(8 * HOUR), label: t('archive.mute.hours') },
    { value: '-1', label: t('archive.mute.always') },
  ] });
  if (seconds) await attempt(() => store.settings(kind, dstid, { mutefor: Number(seconds) }));
}

/** Opens the menu of a conversation's row where the pointer is, on a small screen from the bottom. */
export async function rowMenu(row, event) {
  const back = /** @type {HTMLElement|null} */ (document.activeElement);
  const title = row.title || store.titleOf(row.kind, row.dstid);
  const all = choices(row);
  if (matchMedia('(max-width: 719.9px), (pointer: coarse)').matches) {
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(10);
    const what = await choose({ title, choices: all.map(([value, , label]) => ({ value, label })) });
    if (what) await change(row, what);
    return;
  }
  const { openMenu } = await import('../chat/menu.js');
  const items = all.map(([value, icon, label]) => ({ label, icon, act: () => {
    back?.focus({ preventScroll: true });
    change(row, value);
  } }));
  openMenu(place(event), { items });
}

/** Where a menu belongs: at the pointer, or at the row where the keyboard opened it. */
function place(event) {
  const at = event.target.closest('.more');
  if (at || !event.clientX) return (at ?? event.target.closest('.row')).getBoundingClientRect();
  return new DOMRect(event.clientX + 80, event.clientY - 8, 0, 0);
}

export async function createMenu() {
  const to = await choose({ title: t('menu.title'), choices: [
    { value: '/chat/createcom.shtml', label: t('menu.group') },
    { value: '/contacts/add', label: t('menu.friend') },
    { value: '/groups/join', label: t('menu.join') },
    { value: '/scan', label: t('menu.scan') },
  ] });
  if (to) goTo(/** @type {Element} */ (document.querySelector('hy-app')), to);
}
