// What a tap on a part of a message does. The rest of what can be done with one
// is in deeds.js, which comes with the menu.
import { signal } from '../../vendor/signals-core.js';
import { attempt, choose, emit, helper, t } from './base.js';
import * as store from '../core/store.js';
import { CMD, MEDIA, reactionsOf } from '../core/timeline.js';
import { sourceOf } from './source.js';

const anew = signal(null);
let asked = false;

/** Opens the menu of a message beside an element. */
export async function menu(pane, item, element) {
  if (item.entry) {
    if (item.entry.state === 'failed') failed(item.entry);
    return;
  }
  const { m } = item;
  const me = store.me.peek().id;
  const mine = new Set(reactionsOf(m).filter((r) => r.users.includes(me)).map((r) => r.emoji));
  const [{ openMenu }, { deedsOf }] = await Promise.all([import('./menu.js'), helper(import('./deeds.js'))]);
  const speaks = pane.kind !== CMD.NOTICE;
  openMenu(element.getBoundingClientRect(), { items: deedsOf(pane, item), mine, react: speaks ? (emoji) => react(pane, m, emoji, mine.has(emoji)) : undefined });
}

/** What an own message said before it was taken back, if that was a moment ago; it is looked up with the first such message. */
export function recalledText(pane, seq) {
  if (!asked) {
    asked = true;
    import('./anew.js').then((module) => { anew.value = module; }, () => { asked = false; });
  }
  return anew.value?.textOf(pane, seq);
}

/** Puts an emoji under a message, or takes it off. */
export function react(pane, m, emoji, on) {
  attempt(() => store.act({ cmd: CMD.REACT, kind: pane.kind, dstid: pane.dstid, ref: m.seq, content: emoji, amount: on ? 0 : 1 }));
}

/** Opens the sheet of who has a message and who has read it. */
export const readers = (pane, m) => attempt(async () => (await helper(import('./readers.js'))).openReaders(pane, m));

/** Opens a record of messages. */
export const record = (id) => attempt(async () => (await helper(import('./record.js'))).openRecord(id));

/** Says why a message did not go, and asks what to do with it. */
export async function failed(entry) {
  const picked = await choose({ title: entry.msg || t('chat.failed'),
    choices: [{ value: 'retry', label: t('chat.resend') }, { value: 'outbox', label: t('outbox.open') }, { value: 'delete', label: t('act.delete'), warn: true }] });
  if (picked === 'outbox') emit(document.querySelector('hy-app') ?? document.body, 'hy-go', { to: '/me/outbox' });
  if (picked === 'retry') store.outbox.peek().retry(entry.cid);
  if (picked === 'delete') cancel(entry);
}

export const cancel = (entry) => store.outbox.peek().cancel(entry.cid);

/** Shows a picture or a video over the whole screen, with its neighbours at hand. */
export async function view(pane, item) {
  const { openViewer } = await helper(import('./viewer.js'));
  const all = pane.items.filter((i) => i.type === 'message' && (i.m.media === MEDIA.IMAGE || i.m.media === MEDIA.VIDEO) && sourceOf(i));
  // The list may have been laid out anew meanwhile: its items are others, their keys are not.
  const at = all.findIndex((i) => i.key === item.key);
  if (at < 0) openViewer([item], 0);
  else openViewer(all, at);
}

/** Plays a voice or pauses it, or moves it to where its waveform was pressed. */
export function play(pane, item, { currentTarget, detail, clientX }) {
  attempt(async () => (await import('./player.js')).press(pane, item, detail ? clientX : NaN, currentTarget));
}
