// Where the line goes in a cluster whose nodes have addresses of their own: through
// the list of GET /dispatch, and to the page's own site last. Another node knows no
// cookie of this site: a ticket, good for one socket, opens the line there. What a
// page calls beside its line stays at its own site.
import { post } from './api.js';

const PATIENCE = 3000; // ms for an address while there are others
const ANSWER = 5000; // ms for a call of this site before the line does without

export class Nodes {
  /** @param {string[]} known origins that the page's policy lets it speak to
   * @param {{ask?: () => Promise<any>, ticket?: () => Promise<string>, now?: () => number}} [by] */
  constructor(known, { ask = dispatch, ticket = newTicket, now = Date.now } = {}) {
    this.known = new Set([...known, location.origin]);
    Object.assign(this, { ask, ticket, now });
    this.list = [];
    this.until = 0; // so long the list is good
    this.queue = []; // what this round has not tried
    this.pace = undefined; // of new attempts, as the cluster wants it
  }

  /** Whether this round has further addresses. */
  get more() {
    return this.queue.length > 0;
  }

  /** The address of the next attempt, and for how long to try it. `wanted` is the site to which the server sends us. */
  async next(wanted = '') {
    if (wanted || !this.more) {
      const all = new Set([wanted, ...(await this.nodes()), location.origin]);
      this.queue = [...all].filter((site) => this.known.has(site));
    }
    const site = this.queue.shift();
    const patience = this.more ? PATIENCE : undefined;
    if (site === location.origin) return { url: '/chat', patience };
    try {
      return { url: `${site}/chat?ticket=${encodeURIComponent(await this.ticket())}`, patience };
    } catch {
      this.queue = []; // there are no tickets for the others either
      return { url: '/chat' };
    }
  }

  /** The line is up: the next round begins with the first again. */
  arrived() {
    this.queue = [];
  }

  /** The node that we are at goes: the list is asked for anew. */
  forget() {
    this.until = 0;
    this.queue = [];
  }

  async nodes() {
    if (this.now() < this.until) return this.list;
    try {
      const { rows, ttl, backoff } = await this.ask();
      this.list = rows.map(({ url }) => url);
      this.until = this.now() + ttl * 1000;
      this.pace = backoff;
    } catch { /* what was known before may do, and this site is tried in any case */ }
    return this.list;
  }
}

async function dispatch() {
  const response = await fetch('/dispatch', { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(ANSWER) });
  if (!response.ok) throw new Error(`dispatch: ${response.status}`);
  return response.json();
}

const newTicket = async () => (await post('/user/ticket', {}, { signal: AbortSignal.timeout(ANSWER) })).data.ticket;
