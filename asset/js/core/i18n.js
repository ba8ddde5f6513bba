// The reader's language: sentences from the catalogue that Go reads too, numbers and times by the browser's Intl.
import { signal } from '../../vendor/signals-core.js';

/** The language of the page as the server chose it: "zh-CN" or "en". */
export const lang = document.documentElement.lang === 'en' ? 'en' : 'zh-CN';

const messages = (await import(`../locale/${lang}.js`)).default;

const PARTS = 2; // beside those of the first load
const parts = new Map();
/** How many parts have come: what was drawn without a sentence is drawn again. */
const arrived = signal(0);

function part(/** @type {string} */ name, /** @type {() => Promise<any>} */ load) {
  if (!parts.has(name)) {
    parts.set(name, load().then((more) => {
      Object.assign(messages, more.default);
      arrived.value++;
    }, (error) => {
      parts.delete(name); // to be tried again
      throw error;
    }));
  }
  return parts.get(name);
}

/** Brings the sentences that the first load does without; every view waits for them, a conversation for no more than its own. */
export function words(/** @type {string} */ view = '') {
  const chat = part('chat', () => import(`../locale/${lang}.chat.js`));
  if (view !== 'chat') return Promise.all([chat, part('more', () => import(`../locale/${lang}.more.js`))]);
  return chat.then(() => { (globalThis.requestIdleCallback ?? setTimeout)(() => words().catch(() => {})); }); // whoever needs the rest asks again
}

/**
 * The sentence for a key, with its placeholders filled in. Where `Count` is 1 and the catalogue has `key.one`, that is
 * the one. Nothing stands for a sentence that has not come yet; a view that asked for it is drawn again when it has. A key
 * that does not exist comes back as itself, to be seen and mended.
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 */
export function t(key, values) {
  const single = values?.Count === 1 ? messages[`${key}.one`] : undefined;
  const text = single ?? messages[key];
  if (text === undefined) return arrived.value < PARTS ? '' : key;
  return values ? text.replace(/\{\{\.(\w+)\}\}/g, (_, name) => String(values[name] ?? '')) : text;
}

/** Whether the catalogue has a sentence for the key. */
export const has = (/** @type {string} */ key) => messages[key] !== undefined;

const formats = new Map();

function format(/** @type {string} */ name, /** @type {Intl.DateTimeFormatOptions} */ options) {
  let f = formats.get(name);
  if (!f) formats.set(name, (f = new Intl.DateTimeFormat(lang, options)));
  return f;
}

const clock = (/** @type {Date} */ d) => `${String(d.getHours()).padStart(2, '0')}:${String(d.getMinutes()).padStart(2, '0')}`;

/** The days that lie between two moments on the calendar. */
function daysBetween(/** @type {Date} */ a, /** @type {Date} */ b) {
  const day = (/** @type {Date} */ d) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  return Math.round((day(b) - day(a)) / 86400000);
}

/**
 * A moment as a list shows it: 20:14, 昨天, 星期三, 11/15, 2025/11/15.
 * @param {number} at Unix milliseconds
 */
export function shortTime(at, now = new Date()) {
  if (!at) return '';
  const d = new Date(at);
  const days = daysBetween(d, now);
  if (days <= 0) return clock(d);
  if (days === 1) return t('time.yesterday');
  if (days < 7) return format('weekday', { weekday: lang === 'en' ? 'short' : 'long' }).format(d);
  const date = `${d.getMonth() + 1}/${d.getDate()}`;
  return d.getFullYear() === now.getFullYear() ? date : `${d.getFullYear()}/${date}`;
}

/** A moment as a timeline shows it: 20:14, 昨天 20:14, 星期三 20:14, 11月15日 20:14. */
export function chipTime(/** @type {number} */ at, now = new Date()) {
  const d = new Date(at);
  const days = daysBetween(d, now);
  if (days <= 0) return clock(d);
  if (days < 7) return `${shortTime(at, now)} ${clock(d)}`;
  const year = d.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return `${format(`date-${year}`, { year, month: lang === 'en' ? 'short' : 'long', day: 'numeric' }).format(d)} ${clock(d)}`;
}

/** A moment in full, for titles and details. */
export const fullTime = (/** @type {number} */ at) => format('full', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

/** How long ago a moment is: 3 分钟前. */
export function ago(/** @type {number} */ at, now = Date.now()) {
  const f = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 60) return t('time.now');
  if (Math.abs(seconds) < 3600) return f.format(Math.trunc(seconds / 60), 'minute');
  if (Math.abs(seconds) < 86400) return f.format(Math.trunc(seconds / 3600), 'hour');
  return f.format(Math.trunc(seconds / 86400), 'day');
}

/** Seconds of voice or video as 0:12. */
export const duration = (/** @type {number} */ s) => `${Math.trunc(s / 60)}:${String(Math.trunc(s % 60)).padStart(2, '0')}`;

/** A size for people: 1.8 MB. */
export function bytes(/** @type {number} */ n) {
  const units = ['B', 'KB', 'MB', 'GB'];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${i && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}
