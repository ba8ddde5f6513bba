// <hy-connection>: what the line to the server is like and what this browser
// allows, for who has to find out why something does not work.
import { html, nothing } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals-core.js';
import { obstacle, status } from '../awake/push.js';
import { bytes, has, lang, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, head, icon, toast, View } from './kit.js';
import { style } from './style.js';

const PATIENCE = 1000;
const EVERY = 1000;
const TOLERABLE = 2000; // ms that a clock may be off without a word
const HTTPS = 'hongyan -tls-self on';

const moments = new Intl.DateTimeFormat(lang, { dateStyle: 'short', timeStyle: 'medium' });
const moment = (/** @type {number} */ at) => moments.format(new Date(at));

const median = (/** @type {number[]} */ all) => {
  const sorted = [...all].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

const ms = (/** @type {number} */ n) => (n < 10 ? n.toFixed(1) : String(Math.round(n)));

/** Why a line ended. */
const cause = (/** @type {string} */ reason) => (has(`conn.why.${reason}`) ? t(`conn.why.${reason}`) : t('conn.why.other', { Reason: reason }));

/** The number under which the files of this client were made. */
const build = () => /^\/a\/([^/]+)\//.exec(new URL(import.meta.url).pathname)?.[1] ?? '';

async function worker() {
  if (!navigator.serviceWorker) return 'unsupported';
  return (await navigator.serviceWorker.getRegistration().catch(() => null))?.active ? 'active' : 'none';
}

async function push() {
  const why = obstacle();
  if (why) return why;
  return status().then(({ on }) => (on ? 'on' : 'off'), () => '');
}

/** What does not change by the second. */
async function browser() {
  const [registered, told, kept, estimate, trust] = await Promise.all([
    worker(), push(), navigator.storage?.persisted?.(), navigator.storage?.estimate?.().catch(() => null),
    !isSecureContext && fetch('/trust.shtml', { method: 'HEAD' }).then((answer) => answer.ok, () => false),
  ]);
  return { worker: registered, push: told, kept, estimate, trust };
}

/** Resolves when there is a line, or a second has passed: what is written of it takes other room before. */
function up() {
  return new Promise((resolve) => {
    const stop = effect(() => { if (store.connection.value.state === 'online') resolve(undefined); });
    setTimeout(() => { stop(); resolve(undefined); }, PATIENCE);
  });
}

class Connection extends View {
  static properties = { stats: { state: true }, here: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    (this.soon ??= up()).then(() => this.look(true)); // before there is a line there is nothing to know of it
    this.timer = setInterval(() => document.hidden || this.look(), EVERY);
    browser().then((here) => { this.here = here; });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  /** Nothing is shown without its styles, unless they cannot be had, and at first not before the line had its chance. */
  async scheduleUpdate() {
    await Promise.all([style('connection').catch(() => {}), this.soon ??= up()]);
    super.scheduleUpdate();
  }

  /** Asks the tab that holds the socket; one question at a time. */
  async look(measure = false) {
    if (this.asking && !measure) return;
    this.asking = true;
    try {
      const stats = await store.inspect(measure || !this.stats?.rtt?.length); // a line that came late has no round trip yet
      if (stats) this.stats = { ...stats };
    } catch { /* the tab that holds the socket has gone: the next question finds another */ }
    this.asking = false;
    if (measure) setTimeout(() => this.look(), 300); // by then most answers are here
  }

  line() {
    const { state, since } = store.connection.value;
    const { rtt = [], lost, ack } = this.stats ?? {};
    const scheme = `WebSocket (${location.protocol.replace('http', 'ws').slice(0, -1)})`;
    const left = [...store.outbox.value?.lanes.value.values() ?? []].flat().length;
    return [
      ['state', `${t(`conn.state.${state}`)}${since ? ` · ${t('conn.since', { When: moment(since) })}` : ''}`],
      ['transport', t(store.leading.value ? 'conn.own' : 'conn.other', { Scheme: scheme })],
      ['lost', lost ? t('conn.lost.at', { Reason: cause(lost.reason), When: moment(lost.at) }) : t('conn.lost.none')],
      ['rtt', rtt.length ? t('conn.rtt.value', { Last: ms(rtt.at(-1)), Median: ms(median(rtt)), Count: rtt.length }) : t('conn.rtt.none')],
      ['ack', ack ? moment(ack) : t('conn.ack.none')],
      ['waiting', left ? String(left) : t('conn.waiting.none'), left ? html`<a href="/me/outbox">${left}</a>` : undefined],
    ];
  }

  server() {
    const { hello, skew = 0 } = this.stats ?? {};
    const off = Math.abs(skew) > TOLERABLE;
    const clock = off ? t(skew > 0 ? 'conn.skew.ahead' : 'conn.skew.behind', { Seconds: Math.round(Math.abs(skew) / 1000) }) : t('conn.skew.ok', { Ms: Math.round(skew) });
    return [
      ...['node', 'version', 'epoch'].map((name) => [name, hello?.[name] || t('conn.unknown')]),
      ['skew', hello ? clock : t('conn.unknown'), undefined, !!hello && off],
    ];
  }

  browser() {
    const { worker: registered, push: told, kept, estimate, trust } = this.here ?? {};
    const used = estimate ? t('conn.storage.used', { Used: bytes(estimate.usage ?? 0), Quota: bytes(estimate.quota ?? 0) }) : t('conn.unknown');
    return [
      ['secure', t(isSecureContext ? 'conn.secure.yes' : 'conn.secure.no'), isSecureContext ? undefined : html`<p>${t('conn.secure.no')}</p>
        <p>${t('conn.secure.how')} <code>${HTTPS}</code></p>${trust ? html`<p><a href="/trust.shtml">${t('conn.secure.trust')}</a></p>` : nothing}`, !isSecureContext],
      ['worker', registered ? t(`conn.worker.${registered}`) : t('conn.wait')],
      ['push', this.here ? (told ? t(`conn.push.${told}`) : t('conn.unknown')) : t('conn.wait')],
      ['storage', kept === undefined ? used : `${used} · ${t(kept ? 'conn.storage.kept' : 'conn.storage.loose')}`],
      ['agent', navigator.userAgent],
      ['lang', `${lang} (${navigator.languages?.join(', ') ?? navigator.language})`],
      ['asset', build() || t('conn.unknown')],
    ];
  }

  parts() {
    return [['line', this.line()], ['server', this.server()], ['browser', this.browser()]];
  }

  render() {
    return html`<div class="sub">${head(t('conn.title'), '/me')}<div class="scroll">
      ${this.parts().map(([name, rows]) => html`<h2 class="weui-cells__title">${t(`conn.${name}`)}</h2>
      <dl class="conn">${rows.map(([key, text, shown, bad]) => html`<div class="conn-${key}"><dt>${t(`conn.${key}`)}</dt><dd class=${bad ? 'bad' : ''}>${shown ?? text}</dd></div>`)}</dl>
      ${name === 'line' ? this.acts() : nothing}`)}
      <div class="pad"><button type="button" class="weui-btn weui-btn_primary weui-btn_block copy" @click=${this.copy}>${icon('copy', 'small')} ${t('conn.copy')}</button></div>
      <p class="weui-cells__tips">${t('conn.copy.about')}</p></div></div>`;
  }

  acts() {
    return html`<div class="conn-acts"><button type="button" class="weui-btn weui-btn_default weui-btn_mini measure" ?disabled=${store.connection.value.state !== 'online'} @click=${() => this.look(true)}>${t('conn.measure')}</button>
      ${store.connection.value.state === 'online' ? nothing : html`<button type="button" class="weui-btn weui-btn_primary weui-btn_mini retry" @click=${() => store.retryNow()}>${t('line.now')}</button>`}</div>`;
  }

  /** What stands here, as text: it is made of the same lines and has nothing of the person's. */
  text() {
    const about = [`Hongyan ${new Date().toISOString()}`, location.origin];
    return [...about, ...this.parts().flatMap(([name, rows]) => ['', `[${t(`conn.${name}`)}]`, ...rows.map(([key, text]) => `${t(`conn.${key}`)}: ${text}`)])].join('\n');
  }

  async copy() {
    const { copyText } = await import('../chat/clipboard.js');
    const done = await attempt(() => copyText(this.text()));
    toast(t(done ? 'act.copied' : 'chat.copy.failed'));
  }
}

customElements.define('hy-connection', Connection);
