// What keeps people told: the service worker, badges, sound, the offer of
// notifications, and the sign to the server that somebody is looking. Fetched
// when the client has settled.
import { effect } from '../../vendor/signals-core.js';
import * as store from '../core/store.js';
import { goTo } from '../ui/kit.js';
import { badge } from './badge.js';

const LOOK_EVERY = 30000;
const IDLE = 120000; // without a sign of a person for so long, nobody looks
const LOOKS = 1;
const LOOKS_NO_MORE = 2;
const SETTLE = 500;
const JUST_NOW = 60000;
const WORKER = '/sw.js';

/** Starts it all, once. */
export function start() {
  effect(() => badge(store.unreadTotal.value));
  look();
  store.onLive(heard);
  const own = store.me.peek()?.id;
  const said = store.conversations.peek().find(({ last }) => last?.userid === own && Date.now() - last.at < JUST_NOW);
  if (said) heard(said.last, said); // before there was anybody to hear it
  worker().catch(() => {}); // a browser that refuses goes on without
}

/** Registers the service worker. The policy lets this one address pass, and no other. */
async function worker() {
  const container = navigator.serviceWorker;
  if (!container) return;
  container.addEventListener('message', (e) => {
    const app = document.querySelector('hy-app');
    if (e.data?.type === 'open' && app) goTo(app, e.data.path);
    if (e.data?.type === 'where') e.ports[0].postMessage(location.pathname);
  });
  const types = globalThis.trustedTypes;
  const policy = types && (types.defaultPolicy ?? types.createPolicy('default', {
    createScriptURL: (/** @type {string} */ url) => (url === WORKER ? url : null),
  }));
  await container.register(policy ? policy.createScriptURL(WORKER) : WORKER);
  const { active } = await container.ready;
  // Claimed were the pages that were there when it became active, which a page under way was not.
  if (!container.controller) active?.postMessage({ type: 'claim' });
  tellLooks(active);
  closeRead();
  const { renew } = await import('./push.js');
  await renew();
}

/** The page that the worker keeps has the looks of its time: after a change it is fetched anew. */
function tellLooks(/** @type {ServiceWorker|null} */ active) {
  const root = document.documentElement;
  const looks = [root.lang, root.dataset.theme, 'care' in root.dataset].join();
  if (localStorage.getItem('hy-looks') === looks) return;
  localStorage.setItem('hy-looks', looks);
  active?.postMessage({ type: 'look' });
}

/** What was read, here or elsewhere, needs no notification any more. */
function closeRead() {
  let timer = 0;
  effect(() => {
    const rows = store.conversations.value;
    clearTimeout(timer);
    if (globalThis.Notification?.permission !== 'granted') return;
    timer = setTimeout(async () => {
      const shown = (await (await navigator.serviceWorker.ready).getNotifications()) ?? [];
      for (const note of shown) {
        const { kind, dstid, seq } = note.data ?? {};
        const row = rows.find((r) => r.kind === kind && r.dstid === dstid);
        if (row?.readseq >= seq) note.close();
      }
    }, SETTLE);
  });
}

/** Tells the server, while somebody looks, that nobody has to be woken. */
function look() {
  let active = Date.now();
  let told = false;
  const tell = () => {
    const looks = document.visibilityState === 'visible' && document.hasFocus() && Date.now() - active < IDLE;
    if ((looks || told) && store.sendFrame({ cmd: 0, amount: looks ? LOOKS : LOOKS_NO_MORE })) told = looks;
  };
  for (const name of ['pointerdown', 'keydown', 'pointermove', 'wheel']) {
    addEventListener(name, () => {
      const back = Date.now() - active >= IDLE;
      active = Date.now();
      if (back) tell();
    }, { passive: true, capture: true });
  }
  for (const name of ['focus', 'blur']) addEventListener(name, tell);
  document.addEventListener('visibilitychange', tell);
  effect(() => {
    if (store.connection.value.state === 'online') tell();
  });
  setInterval(tell, LOOK_EVERY);
}

/** A message came in: a sound, if it is for somebody who does not see it; the first of one's own brings the offer. */
function heard(/** @type {any} */ m, /** @type {{kind: number, dstid: number}} */ where) {
  if (m.userid === store.me.peek()?.id) {
    import('./offer.js').then((offer) => offer.offer(), () => {});
    return;
  }
  if (['answered', 'declined', 'failed'].includes(m.ext?.call?.result)) return; // who took part in a call knows of it
  const row = store.rowNow(where.kind, where.dstid);
  if (row?.muted && !store.mentionsMe(m)) return;
  import('./sound.js').then((sound) => sound.ring(m, where), () => {});
}
