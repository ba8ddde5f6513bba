// The one place that changes the client's state: what arrives, by HTTP or over
// the line, is merged here by seq, and what people do starts here.
import { batch } from '../../vendor/signals-core.js';
import { post } from './api.js';
import { newCID, openDatabase, Outbox } from './outbox.js';
import { Socket } from './socket.js';
import {
  connection, contacts, conversations, current, forget, groups, me, outbox, patchRow, presence, requests, restoreDrafts, rowNow, sorted, typing,
} from './state.js';
import { CMD, isPost, keyOf, kindOf, peerOf, Timeline } from './timeline.js';

export * from './state.js';

const PAGE = 30;
const CATCH_UP = 200;
const TYPING_EVERY = 3000;
const TYPING_FOR = 6000;
const REQUEST_TIMEOUT = 10000;

const timelines = new Map();
const waiting = new Map();
const readUpTo = new Map();
const typingSent = new Map();
const refreshing = new Map();
const listeners = new Set();
const framesOf = new Map();
let socket = null;
let uploader = null;
let epoch = '';
let greeted = false;

/** The name of what this device keeps for a person; nobody else's is ever opened. */
export const databaseOf = (id) => `hongyan-${id}`;

/** Starts the client with what the page brought: any of {me, conversations, contacts, groups, requests}. */
export async function start(boot = {}) {
  if (socket) return;
  take(boot);
  if (!me.peek()) me.value = (await post('/user/me', {})).data;
  socket = new Socket({ onframe: receive, onstate: connected, check: stillSignedIn });
  const db = await openDatabase(databaseOf(me.peek().id));
  const box = new Outbox({
    db,
    send: (frame) => socket.send(frame),
    upload: async (...args) => (uploader ??= (await import('./media.js')).uploadEntry)(...args),
    acked: stored,
    silent: () => socket.lost('silent'),
  });
  await box.load();
  outbox.value = box;
  restoreDrafts();
  socket.start();
  for (const name of ['conversations', 'contacts', 'groups', 'requests']) if (!boot[name]) refresh(name);
}

function take(boot) {
  batch(() => {
    if (boot.me) me.value = boot.me;
    if (boot.conversations) conversations.value = sorted(dated(boot.conversations));
    if (boot.contacts) takeContacts(boot.contacts);
    if (boot.groups) groups.value = boot.groups;
    if (boot.requests) requests.value = boot.requests;
    if (boot.chat) timeline(boot.chat.kind, boot.chat.dstid).newest(boot.chat.rows, PAGE, rowNow(boot.chat.kind, boot.chat.dstid)?.lastseq);
  });
}

function takeContacts(rows) {
  contacts.value = rows;
  presence.value = new Map([...presence.peek(), ...rows.map((user) => [user.id, !!user.online])]);
}

const LISTS = {
  conversations: async () => mergeConversations(dated((await post('/message/conversations', {})).rows)),
  contacts: async () => takeContacts((await post('/contact/loadfriend', {})).rows),
  groups: async () => { groups.value = (await post('/contact/loadcommunity', {})).rows; },
  requests: async () => { requests.value = (await post('/contact/requests', {})).rows; },
  me: async () => { me.value = (await post('/user/me', {})).data; },
};

/** Fetches a list anew: conversations, contacts, groups, requests or me. Calls that come while one runs share one more run. */
export function refresh(name) {
  const running = refreshing.get(name);
  if (running) {
    running.again = true;
    return running.promise;
  }
  const job = { again: false, promise: null };
  job.promise = (async () => {
    try {
      do {
        job.again = false;
        await LISTS[name]();
      } while (job.again);
    } finally {
      refreshing.delete(name);
    }
  })();
  refreshing.set(name, job);
  // A list that could not be fetched is fetched again after the next hello.
  job.promise.catch(() => {});
  return job.promise;
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
    const line = timelines.get(keyOf(row.kind, row.dstid));
    if (line?.loaded && row.lastseq > line.last) catchUp(line);
  }
}

/** Opens a conversation in the chat pane. */
export function open(kind, dstid) {
  const now = current.peek();
  if (now?.kind !== kind || now?.dstid !== dstid) current.value = { kind, dstid };
  return ensure(timeline(kind, dstid));
}

export function close() {
  current.value = null;
}

/** The timeline of a conversation; read `.version.value` to be told of changes. */
export function timeline(kind, dstid) {
  const key = keyOf(kind, dstid);
  let line = timelines.get(key);
  if (!line) timelines.set(key, (line = new Timeline(kind, dstid)));
  return line;
}

/** Entries of the outbox that belong under a conversation's timeline. */
export const pending = (kind, dstid) => outbox.value?.lane(keyOf(kind, dstid)) ?? [];

/** Loads the newest page unless it is there. */
export function ensure(line) {
  if (line.loaded) return Promise.resolve();
  return once(line, 'newest', async () => {
    line.again = false;
    const known = rowNow(line.kind, line.dstid)?.lastseq ?? 0;
    const { rows } = await history(line, { limit: PAGE });
    line.newest(rows, PAGE, known);
    // What came while the page was under way may not be on it.
    if (line.again || (rowNow(line.kind, line.dstid)?.lastseq ?? 0) > line.last) catchUp(line);
  });
}

/** Loads one older page. */
export function loadOlder(line) {
  if (!line.loaded || line.complete) return Promise.resolve();
  return once(line, 'older', async () => {
    const { rows } = await history(line, { before: line.first, limit: PAGE });
    line.older(rows, PAGE);
  });
}

/** Fetches what followed the last seq known. A call that comes while one runs has it ask once more: the answer
 * under way may have been read before what this call is about. */
export function catchUp(line) {
  const running = line.jobs?.get('newer');
  if (running) {
    line.again = true;
    return running;
  }
  return once(line, 'newer', async () => {
    do {
      line.again = false;
      await follow(line);
    } while (line.again && line.loaded);
  });
}

/** Too long an absence starts the timeline anew. */
async function follow(line) {
  const target = rowNow(line.kind, line.dstid)?.lastseq ?? 0;
  if (target - line.last > 3 * CATCH_UP) {
    line.reset();
    ensure(line);
    return;
  }
  for (;;) {
    const { rows } = await history(line, { after: line.last, limit: CATCH_UP });
    line.newer(rows);
    for (const m of rows) settle(m);
    if (rows.length < CATCH_UP) return;
  }
}

const history = (line, range) => post('/message/history', { kind: line.kind, dstid: line.dstid, ...range });

async function once(line, what, act) {
  line.jobs ??= new Map();
  if (line.jobs.has(what)) return line.jobs.get(what);
  const job = (async () => {
    line.loading = what;
    line.error = null;
    line.bump();
    try {
      await act();
    } catch (error) {
      line.error = error;
    } finally {
      line.jobs.delete(what);
      line.loading = '';
      line.bump();
    }
  })();
  line.jobs.set(what, job);
  return job;
}

function connected(state) {
  const before = connection.peek().state;
  connection.value = state;
  if (state.state !== 'online' && before === 'online') outbox.peek()?.interrupt();
  if (state.reason === 'session') location.assign('/user/login.shtml');
}

async function stillSignedIn() {
  try {
    await post('/user/me', {});
    return true;
  } catch (error) {
    return error.code !== 'unauthenticated';
  }
}

/** After a hello: first what we missed, then what we owe. */
async function hello(m) {
  if (epoch && m.ext?.epoch && m.ext.epoch !== epoch) for (const line of timelines.values()) line.reset();
  epoch = m.ext?.epoch ?? epoch;
  outbox.peek()?.resume();
  for (const [key, seq] of readUpTo) {
    const [kind, dstid] = key.split(':').map(Number);
    if ((rowNow(kind, dstid)?.readseq ?? 0) < seq) socket.send({ cmd: CMD.READ, kind, dstid, seq });
  }
  await refresh('conversations').catch(() => {});
  const now = current.peek();
  if (now) ensure(timeline(now.kind, now.dstid));
  if (greeted) for (const name of ['contacts', 'groups', 'requests']) refresh(name);
  greeted = true;
}

/** Lets a view hear of live messages (never of history): for sound, notification and the announcer. */
export function onLive(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Lets a view hear the frames of a command; gives back what ends it. */
export function onFrame(cmd, listener) {
  if (!framesOf.has(cmd)) framesOf.set(cmd, new Set());
  framesOf.get(cmd).add(listener);
  return () => framesOf.get(cmd).delete(listener);
}

/** Gives a frame to the line as it is; false if there is none. */
export const sendFrame = (frame) => socket?.send(frame) ?? false;

function receive(m) {
  batch(() => handle(m));
  for (const listener of framesOf.get(m.cmd) ?? []) listener(m);
}

function handle(m) {
  switch (m.cmd) {
    case CMD.HELLO: hello(m); return;
    case CMD.ACK: settle(m); answer(m); return;
    case CMD.ERROR: if (!answer(m)) outbox.peek()?.fail(m.cid, m.error, m.msg, m.amount); return;
    case CMD.RESYNC: resync(m); return;
    case CMD.READ: read(m); return;
    case CMD.TYPING: typed(m); return;
    case CMD.PRESENCE: presence.value = new Map(presence.peek()).set(m.userid, !!m.amount); return;
    case CMD.EVENT: event(m); break;
  }
  if (m.seq) arrived(m);
}

/** If m is a message of ours that still waits in the outbox, it waits no longer. */
function settle(m) {
  return m.cid && (m.cmd === CMD.ACK || m.userid === me.peek().id) ? outbox.peek()?.ack(m) ?? false : false;
}

/** The outbox learnt that an entry is stored: it becomes a message like any other. */
function stored(entry, ack) {
  const { file, poster, state, order, attempts, nextAt, progress, saving, error, msg, ...fields } = entry;
  arrived({ amount: 0, ...fields, cmd: entry.kind, userid: me.peek().id, id: ack.id, seq: ack.seq, at: ack.at });
}

function arrived(m) {
  if (m.cmd !== CMD.EVENT && settle(m)) return;
  const kind = kindOf(m);
  const dstid = peerOf(m, me.peek().id);
  const line = timelines.get(keyOf(kind, dstid));
  const row = rowNow(kind, dstid);
  const fresh = m.seq > Math.max(row?.lastseq ?? 0, 0);
  if (line?.live(m) === 'gap') catchUp(line);
  if (!row) {
    refresh('conversations');
  } else if (fresh) {
    const own = m.userid === me.peek().id;
    patchRow(kind, dstid, isPost(m)
      ? { lastseq: m.seq, last: m, unread: own ? row.unread : row.unread + 1, mentioned: row.mentioned || mentionsMe(m) }
      : { lastseq: m.seq, ...lastAfter(row, m) });
  }
  if (m.userid !== me.peek().id) stopTyping(keyOf(kind, dstid), m.userid);
  if (isPost(m) && fresh) for (const listener of listeners) listener(m, { kind, dstid });
}

/** The row's last message shows a recall or an edit too. */
function lastAfter(row, m) {
  if (!row.last || row.last.seq !== m.ref) return {};
  if (m.cmd === CMD.RECALL) return { last: { ...row.last, content: '', ext: { recalled: true } } };
  if (m.cmd === CMD.EDIT) return { last: { ...row.last, content: m.content } };
  return {};
}

function mentionsMe(m) {
  const list = m.ext?.mentions;
  return m.userid !== me.peek().id && (list === 'all' || (Array.isArray(list) && list.includes(me.peek().id)));
}

function resync(m) {
  const lines = m.dstid || m.kind ? [timelines.get(keyOf(m.kind, m.dstid ?? 0))] : timelines.values();
  for (const line of lines) {
    if (line?.loaded) catchUp(line);
    else if (line) line.again = true; // its first page may be under way
  }
  refresh('conversations');
}

function read(m) {
  const dstid = peerOf(m, me.peek().id);
  const row = rowNow(m.kind, dstid);
  if (!row) return;
  if (m.userid === me.peek().id) {
    if (m.seq <= row.readseq) return;
    patchRow(m.kind, dstid, { readseq: m.seq, ...(m.seq >= row.lastseq ? { unread: 0, mentioned: false } : {}) });
    if (m.seq < row.lastseq) refresh('conversations');
  } else if (m.seq > (row.peerread ?? 0)) {
    patchRow(m.kind, dstid, { peerread: m.seq });
  }
}

const EVENT_LISTS = {
  friend_request: ['requests'], friend_added: ['contacts', 'requests', 'conversations'], friend_removed: ['contacts', 'conversations'],
  group_request: ['requests'], group_joined: ['groups', 'requests', 'conversations'], group_left: ['groups', 'conversations'],
  group_changed: ['groups', 'conversations'], group_dismissed: ['groups', 'conversations'],
  profile_changed: ['contacts', 'me', 'conversations'], conversation_changed: ['conversations'],
};

function event(m) {
  for (const name of EVENT_LISTS[m.content] ?? []) refresh(name);
  if (m.content === 'profile_changed') forget(m.userid ?? m.dstid);
}

function typed(m) {
  if (m.userid === me.peek().id) return;
  const key = keyOf(m.kind, peerOf(m, me.peek().id));
  const until = Date.now() + TYPING_FOR;
  typing.value = new Map(typing.peek()).set(key, { userid: m.userid, until });
  setTimeout(() => {
    if (typing.peek().get(key)?.until === until) stopTyping(key);
  }, TYPING_FOR);
}

function stopTyping(key, userid) {
  const now = typing.peek().get(key);
  if (!now || (userid && now.userid !== userid)) return;
  const next = new Map(typing.peek());
  next.delete(key);
  typing.value = next;
}

/** Tells the other side that something is being written, at most once in 3 s. */
export function sendTyping(kind, dstid) {
  const key = keyOf(kind, dstid);
  if (Date.now() - (typingSent.get(key) ?? 0) < TYPING_EVERY) return;
  if (socket?.send({ cmd: CMD.TYPING, kind, dstid })) typingSent.set(key, Date.now());
}

/** Says that everything up to seq has been seen on this screen. */
export function markRead(kind, dstid, seq) {
  const key = keyOf(kind, dstid);
  const row = rowNow(kind, dstid);
  if (seq <= Math.max(readUpTo.get(key) ?? 0, row?.readseq ?? 0)) return;
  readUpTo.set(key, seq);
  socket?.send({ cmd: CMD.READ, kind, dstid, seq });
  if (!row) return;
  const left = timelines.get(key)?.rows.filter((m) => isPost(m) && m.seq > seq && m.userid !== me.peek().id).length ?? row.unread;
  patchRow(kind, dstid, { readseq: seq, unread: Math.min(row.unread, left), mentioned: left > 0 && row.mentioned });
}

/** Writes a message: it goes through the outbox and its cid is given back. */
export function send(kind, dstid, message) {
  stopTyping(keyOf(kind, dstid));
  typingSent.delete(keyOf(kind, dstid));
  return outbox.peek().add({ ...message, kind, dstid });
}

/** Sends a change (recall, edit, react) and resolves when it is stored; such a thing is not queued. */
export function act(frame) {
  const cid = newCID();
  const sent = { ...frame, cid };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(cid);
      reject({ code: 'timeout' });
    }, REQUEST_TIMEOUT);
    waiting.set(cid, { sent, resolve, reject, timer });
    if (socket?.send(sent)) return;
    clearTimeout(timer);
    waiting.delete(cid);
    reject({ code: 'network' });
  });
}

function answer(m) {
  const job = m.cid ? waiting.get(m.cid) : undefined;
  if (!job) return false;
  waiting.delete(m.cid);
  clearTimeout(job.timer);
  if (m.cmd === CMD.ERROR) {
    job.reject({ code: m.error, message: m.msg });
    return true;
  }
  const { cid, ...change } = job.sent;
  if (m.seq) arrived({ ...change, userid: me.peek().id, seq: m.seq, at: m.at, id: m.id });
  job.resolve(m);
  return true;
}

/** Connects at once instead of at `connection.retryAt`. */
export const retryNow = () => socket?.retryNow();

/** Ends the line, as before logging out. */
export const stop = () => socket?.stop();

/** Takes the line up again where it was stopped. */
export const resume = () => socket?.start();
