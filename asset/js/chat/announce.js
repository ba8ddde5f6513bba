// Reads out what has just come in, as much of it as somebody wants of this
// conversation. The list itself is not live, for it also shows history.
import { preview, t } from './base.js';
import * as store from '../core/store.js';
import { keyOf } from '../core/timeline.js';

/** How much is said: nothing, how many, who, or who and what. */
export const LEVELS = ['off', 'count', 'sender', 'full'];
const USUAL = 'full';
/** What comes within this time is said at once; more than a few are counted. */
const GATHER = 700;
const FEW = 3;

const storeKey = () => `hy-announce-${store.me.peek()?.id ?? 0}`;

function all() {
  try {
    return JSON.parse(localStorage.getItem(storeKey()) ?? '{}');
  } catch {
    return {};
  }
}

/** How much is said of a conversation. */
export function verbosity(kind, dstid) {
  const level = all()[keyOf(kind, dstid)];
  return LEVELS.includes(level) ? level : USUAL;
}

/** Sets how much is said of a conversation, on this device. */
export function setVerbosity(kind, dstid, level) {
  const next = { ...all(), [keyOf(kind, dstid)]: level };
  if (level === USUAL) delete next[keyOf(kind, dstid)];
  try {
    localStorage.setItem(storeKey(), JSON.stringify(next));
  } catch { /* then it holds until the page is closed at most */ }
}

/** The words for what came in. */
export function words(messages, level) {
  if (level === 'off' || messages.length === 0) return '';
  if (level === 'count' || messages.length > FEW) return t('announce.count', { Count: messages.length });
  if (level === 'sender') return [...new Set(messages.map((m) => store.nameOf(m.userid)))].map((Name) => t('announce.sender', { Name })).join(' ');
  return messages.map((m) => `${store.nameOf(m.userid)}: ${preview(m)}`).join('\n');
}

let gathered = new Map(); // by conversation: each has a level of its own
let timer = 0;

/** Says a live message in a box that assistive technology follows. */
export function announce(box, m, { kind, dstid }) {
  const key = keyOf(kind, dstid);
  gathered.set(key, { kind, dstid, list: [...(gathered.get(key)?.list ?? []), m] });
  timer ||= setTimeout(() => {
    box.textContent = [...gathered.values()].map((of) => words(of.list, verbosity(of.kind, of.dstid))).filter(Boolean).join('\n');
    gathered = new Map();
    timer = 0;
  }, GATHER);
}
