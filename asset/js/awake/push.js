// Notifications on this device: whether there can be any, and switching them on and off.
import { post } from '../core/api.js';
import * as store from '../core/store.js';

const CHOICE = 'hy-push';

const standalone = () => matchMedia('(display-mode: standalone)').matches || navigator.standalone === true;
const apple = () => /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1);

/**
 * What stands in the way here, '' if nothing does: `insecure` (plain HTTP), `install` (iOS: only from the home screen),
 * `unsupported`, or `denied` by the reader.
 */
export function obstacle() {
  if (!isSecureContext) return 'insecure';
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis)) return apple() && !standalone() ? 'install' : 'unsupported';
  return Notification.permission === 'denied' ? 'denied' : '';
}

export const choice = () => localStorage.getItem(CHOICE) ?? '';
export const decline = () => localStorage.setItem(CHOICE, 'no');
const mine = () => `on-${store.me.peek()?.id}`;

const decode = (/** @type {string} */ key) =>
  Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

/**
 * Asks for permission and subscribes this device. To be called from a press of a button.
 * @returns {Promise<'on'|'denied'|'dismissed'>}
 */
export async function enable(content = false) {
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') return permission === 'denied' ? 'denied' : 'dismissed';
  await subscribe(content);
  localStorage.setItem(CHOICE, mine());
  return 'on';
}

async function subscribe(/** @type {boolean} */ content) {
  const { data } = await post('/push/key');
  const key = decode(data.key);
  const { pushManager } = await navigator.serviceWorker.ready;
  let made = await pushManager.getSubscription();
  const old = made?.options.applicationServerKey;
  // Subscribed under another key, as of a former server: of no use any more.
  if (made && old && !same(new Uint8Array(old), key)) {
    await made.unsubscribe();
    made = null;
  }
  made ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = made.toJSON();
  await post('/push/subscribe', { endpoint, ...keys, content });
}

const same = (/** @type {Uint8Array} */ a, /** @type {Uint8Array} */ b) => a.length === b.length && a.every((x, i) => x === b[i]);

/** Switches notifications on this device off. */
export async function disable() {
  await post('/push/unsubscribe');
  localStorage.setItem(CHOICE, 'no');
  const worker = await navigator.serviceWorker?.getRegistration();
  await (await worker?.pushManager?.getSubscription())?.unsubscribe();
}

/** Whether this device is told, and whether with names and words, as the server has it. */
export async function status() {
  const { data } = await post('/push/key');
  return { on: data.on && globalThis.Notification?.permission === 'granted', content: data.content };
}

/** Subscribes anew who had chosen so and signed in again, or whose subscription the server has lost. */
export async function renew() {
  if (obstacle() || Notification.permission !== 'granted' || choice() !== mine()) return;
  const { on, content } = await status();
  if (!on) await subscribe(content);
}

/** Leaves nothing on this device of who was signed in: subscription, worker, kept files, notifications, badge. */
export async function leave() {
  navigator.clearAppBadge?.().catch(() => {});
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker) {
    for (const note of await worker.getNotifications()) note.close();
    await (await worker.pushManager?.getSubscription())?.unsubscribe();
    await worker.unregister();
  }
  if (globalThis.caches) for (const name of await caches.keys()) if (name.startsWith('hongyan-')) await caches.delete(name);
  for (const key of [CHOICE, 'hy-looks', 'hy-rang']) localStorage.removeItem(key);
}
