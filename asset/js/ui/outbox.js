// <hy-outbox>: what was written on this device and is not with the server yet,
// why, and what can be done about it.
import { html, nothing, repeat } from '../../vendor/lit.js';
import { fullTime, has, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, avatar, blank, choose, head, icon, preview, View } from './kit.js';
import { style } from './style.js';

const TEXT = 1;
const LONGEST = 8000;

/** Why an entry is still here, as a sentence. */
function reasonOf(entry, first, online) {
  if (entry.state === 'failed') return t('outbox.refused', { Reason: entry.msg || t(has(`outbox.error.${entry.error}`) ? `outbox.error.${entry.error}` : 'outbox.error') });
  if (entry.state === 'uploading') return t('outbox.uploading', { Percent: Math.round((entry.progress ?? 0) * 100) });
  if (entry.heldUntil > Date.now()) return t('outbox.held');
  if (!online) return t('outbox.offline');
  if (!first) return t('outbox.behind');
  if (entry.attempts > 0) return t('outbox.again', { Count: entry.attempts });
  return t('outbox.sending');
}

class OutboxView extends View {
  /** Nothing is shown without its styles, unless they cannot be had. */
  async scheduleUpdate() {
    await style('outbox').catch(() => {});
    super.scheduleUpdate();
  }

  render() {
    const box = store.outbox.value;
    const lanes = [...box?.lanes.value.values() ?? []].filter((lane) => lane.length > 0);
    const all = lanes.flat();
    const failed = all.filter((entry) => entry.state === 'failed');
    const online = store.connection.value.state === 'online';
    return html`<div class="sub">${head(t('outbox.title'), '/me')}<div class="scroll grey">
      ${all.length === 0 ? blank('check-check', t('outbox.empty'), t('outbox.empty.hint')) : html`
      <p class="outbox-note" role="status">${icon(online ? 'send' : 'wifi-off', 'small')}<span>${t('outbox.note', { Count: all.length })} ${t(box.persistent.value ? 'outbox.kept' : 'chat.volatile')}</span></p>
      ${all.length > 1 || failed.length > 0 ? html`<div class="outbox-all"><button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${() => this.retryAll(all)}>${t('outbox.retry.all')}</button></div>` : nothing}
      ${lanes.map((lane) => this.lane(lane, online))}`}</div></div>`;
  }

  lane(lane, online) {
    const { kind, dstid } = lane[0];
    const title = store.titleOf(kind, dstid);
    const head = lane.find((entry) => entry.state !== 'failed');
    return html`<section class="outbox-lane" aria-label=${title}><h2><a href="/c/${kind}-${dstid}">${avatar({ ...store.rowOf(kind, dstid), dstid, title }, 'mini')}<span>${title}</span></a></h2>
      <ul>${repeat(lane, (entry) => entry.cid, (entry) => this.entry(entry, entry === head, online))}</ul></section>`;
  }

  entry(entry, first, online) {
    const bad = entry.state === 'failed';
    const act = (name, glyph, run) => html`<button class="iconbtn" type="button" aria-label=${t(name)} title=${t(name)} @click=${run}>${icon(glyph)}</button>`;
    return html`<li class="outbox-entry ${bad ? 'bad' : ''}">
      <div class="what"><p class="said" dir="auto">${preview(entry) || entry.name || ''}</p>
        <p class="why">${icon(bad ? 'circle-alert' : 'clock', 'small')}<span>${reasonOf(entry, first, online)}</span></p>
        <p class="when">${t('outbox.written', { When: fullTime(entry.at) })}</p></div>
      <div class="acts">${act('act.retry', 'refresh-cw', () => this.retry(entry))}
        ${entry.media === TEXT && (bad || !entry.left) ? act('act.edit', 'pencil', () => this.edit(entry)) : nothing}
        ${act('act.delete', 'trash-2', () => this.remove(entry))}</div></li>`;
  }

  retry(entry) {
    if (store.connection.peek().state !== 'online') store.retryNow();
    store.outbox.peek().retry(entry.cid);
  }

  retryAll(all) {
    if (store.connection.peek().state !== 'online') store.retryNow();
    for (const entry of all) if (entry.state !== 'uploading' && entry.state !== 'sending') store.outbox.peek().retry(entry.cid);
  }

  /** Changed words are another message: it gets a number of its own and the same place. */
  async edit(entry) {
    await ask({ title: t('outbox.edit'), yes: t('act.save'), entry: { label: t('chat.write'), value: entry.content, lines: 5, max: LONGEST },
      act: async (content) => {
        if (!content) throw new Error(t('outbox.edit.empty'));
        if (!await store.outbox.peek().rewrite(entry.cid, { content })) throw new Error(t('outbox.gone'));
      } });
  }

  async remove(entry) {
    const picked = await choose({ title: preview(entry) || entry.name || '', choices: [{ value: 'delete', label: t('outbox.delete'), warn: true }] });
    if (picked) store.outbox.peek().cancel(entry.cid);
  }
}

customElements.define('hy-outbox', OutboxView);
