// What can be done with a message: answer, copy, react, edit, take back, play,
// look at, send again.
import { attempt, choose, emit, t, toast } from './base.js';
import * as store from '../core/store.js';
import { CMD, MEDIA, reactionsOf } from '../core/timeline.js';
import * as player from './player.js';
import { sourceOf, voiceKey } from './source.js';

const RECALL_WINDOW = 2 * 60 * 1000;
const FILES = new Set([MEDIA.IMAGE, MEDIA.VIDEO, MEDIA.FILE]);

/** What own messages said that were taken back on this page, to be written anew. */
const recalled = new Map();

const recallKey = (pane, seq) => `${pane.kind}:${pane.dstid}:${seq}`;

/** Opens the menu of a message beside an element. */
export async function menu(pane, item, element) {
  if (item.entry) {
    if (item.entry.state === 'failed') failed(item.entry);
    return;
  }
  const { m, own } = item;
  const me = store.me.peek().id;
  const mine = new Set(reactionsOf(m).filter((r) => r.users.includes(me)).map((r) => r.emoji));
  const text = m.media === MEDIA.TEXT ? m.content : m.memo;
  const items = [{ label: t('chat.reply'), icon: 'reply', act: () => emit(pane, 'hy-reply', { m }) }];
  if (text) items.push({ label: t('chat.copy'), icon: 'copy', act: () => copy(text) });
  if (own && m.media === MEDIA.TEXT) items.push({ label: t('act.edit'), icon: 'pencil', act: () => emit(pane, 'hy-edit', { m }) });
  if (FILES.has(m.media) && sourceOf(item)) items.push({ label: t('chat.download'), icon: 'download', act: () => download(item) });
  if (mayRecall(pane, m, own)) items.push({ label: t('chat.recall'), icon: 'undo-2', act: () => recall(pane, m, own) });
  const { openMenu } = await import('./menu.js');
  openMenu(element.getBoundingClientRect(), { items, mine, react: (emoji) => react(pane, m, emoji, mine.has(emoji)) });
}

function mayRecall(pane, m, own) {
  if (own && Date.now() - m.at < RECALL_WINDOW) return true;
  if (pane.kind !== CMD.ROOM) return false;
  const role = store.groups.peek().find((group) => group.id === pane.dstid)?.role;
  return role === 'owner' || role === 'admin';
}

function recall(pane, m, own) {
  attempt(async () => {
    await store.act({ cmd: CMD.RECALL, kind: pane.kind, dstid: pane.dstid, ref: m.seq });
    if (own && m.media === MEDIA.TEXT) recalled.set(recallKey(pane, m.seq), m.content);
    pane.requestUpdate();
  });
}

/** What an own message said before it was taken back, if that was here. */
export const recalledText = (pane, seq) => recalled.get(recallKey(pane, seq));

/** Puts an emoji under a message, or takes it off. */
export function react(pane, m, emoji, on) {
  attempt(() => store.act({ cmd: CMD.REACT, kind: pane.kind, dstid: pane.dstid, ref: m.seq, content: emoji, amount: on ? 0 : 1 }));
}

async function copy(text) {
  const { copyText } = await import('./clipboard.js');
  toast(t((await copyText(text)) ? 'act.copied' : 'chat.copy.failed'));
}

function download(item) {
  const link = document.createElement('a');
  link.href = sourceOf(item);
  link.download = item.m.media === MEDIA.FILE ? item.m.content : '';
  link.rel = 'noopener';
  link.click();
}

/** Says why a message did not go, and asks what to do with it. */
export async function failed(entry) {
  const picked = await choose({ title: entry.msg || t('chat.failed'),
    choices: [{ value: 'retry', label: t('chat.resend') }, { value: 'delete', label: t('act.delete'), warn: true }] });
  if (picked === 'retry') store.outbox.peek().retry(entry.cid);
  if (picked === 'delete') cancel(entry);
}

export const cancel = (entry) => store.outbox.peek().cancel(entry.cid);

/** Shows a picture or a video over the whole screen, with its neighbours at hand. */
export async function view(pane, item) {
  const { openViewer } = await import('./viewer.js');
  const all = pane.items.filter((i) => i.type === 'message' && (i.m.media === MEDIA.IMAGE || i.m.media === MEDIA.VIDEO) && sourceOf(i));
  openViewer(all, Math.max(0, all.indexOf(item)));
}

export function play(pane, item) {
  player.toggle(voiceOf(pane, item));
}

const voiceOf = (pane, item) => ({ key: voiceKey(pane, item.m), url: sourceOf(item), seconds: item.m.amount ?? 0, next: () => nextVoice(pane, item) });

/** What plays by itself after a voice of another's: the next such one, if it was not heard yet. */
function nextVoice(pane, after) {
  const at = pane.items.findIndex((i) => i.key === after.key);
  const next = at < 0 || after.own ? undefined : pane.items.slice(at + 1).find((i) => i.type === 'message' && i.m.media === MEDIA.VOICE && !i.own && sourceOf(i));
  return next && !player.heard.peek().has(voiceKey(pane, next.m)) ? voiceOf(pane, next) : null;
}
