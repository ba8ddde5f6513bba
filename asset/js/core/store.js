// The store: what views ask, what people do, and the line and the outbox behind
// it. What arrives is merged by seq in arrivals.js; what is known is in state.js.
import { batch, computed, effect, signal } from '../../vendor/signals-core.js';
import { post } from './api.js';
import { arrive, stored } from './arrivals.js';
import { restoreDrafts } from './drafts.js';
import { CMD, isPost, keyOf, newCID } from './wire.js';
import { asOf, connection, conversations, current, me, outbox, patchRow, readUpTo, refresh, rowNow, stopTyping, take, timeline, timelines, unmute } from './state.js';
import './timeline.js';

export { mentionsMe, onLive } from './arrivals.js';
export * from './drafts.js';
export * from './state.js';

const TYPING_EVERY = 3000;
/** Whose client this browser was last; nobody's after a sign-out. */
export const LAST = 'hy-last';
const LATER = 1500; // what may wait for the first paint

const typingSent = new Map();
const framesOf = new Map();
/** What each hello is followed by: the page has brought it, but of what changed since then nobody has heard. */
const LISTS = ['contacts', 'groups', 'requests'];
let begun = false;
let live = null; // live.js, once it is here
let unwatch = () => {};
let uploader = null;
let epoch = '';
let watching = null;
let muteTimer = 0;

/** What this device keeps of the person, once it is open. */
export const database = signal(null);
const line = signal(/** @type {import('./line.js').Line|null} */ (null));

/** Whether this tab holds the line for all tabs of this browser: what is to happen once, such as a sound, happens here. */
export const leading = computed(() => line.value?.leading.value ?? false);

/** The name of what this device keeps for a person; nobody else's is ever opened. */
export const databaseOf = (id) => `hongyan-${id}`;

/**
 * Starts the client with what the page brought: any of {me, conversations, contacts, groups, requests}. That can be read and
 * written in at once; what keeps and sends comes once the first screen has been `drawn`.
 */
export async function start(boot = {}, drawn = Promise.resolve()) {
  if (begun) return;
  begun = true;
  take(boot);
  if (boot.me) await drawn;
  live = await bring();
  const db = (database.value = boot.me ? await live.openDatabase(databaseOf(boot.me.id)) : await recall());
  try {
    localStorage.setItem(LAST, me.peek().id);
  } catch { /* a forbidden storage: there will be nothing to read without a network */ }
  timelines.kept = async (key) => (await import('./cache.js')).rowsOf(db, key);
  restoreDrafts();
  conversations.subscribe(followMutes);
  line.value = new live.Line(databaseOf(me.peek().id), {
    frame: receive, state: connected, check: stillSignedIn, nodes: nodesOf(boot), lead, follow, word: heard,
    box: (entries) => outbox.peek()?.take?.(entries), entries: () => [...(outbox.peek()?.entries() ?? [])],
    call: (method, ...args) => (method === 'stats' ? line.peek() : outbox.peek())?.[method](...args),
  });
  line.peek().start();
}

/** Fetches what there is no line without, until it comes. A browser may hold on to the failure of an address, hence another each time. */
async function bring() {
  for (let n = 0; ; n++) {
    try {
      return await (n ? import(`./live.js?${n}`) : import('./live.js'));
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, Math.min(30, 2 ** n) * 1000); });
    }
  }
}

/** The addresses of the nodes that the page may connect to besides its own site, if there are any. */
const nodesOf = ({ nodes }) => (nodes ? import('./nodes.js').then((m) => new m.Nodes(nodes), () => null) : null);

/** What tells authors that their words are here, and what keeps them for later; tried again with the next hello. */
function keepWatch() {
  watching ??= Promise.all([import('./cache.js'), import('./delivered.js')]).then(([cache]) => cache.keep(database.peek()), () => { watching = null; });
}

const boxDeps = () => ({
  db: database.peek(),
  send: (frame) => line.peek().send(frame),
  upload: async (...args) => (uploader ??= (await import('./media.js')).uploadEntry)(...args),
  acked: stored,
  silent: () => line.peek().lost('silent'),
});

/** This tab leads: it sends what any tab wrote, also those that were closed. */
async function lead() {
  const box = new live.Outbox(boxDeps());
  const before = outbox.peek();
  await box.load();
  for (const entry of before?.entries() ?? []) box.adopt({ ...entry, state: entry.state === 'failed' ? 'failed' : 'waiting', saving: false });
  unwatch();
  outbox.value = box;
  unwatch = effect(() => {
    const entries = [...box.lanes.value.values()].flat();
    line.peek()?.say('box', entries);
  });
}

/** Another tab leads. */
async function follow() {
  unwatch();
  outbox.peek()?.stop();
  const { Mirror } = await import('./mirror.js');
  outbox.value = new Mirror({ ...boxDeps(), ask: (...args) => line.peek().call(...args) });
}

/** What another tab of this browser says: what it sent or read, and that its person signs out. */
function heard(word) {
  if (word.frame) receive(word.frame);
  if (word.left) {
    outbox.peek()?.stop();
    try {
      sessionStorage.clear();
    } catch { /* a forbidden storage holds nothing */ }
    location.assign('/user/login.shtml');
  }
  const { row } = word;
  if (!row || row.readseq <= (rowNow(row.kind, row.dstid)?.readseq ?? 0)) return;
  readUpTo.set(keyOf(row.kind, row.dstid), row.readseq);
  patchRow(row.kind, row.dstid, row);
}

/** Tells the other tabs that this person signs out. */
export const farewell = () => line.peek()?.say('word', { left: true });

/** Without a page of the server's: who was here last, and what this device kept for them. */
async function recall() {
  const last = Number(localStorage.getItem(LAST));
  const db = last ? await live.openDatabase(databaseOf(last)) : null;
  const kept = db && await (await import('./cache.js')).lists(db);
  if (kept?.me) {
    take(kept);
    asOf.value = kept.at;
    return db;
  }
  me.value = (await post('/user/me', {})).data;
  return live.openDatabase(databaseOf(me.peek().id));
}

/** Mutes for a while end here when they end on the server. */
function followMutes() {
  clearTimeout(muteTimer);
  const next = unmute();
  if (next) muteTimer = setTimeout(followMutes, Math.min(next - Date.now(), 0x7fffffff));
}

/** Changes the reader's own settings of a conversation: {pinned, muted, mutefor, archived, unread}. */
export async function settings(kind, dstid, change) {
  const { data } = await post('/message/settings', { kind, dstid, ...change });
  const { pinned, muted, mutedtill, archived, marked } = data;
  if (!patchRow(kind, dstid, { pinned, muted, mutedtill, archived, marked })) await refresh('conversations');
}

/** Opens a conversation in the chat pane. */
export async function open(kind, dstid) {
  const now = current.peek();
  if (now?.kind !== kind || now?.dstid !== dstid) {
    current.value = { kind, dstid };
    if (rowNow(kind, dstid)?.marked) settings(kind, dstid, { unread: false }).catch(() => {}); // the mark stays, that is all
  }
  await timeline(kind, dstid).ensure();
}

export function close() {
  current.value = null;
}

/** What of a timeline is fetched: its newest page unless it is there, one older page, what followed the last seq known. */
export const ensure = (line) => line.ensure();
export const loadOlder = (line) => line.loadOlder();
export const catchUp = (line) => line.catchUp();

/** Entries of the outbox that belong under a conversation's timeline. */
export const pending = (kind, dstid) => outbox.value?.lane(keyOf(kind, dstid)) ?? [];

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
  if (m.userid && m.userid !== me.peek().id) location.reload(); // another has signed in meanwhile
  asOf.value = 0;
  if (epoch && m.ext?.epoch && m.ext.epoch !== epoch) for (const line of timelines.all.values()) line.reset();
  epoch = m.ext?.epoch ?? epoch;
  outbox.peek()?.resume();
  for (const [key, seq] of readUpTo) { // what was read before there was a line, or as it broke
    const [kind, dstid] = key.split(':').map(Number);
    line.peek().send({ cmd: CMD.READ, kind, dstid, seq });
  }
  await refresh('conversations').catch(() => {});
  const now = current.peek();
  if (now) open(now.kind, now.dstid);
  for (const name of LISTS) refresh(name);
  setTimeout(keepWatch, LATER);
}

/** Lets a view hear the frames of a command; gives back what ends it. */
export function onFrame(cmd, listener) {
  if (!framesOf.has(cmd)) framesOf.set(cmd, new Set());
  framesOf.get(cmd).add(listener);
  return () => framesOf.get(cmd).delete(listener);
}

/** Gives a frame to the line as it is; false if there is none. */
export const sendFrame = (frame) => line.peek()?.send(frame) ?? false;

function receive(m) {
  batch(() => (m.cmd === CMD.HELLO ? hello(m) : arrive(m)));
  for (const listener of framesOf.get(m.cmd) ?? []) listener(m);
}

/** Tells the other side that something is being written, at most once in 3 s. */
export function sendTyping(kind, dstid) {
  const key = keyOf(kind, dstid);
  if (Date.now() - (typingSent.get(key) ?? 0) < TYPING_EVERY) return;
  if (line.peek()?.send({ cmd: CMD.TYPING, kind, dstid })) typingSent.set(key, Date.now());
}

/** Says that everything up to seq has been seen on this screen. */
export function markRead(kind, dstid, seq) {
  const key = keyOf(kind, dstid);
  const row = rowNow(kind, dstid);
  if (seq <= Math.max(readUpTo.get(key) ?? 0, row?.readseq ?? 0)) return;
  readUpTo.set(key, seq);
  line.peek()?.send({ cmd: CMD.READ, kind, dstid, seq });
  if (!row) return;
  const rows = timelines.all.get(key)?.rows;
  const left = seq >= row.lastseq ? 0 : rows?.filter((m) => isPost(m) && m.seq > seq && m.userid !== me.peek().id).length ?? row.unread;
  const change = { readseq: seq, unread: Math.min(row.unread, left), mentioned: left > 0 && row.mentioned };
  patchRow(kind, dstid, change);
  line.peek()?.say('word', { row: { kind, dstid, ...change } });
}

/** Writes a message: it goes through the outbox, and once it is kept its cid is given back. */
export function send(kind, dstid, message) {
  stopTyping(keyOf(kind, dstid));
  typingSent.delete(keyOf(kind, dstid));
  const add = (box) => box.add({ ...message, kind, dstid });
  return outbox.peek() ? add(outbox.peek()) : someOutbox().then(add);
}

/** The outbox, which comes a moment after the first screen. */
const someOutbox = () => new Promise((resolve) => {
  const stop = outbox.subscribe((box) => box && queueMicrotask(() => { stop(); resolve(box); }));
});

/** Sends a change (recall, edit, react) and resolves when it is stored; such a thing is not queued. */
export async function act(frame) {
  if (!line.peek()) throw { code: 'network' }; // eslint-disable-line no-throw-literal -- a code like those of the line
  const ack = await line.peek().ask({ ...frame, cid: newCID() });
  if (ack.seq) {
    const m = { ...frame, userid: me.peek().id, seq: ack.seq, at: ack.at, id: ack.id };
    receive(m);
    line.peek().say('word', { frame: m });
  }
  return ack;
}

/** What the socket of this browser has seen, wherever it is; `measure` has it ask for one more round trip. */
export const inspect = async (measure = false) => line.peek()?.call('stats', measure);

/** Connects at once instead of at `connection.retryAt`. */
export const retryNow = () => line.peek()?.retryNow();

/** Ends the line, as before logging out. */
export const stop = () => line.peek()?.stop();

/** Takes the line up again where it was stopped. */
export const resume = () => line.peek()?.resume();
