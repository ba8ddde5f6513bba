// What becomes of a frame that comes in: a message finds its place in its timeline
// and its row, a receipt its mark, an event has the lists fetched that it is about.
import { CMD, isPost, keyOf, kindOf, peerOf } from './wire.js';
import { end, forget, me, outbox, patchRow, present, refresh, rowNow, step, stopTyping, timelines, typed } from './state.js';

const listeners = new Set();

/** Lets a view hear of live messages (never of history): for sound, notification and the announcer. */
export function onLive(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Takes up a frame of the line, whatever it is about; what hello says is the store's. */
export function arrive(m) {
  switch (m.cmd) {
    case CMD.ACK: settle(m); return;
    case CMD.ERROR: outbox.peek()?.fail(m.cid, m.error, m.msg, m.amount); return;
    case CMD.RESYNC: resync(m); return;
    case CMD.READ: read(m); return;
    case CMD.TYPING: typed(m); return;
    case CMD.PRESENCE: present(m.userid, !!m.amount, m.at); return;
    case CMD.EVENT: event(m); break;
  }
  if (m.seq) arrived(m);
}

/** If m is a message of ours that still waits in the outbox, it waits no longer. */
function settle(m) {
  return m.cid && (m.cmd === CMD.ACK || m.userid === me.peek().id) ? outbox.peek()?.ack(m) ?? false : false;
}

timelines.settle = settle;

/** The outbox learnt that an entry is stored: it becomes a message like any other. */
export function stored(entry, ack) {
  const { file, poster, state, order, attempts, nextAt, progress, saving, error, msg, ...fields } = entry;
  arrived({ amount: 0, ...fields, cmd: entry.kind, userid: me.peek().id, id: ack.id, seq: ack.seq, at: ack.at, way: { written: entry.at, node: ack.node } });
}

function arrived(m) {
  if (m.cmd !== CMD.EVENT && settle(m)) return;
  const kind = kindOf(m);
  const dstid = peerOf(m, me.peek().id);
  const known = timelines.all.get(keyOf(kind, dstid));
  const row = rowNow(kind, dstid);
  const fresh = m.seq > Math.max(row?.lastseq ?? 0, 0);
  if (known?.live(m) === 'gap') known.catchUp();
  if (!row) {
    refresh('conversations');
  } else if (fresh) {
    const own = m.userid === me.peek().id;
    patchRow(kind, dstid, isPost(m)
      ? { lastseq: m.seq, last: m, archived: false, unread: own ? row.unread : row.unread + 1, mentioned: row.mentioned || mentionsMe(m) }
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

export function mentionsMe(m) {
  const list = m.ext?.mentions;
  return m.userid !== me.peek().id && (list === 'all' || (Array.isArray(list) && list.includes(me.peek().id)));
}

function resync(m) {
  const lines = m.dstid || m.kind ? [timelines.all.get(keyOf(m.kind, m.dstid ?? 0))] : timelines.all.values();
  for (const line of lines) {
    if (line?.loaded) line.catchUp();
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
    step('read', dstid, row.peerread ?? 0, m.seq, m.at);
    patchRow(m.kind, dstid, { peerread: m.seq });
  }
}

const EVENT_LISTS = {
  friend_request: ['requests'], friend_added: ['contacts', 'requests', 'conversations'], friend_removed: ['contacts', 'conversations'],
  group_request: ['requests'], group_joined: ['groups', 'requests', 'conversations'], group_left: ['groups', 'conversations'],
  group_changed: ['groups', 'conversations'], group_dismissed: ['groups', 'conversations'],
  profile_changed: ['contacts', 'me', 'conversations'], conversation_changed: ['conversations'], contact_changed: ['contacts', 'conversations', 'requests'],
};

function event(m) {
  if (m.content === 'group_dismissed') end(m.dstid, true);
  else if (m.content === 'group_left' && m.ext?.members?.includes(me.peek().id)) end(m.dstid, false);
  for (const name of EVENT_LISTS[m.content] ?? []) refresh(name);
  if (m.content === 'profile_changed') forget(m.userid ?? m.dstid);
}
