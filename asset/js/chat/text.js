// What is in a text: links and emoji. Pure functions; a message is text, never markup.

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

/**
 * Splits a text into plain parts and links.
 * @param {string} text @returns {({text:string}|{text:string,href:string,host:string})[]}
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
    parts.push({ text: shown, href: url.href, host: url.host });
    from = match.index + shown.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

const EMOJI = /^(?:\p{RI}\p{RI}|[#*0-9]\uFE0F?\u20E3|\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F\u200D\p{Extended_Pictographic}\u{E0020}-\u{E007F}]*)$/u;

/** The user-perceived characters of a text. */
export function graphemes(text) {
  if (!Intl.Segmenter) return Array.from(text);
  return Array.from(new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text), (s) => s.segment);
}

/** How many emoji a text is made of, if of one to three and nothing else; otherwise 0. */
export function emojiCount(text) {
  if (text.length > 60) return 0;
  const all = graphemes(text.replace(/\s+/g, ''));
  return all.length > 0 && all.length <= 3 && all.every((g) => EMOJI.test(g)) ? all.length : 0;
}
