// What was written and is not yet stored by the server. It survives a reload,
// keeps the order of each conversation and never changes a message's cid, so
// that sending twice is the same as sending once.
import { batch, signal } from '../../vendor/signals-core.js';
import { backoff } from './socket.js';
import { keyOf, newCID } from './wire.js';

const ACK_TIMEOUT = 15000;
const DISK_TIMEOUT = 5000;
const MAX_INTERNAL = 3;
const LATE = 60000; // what leaves this long after it was written says when that was
const RETRYABLE = new Set(['network', 'offline', 'timeout', 'unavailable', 'rate_limited']);

const FIELDS = ['media', 'content', 'pic', 'url', 'memo', 'amount', 'ref', 'ext'];

/** The frame of an entry: nothing but what the wire knows. */
export function frameOf(entry) {
  const frame = { cmd: entry.kind, dstid: entry.dstid, cid: entry.cid };
  for (const name of FIELDS) {
    if (entry[name] !== undefined && entry[name] !== null && entry[name] !== '') frame[name] = entry[name];
  }
  return frame;
}

export class Outbox {
  /**
   * @param {{db:any, send:(frame:any)=>boolean, upload:(entry:any, progress:(p:number)=>void, abort:AbortSignal, note:(known:object)=>Promise<void>)=>Promise<object>,
   *   acked:(entry:any, ack:any)=>void, silent:()=>void, patience?:number}} deps
   */
  constructor({ db, send, upload, acked, silent, patience = ACK_TIMEOUT }) {
    this.db = db;
    this.send = send;
    this.upload = upload;
    this.acked = acked;
    this.silent = silent;
    this.patience = patience;
    this.stopped = false;
    /** Map key → entries in the order of writing */
    this.lanes = signal(new Map());
    this.persistent = signal(db.persistent);
    this.order = 0;
    this.timers = new Map();
    /** Whether the line is there: what is written while it is leaves at once */
    this.up = false;
    /** Map cid → the timer of the attempt under way */
    this.answers = new Map();
    this.uploads = new Map();
  }

  /** Takes up what an earlier page left behind. */
  async load() {
    const kept = await this.db.all('outbox').catch(() => []);
    kept.sort((a, b) => a.order - b.order);
    const known = new Set([...this.entries()].map((e) => e.cid));
    for (const entry of kept) {
      this.order = Math.max(this.order, entry.order);
      if (!known.has(entry.cid)) this.place({ ...entry, state: entry.state === 'failed' ? 'failed' : 'waiting' });
    }
  }

  *entries() {
    for (const lane of this.lanes.peek().values()) yield* lane;
  }

  lane(key) {
    return this.lanes.value.get(key) ?? [];
  }

  find(cid) {
    for (const entry of this.entries()) if (entry.cid === cid) return entry;
    return undefined;
  }

  place(entry) {
    const key = keyOf(entry.kind, entry.dstid);
    const lanes = new Map(this.lanes.peek());
    const lane = (lanes.get(key) ?? []).filter((e) => e.cid !== entry.cid);
    lane.push(entry);
    lane.sort((a, b) => a.order - b.order);
    lanes.set(key, lane);
    this.lanes.value = lanes;
  }

  /** Changes an entry; entries are replaced, never written to, so that views see it. */
  update(cid, change) {
    const entry = this.find(cid);
    if (!entry) return undefined;
    const next = { ...entry, ...change };
    if (next.state !== 'sending') this.answered(cid);
    this.place(next);
    return next;
  }

  async keep(entry) {
    if (this.stopped) return;
    const { progress, sentAt, ...kept } = entry;
    try {
      // A tab that was put to sleep in the middle of a write holds up all the others: what was written must leave all the same.
      await Promise.race([this.db.put('outbox', entry.cid, kept), new Promise((_, reject) => { setTimeout(reject, DISK_TIMEOUT); })]);
    } catch {
      this.persistent.value = false;
    }
  }

  /** Adds a message: {kind, dstid, media, …, file?, poster?}. It is on disk before it is first sent. */
  async add(message) {
    const entry = { ...message, cid: message.cid ?? newCID(), at: Date.now(), order: ++this.order, state: 'waiting', attempts: 0, saving: true, left: this.up && !message.heldUntil };
    this.place(entry);
    await this.keep({ ...entry, saving: false });
    this.update(entry.cid, { saving: false });
    this.step(keyOf(entry.kind, entry.dstid));
    return entry.cid;
  }

  /** Takes over what another tab wrote and kept. */
  adopt(entry) {
    if (this.find(entry.cid)) return;
    this.order = Math.max(this.order, entry.order);
    this.place(entry);
    this.step(keyOf(entry.kind, entry.dstid));
  }

  kick() {
    for (const key of this.lanes.peek().keys()) this.step(key);
  }

  /** Tries everything again now: the line is back. */
  resume() {
    this.up = true;
    for (const entry of [...this.entries()]) {
      if (entry.state === 'sending') this.update(entry.cid, { state: 'waiting' });
      else if (entry.state === 'waiting') this.update(entry.cid, { nextAt: 0 });
    }
    this.kick();
  }

  /** The line is gone: what was under way may or may not have arrived, and will be sent again. */
  interrupt() {
    this.up = false;
    for (const entry of [...this.entries()]) {
      if (entry.state === 'sending') this.update(entry.cid, { state: 'waiting' });
    }
  }

  step(key) {
    if (this.stopped) return;
    const head = (this.lanes.peek().get(key) ?? []).find((e) => e.state !== 'failed');
    if (!head || head.saving || head.state !== 'waiting') return;
    const wait = Math.max(head.nextAt ?? 0, head.heldUntil ?? 0) - Date.now();
    if (wait > 0) {
      this.later(key, wait);
      return;
    }
    if (head.file && !head.url) {
      this.push(head);
      return;
    }
    if (!head.left && !head.ext?.written && Date.now() - head.at > LATE) this.date(head);
    else this.transmit(this.update(head.cid, { state: 'sending' }));
  }

  /** What leaves long after it was written says so. That is kept before it leaves: a resend is the same message. */
  async date(entry) {
    const next = this.update(entry.cid, { saving: true, ext: { ...entry.ext, written: entry.at } });
    await this.keep({ ...next, saving: false });
    this.update(entry.cid, { saving: false });
    this.step(keyOf(entry.kind, entry.dstid));
  }

  transmit(head) {
    if (!this.send(frameOf(head))) {
      this.update(head.cid, { state: 'waiting' });
      return;
    }
    if (!head.left) this.keep(this.update(head.cid, { left: true }));
    this.answered(head.cid);
    this.answers.set(head.cid, setTimeout(() => {
      this.answers.delete(head.cid);
      this.silent();
    }, this.patience));
  }

  /** The attempt is over: its timer must not judge the line by the next one. */
  answered(cid) {
    clearTimeout(this.answers.get(cid));
    this.answers.delete(cid);
  }

  /** Ends all that is under way; nothing is sent or written from now on. */
  stop() {
    this.stopped = true;
    for (const timer of [...this.timers.values(), ...this.answers.values()]) clearTimeout(timer);
    for (const abort of this.uploads.values()) abort.abort();
  }

  later(key, wait) {
    clearTimeout(this.timers.get(key));
    this.timers.set(key, setTimeout(() => this.step(key), wait));
  }

  async push(entry) {
    const abort = new AbortController();
    this.uploads.set(entry.cid, abort);
    this.update(entry.cid, { state: 'uploading', progress: 0 });
    try {
      const fields = await this.upload(entry, (progress) => this.update(entry.cid, { progress }), abort.signal, (known) => this.note(entry.cid, known));
      const next = this.update(entry.cid, { ...fields, state: 'waiting', attempts: 0 });
      if (next) await this.keep(next);
      this.step(keyOf(entry.kind, entry.dstid));
    } catch (error) {
      if (!abort.signal.aborted) this.fail(entry.cid, error.code ?? 'network', error.message ?? '', error.retryAfter);
    } finally {
      this.uploads.delete(entry.cid);
    }
  }

  /** Keeps what a later attempt at an upload goes on with. */
  async note(cid, known) {
    const next = this.update(cid, known);
    if (next) await this.keep(next);
  }

  /** The server stored it. */
  ack(m) {
    const entry = m.cid ? this.find(m.cid) : undefined;
    if (!entry) return false;
    batch(() => {
      this.remove(entry);
      this.acked(entry, m);
    });
    this.step(keyOf(entry.kind, entry.dstid));
    return true;
  }

  /** The server (or the way to it) said no. */
  fail(cid, code, msg, retryAfter) {
    const entry = this.find(cid);
    if (!entry) return false;
    const attempts = entry.attempts + 1;
    if (RETRYABLE.has(code) || (code === 'internal' && attempts < MAX_INTERNAL)) {
      const wait = retryAfter ? retryAfter * 1000 : backoff(attempts);
      this.update(cid, { state: 'waiting', attempts, nextAt: Date.now() + wait, error: code, msg });
      this.later(keyOf(entry.kind, entry.dstid), wait);
      return true;
    }
    const failed = this.update(cid, { state: 'failed', attempts, error: code, msg });
    this.keep(failed);
    this.step(keyOf(entry.kind, entry.dstid));
    return true;
  }

  retry(cid) {
    const next = this.update(cid, { state: 'waiting', attempts: 0, nextAt: 0, heldUntil: 0, error: undefined, msg: undefined });
    if (!next) return;
    this.keep(next);
    this.step(keyOf(next.kind, next.dstid));
  }

  /** Puts other words in an entry's place. They are another message with a cid of its own: null if the one there may have left already. */
  async rewrite(cid, change) {
    const entry = this.find(cid);
    if (!entry || (entry.left && entry.state !== 'failed')) return null;
    const next = { ...entry, ...change, cid: newCID(), state: 'waiting', attempts: 0, nextAt: 0, left: false, at: Date.now(), error: undefined, msg: undefined };
    if (next.ext) next.ext = { ...next.ext, written: undefined };
    this.update(cid, { saving: true }); // it stays while the other is being kept
    await this.keep(next);
    batch(() => {
      this.remove(entry);
      this.place(next);
    });
    this.step(keyOf(next.kind, next.dstid));
    return next.cid;
  }

  /** Takes an entry out: it was cancelled or deleted by its author. */
  cancel(cid) {
    const entry = this.find(cid);
    if (!entry) return;
    this.uploads.get(cid)?.abort();
    this.remove(entry);
    this.step(keyOf(entry.kind, entry.dstid));
  }

  remove(entry) {
    this.answered(entry.cid);
    const key = keyOf(entry.kind, entry.dstid);
    const lanes = new Map(this.lanes.peek());
    const lane = (lanes.get(key) ?? []).filter((e) => e.cid !== entry.cid);
    if (lane.length > 0) lanes.set(key, lane);
    else lanes.delete(key);
    this.lanes.value = lanes;
    this.db.remove('outbox', entry.cid).catch(() => {});
  }
}
