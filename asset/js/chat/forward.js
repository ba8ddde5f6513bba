// Forwarding: to whom, one by one or as a record, with a few words. What goes,
// goes through the outbox; a record is made by the server first.
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD, MEDIA } from '../core/timeline.js';
import { attempt, avatar, finder, html, nothing, preview, t, toast } from './base.js';
import { recordLine, recordTitle } from './message.js';
import { openPanel } from './panel.js';
import { anyTooLong } from '../ui/length.js';
import { everybody } from '../ui/people.js';
import { matches } from '../ui/pinyin.js';

const MOST = 20;

/** What of a message's ext belongs to the thing itself; quotes, mentions and reactions stay behind. */
const KEPT = ['waveform', 'width', 'height', 'size', 'duration', 'thumb', 'host', 'sticker', 'type'];

/** A message as it is said again elsewhere. Files go by their address. */
export function copyOf(m) {
  const ext = Object.fromEntries(KEPT.filter((key) => m.ext?.[key] !== undefined).map((key) => [key, m.ext[key]]));
  if (m.ext?.record) ext.record = m.ext.record; // until the server writes its own
  return {
    media: m.media, content: m.content ?? '', pic: m.pic ?? '', url: m.url ?? '', memo: m.memo ?? '', amount: m.amount ?? 0,
    ...(Object.keys(ext).length > 0 ? { ext } : {}),
  };
}

/** Everybody one may send to: conversations first, by last activity, then other friends and groups. */
function targets() {
  const list = [];
  const known = new Set();
  const add = (kind, dstid, title, look) => {
    const key = `${kind}:${dstid}`;
    if (known.has(key) || !title) return;
    known.add(key);
    list.push({ key, kind, dstid, title, look });
  };
  const friends = new Set(store.contacts.peek().map((user) => user.id));
  for (const row of store.conversations.peek()) {
    const may = row.kind === CMD.ROOM || (row.kind === CMD.SINGLE && friends.has(row.dstid));
    if (may) add(row.kind, row.dstid, store.titleOf(row.kind, row.dstid), row);
  }
  const recent = list.length;
  for (const user of store.contacts.peek()) add(CMD.SINGLE, user.id, store.nameOf(user.id), user);
  for (const group of store.groups.peek()) add(CMD.ROOM, group.id, group.name, group);
  return { list, recent };
}

/**
 * Asks to whom messages are to go, and sends them.
 * @param {any} pane the list they are of @param {any[]} messages by rising seq
 * @param {{merged?: boolean, left?: number}} [how] left is how many of those chosen cannot be forwarded
 * @returns {Promise<boolean>} whether they were sent
 */
export async function forward(pane, messages, how = {}) {
  const { kind, dstid } = pane;
  await everybody();
  if (pane.kind !== kind || pane.dstid !== dstid) return false; // another conversation was opened meanwhile
  const state = { ...targets(), chosen: new Set(), query: '', note: '', busy: false, fault: '', done: false };
  const { dialog, draw } = await openPanel(t(how.merged ? 'forward.merged' : 'forward.title'), 'forward', () => state.chosen.size > 1);
  return new Promise((resolve) => {
    const redraw = () => draw(body(state, messages, how, { toggle, find, send, note: (text) => { state.note = text; } }));
    const toggle = (key, box) => {
      if (state.chosen.has(key)) state.chosen.delete(key);
      else if (state.chosen.size < MOST) state.chosen.add(key);
      else toast(t('forward.most', { Count: MOST }));
      box.checked = state.chosen.has(key);
      redraw();
    };
    const find = (query) => {
      state.query = query;
      redraw();
    };
    const send = async () => {
      if (state.busy || state.chosen.size === 0 || anyTooLong(dialog)) return;
      Object.assign(state, { busy: true, fault: '' });
      redraw();
      try {
        await sendAll(state.list.filter((target) => state.chosen.has(target.key)), how.merged ? [await merge(kind, dstid, messages)] : messages.map(copyOf), state.note.trim());
        state.done = true;
        dialog.close();
        toast(t('forward.done'));
      } catch (error) {
        Object.assign(state, { busy: false, fault: error.message || t('error.client.unavailable') });
        redraw();
      }
    };
    dialog.addEventListener('close', () => resolve(state.done));
    redraw();
    dialog.showModal();
    if (!matchMedia('(pointer: coarse)').matches) dialog.querySelector('input[type=search]')?.focus();
  });
}

/** The message that shows a record of others, which the server makes. */
async function merge(kind, dstid, messages) {
  const { data } = await post('/record/create', { kind, dstid, seqs: messages.map((m) => m.seq) });
  const { id, title, names, count, lines } = data;
  const about = { id, kind: data.kind, title, names, count, lines };
  return { media: MEDIA.NEWS, content: recordTitle(about), memo: lines.map(recordLine).join('\n'), url: `/record/${id}`, ext: { record: about } };
}

async function sendAll(list, messages, note) {
  for (const { kind, dstid } of list) {
    for (const message of messages) await store.send(kind, dstid, message);
    if (note) await store.send(kind, dstid, { media: MEDIA.TEXT, content: note });
  }
}

function body(state, messages, how, { toggle, find, send, note }) {
  const match = (target) => matches(target.title, state.query) || matches(target.look?.nickname ?? '', state.query || '\0');
  const rows = (list) => list.filter(match).map((target) => html`<li><label>${avatar({ ...target.look, nickname: target.title, title: target.title }, 'mini')}<span class="name">${target.title}</span>
    <input type="checkbox" .checked=${state.chosen.has(target.key)} @change=${(event) => toggle(target.key, event.target)}></label></li>`);
  const recent = rows(state.list.slice(0, state.recent));
  const others = rows(state.list.slice(state.recent));
  return html`${finder(t('forward.find'), state.query, find)}
    <div class="body">${recent.length ? html`<h3>${t('forward.recent')}</h3><ul class="people">${recent}</ul>` : nothing}
      ${others.length ? html`<h3>${t('forward.others')}</h3><ul class="people">${others}</ul>` : nothing}
      ${recent.length + others.length === 0 ? html`<p class="none">${t('forward.nobody')}</p>` : nothing}</div>
    <footer><p class="what">${summary(messages, how)}</p>${how.left ? html`<p class="left">${t('forward.left', { Count: how.left })}</p>` : nothing}
      <input class="note" type="text" data-most="500" placeholder=${t('forward.note')} aria-label=${t('forward.note')} @input=${(event) => note(event.target.value)}>
      ${state.fault ? html`<p class="fault" role="alert">${state.fault}</p>` : nothing}
      <button class="weui-btn weui-btn_primary" type="button" ?disabled=${state.chosen.size === 0 || state.busy} @click=${() => attempt(send)}>
        ${state.chosen.size ? t('forward.send.to', { Count: state.chosen.size }) : t('act.send')}</button></footer>`;
}

const summary = (messages, how) => (messages.length === 1 && !how.merged ? preview(messages[0]) : t(how.merged ? 'forward.what.merged' : 'forward.what.each', { Count: messages.length }));
