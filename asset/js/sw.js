// The service worker, served at /sw.js: it keeps the client's own files, so that
// the client starts without a network, and shows what is pushed. Nothing that
// belongs to a person is kept here: what was read is in the page's database.
// The server puts SET, the hash of the files, and FILES, their addresses, in front.
/* global SET, FILES */

const CACHE = `hongyan-${SET}`;
const OFFLINE = '/chat/offline.shtml';
const PAGES = /^\/($|(archived|c|chat|contacts|groups|me|scan|search)(\/|$))/;
const BATCH = 6; // files at once: the page has the line first
const ANSWER = 250; // ms for a page to say where it is; one that sleeps does not

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));

/** Keeps all files. A file that does not come fails it all; the browser tries again with a later visit. */
async function fill() {
  const cache = await caches.open(CACHE);
  await keepShell(cache);
  const wanted = [];
  for (const file of FILES) if (!(await cache.match(file))) wanted.push(file);
  for (let i = 0; i < wanted.length; i += BATCH) {
    await Promise.all(wanted.slice(i, i + BATCH).map(async (file) => {
      const answer = await fetch(file);
      if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
      await cache.put(file, answer);
    }));
  }
}

/** Keeps the page that starts without a network, in the looks that its reader chose last. */
async function keepShell(cache) {
  const answer = await fetch(OFFLINE, { credentials: 'same-origin', cache: 'no-store' });
  const text = await answer.clone().text();
  if (!answer.ok || answer.redirected || !text.includes(`/a/${SET}/`)) throw new Error('the page is of another version');
  await cache.put(OFFLINE, answer);
}

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith('hongyan-') && name !== CACHE) await caches.delete(name);
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith(`/a/${SET}/`)) event.respondWith(file(event.request));
  else if (event.request.mode === 'navigate' && PAGES.test(url.pathname)) event.respondWith(page(event));
});

const file = async (request) => (await (await caches.open(CACHE)).match(request, { ignoreVary: true })) ?? fetch(request);

/** A page comes from the server; where there is none to ask, the client starts from what it has. */
async function page(event) {
  const shell = async () => (await caches.open(CACHE)).match(OFFLINE, { ignoreVary: true });
  let answer;
  try {
    answer = (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const kept = await shell();
    if (kept) return kept;
    throw error;
  }
  return answer.status >= 502 && answer.status <= 504 ? (await shell()) ?? answer : answer;
}

self.addEventListener('message', (event) => {
  if (event.data?.type === 'claim') event.waitUntil(self.clients.claim());
  if (event.data?.type === 'look') event.waitUntil(caches.open(CACHE).then(keepShell).catch(() => {}));
});

/** A path of this site, or the list. */
const own = (path) => (/^\/(?![/\\])/.test(path ?? '') ? path : '/chat/index.shtml');

/** The windows and where each is now: the address that the browser tells is that of the page's beginning, wherever the client went since. */
async function windows() {
  const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return Promise.all(all.map(async (client) => ({ client, path: await whereIs(client) })));
}

const whereIs = (client) => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (event) => resolve(event.data);
  setTimeout(() => resolve(new URL(client.url).pathname), ANSWER);
  client.postMessage({ type: 'where' }, [port2]);
});

self.addEventListener('push', (event) => event.waitUntil(show(event.data)));

async function show(data) {
  let body = {};
  try {
    body = data?.json() ?? {};
  } catch { /* a push without words still is a push */ }
  const note = body.notification ?? {};
  const about = note.data ?? {};
  if (Number.isInteger(body.app_badge)) self.navigator.setAppBadge?.(body.app_badge).catch(() => {});
  // Who has the conversation in front of them sees the message itself.
  const seen = about.seq && (await windows()).some(({ client, path }) => client.focused && path === about.path);
  if (seen) return;
  await self.registration.showNotification(note.title || 'Hongyan 鸿雁', {
    body: note.body ?? '', lang: note.lang ?? '', tag: note.tag ?? '', renotify: !!note.tag,
    icon: `/a/${SET}/icon-192.png`, badge: `/a/${SET}/icon-badge.png`, data: about,
  });
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(own(event.notification.data?.path)));
});

/** Brings a window to the front, the one that shows the place already if there is one, or opens one. */
async function open(path) {
  const all = await windows();
  const { client } = all.find((w) => w.path === path) ?? all.find((w) => PAGES.test(w.path)) ?? {};
  if (!client) return self.clients.openWindow(path);
  client.postMessage({ type: 'open', path });
  return client.focus();
}

/** The browser made another subscription: the server is told, as long as we are signed in. */
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil((async () => {
  const call = async (route, body) => (await (await fetch(route, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  })).json()).data;
  const { key, content } = await call('/push/key', {});
  const made = event.newSubscription ?? await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = made.toJSON();
  await call('/push/subscribe', { endpoint, ...keys, content });
})()));
