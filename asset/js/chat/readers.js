// Who has a message, who has read it, who put an emoji under it, and when it went.
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD, reactionsOf } from '../core/timeline.js';
import { avatar, bytes, html, nothing, openProfile, t } from './base.js';
import { openPanel } from './panel.js';

const person = (dialog, user, extra = nothing) => html`<li><button type="button" @click=${() => openProfile(dialog, user.id, user.id === store.me.peek().id)}>
  ${avatar({ ...user, nickname: store.nameOf(user.id, user.nickname) }, 'mini')}<span class="name">${store.nameOf(user.id, user.nickname)}</span>${extra}</button></li>`;

const section = (title, list) => (list.length === 0 ? nothing : html`<h3>${title}</h3><ul class="people">${list}</ul>`);

/** The sheet under "2/3 read". */
export async function openReaders(pane, m) {
  const { rows } = await post('/message/readers', { kind: pane.kind, dstid: pane.dstid, seq: m.seq });
  store.remember(rows.filter((user) => !store.contacts.peek().some((friend) => friend.id === user.id)));
  const { dialog, draw } = await openPanel(t('receipt.title'));
  const of = (state) => rows.filter((user) => user.state === state).map((user) => person(dialog, user));
  const groups = { read: of('read'), delivered: of('delivered'), stored: of('stored') };
  draw(html`<div class="body">
    ${section(t('receipt.read', { Count: groups.read.length }), groups.read)}
    ${section(t('receipt.delivered', { Count: groups.delivered.length }), groups.delivered)}
    ${section(t('receipt.stored', { Count: groups.stored.length }), groups.stored)}</div>`);
  dialog.showModal();
}

/** Who put which emoji under a message. */
export async function openReactions(m) {
  const { dialog, draw } = await openPanel(t('receipt.reactions'));
  draw(html`<div class="body">${reactionsOf(m).map(({ emoji, users }) => section(`${emoji} ${users.length}`, users.map((id) => person(dialog, { ...store.userOf(id), id }))))}</div>`);
  dialog.showModal();
}

const moment = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'long', timeStyle: 'medium' });

/** What is known of a message's way, and nothing else: whether it came so far, and when, where this page heard of it. */
export async function openDetails(pane, m, own) {
  const facts = [[t('receipt.from'), store.nameOf(m.userid)]];
  const written = m.way?.written ?? m.ext?.written;
  if (written) facts.push([t('receipt.written'), moment.format(written)]);
  facts.push([t('receipt.at'), m.way?.node ? html`${moment.format(m.at)}<span class="where">${t('receipt.node', { Name: m.way.node })}</span>` : moment.format(m.at)]);
  if (m.ext?.edited) facts.push([t('receipt.edited'), typeof m.ext.edited === 'number' ? moment.format(m.ext.edited) : '✓']);
  if (own) facts.push(...await receiptOf(pane, m));
  if (m.ext?.size || (m.media === 10 && m.amount)) facts.push([t('receipt.size'), bytes(m.ext?.size || m.amount)]);
  facts.push([t('receipt.seq'), `#${m.seq}`]);
  const { dialog, draw } = await openPanel(t('receipt.details'), 'small');
  draw(html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`);
  dialog.showModal();
}

/** How far an own message has come, or why nobody says so. */
async function receiptOf({ kind, dstid }, m) {
  if (!store.rules.receipts) return [[t('receipt.state'), t('receipt.off')]];
  if (store.me.peek().hideread) return [[t('receipt.state'), t('receipt.hidden')]];
  if (kind === CMD.SINGLE) return ofTwo(dstid, m.seq);
  try {
    const { rows: [count] } = await post('/message/receipts', { kind, dstid, seqs: [m.seq] });
    if (!count) return [];
    const of = (n) => t('receipt.of', { Count: n, Of: count.of });
    return [[t('receipt.state.delivered'), of(count.delivered)], [t('receipt.state.read'), of(count.read)]];
  } catch {
    return []; // there is no line: then it is not said
  }
}

/** Between two: a moment where this page was told of the step, no more than the fact where it was not. Read is delivered too. */
function ofTwo(dstid, seq) {
  const row = store.rowNow(CMD.SINGLE, dstid);
  const far = { read: row?.peerread ?? 0, delivered: Math.max(row?.peerdelivered ?? 0, row?.peerread ?? 0) };
  const stepOf = (what) => store.steps.find((one) => one.what === what && one.dstid === dstid && seq > one.from && seq <= one.to);
  return ['delivered', 'read'].map((what) => {
    const step = stepOf(what) ?? stepOf('read');
    return [t(`receipt.state.${what}`), seq > far[what] ? t('receipt.none') : step?.at ? moment.format(step.at) : t('receipt.sometime')];
  });
}
