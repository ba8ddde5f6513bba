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

/** What is known of a message's way, and nothing else. */
export async function openDetails(pane, m, own) {
  const { kind, dstid } = pane;
  const row = store.rowNow(kind, dstid);
  const facts = [[t('receipt.from'), store.nameOf(m.userid)]];
  if (m.ext?.written) facts.push([t('receipt.written'), moment.format(m.ext.written)]);
  facts.push([t('receipt.at'), moment.format(m.at)]);
  if (m.ext?.edited) facts.push([t('receipt.edited'), typeof m.ext.edited === 'number' ? moment.format(m.ext.edited) : '✓']);
  if (own && kind === CMD.SINGLE) {
    const state = m.seq <= (row?.peerread ?? 0) ? 'read' : m.seq <= (row?.peerdelivered ?? 0) ? 'delivered' : 'sent';
    facts.push([t('receipt.state'), t(`chat.status.${state}`)]);
  }
  if (own && kind === CMD.ROOM) {
    try {
      const { rows: [count] } = await post('/message/receipts', { kind, dstid, seqs: [m.seq] });
      if (count) {
        facts.push([t('receipt.state.delivered'), t('receipt.of', { Count: count.delivered, Of: count.of })]);
        facts.push([t('receipt.state.read'), t('receipt.of', { Count: count.read, Of: count.of })]);
      }
    } catch { /* the operator may have switched it off, or there is no line: then it is not said */ }
  }
  if (m.ext?.size || (m.media === 10 && m.amount)) facts.push([t('receipt.size'), bytes(m.ext?.size || m.amount)]);
  facts.push([t('receipt.seq'), `#${m.seq}`]);
  const { dialog, draw } = await openPanel(t('receipt.details'), 'small');
  draw(html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`);
  dialog.showModal();
}
