// The outbox as a tab sees it that does not lead: it shows what the leader's
// holds, keeps on disk what is written here and has the leader send it.
import { batch } from '../../vendor/signals-core.js';
import { Outbox } from './outbox.js';
import { keyOf, newCID } from './wire.js';

export class Mirror extends Outbox {
  /** @param {any} deps the outbox's, and ask: (method, ...args) => Promise, which has the leader's outbox do it */
  constructor(deps) {
    super(deps);
    this.ask = deps.ask;
    /** cids of what the leader has not taken over yet */
    this.own = new Set();
  }

  /** What the leader's outbox holds. */
  take(entries) {
    batch(() => {
      const mine = [...this.entries()].filter((e) => this.own.has(e.cid) && !entries.some((other) => other.cid === e.cid));
      const lanes = new Map();
      for (const entry of [...entries, ...mine].sort((a, b) => a.order - b.order)) {
        this.order = Math.max(this.order, entry.order);
        const key = keyOf(entry.kind, entry.dstid);
        lanes.set(key, [...(lanes.get(key) ?? []), entry]);
      }
      this.lanes.value = lanes;
    });
  }

  async add(message) {
    const cid = message.cid ?? newCID();
    this.own.add(cid); // before it is kept: what the leader holds meanwhile must not take it away
    await super.add({ ...message, cid });
    const entry = this.find(cid);
    if (!entry) return cid;
    this.ask('adopt', entry).then(() => this.own.delete(cid));
    return cid;
  }

  ack(m) {
    this.own.delete(m.cid);
    return super.ack(m);
  }

  retry(cid) {
    this.ask('retry', cid);
  }

  rewrite(cid, change) {
    return this.ask('rewrite', cid, change);
  }

  cancel(cid) {
    super.cancel(cid);
    this.own.delete(cid);
    this.ask('cancel', cid);
  }

  resume() {
    this.up = true;
  }

  interrupt() {
    this.up = false;
  }

  /** Only the leader sends. */
  step() {}

  fail() {
    return false;
  }
}
