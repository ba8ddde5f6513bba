// The line to the server, which the tabs of one person in this browser share. The
// tab that leads holds the socket; the others hear what it hears and send through
// it. Where a browser has no locks, as on plain HTTP, each tab leads itself.
import { signal } from '../../vendor/signals-core.js';
import { Socket, stats } from './socket.js';
import { CMD, newCID } from './wire.js';

const SUSPECT = 2500; // ms in which a busy leader answers too; one that does not is asleep
const LOOK = 5000;
const PATIENCE = 10000;

export class Line {
  /**
   * @param {string} name of the person's own
   * @param {{frame: (m: any) => void, state: (s: any) => void, check: () => Promise<boolean>, nodes: any, lead: () => Promise<void>, follow: () => Promise<void>,
   *   box: (entries: any[]) => void, entries: () => any[], call: (method: string, args: any[]) => any, word: (w: any) => void}} on
   */
  constructor(name, on) {
    this.name = name;
    this.on = on;
    this.id = newCID();
    this.leading = signal(false);
    this.turn = 0;
    this.asked = new Map(); // cid → a frame that waits for its ack
    this.calls = new Map(); // number → what the leader was asked to do
    this.number = 0;
    this.stopped = false;
    this.now = { state: 'connecting' };
  }

  start() {
    if (!navigator.locks || !globalThis.BroadcastChannel) {
      this.lead();
      return;
    }
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = (e) => this.hear(e.data);
    addEventListener('pagehide', () => this.yield());
    document.addEventListener('freeze', () => this.yield());
    for (const [target, type] of [[window, 'pageshow'], [document, 'resume']]) target.addEventListener(type, () => this.wake());
    document.addEventListener('visibilitychange', () => this.look());
    setInterval(() => this.look(), LOOK);
    this.stand({ ifAvailable: true });
  }

  /** Waits for the lead: the browser gives it to one tab, and to the next once that one is gone. */
  async stand(options) {
    const turn = ++this.turn;
    try {
      await navigator.locks.request(this.name, options, (lock) => {
        if (!lock || turn !== this.turn) return undefined;
        this.lead();
        return new Promise((resolve) => { this.release = resolve; });
      });
    } catch (error) {
      // Another tab found this one asleep and leads instead; or there are no locks to be had here.
      if (error.name !== 'AbortError') {
        this.lead();
        return;
      }
    }
    if (turn !== this.turn) return;
    this.stand({});
    this.drop();
    await this.on.follow();
    this.say('join');
  }

  async lead() {
    this.trust();
    this.leading.value = true;
    const socket = (this.socket = new Socket({ onframe: (m) => this.take(m), onstate: (s) => this.state(s), check: this.on.check, nodes: this.on.nodes }));
    await this.on.lead();
    if (this.socket !== socket) return;
    if (!this.stopped) socket.start();
    for (const job of this.calls.values()) job.resolve(this.on.call(...job.args));
    this.calls.clear();
    this.welcome();
  }

  /** Leads no longer. */
  drop() {
    this.leading.value = false;
    const { socket } = this;
    this.socket = null;
    if (!socket) return;
    socket.onframe = socket.onstate = () => {};
    socket.stop();
  }

  /** A page that is put to sleep leads nobody. */
  yield() {
    if (!this.channel) return;
    this.turn++;
    this.asleep = true;
    this.drop();
    this.release?.();
  }

  wake() {
    if (!this.asleep) return;
    this.asleep = false;
    this.stand({ ifAvailable: true });
  }

  /** A tab that people look at makes sure that somebody leads. */
  look() {
    if (document.hidden || this.asleep || this.leading.peek()) return;
    this.say('ping');
    this.expect();
  }

  expect() {
    this.doubt ??= setTimeout(() => {
      this.doubt = null;
      if (!this.leading.peek() && !this.asleep) this.stand({ steal: true });
    }, SUSPECT);
  }

  trust() {
    this.doubt = clearTimeout(this.doubt) ?? null;
  }

  say(what, body, to) {
    this.channel?.postMessage({ from: this.id, to, what, body });
  }

  hear({ from, to, what, body }) {
    if (to && to !== this.id) return;
    if (what === 'word') this.on.word(body);
    else if (this.leading.peek()) this.serve(what, body, from);
    else this.obey(what, body);
  }

  /** What the others want of the leader. */
  async serve(what, body, from) {
    switch (what) {
      case 'join': this.welcome(from); break;
      case 'ping': this.socket?.due(); this.say('pong', null, from); break;
      case 'send': this.socket?.send(body); break;
      case 'retry': this.socket?.retryNow(); break;
      case 'call': this.say('answer', { number: body.number, result: await this.on.call(...body.args) }, from); break;
    }
  }

  /** What the leader says. */
  obey(what, body) {
    if (['pong', 'answer', 'welcome', 'frame', 'state', 'box'].includes(what)) this.trust();
    switch (what) {
      case 'frame': this.receive(body); break;
      case 'state': this.state(body); break;
      case 'box': this.on.box(body); break;
      case 'answer':
        this.calls.get(body.number)?.resolve(body.result);
        this.calls.delete(body.number);
        break;
      case 'welcome':
        this.on.box(body.entries);
        for (const [number, { args }] of this.calls) this.say('call', { number, args });
        this.state(body.state);
        if (body.hello) this.receive(body.hello);
        break;
    }
  }

  welcome(to) {
    this.say('welcome', { state: this.now, hello: this.now.state === 'online' ? this.hello : null, entries: this.on.entries() }, to);
  }

  take(m) {
    this.say('frame', m);
    this.receive(m);
  }

  receive(m) {
    if (m.cmd === CMD.HELLO) {
      this.hello = m;
      for (const job of this.asked.values()) this.send(job.frame); // a resend is the same
    }
    const job = m.cid && (m.cmd === CMD.ACK || m.cmd === CMD.ERROR) ? this.asked.get(m.cid) : null;
    this.on.frame(m);
    if (job) this.settle(m.cid, () => (m.cmd === CMD.ACK ? job.resolve(m) : job.reject({ code: m.error, message: m.msg })));
  }

  state(now) {
    this.now = now;
    if (this.leading.peek()) this.say('state', now);
    if (!this.stopped) this.on.state(now);
  }

  /** Gives a frame to the line; false if there is none. */
  send(frame) {
    if (this.leading.peek()) return this.socket?.send(frame) ?? false;
    if (this.now.state !== 'online') return false;
    this.say('send', frame);
    return true;
  }

  /** Sends a frame with a cid and resolves with its ack. */
  ask(frame) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.settle(frame.cid, () => reject({ code: 'timeout' })), PATIENCE);
      this.asked.set(frame.cid, { frame, resolve, reject, timer });
      if (!this.send(frame)) this.settle(frame.cid, () => reject({ code: 'network' }));
      else if (!this.leading.peek()) this.look();
    });
  }

  settle(cid, done) {
    clearTimeout(this.asked.get(cid)?.timer);
    this.asked.delete(cid);
    done();
  }

  /** Has the leader do something with the outbox; where this tab comes to lead meanwhile, it does so itself. */
  call(...args) {
    if (this.leading.peek()) return Promise.resolve(this.on.call(...args));
    return new Promise((resolve) => {
      const number = ++this.number;
      this.calls.set(number, { args, resolve });
      this.say('call', { number, args });
      this.expect();
    });
  }

  /** What the leader's socket has seen; on demand it measures once more. */
  stats(measure) {
    if (measure) this.socket?.beat();
    return stats;
  }

  retryNow() {
    if (this.leading.peek()) this.socket?.retryNow();
    else {
      this.say('retry');
      this.look();
    }
  }

  lost(reason) {
    this.socket?.lost(reason);
  }

  stop() {
    this.stopped = true;
    this.socket?.stop();
  }

  resume() {
    this.stopped = false;
    if (this.socket) this.socket.start();
    else this.on.state(this.now);
  }
}
