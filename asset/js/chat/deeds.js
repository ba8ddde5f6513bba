// What can be done with a message, as a table: each row is offered where its
// `when` says so, in this order. Another module adds a row of its own.
import { attempt, emit, t, toast } from './base.js';
import * as store from '../core/store.js';
import { CMD, MEDIA, reactionsOf } from '../core/timeline.js';
import * as anew from './anew.js';
import { pinDeeds } from './pins.js';
import { sourceOf } from './source.js';
import { ownFile } from './text.js';

const FILES = new Set([MEDIA.IMAGE, MEDIA.VIDEO, MEDIA.FILE, MEDIA.VOICE]);
/** What is bound to its conversation: a red packet is for those it was given to. */
const STAYS = new Set([MEDIA.RED_PACKET, MEDIA.USER]);

/** @typedef {{pane: any, item: any, m: any, own: boolean}} About */

/** @type {{icon: string, label: string, when: (about: About) => any, act: (about: About) => any, danger?: boolean}[]} */
const deeds = [
  { icon: 'reply', label: 'chat.reply', when: speaks, act: ({ pane, m }) => emit(pane, 'hy-reply', { m }) },
  { icon: 'copy', label: 'chat.copy', when: ({ m }) => textOf(m), act: ({ m }) => copy(textOf(m)) },
  { icon: 'copy', label: 'chat.copy.raw', when: ({ m }) => m.memo && rawOf(m), act: ({ m }) => copy(rawOf(m)) },
  { icon: 'forward', label: 'forward.act', when: ({ m }) => mayForward(m), act: ({ pane, m }) => attempt(async () => (await import('./forward.js')).forward(pane, [m])) },
  { icon: 'pencil', label: 'act.edit', when: ({ own, m }) => own && m.media === MEDIA.TEXT, act: ({ pane, m }) => emit(pane, 'hy-edit', { m }) },
  ...pinDeeds,
  { icon: 'undo-2', label: 'chat.recall', when: mayRecall, act: recall },
  { icon: 'download', label: 'chat.download', when: ({ m, item }) => FILES.has(m.media) && sourceOf(item), act: ({ item }) => save(item) },
  { icon: 'sticker', label: 'sticker.keep', when: ({ m }) => (m.media === MEDIA.IMAGE || m.media === MEDIA.EMOJI) && ownFile(m.url), act: ({ pane, m }) => attempt(async () => (await import('./sticker.js')).keep(pane, m)) },
  { icon: 'list-checks', label: 'select.act', when: () => true, act: ({ pane, item }) => attempt(async () => (await import('./select.js')).begin(pane, item)) },
  { icon: 'smile', label: 'receipt.reactions', when: ({ m }) => reactionsOf(m).length > 0, act: ({ m }) => attempt(async () => (await import('./readers.js')).openReactions(m)) },
  { icon: 'info', label: 'receipt.details', when: speaks, act: ({ pane, m, own }) => attempt(async () => (await import('./readers.js')).openDetails(pane, m, own)) },
];

/** Whether one can say something here at all. */
function speaks({ pane }) {
  return pane.kind !== CMD.NOTICE;
}

/** The rows of the menu of an item of the list, ready to be shown. */
export function deedsOf(pane, item) {
  const about = { pane, item, m: item.m, own: item.own };
  return deeds.filter((deed) => deed.when(about)).map((deed) => ({ icon: deed.icon, danger: deed.danger, label: t(deed.label), act: () => deed.act(about) }));
}

/** The words of a message, as they are copied: its own, where a page leads, a caption. */
export function textOf(m) {
  const { media, content = '', memo = '', url = '' } = m;
  if (m.ext?.record) return '';
  if (media === MEDIA.TEXT || media === MEDIA.EMOJI) return content;
  if (media === MEDIA.LINK) return url;
  if (media === MEDIA.NEWS) return [content, url].filter(Boolean).join('\n');
  return memo || rawOf(m);
}

/** What a program put into a message of a kind of its own, as it is. */
const rawOf = (m) => (m.media >= MEDIA.USER && !m.ext?.call && typeof m.content === 'string' ? m.content : '');

export const mayForward = (m) => !STAYS.has(m.media) && !m.ext?.recalled && m.cmd !== CMD.EVENT;

function mayRecall({ pane, m, own }) {
  if (m.ext?.packet) return false; // what is in it is on its way
  if (own && Date.now() - m.at < store.rules.recall) return true;
  if (pane.kind !== CMD.ROOM) return false;
  const role = store.groups.peek().find((group) => group.id === pane.dstid)?.role;
  return role === 'owner' || role === 'admin';
}

function recall({ pane, m, own }) {
  attempt(async () => {
    const now = pane.line.find(m.seq) ?? m; // it may have been edited since the menu opened
    // Kept first: the other tabs look for it when they hear of the recall, which may come after its answer was given up.
    if (own && m.media === MEDIA.TEXT) anew.keep(pane, now);
    await store.act({ cmd: CMD.RECALL, kind: pane.kind, dstid: pane.dstid, ref: m.seq });
  });
}

/** Copies words, and says whether that was possible. */
export async function copy(text) {
  const { copyText } = await import('./clipboard.js');
  toast(t((await copyText(text)) ? 'act.copied' : 'chat.copy.failed'));
}

/** Has the browser keep the file of an item. */
export function save(item) {
  const link = document.createElement('a');
  link.href = sourceOf(item);
  link.download = item.m.media === MEDIA.FILE ? item.m.content : '';
  link.rel = 'noopener';
  link.click();
}
