// What the client knows, as signals that views read, and the questions they ask
// of it. What arrives is put in by the store.
import { computed, signal } from '../../vendor/signals-core.js';
import { post } from './api.js';
import { CMD, keyOf } from './timeline.js';

const DRAFT_DELAY = 1500;

export const me = signal(null);
export const conversations = signal([]);
export const contacts = signal([]);
export const groups = signal([]);
export const requests = signal([]);
export const presence = signal(new Map());
export const connection = signal({ state: 'connecting', reason: '', since: 0, retryAt: 0 });
export const typing = signal(new Map());
export const drafts = signal(new Map());
export const current = signal(null);
export const people = signal(new Map());
export const outbox = signal(null);
export const unreadTotal = computed(() => conversations.value.reduce((sum, row) => sum + (row.muted ? 0 : row.unread), 0));

const asked = new Set();
const draftTimers = new Map();

/** Pinned first, then the newest; the time of the last message decides. */
export function sorted(rows) {
  const time = (row) => row.last?.at ?? row.made ?? 0;
  return [...rows].sort((a, b) => Number(b.pinned) - Number(a.pinned) || time(b) - time(a));
}

const inRows = (rows, kind, dstid) => rows.find((row) => row.kind === kind && row.dstid === dstid);

/** The row of a conversation; a view that asks is told of changes. */
export const rowOf = (kind, dstid) => inRows(conversations.value, kind, dstid);

/** The same for what must not follow changes. */
export const rowNow = (kind, dstid) => inRows(conversations.peek(), kind, dstid);

/** Changes fields of a conversation's row, if it is in the list. */
export function patchRow(kind, dstid, change) {
  const rows = conversations.peek();
  const i = rows.findIndex((row) => row.kind === kind && row.dstid === dstid);
  if (i < 0) return false;
  const next = [...rows];
  next[i] = { ...rows[i], ...(typeof change === 'function' ? change(rows[i]) : change) };
  conversations.value = sorted(next);
  return true;
}

const draftsOf = (id) => `hy-drafts-${id}`;

/** Drafts are on this device at once and on the server a moment later. */
export function saveDraft(kind, dstid, text) {
  const key = keyOf(kind, dstid);
  if ((drafts.peek().get(key) ?? '') === text) return;
  drafts.value = new Map(drafts.peek()).set(key, text);
  try {
    localStorage.setItem(draftsOf(me.peek().id), JSON.stringify([...drafts.peek()].filter(([, value]) => value)));
  } catch { /* a full or forbidden storage costs the draft's copy, nothing else */ }
  clearTimeout(draftTimers.get(key));
  draftTimers.set(key, setTimeout(() => {
    post('/message/settings', { kind, dstid, draft: text }).then(() => patchRow(kind, dstid, { draft: text }), () => {});
  }, DRAFT_DELAY));
}

export const draftOf = (kind, dstid) => drafts.value.get(keyOf(kind, dstid)) ?? rowOf(kind, dstid)?.draft ?? '';

/** Takes up the drafts that this device kept. */
export function restoreDrafts() {
  try {
    drafts.value = new Map(JSON.parse(localStorage.getItem(draftsOf(me.peek().id)) ?? '[]'));
  } catch { /* unreadable: the server's copy stands in */ }
}

/** Deletes this device's copy of the drafts. */
export function dropDrafts() {
  for (const timer of draftTimers.values()) clearTimeout(timer);
  drafts.value = new Map();
  try {
    localStorage.removeItem(draftsOf(me.peek().id));
  } catch { /* a forbidden storage holds nothing */ }
}

/** What is known of a user; who is not known is looked up once and the `people` signal changes. */
export function userOf(id) {
  if (me.value?.id === id) return me.value;
  const known = contacts.value.find((user) => user.id === id) ?? people.value.get(id);
  if (known) return known;
  if (id && !asked.has(id)) {
    asked.add(id);
    post('/user/find', { id }).then(({ data }) => remember([data]), () => {});
  }
  return { id, nickname: '', avatar: '' };
}

/** Adds users (members of a group, say) to those whose names are known. */
export function remember(users) {
  const next = new Map(people.peek());
  for (const user of users) next.set(user.id, user);
  people.value = next;
}

/** Lets a user be looked up anew. */
export function forget(id) {
  if (!id) return;
  asked.delete(id);
  const next = new Map(people.peek());
  next.delete(id);
  people.value = next;
}

/** A user's name as I know it: my remark, the nickname, what else is known of it. */
export function nameOf(id, otherwise = '') {
  const user = userOf(id);
  return user.remark || user.nickname || otherwise || (id ? `#${id}` : '');
}

export function titleOf(kind, dstid) {
  const row = rowOf(kind, dstid);
  if (row?.title) return row.title;
  if (kind === CMD.SINGLE) return nameOf(dstid);
  return groups.value.find((group) => group.id === dstid)?.name ?? '';
}
