// The ways to a place in a conversation, near or far, and what shows where one
// is: the floating date, and the place kept for a reload.
import { post } from '../core/api.js';
import { lang, t, toast } from './base.js';
import { Timeline } from '../core/timeline.js';
import * as store from '../core/store.js';
import { MOST, PAGE } from './list.js';
import { holdPlace, places, placesKey, topElement } from './place.js';

/** A message not farther back than this is reached page by page, a farther one by itself. */
const STEPS = 4 * PAGE;
const FADE = 1200;

const article = (pane, seq) => pane.querySelector(`article[data-seq="${seq}"]`);

/** Loads what is around a message, if it is not there, and has the list show it. */
async function show(pane, seq) {
  const { kind, dstid } = pane;
  const here = () => pane.isConnected && pane.kind === kind && pane.dstid === dstid;
  if (!pane.line.loaded) await store.ensure(pane.line);
  const near = pane.line.first - seq <= STEPS;
  while (near && pane.line.first > seq && !pane.line.complete && !pane.line.error) await store.loadOlder(pane.line);
  if (!here()) return false;
  if (seq < pane.line.first || (pane.apart && seq > pane.line.last)) {
    const main = store.timeline(kind, dstid);
    const line = seq >= main.first && main.loaded ? main : await around(kind, dstid, seq);
    if (!here()) return false;
    pane.line = line;
  }
  await narrow(pane, seq);
  return true;
}

/** A piece of the timeline with a message in its midst. */
async function around(kind, dstid, seq) {
  const { rows } = await post('/message/history', { kind, dstid, before: seq + PAGE, limit: 3 * PAGE });
  const piece = new Timeline(kind, dstid);
  piece.newest(rows, 3 * PAGE);
  store.timeline(kind, dstid).piece = piece;
  return piece;
}

/** Has the list draw the part of its timeline around a message. */
async function narrow(pane, seq) {
  const { line } = pane;
  const at = line.index(seq);
  if (seq >= pane.fromSeq && seq <= pane.toSeq && article(pane, line.rows[at]?.seq)) return;
  pane.fromSeq = line.rows[Math.max(0, at - PAGE)]?.seq ?? 0;
  const to = at + 2 * PAGE;
  pane.toSeq = to < line.rows.length ? line.rows[to].seq : pane.apart ? line.rows.at(-1)?.seq ?? 0 : Infinity;
  pane.requestUpdate();
  await pane.updateComplete;
}

/** Where a piece reaches the timeline again, it becomes part of it. */
async function rejoin(pane) {
  const piece = pane.line;
  const main = store.timeline(pane.kind, pane.dstid);
  if (piece.joining) return;
  piece.joining = true;
  try {
    const { rows } = await post('/message/history', { kind: pane.kind, dstid: pane.dstid, after: piece.last, limit: 4 * PAGE });
    piece.newer(rows);
    if (main.loaded && piece.last >= main.first - 1) {
      main.older(piece.rows, 0);
      main.complete = piece.complete;
      main.piece = null;
      if (pane.line === piece) pane.line = main;
    }
    if (rows.length > 0 || pane.line === main) showNewer(pane);
  } catch (error) {
    toast(error.message);
  } finally {
    piece.joining = false;
  }
}

/** Draws one page more above, which may have to be loaded. */
export async function showOlder(pane) {
  if (pane.growing) return;
  pane.growing = true;
  try {
    const { line } = pane;
    if (line.index(pane.fromSeq) === 0) {
      if (line.complete) return;
      await store.loadOlder(line);
      if (line !== pane.line) return;
    }
    const { rows } = line;
    const from = Math.max(0, line.index(pane.fromSeq) - PAGE);
    if (rows.length === 0) return;
    pane.fromSeq = rows[from].seq;
    const to = pane.toSeq === Infinity ? rows.length : line.index(pane.toSeq + 1);
    if (to - from > MOST) pane.toSeq = rows[from + MOST - 1].seq;
    pane.requestUpdate();
    await pane.updateComplete;
  } finally {
    pane.growing = false;
  }
}

/** Draws one page more below. */
export function showNewer(pane) {
  const { rows } = pane.line;
  if (pane.toSeq === Infinity || rows.length === 0) return;
  const to = Math.min(rows.length, pane.line.index(pane.toSeq + 1) + PAGE);
  if (to === rows.length && pane.apart) rejoin(pane);
  pane.toSeq = to === rows.length && !pane.apart ? Infinity : rows[to - 1].seq;
  const from = pane.line.index(pane.fromSeq);
  if (to - from > MOST) pane.fromSeq = rows[to - MOST].seq;
  pane.requestUpdate();
}

/** Brings a message into view and lets it flash. */
export async function jumpTo(pane, seq) {
  try {
    if (!(await show(pane, seq))) return;
  } catch (error) {
    toast(error.message);
    return;
  }
  const element = article(pane, seq);
  if (!element) {
    toast(t('chat.quote.gone'));
    return;
  }
  pane.rest(() => element.scrollIntoView({ block: 'center' }), 3);
  element.classList.remove('flash');
  element.getBoundingClientRect(); // a flash that still runs begins anew
  element.classList.add('flash');
  element.addEventListener('animationend', () => element.classList.remove('flash'), { once: true });
  element.focus({ preventScroll: true });
}

/** Goes to the line above what was new when the conversation was opened. */
export async function toUnread(pane) {
  const seq = pane.unreadFrom + 1;
  try {
    await show(pane, seq);
  } catch (error) {
    toast(error.message);
    return;
  }
  const there = () => pane.querySelector('#hy-unread') ?? pane.querySelector('article');
  pane.rest(() => there()?.scrollIntoView({ block: 'start' }), 3);
  pane.unreadSeen = true;
  pane.requestUpdate();
}

/** Goes to the next message that calls one by name. */
export async function toMention(pane) {
  const [seq] = pane.calls;
  if (!seq) return;
  pane.answered.add(seq);
  await jumpTo(pane, seq);
  pane.requestUpdate();
}

/** Who called one is answered once one has it on the screen. */
export function answer(pane) {
  if (pane.calls.length === 0) return;
  const box = pane.scroller.getBoundingClientRect();
  for (const seq of pane.calls) {
    const at = article(pane, seq)?.getBoundingClientRect();
    if (!at || at.bottom > box.bottom + 8 || at.top < box.top) continue;
    pane.answered.add(seq);
    pane.requestUpdate();
  }
}

/** Comes back to where one was before the page was loaded. */
export async function toPlace(pane, place) {
  if (!place.seq) return;
  try {
    await show(pane, place.seq);
    pane.rest(() => holdPlace(pane, place));
  } catch { /* the end of the conversation is a place too */ }
}

const dayOf = new Intl.DateTimeFormat(lang, { month: 'long', day: 'numeric', weekday: 'long' });
const yearOf = new Intl.DateTimeFormat(lang, { year: 'numeric', month: 'long', day: 'numeric' });

/** A day as the floating date says it. */
export function dayName(at, now = new Date()) {
  const d = new Date(at);
  const days = Math.round((new Date(now.getFullYear(), now.getMonth(), now.getDate()) - new Date(d.getFullYear(), d.getMonth(), d.getDate())) / 86400000);
  if (days === 0) return t('scroll.today');
  if (days === 1) return t('time.yesterday');
  return (d.getFullYear() === now.getFullYear() ? dayOf : yearOf).format(d);
}

/** Shows the day of what is at the top while somebody scrolls. */
export function floatDate(pane) {
  const seq = topElement(pane)?.seq;
  const m = seq ? pane.line.find(seq) : undefined;
  if (!m?.at || pane.atBottom()) {
    pane.float?.classList.remove('shown');
    return;
  }
  if (!pane.float) {
    pane.float = document.createElement('div');
    pane.float.className = 'float-date';
    pane.float.setAttribute('aria-hidden', 'true'); // the times between messages say the same
    pane.append(pane.float);
  }
  const text = dayName(m.at);
  if (pane.float.textContent !== text) pane.float.textContent = text;
  pane.float.classList.add('shown');
  clearTimeout(pane.floatTimer);
  pane.floatTimer = setTimeout(() => pane.float.classList.remove('shown'), FADE);
}

/** Keeps all places for this tab's next load. */
export function remember() {
  try {
    sessionStorage.setItem(placesKey(), JSON.stringify([...places].filter(([, place]) => place?.seq)));
  } catch { /* without it one begins at the end */ }
}

