// Tells the server what has reached this device: at most once a second and
// conversation, and never what was told as read. Authors see it as "delivered".
import { effect } from '../../vendor/signals-core.js';
import { CMD, keyOf } from './wire.js';
import { connection, conversations, groups, me, readUpTo, rules } from './state.js';
import { leading, sendFrame } from './store.js';

const EVERY = 1000;
/** In larger groups nobody is told: each member's word would cost all the others'. */
const CROWD = 200;

const told = new Map();
let timer = 0;

/** What a conversation's author should learn of: the newest message of another's that was not read here. */
function owed(row) {
  if (row.kind !== CMD.SINGLE && row.kind !== CMD.ROOM) return 0;
  const key = keyOf(row.kind, row.dstid);
  const known = Math.max(told.get(key) ?? 0, row.readseq, readUpTo.get(key) ?? 0);
  if (row.lastseq <= known || !row.unread || row.last?.userid === me.peek()?.id) return 0;
  if (row.kind === CMD.ROOM && (groups.peek().find((group) => group.id === row.dstid)?.size ?? 0) > CROWD) return 0;
  return row.lastseq;
}

function tell() {
  timer = 0;
  if (connection.peek().state !== 'online') return;
  for (const row of conversations.peek()) {
    const seq = owed(row);
    if (seq && sendFrame({ cmd: CMD.ACK, kind: row.kind, dstid: row.dstid, seq })) told.set(keyOf(row.kind, row.dstid), seq);
  }
}

effect(() => {
  if (connection.value.state !== 'online' || timer || !leading.value || !rules.receipts) return;
  if (conversations.value.some(owed)) timer = setTimeout(tell, EVERY);
});
