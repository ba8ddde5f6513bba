// Where one is in a conversation: what is at the top of the screen, how it stays
// there while the list changes, and how one comes back to it.
import { firstBelow } from './base.js';
import * as store from '../core/store.js';

const SETTLED = 100; // ms after which the heights of what came into view are known

/** Where the reader was in each conversation, by its key, to come back to; nothing for the bottom. */
export const places = new Map();
export const placesKey = () => `hy-places-${store.me.peek()?.id ?? 0}`;
let restored = false;

/** The places of before this tab was loaded anew count too. */
export function placeOf(key) {
  if (!restored) {
    restored = true;
    try {
      for (const [name, place] of JSON.parse(sessionStorage.getItem(placesKey()) ?? '[]')) places.set(name, place);
    } catch { /* unreadable: one begins at the end */ }
  }
  return places.get(key);
}

/** Keeps the reader's place, and again when the heights of what came into view are known. */
export function keepPlace(pane, again = true) {
  clearTimeout(pane.settling);
  if (!pane.isConnected || !pane.opened) return;
  if (again) pane.settling = setTimeout(() => keepPlace(pane, false), SETTLED);
  places.set(pane.line.key, pane.atBottom() ? undefined : { ...topElement(pane), fromSeq: pane.fromSeq, toSeq: pane.toSeq });
  if (!again) pane.reach?.remember(pane);
}

/** The first message on the screen, and how far it reaches above it. */
export function topElement(pane) {
  const top = pane.scroller.getBoundingClientRect().top;
  const all = pane.querySelectorAll('article');
  const element = all[firstBelow(all, top)];
  return element ? { key: element.dataset.key, seq: Number(element.dataset.seq), offset: element.getBoundingClientRect().top - top } : null;
}

/** Brings what topElement gave to where it was. */
export function holdPlace(pane, place) {
  const element = place && pane.querySelector(`article[data-key="${CSS.escape(place.key)}"]`);
  if (!element) return;
  const box = pane.scroller;
  const by = element.getBoundingClientRect().top - box.getBoundingClientRect().top - place.offset;
  if (by) box.scrollTop += by;
}
