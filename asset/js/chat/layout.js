// From messages to what the list shows: time chips, groups of one author, the
// unread line, status words. Pure data in and out.
import { CMD, isPost } from '../core/timeline.js';

const GAP = 5 * 60 * 1000;

/**
 * @param {any[]} rows messages by rising seq
 * @param {any[]} waiting entries of the outbox, in their order
 * @param {{me:number, kind:number, unreadFrom?:number, whole?:boolean, peerread?:number, peerdelivered?:number, receipts?:Map<number,any>}} view
 * unreadFrom is the seq after which messages were new when the conversation was opened; whole says that nothing precedes
 * the rows; receipts count the readers of own messages in a group.
 */
export function layout(rows, waiting, view) {
  const items = [];
  let previous = null;
  let unreadShown = !view.unreadFrom && view.unreadFrom !== 0;
  let inSight = view.whole; // where what is new begins, if the rows reach so far back
  const add = (m, entry) => {
    const own = entry ? true : m.userid === view.me;
    const at = m.at ?? 0;
    const quiet = m.cmd === CMD.EVENT || !!m.ext?.recalled;
    let apart = !previous || at - previous.at > GAP;
    if (apart && at) items.push({ type: 'time', key: `t${entry ? entry.cid : m.seq}`, at });
    inSight ||= m.seq <= view.unreadFrom;
    if (!unreadShown && inSight && !own && !entry && isPost(m) && m.seq > view.unreadFrom) {
      items.push({ type: 'unread', key: 'unread' });
      unreadShown = apart = true;
    }
    const author = own ? view.me : m.userid;
    const joins = !apart && !quiet && previous.author === author;
    const item = {
      // The cid is the same before and after the message is stored, so that its element stays.
      type: quiet ? 'note' : 'message', key: own && m.cid ? `c${m.cid}` : `m${m.seq}`,
      m, entry, own, author, head: !joins, named: !joins && !own && view.kind === CMD.ROOM, status: '',
    };
    item.status = own && !quiet ? statusOf(item, view) : '';
    item.receipt = item.status === 'sent' ? view.receipts?.get(m.seq) : undefined;
    items.push(item);
    previous = quiet ? { at, author: null } : { at, author };
  };
  for (const m of rows) add(m, null);
  for (const entry of waiting) add(entry, entry);
  return spoken(items);
}

/** waiting, uploading, failed, sent, delivered, read. */
function statusOf({ m, entry }, view) {
  if (!entry) return m.seq <= (view.peerread ?? 0) ? 'read' : m.seq <= (view.peerdelivered ?? 0) ? 'delivered' : 'sent';
  if (entry.state === 'failed' || entry.state === 'uploading') return entry.state;
  return 'waiting';
}

/** A status in words stands under the last of own messages in a row; a clock and a fault at each. */
function spoken(items) {
  let next = null;
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item.type !== 'message') {
      if (item.type !== 'time') next = null;
      continue;
    }
    item.word = item.own && ['sent', 'delivered', 'read'].includes(item.status) && !(next?.own && !next.head && alike(next, item));
    next = item;
  }
  return items;
}

const alike = (a, b) => a.status === b.status && a.receipt?.read === b.receipt?.read && a.receipt?.of === b.receipt?.of;
