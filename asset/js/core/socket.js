// The line to /chat: one WebSocket, kept up. It carries frames; what comes in goes to
// `onframe`, what it is doing to `onstate`.
import { CMD } from './wire.js';

const PACE = { first: 1000, most: 30000, factor: 2, jitter: 0.5 };
const OPEN_TIMEOUT = 15000;
const ANSWER_TIMEOUT = 10000;
// A line that lasted this long was good: the next loss starts with short delays again.
const STABLE_AFTER = 10000;

/** What this tab's sockets have seen, for who looks into the connection: the last round trips in ms, when a message of ours
 * was acknowledged last, how far this clock is ahead of the server's, what hello said, and the last loss. */
export const stats = { rtt: [], ack: 0, skew: 0, hello: null, lost: null };
const TRIPS = 20;

/** Whether a close code asks us to stay away. */
export const isFinal = (code) => code >= 4000 && code <= 4007;

/** The delay before attempt n (0, 1, …): exponential, spread over its later part so that a crowd does not come at once. */
export function backoff(n, random = Math.random, { first, most, factor, jitter } = PACE) {
  const top = Math.min(most, first * factor ** n);
  return Math.round(top * (1 - jitter) + random() * top * jitter);
}

export class Socket {
  /** @param {{onframe:(m:any)=>void,onstate:(s:any)=>void,check?:()=>Promise<boolean>,nodes?:any}} handlers
   * check tells, after a connection that never opened, whether we are still signed in; nodes, where there are several,
   * a promise of the addresses (nodes.js). */
  constructor({ onframe, onstate, check, nodes }) {
    this.onframe = onframe;
    this.onstate = onstate;
    this.check = check;
    this.found = nodes;
    this.nodes = null; // once it is there
    this.attempt = 0;
    this.ready = false;
    this.stopped = true;
    this.url = '';
    this.timers = { heart: 0, answer: 0, retry: 0, open: 0 };
  }

  start() {
    if (!this.stopped) return;
    this.stopped = false;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    addEventListener('online', () => this.retryNow(), { signal });
    addEventListener('offline', () => this.lost('offline'), { signal });
    addEventListener('pageshow', () => this.wake(), { signal });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.wake();
    }, { signal });
    this.connect();
  }

  stop(reason = 'stopped') {
    this.stopped = true;
    this.listeners?.abort();
    this.drop();
    this.state('offline', reason);
  }

  /** After sleep a line may be dead without knowing it: ask at once. */
  wake() {
    if (this.stopped) return;
    if (this.ready) this.beat();
    else this.retryNow();
  }

  retryNow() {
    if (this.stopped || this.ready) return;
    // An attempt that hangs must not stand in the way of a network that is back.
    this.attempt = 0;
    this.drop();
    this.connect();
  }

  state(state, reason = '', retryAt = 0) {
    if (state === 'offline' && this.up) stats.lost = { reason, at: Date.now() };
    if (state !== 'connecting') this.up = state === 'online';
    this.onstate({ state, reason, retryAt, since: Date.now() });
  }

  drop() {
    this.turn = null;
    for (const name of Object.keys(this.timers)) clearTimeout(this.timers[name]);
    this.ready = false;
    const ws = this.ws;
    this.ws = null;
    if (!ws) return;
    ws.onopen = ws.onmessage = ws.onclose = ws.onerror = null;
    ws.close();
  }

  connect() {
    clearTimeout(this.timers.retry);
    this.state('connecting', this.attempt === 0 ? '' : 'retry');
    if (this.found) this.choose();
    else this.open('/chat');
  }

  /** Connects to one of several nodes. */
  async choose() {
    const turn = (this.turn = {}); // over when something else happened meanwhile
    this.nodes ??= await this.found;
    const at = (await this.nodes?.next(this.url)) ?? { url: '/chat' };
    if (this.turn === turn) this.open(at.url, at.patience);
  }

  open(address, patience = OPEN_TIMEOUT) {
    const url = new URL(address, location.href);
    url.protocol = url.protocol.replace(/^http/, 'ws');
    let ws;
    try {
      ws = new WebSocket(url);
    } catch {
      this.again('refused');
      return;
    }
    this.ws = ws;
    this.url = '';
    this.timers.open = setTimeout(() => this.lost('timeout'), patience);
    ws.onmessage = (event) => this.receive(event.data);
    ws.onclose = (event) => this.closed(event);
  }

  receive(data) {
    clearTimeout(this.timers.answer);
    let m;
    try {
      m = JSON.parse(data);
    } catch {
      return;
    }
    if (m === null || typeof m !== 'object') return;
    switch (m.cmd) {
      case CMD.HEART:
        this.trip(m);
        return;
      case CMD.ACK:
        stats.ack = Date.now();
        m.node = stats.hello?.node; // whose word it is
        break;
      case CMD.HELLO:
        this.hello(m);
        break;
      case CMD.MOVE:
        this.move(m);
        return;
    }
    this.onframe(m);
  }

  hello(m) {
    clearTimeout(this.timers.open);
    this.nodes?.arrived();
    this.ready = true;
    this.sentAt = 0;
    Object.assign(stats, { hello: m.ext, skew: m.at ? Date.now() - m.at : 0 });
    this.openedAt = Date.now();
    this.interval = Math.max(5, m.amount || 30) * 1000;
    this.schedule();
    this.state('online');
  }

  schedule() {
    clearTimeout(this.timers.heart);
    this.beatAt = Date.now() + this.interval;
    this.timers.heart = setTimeout(() => this.beat(), this.interval);
  }

  /** Makes up for timers that a page out of sight gets late. */
  due() {
    if (this.ready && Date.now() > this.beatAt) this.beat();
  }

  beat() {
    if (!this.ready) return;
    this.sentAt ||= performance.now();
    this.send({ cmd: CMD.HEART });
    clearTimeout(this.timers.answer);
    this.timers.answer = setTimeout(() => this.lost('silent'), ANSWER_TIMEOUT);
    this.schedule();
  }

  /** A heartbeat is answered. */
  trip(m) {
    if (!this.sentAt) return;
    const took = performance.now() - this.sentAt;
    this.sentAt = 0;
    stats.rtt = [...stats.rtt, took].slice(-TRIPS);
    if (m.at) stats.skew = Date.now() - took / 2 - m.at;
  }

  move(m) {
    this.url = URL.parse?.(m.url)?.origin ?? '';
    this.nodes?.forget();
    const within = Math.max(0, m.amount || 0);
    this.timers.retry = setTimeout(() => {
      this.drop();
      this.connect();
    }, Math.random() * within);
  }

  /** Gives a frame to the line; false if there is none. */
  send(frame) {
    if (!this.ready || this.ws?.readyState !== WebSocket.OPEN) return false;
    this.ws.send(JSON.stringify(frame));
    return true;
  }

  async closed(event) {
    const opened = this.ready;
    this.drop();
    if (isFinal(event.code)) {
      this.stop(event.code === 4001 ? 'session' : event.code === 4002 ? 'elsewhere' : `closed ${event.code}`);
      return;
    }
    if (!opened && this.nodes?.more) {
      this.connect();
      return;
    }
    // The browser does not tell a refused handshake from a dead network.
    if (!opened && this.check && navigator.onLine && !(await this.check())) {
      this.stop('session');
      return;
    }
    if (this.stopped || this.ws) return;
    this.again(opened ? 'lost' : 'unreachable');
  }

  lost(reason) {
    if (this.stopped) return;
    const next = reason === 'timeout' && this.nodes?.more;
    this.drop();
    if (next) this.connect();
    else this.again(reason);
  }

  again(reason) {
    if (this.openedAt && Date.now() - this.openedAt > STABLE_AFTER) this.attempt = 0;
    this.openedAt = 0;
    const delay = backoff(this.attempt++, Math.random, this.nodes?.pace);
    this.timers.retry = setTimeout(() => this.connect(), delay);
    this.state('offline', reason, Date.now() + delay);
  }
}
