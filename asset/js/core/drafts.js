// What was begun and not sent, by conversation: on this device at once, on the
// others a moment later.
import { signal } from '../../vendor/signals-core.js';
import { post } from './api.js';
import { keyOf } from './wire.js';
import { me, patchRow, refresh, rowNow, rowOf } from './state.js';

const DELAY = 1500;

export const drafts = signal(new Map());
const timers = new Map();

const draftsOf = (id) => `hy-drafts-${id}`;

/** Drafts are on this device at once and on the server a moment later; from then on the server's is the one that counts. */
export function saveDraft(kind, dstid, text) {
  const key = keyOf(kind, dstid);
  if (draftNow(kind, dstid) === text) return;
  keepDrafts(new Map(drafts.peek()).set(key, text));
  syncDraft(kind, dstid, DELAY);
}

function keepDrafts(next) {
  drafts.value = next;
  try {
    localStorage.setItem(draftsOf(me.peek().id), JSON.stringify([...next]));
  } catch { /* a full or forbidden storage costs the draft's copy, nothing else */ }
}

function syncDraft(kind, dstid, delay) {
  const key = keyOf(kind, dstid);
  clearTimeout(timers.get(key));
  timers.set(key, setTimeout(async () => {
    const draft = drafts.peek().get(key);
    try {
      await post('/message/settings', { kind, dstid, draft });
    } catch {
      return; // tried again with the next change, or at the next start
    }
    if (!patchRow(kind, dstid, { draft })) await refresh('conversations').catch(() => {}); // a draft makes a row
    if (drafts.peek().get(key) !== draft) return;
    const next = new Map(drafts.peek());
    next.delete(key);
    keepDrafts(next);
  }, delay));
}

const draftNow = (kind, dstid) => drafts.peek().get(keyOf(kind, dstid)) ?? rowNow(kind, dstid)?.draft ?? '';

export const draftOf = (kind, dstid) => drafts.value.get(keyOf(kind, dstid)) ?? rowOf(kind, dstid)?.draft ?? '';

/** Takes up the drafts that this device kept. */
export function restoreDrafts() {
  try {
    drafts.value = new Map(JSON.parse(localStorage.getItem(draftsOf(me.peek().id)) ?? '[]'));
    for (const key of drafts.peek().keys()) syncDraft(...key.split(':').map(Number), DELAY);
  } catch { /* unreadable: the server's copy stands in */ }
}

/** Deletes this device's copy of the drafts. */
export function dropDrafts() {
  for (const timer of timers.values()) clearTimeout(timer);
  drafts.value = new Map();
  try {
    localStorage.removeItem(draftsOf(me.peek().id));
  } catch { /* a forbidden storage holds nothing */ }
}
