// The pinned messages of conversations: known from the server, kept in step by what the timeline tells.
import { signal } from '../../vendor/signals-core.js';
import { attempt } from './base.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD, keyOf, kindOf, peerOf } from '../core/timeline.js';

/** Rows of /message/pins by conversation, the last pinned first. */
const known = signal(new Map());
const asked = new Map();

/** What is pinned in a conversation, as far as it is known here; a view that asks is told of changes. */
export const pinsOf = (kind, dstid) => known.value.get(keyOf(kind, dstid)) ?? [];

/** Fetches what is pinned. Where that fails, what is known stays; the next opening asks anew. */
export function loadPins(kind, dstid) {
  const key = keyOf(kind, dstid);
  return store.oneMoreRun(asked, key, async () => {
    const { rows } = await post('/message/pins', { kind, dstid });
    known.value = new Map(known.peek()).set(key, rows);
  }).catch(() => {});
}

/** A pin, or a change of a message that is pinned. */
function follow(m) {
  const kind = kindOf(m);
  const dstid = peerOf(m, store.me.peek()?.id);
  const rows = known.peek().get(keyOf(kind, dstid));
  if (!rows) return; // nobody looked yet
  const pin = m.cmd === CMD.EVENT && m.content === 'pinned' && m.seq;
  const change = m.cmd !== CMD.EVENT && rows.some((row) => row.seq === m.ref);
  if (pin || change) loadPins(kind, dstid);
}

for (const cmd of [CMD.EVENT, CMD.RECALL, CMD.EDIT]) store.onFrame(cmd, follow);

/** Whether the reader may pin in a conversation. */
export function mayPin(kind, dstid) {
  if (kind !== CMD.ROOM) return kind === CMD.SINGLE;
  const role = store.groups.peek().find((group) => group.id === dstid)?.role;
  return role === 'owner' || role === 'admin';
}

/** Pins a message or takes it off. */
export const pin = (kind, dstid, seq, pinned) => attempt(async () => {
  await post('/message/pin', { kind, dstid, seq, pinned });
  await loadPins(kind, dstid);
});

const isPinned = (pane, m) => known.peek().get(keyOf(pane.kind, pane.dstid))?.some((row) => row.seq === m.seq) ?? false;
const pinnable = (pane, m) => m.seq > 0 && !m.ext?.recalled && mayPin(pane.kind, pane.dstid);

/** The menu's rows for a message: none where one may not pin. */
export const pinDeeds = [
  { icon: 'pin', label: 'pin.on', when: ({ pane, m }) => pinnable(pane, m) && !isPinned(pane, m), act: ({ pane, m }) => pin(pane.kind, pane.dstid, m.seq, true) },
  { icon: 'pin-off', label: 'pin.off', when: ({ pane, m }) => pinnable(pane, m) && isPinned(pane, m), act: ({ pane, m }) => pin(pane.kind, pane.dstid, m.seq, false) },
];
