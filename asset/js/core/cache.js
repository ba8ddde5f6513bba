// What this device keeps to be read without a network: the lists, and the newest
// messages of the conversations that were opened last. It lies in the person's
// own database, beside the outbox, and goes with it at the sign-out.
import { effect } from '../../vendor/signals-core.js';
import { contacts, conversations, current, groups, me, timelines } from './state.js';

const PAUSE = 1000;
const ROWS = 500; // of the list
const MESSAGES = 200; // of a conversation
const LINES = 50; // conversations

const nameOf = (/** @type {string} */ key) => `line ${key}`;

/** The lists as they were kept, with the time; undefined if there are none. */
export const lists = (db) => db.get('kv', 'lists').catch(() => undefined);

/** The newest messages of a conversation as they were kept; [] if there are none. */
export async function rowsOf(db, key) {
  const kept = await db.get('kv', nameOf(key)).catch(() => undefined);
  return kept?.rows ?? [];
}

/** Keeps what changes from now on, a moment after it does and when the page goes out of sight. */
export function keep(db) {
  const saved = new Map();
  let timer = 0;
  const save = async () => {
    timer = clearTimeout(timer) ?? 0;
    try {
      await db.put('kv', 'lists', { at: Date.now(), me: me.peek(), conversations: conversations.peek().slice(0, ROWS), contacts: contacts.peek(), groups: groups.peek() });
      for (const line of timelines.all.values()) {
        const version = line.version.peek();
        if (!line.loaded || saved.get(line.key) === version) continue;
        saved.set(line.key, version);
        await db.put('kv', nameOf(line.key), { at: Date.now(), rows: line.rows.slice(-MESSAGES) });
        await bound(db, line.key);
      }
    } catch { /* a full or closed database: there will be less to read, nothing else */ }
  };
  effect(() => {
    const now = current.value;
    if (now) timelines.all.get(`${now.kind}:${now.dstid}`)?.version.value; // eslint-disable-line no-unused-expressions -- read to be told of changes
    for (const list of [me, conversations, contacts, groups]) list.value; // eslint-disable-line no-unused-expressions
    timer ||= setTimeout(save, PAUSE);
  });
  document.addEventListener('visibilitychange', () => document.hidden && save());
}

/** The conversations kept are so many at most; the one opened longest ago goes. */
async function bound(db, key) {
  const order = ((await db.get('kv', 'lines')) ?? []).filter((other) => other !== key);
  order.push(key);
  for (const old of order.splice(0, Math.max(0, order.length - LINES))) await db.remove('kv', nameOf(old));
  await db.put('kv', 'lines', order);
}
