// Where one is in the client, by the address, and how one gets elsewhere.
import { computed, signal } from '../../vendor/signals-core.js';
import * as store from '../core/store.js';
import { lazy } from './views.js';

export const HOME = '/chat/index.shtml';

export const path = signal(location.pathname);
let depth = history.state?.depth ?? 0;

/** What an address stands for: the tab, the view of the main pane and what that view is about. */
export const route = computed(() => {
  const [, first, id = '', sub = ''] = path.value.split('/');
  if (first === 'c') {
    const [kind, dstid] = id.split('-').map(Number);
    return { tab: 'messages', view: !sub ? 'chat' : kind === 11 ? 'group' : 'person', kind, dstid, sub };
  }
  if (first === 'contacts') {
    const view = { '': '', add: 'find', requests: 'requests', blocked: 'requests', groups: 'requests' }[id] ?? 'person';
    return { tab: 'contacts', view, sub: id, kind: 10, dstid: Number(id) || 0 };
  }
  if (first === 'groups') return { tab: 'contacts', view: 'find', sub: 'join', kind: 11, dstid: 0 };
  if (first === 'me') return { tab: 'me', view: ['outbox', 'notify', 'connection'].includes(id) ? id : id && 'account', sub: id, kind: 0, dstid: 0 };
  if (first === 'archived') return { tab: 'messages', view: '', sub: 'archived', kind: 0, dstid: 0 };
  if (first === 'scan') return { tab: 'contacts', view: 'scan', sub: '', kind: 0, dstid: 0 };
  if (first === 'search') return { tab: 'messages', view: '', sub: 'search', kind: 0, dstid: 0 };
  return { tab: 'messages', view: path.value === '/chat/createcom.shtml' ? 'create' : '', sub: '', kind: 0, dstid: 0 };
});

/** Goes to an address of the client. */
export function go(/** @type {string} */ to, replace = false) {
  const there = to === location.pathname + location.search; // what it leads to may be out of sight all the same
  if (!there && replace) history.replaceState({ depth }, '', to);
  else if (!there) history.pushState({ depth: ++depth }, '', to);
  const url = new URL(to, location.origin);
  path.value = url.pathname;
  jump(Number(url.searchParams.get('seq')));
}

/** Brings the message that a found line leads to into view. */
export async function jump(/** @type {number} */ seq) {
  const { view, kind, dstid } = route.peek();
  if (!seq || view !== 'chat') return;
  await lazy.load('chat');
  await store.ensure(store.timeline(kind, dstid));
  requestAnimationFrame(() => document.querySelector('hy-messages')?.jumpTo(seq));
}

/** Goes back to where one came from, or up where one came from elsewhere. */
export function back(/** @type {string} */ up = HOME) {
  if (depth > 0) history.back();
  else go(up, true);
}

addEventListener('popstate', (e) => {
  depth = e.state?.depth ?? 0;
  path.value = location.pathname;
});

document.addEventListener('click', (e) => {
  const link = /** @type {HTMLAnchorElement|null} */ (/** @type {Element} */ (e.target).closest?.('a[href^="/"]'));
  if (!link || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || link.target || link.download) return;
  if (!/^\/(archived|c|contacts|groups|me|search|scan|chat)(\/|$)/.test(link.pathname)) return;
  e.preventDefault();
  go(link.pathname + link.search);
});
