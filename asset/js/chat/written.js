// How things are written on this device: which key sends, how long a message
// can be taken back before it leaves; and when it was written, where that was
// long before it arrived.
import { chipTime, emit, html, nothing, t } from './base.js';
import * as store from '../core/store.js';

/** The names of this device's choices; keys.js is where they are made. */
export const SEND_KEY = 'hy-send';
export const UNDO = 'hy-undo';

const LATE = 60 * 1000;
const MOST_EXT = 4000; // bytes: the 4 KiB of the wire, with room for the moment of writing

/** A choice of this device; '' where none was made or none can be kept. */
export function choiceOf(name) {
  try {
    return localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

/** Whether a key event belongs to an input method that is still composing. Safari ends composing first, hence 229. */
export const composing = (event) => event.isComposing || event.keyCode === 229;

/** Whether Enter alone begins a new line, and Ctrl+Enter (⌘+Enter) sends. */
export const enterBreaks = () => choiceOf(SEND_KEY) === 'ctrl';

/** Whether a key sends what was written. */
export function sends(event) {
  if (event.key !== 'Enter' || event.shiftKey || event.altKey) return false;
  return enterBreaks() ? event.ctrlKey || event.metaKey : true;
}

/** What a message gets along that can be taken back before it leaves: nothing, or the moment until which it is held. */
export function held() {
  const seconds = Number(choiceOf(UNDO));
  return seconds > 0 && seconds <= 60 ? { heldUntil: Date.now() + seconds * 1000 } : {};
}

/** The ext of a message as far as it may go: what is least needed is left out first. */
export function fitting(ext) {
  const kept = { ...ext };
  for (const name of ['preview', 'names', 'quote']) {
    if (new TextEncoder().encode(JSON.stringify(kept)).length <= MOST_EXT) break;
    delete kept[name];
  }
  return Object.keys(kept).length > 0 ? { ext: kept } : {};
}

/** Takes a held message back; its words return to the field. */
function undo(entry, pane) {
  if (!store.outbox.peek().find(entry.cid)) return; // it has left meanwhile
  store.outbox.peek().cancel(entry.cid);
  const text = entry.media === 1 ? entry.content : entry.memo;
  if (text) emit(pane, 'hy-write', { text, only: true });
}

/** What stands under a bubble: the way back while it is held, or both times of what arrived long after it was written. */
export function written({ m, entry }, pane) {
  const left = entry?.state === 'waiting' ? (entry.heldUntil ?? 0) - Date.now() : 0;
  if (left > 0) {
    return html`<div class="status held"><button class="textbtn" type="button" @click=${() => undo(entry, pane)}>${t('undo.act')}</button><span class="span" aria-hidden="true" .style=${`--left:${left}ms`}></span></div>`;
  }
  const at = m.ext?.written;
  if (!Number.isSafeInteger(at) || !m.seq || m.at - at <= LATE) return nothing;
  return html`<div class="status late">${t('written.late', { Written: chipTime(at), Arrived: chipTime(m.at) })}</div>`;
}
