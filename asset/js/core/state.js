// What the client knows, as signals that views read, and the questions they ask
// of it. What arrives is put in by the store.
import { batch, computed, signal } from '../../vendor/signals-core.js';
import { post } from './api.js';
import { CMD, keyOf, peerOf } from './wire.js';

const TYPING_FOR = 6000;
const STEPS = 200;

export const me = signal(null);
export const conversations = signal([]);
/** What a list is until it was fetched: to be told from one that has nothing in it. */
export const unknown = [];
export const contacts = signal(unknown);
export const groups = signal(unknown);
export const requests = signal(unknown);
/** What this server allows, as its page says: for how many ms authors may take a message back; whether it tells how far messages have come. */
export const rules = { recall: 2 * 60 * 1000, receipts: true };
export const presence = signal(new Map());
/** When those who are away were last there, as far as they tell. */
export const lastSeen = signal(new Map());
export const connection = signal({ state: 'connecting', reason: '', since: 0, retryAt: 0 });
/** When what is shown was kept on this device; 0: it comes from the server. */
export const asOf = signal(0);
export const typing = signal(new Map());
export const current = signal(null);
export const people = signal(new Map());
const nicks = signal(new Map());
/** Groups that ended since the page was opened, by id: {name, dismissed}. */
export const ended = signal(new Map());
export const outbox = signal(null);
export const unreadTotal = computed(() => conversations.value.reduce((sum, row) => sum + badge(row), 0));

/** The timelines that views opened, by key. Their module is the chat's: it says how they are made; the store, what becomes
 * of a message of ours that turns up in the history, and what this device kept to be read without a network. */
export const timelines = { all: new Map(), make: null, settle: () => false, kept: async () => [] };

/** How far this person has read on this screen, by key; the server may not know yet. */
export const readUpTo = new Map();

/** When the other of two people received or read, as this page heard it: what came after `from`, up to `to`.
 * @type {{what: 'delivered'|'read', dstid: number, from: number, to: number, at: number}[]} */
export const steps = [];

export function step(what, dstid, from, to, at) {
  if (steps.push({ what, dstid, from, to, at }) > STEPS) steps.shift();
}

const refreshing = new Map();
const asked = new Set();

/** What a conversation adds to the number of all that is unread: of a muted one only that somebody calls, of one put
 * away nothing. */
export function badge(row) {
  if (row.archived) return 0;
  if (row.muted) return row.mentioned ? 1 : 0;
  return row.unread || (row.marked ? 1 : 0);
}

/** Ends mutes whose time has come; gives the moment of the next, 0 if there is none. */
export function unmute(now = Date.now()) {
  let next = 0;
  for (const row of conversations.peek()) {
    if (!row.mutedtill) continue;
    if (row.mutedtill <= now) patchRow(row.kind, row.dstid, { muted: false, mutedtill: 0 });
    else next = Math.min(next || Infinity, row.mutedtill);
  }
  return next;
}

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

/** Takes up what members are called in a group: all who have a name there, or more of them. */
export function nameIn(group, rows, more = false) {
  const next = new Map([...nicks.peek()].filter(([key]) => more || !key.startsWith(`${group}:`)));
  for (const { id, nick } of rows) next.set(keyOf(group, id), nick);
  nicks.value = next;
}

/** A user's name as I know it: my remark, the name in the group that is open, the nickname, what else is known of it. */
export function nameOf(id, otherwise = '') {
  const user = userOf(id);
  return user.remark || (current.value?.kind === CMD.ROOM && nicks.value.get(keyOf(current.value.dstid, id))) || user.nickname || otherwise || (id ? `#${id}` : '');
}

export function titleOf(kind, dstid) {
  const row = rowOf(kind, dstid);
  if (row?.title) return row.title;
  if (kind === CMD.SINGLE) return nameOf(dstid);
  return groups.value.find((group) => group.id === dstid)?.name ?? ended.value.get(dstid)?.name ?? '';
}

/** A group that is open here is no more, or this person is not in it any more. */
export function end(dstid, dismissed) {
  ended.value = new Map(ended.peek()).set(dstid, { name: titleOf(CMD.ROOM, dstid), dismissed });
}

/** The timeline of a conversation; read `.version.value` to be told of changes. core/timeline.js must have been loaded, as
 * it is wherever a chat is open. */
export function timeline(kind, dstid) {
  const key = keyOf(kind, dstid);
  let line = timelines.all.get(key);
  if (!line) timelines.all.set(key, (line = timelines.make(kind, dstid)));
  return line;
}

/** Somebody writes; it is said for a while. */
export function typed(m) {
  if (m.userid === me.peek().id) return;
  const key = keyOf(m.kind, peerOf(m, me.peek().id));
  const until = Date.now() + TYPING_FOR;
  typing.value = new Map(typing.peek()).set(key, { userid: m.userid, until });
  setTimeout(() => {
    if (typing.peek().get(key)?.until === until) stopTyping(key);
  }, TYPING_FOR);
}

export function stopTyping(key, userid) {
  const now = typing.peek().get(key);
  if (!now || (userid && now.userid !== userid)) return;
  const next = new Map(typing.peek());
  next.delete(key);
  typing.value = next;
}

/** Takes what a page or this device's own copy brought. */
export function take(boot) {
  batch(() => {
    if (boot.me) me.value = boot.me;
    if (boot.recall) rules.recall = boot.recall;
    if (boot.receiptsoff) rules.receipts = false;
    if (boot.conversations) conversations.value = sorted(dated(boot.conversations));
    if (boot.contacts) takeContacts(boot.contacts);
    if (boot.groups) groups.value = boot.groups;
    if (boot.requests) requests.value = boot.requests;
    if (boot.people) remember(boot.people);
    if (boot.chat) timeline(boot.chat.kind, boot.chat.dstid).newest(boot.chat.rows, 30, rowNow(boot.chat.kind, boot.chat.dstid)?.lastseq);
  });
}

let told = new Set(); // whose presence the line told of since the contacts were asked for

/** The line tells that somebody is there, or not any more; since when, if they let it be known. */
export function present(id, is, at = 0) {
  told.add(id);
  batch(() => {
    presence.value = new Map(presence.peek()).set(id, is);
    lastSeen.value = new Map(lastSeen.peek()).set(id, is ? 0 : at);
  });
}

/** The list may be older than what the line told meanwhile. */
function takeContacts(rows) {
  const quiet = rows.filter((user) => !told.has(user.id));
  batch(() => {
    contacts.value = rows;
    presence.value = new Map([...presence.peek(), ...quiet.map((user) => [user.id, !!user.online])]);
    lastSeen.value = new Map([...lastSeen.peek(), ...quiet.map((user) => [user.id, user.seenat ?? 0])]);
  });
}

async function fetchContacts() {
  told = new Set();
  takeContacts((await post('/contact/loadfriend', {})).rows);
}

const LISTS = {
  conversations: async () => mergeConversations(dated((await post('/message/conversations', {})).rows)),
  contacts: fetchContacts,
  groups: async () => { groups.value = (await post('/contact/loadcommunity', {})).rows; },
  requests: async () => { requests.value = (await post('/contact/requests', {})).rows; },
  me: async () => { me.value = (await post('/user/me', {})).data; },
};

/**
 * Does what a key stands for; calls that come while it is under way share one more run, since the answer under way may
 * be older than what they are about.
 * @template K @param {Map<K, {again: boolean, promise: Promise<void>}>} jobs @param {K} key @param {() => Promise<unknown>} act
 */
export function oneMoreRun(jobs, key, act) {
  const running = jobs.get(key);
  if (running) {
    running.again = true;
    return running.promise;
  }
  const job = { again: false, promise: Promise.resolve() };
  job.promise = (async () => {
    try {
      do {
        job.again = false;
        await act();
      } while (job.again);
    } finally {
      jobs.delete(key);
    }
  })();
  jobs.set(key, job);
  return job.promise;
}

/** Fetches a list anew: conversations, contacts, groups, requests or me. */
export function refresh(name) {
  const done = oneMoreRun(refreshing, name, LISTS[name]);
  // A list that could not be fetched is fetched again after the next hello.
  done.catch(() => {});
  return done;
}

/** What holds no message yet, such as a new group, keeps the place that the server gave it: before the next older row. */
function dated(rows) {
  let at = 0;
  return [...rows].reverse().map((row) => {
    at = row.last?.at ?? at;
    return row.last ? row : { ...row, made: at };
  }).reverse();
}

/** Frames may have come in while the list was under way: a row never goes back. */
function mergeConversations(rows) {
  const mine = new Map(conversations.peek().map((row) => [keyOf(row.kind, row.dstid), row]));
  const merged = rows.map((row) => {
    const key = keyOf(row.kind, row.dstid);
    const old = mine.get(key);
    const next = old && old.lastseq > row.lastseq ? { ...row, lastseq: old.lastseq, last: old.last, unread: old.unread } : row;
    // What was read here may not have reached the list yet.
    return (readUpTo.get(key) ?? 0) >= next.lastseq ? { ...next, readseq: next.lastseq, unread: 0, mentioned: false } : next;
  });
  conversations.value = sorted(merged);
  for (const row of merged) {
    const line = timelines.all.get(keyOf(row.kind, row.dstid));
    if (line?.loaded && row.lastseq > line.last) line.catchUp();
  }
}
