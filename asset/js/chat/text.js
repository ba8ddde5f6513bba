// What is in a text: links, the people it calls and emoji. Pure functions; a message is text, never markup.

// A path ends where Chinese begins: people write 看https://a.com/b。好的 without a space.
const PATH = "[\\w\\-.~!$&'()*+,;=:@%/?#\\[\\]|{}^]";
const ASCII_HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\]';
const OWN_HOST = '[\\p{L}\\p{N}-]+(?:\\.[\\p{L}\\p{N}-]+)+';
const LINK = new RegExp(
  `(?<![A-Za-z0-9@./])(?:https?://(?:(?=[\\x21-\\x7e])(?:${ASCII_HOST})|(?=[^\\x00-\\x7f])(?:${OWN_HOST}))(?::\\d{1,5})?(?:[/?#]${PATH}*)?|www\\.(?:${ASCII_HOST})(?::\\d{1,5})?(?:[/?#]${PATH}*)?)`,
  'giu',
);
const PAIRS = { ')': '(', ']': '[', '}': '{' };

/** Takes off what ends the sentence and not the address; a bracket stays if the address opened it. */
function trimmed(text) {
  let end = text.length;
  for (;;) {
    const last = text[end - 1];
    if (/[.,;:!?'*|^]/.test(last)) {
      end--;
      continue;
    }
    const opener = PAIRS[last];
    const part = text.slice(0, end);
    if (opener && part.split(last).length > part.split(opener).length) {
      end--;
      continue;
    }
    return part;
  }
}

/** An address that a page may open, or null: http and https alone. */
export function safeLink(text) {
  if (typeof text !== 'string' || /[\u0000-\u0020]/.test(text)) return null;
  try {
    const url = new URL(text, location.origin);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
  } catch {
    return null;
  }
}

/**
 * The address of a file of this site, or ''. Nothing is ever loaded from another
 * host because a message says so: that would tell it who reads.
 */
export function ownFile(text) {
  const url = text ? safeLink(text) : null;
  return url?.origin === location.origin ? url.href : '';
}

// Marks that turn the direction of what follows: with them an address can be made to look like another.
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/**
 * Why an address may not lead where its text says: 'script' where the host is written in other letters than the
 * ones that are looked up, 'other' where it is spelled in another way, 'turn' where the text is turned around.
 */
function doubtOf(shown, url, text) {
  if (TURNS.test(text)) return 'turn';
  if (/(^|\.)xn--/.test(url.hostname)) return 'script';
  const said = shown.replace(/^https?:\/\//i, '').replace(/[/?#].*$/s, '').toLowerCase();
  return said === url.host || said.replace(/:(80|443)$/, '') === url.host ? '' : 'other';
}

/**
 * Splits a text into plain parts and links; `doubt` says why a link's real host has to be shown with it.
 * @param {string} text @returns {({text:string}|{text:string,href:string,host:string,doubt:string})[]}
 */
export function linkify(text) {
  const parts = [];
  let from = 0;
  LINK.lastIndex = 0;
  for (let match = LINK.exec(text); match; match = LINK.exec(text)) {
    const shown = trimmed(match[0]);
    const url = safeLink(/^www\./i.test(shown) ? `https://${shown}` : shown);
    LINK.lastIndex = match.index + shown.length;
    if (!url?.hostname) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: shown, href: url.href, host: url.host, doubt: doubtOf(shown, url, text) });
    from = match.index + shown.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/**
 * The names by which a message calls people: [['小明', 12], ['所有人', 'all']].
 * @param {any} m a Message @param {(id:number)=>string} nameOf
 */
export function callsOf(m, nameOf) {
  const list = m?.ext?.mentions;
  const said = m?.ext?.names ?? {};
  const name = (id) => (typeof said[id] === 'string' ? said[id] : '');
  if (list === 'all') return [[name('all') || '所有人', 'all'], ...Object.keys(said).filter(Number).map((id) => [name(id), Number(id)])];
  return Array.isArray(list) ? list.slice(0, 100).filter(Number.isSafeInteger).map((id) => [name(id) || nameOf(id), id]).filter(([called]) => called) : [];
}

/** Splits off "@name" for each of the calls; `call` is whom it calls. */
function markCalls(part, calls) {
  if (part.href || calls.length === 0) return [part];
  const parts = [];
  let { text } = part;
  for (;;) {
    let at = -1;
    let found = null;
    for (const call of calls) {
      const i = text.indexOf(`@${call[0]}`);
      if (i >= 0 && (at < 0 || i < at || (i === at && call[0].length > found[0].length))) [at, found] = [i, call];
    }
    if (!found) return text ? [...parts, { text }] : parts;
    if (at > 0) parts.push({ text: text.slice(0, at) });
    parts.push({ text: `@${found[0]}`, call: found[1] });
    text = text.slice(at + found[0].length + 1);
  }
}

/**
 * A text as it is drawn: plain parts, links and calls.
 * @param {string} text @param {[string, number|'all'][]} calls as callsOf gives them
 */
export const partsOf = (text, calls = []) => linkify(text).flatMap((part) => markCalls(part, calls));

const TRUSTED = 'hy-trusted';

/** The hosts that the reader said are to be trusted, on this device. */
export function trustedHosts() {
  try {
    return new Set(JSON.parse(localStorage.getItem(TRUSTED) ?? '[]'));
  } catch {
    return new Set();
  }
}

/** Remembers a host as trusted. */
export function trustHost(host) {
  try {
    localStorage.setItem(TRUSTED, JSON.stringify([...trustedHosts(), host]));
  } catch { /* then it is asked again */ }
}

/** Why a link is not opened without asking: its doubt, or 'unknown' for a host that is new here; '' to go on. */
export function reasonToAsk(part, room) {
  if (part.host === location.host) return '';
  if (trustedHosts().has(part.host)) return '';
  return part.doubt || (room ? 'unknown' : '');
}

const EMOJI = /^(?:\p{RI}\p{RI}|[#*0-9]\uFE0F?\u20E3|\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F\u200D\p{Extended_Pictographic}\u{E0020}-\u{E007F}]*)$/u;

const PART = /\p{RI}|\u20E3|\p{Extended_Pictographic}/u; // what no emoji is without
let segmenter = null;

/** The user-perceived characters of a text. */
export function graphemes(text) {
  if (!Intl.Segmenter) return Array.from(text);
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), (s) => s.segment);
}

/** How many emoji a text is made of, if of one to three and nothing else; otherwise 0. */
export function emojiCount(text) {
  if (text.length > 60 || !PART.test(text)) return 0;
  const all = graphemes(text.replace(/\s+/g, ''));
  return all.length > 0 && all.length <= 3 && all.every((g) => EMOJI.test(g)) ? all.length : 0;
}
