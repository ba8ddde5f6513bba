// What fingers, the mouse and keys do to the list of messages: press for the
// menu, swipe to answer, walk, select.
import { render } from '../../vendor/lit.js';
import { emit, icon } from './base.js';
import { CMD } from '../core/timeline.js';
import { menu } from './actions.js';
import './player.js'; // what plays a voice has to be there when it is pressed: some browsers play nothing later

const PRESS = 400;
const STILL = 10;
/** A swipe that begins this near to the edge of the screen is the system's. */
const EDGE = 24;
const SWIPED = 56;
const FARTHEST = 80;

const haptic = () => {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(10);
};

function itemOf(pane, target) {
  const key = target.closest?.('article')?.dataset.key;
  return key ? pane.items.find((item) => item.key === key) : undefined;
}

export function contextmenu(pane, event) {
  if (!pane.selection && callFace(pane, event)) {
    event.preventDefault();
    return;
  }
  const item = itemOf(pane, event.target);
  if (!item || item.type !== 'message' || pane.selection || !event.target.closest('.content, article:focus')) return;
  if (event.target.closest('a') || !getSelection().isCollapsed) return;
  event.preventDefault();
  menu(pane, item, event.target.closest('article').querySelector('.content'));
}

/** Calls the one whose picture is under the pointer, where people can be called. */
function callFace(pane, event) {
  const item = event.target.closest('.face') && pane.kind === CMD.ROOM ? itemOf(pane, event.target) : null;
  if (!item || item.own) return false;
  emit(pane, 'hy-mention', { id: item.author });
  return true;
}

/** A picture that is held calls its person. */
function pressFace(pane, event) {
  const end = new AbortController();
  const stop = () => {
    clearTimeout(timer);
    end.abort();
  };
  const timer = setTimeout(() => {
    stop();
    if (!callFace(pane, event)) return;
    haptic();
    addEventListener('click', (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true, signal: AbortSignal.timeout(700) });
  }, PRESS);
  for (const over of ['pointerup', 'pointercancel', 'pointermove']) {
    addEventListener(over, (next) => (over !== 'pointermove' || Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) > STILL) && stop(), { signal: end.signal });
  }
}

/** A finger goes down: held, it opens the menu; drawn to the left, it answers. */
export function press(pane, event) {
  if (event.pointerType !== 'mouse' && event.target.closest('.face') && !pane.selection) {
    pressFace(pane, event);
    return;
  }
  if (event.pointerType === 'mouse' || !event.isPrimary || pane.selection) return;
  const item = itemOf(pane, event.target);
  const content = event.target.closest('.content');
  if (!item || item.type !== 'message' || !content) return;
  const { clientX: x, clientY: y } = event;
  const end = new AbortController();
  const swipe = x >= EDGE && x <= innerWidth - EDGE && item.m.seq ? new Swipe(pane, item, content) : null;
  const timer = setTimeout(() => {
    end.abort();
    haptic();
    addEventListener('click', (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true, signal: AbortSignal.timeout(700) });
    menu(pane, item, content);
  }, PRESS);
  const over = (done) => () => {
    clearTimeout(timer);
    end.abort();
    swipe?.end(done);
  };
  const options = { signal: end.signal };
  content.addEventListener('pointermove', (move) => {
    const [dx, dy] = [move.clientX - x, move.clientY - y];
    if (Math.hypot(dx, dy) < STILL && !swipe?.under) return;
    clearTimeout(timer);
    if (!swipe || !swipe.move(dx, dy)) end.abort();
  }, options);
  content.addEventListener('pointerup', over(true), options);
  content.addEventListener('pointercancel', over(false), options);
}

/** A bubble drawn to the left. The scroller has the vertical way (touch-action). */
class Swipe {
  constructor(pane, item, content) {
    Object.assign(this, { pane, item, content, under: false, armed: false });
  }

  /** Follows the finger; false if this is not a swipe. */
  move(dx, dy) {
    if (!this.under) {
      if (dx > 0 || Math.abs(dy) > Math.abs(dx) || !getSelection().isCollapsed || this.pane.kind === 12) return false;
      this.under = true;
      this.mark = document.createElement('span');
      this.mark.className = 'swipe-mark';
      render(icon('reply'), this.mark);
      this.content.after(this.mark);
    }
    const by = Math.min(FARTHEST, Math.max(0, -dx));
    this.content.style.transform = `translateX(${-by}px)`;
    this.mark.style.opacity = String(Math.min(1, by / SWIPED));
    const armed = by >= SWIPED;
    if (armed && !this.armed) haptic();
    this.armed = armed;
    this.mark.classList.toggle('armed', armed);
    return true;
  }

  end(done) {
    if (!this.under) return;
    this.content.style.transform = '';
    this.mark.remove();
    addEventListener('click', (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true, signal: AbortSignal.timeout(100) });
    if (done && this.armed) emit(this.pane, 'hy-reply', { m: this.item.m });
  }
}

export function keydown(pane, event) {
  const article = event.target.closest('article');
  if (pane.selection && event.key === 'Escape') {
    event.preventDefault();
    event.stopPropagation();
    pane.selector.leave();
    return;
  }
  if (!article || event.target !== article) return;
  const item = itemOf(pane, article);
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && ['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)) {
    event.preventDefault();
    walk(pane, article, event.key, event.shiftKey);
  } else if (pane.selection && (event.key === ' ' || event.key === 'Enter')) {
    event.preventDefault();
    pane.selector.toggle(item, event.shiftKey);
  } else if ((event.key === 'F10' && event.shiftKey) || event.key === 'ContextMenu' || event.key === 'Enter') {
    event.preventDefault();
    if (item?.type === 'message') menu(pane, item, article.querySelector('.content'));
  } else if (plain && event.key.toLowerCase() === 'r' && item?.type === 'message' && item.m.seq && pane.kind !== 12) {
    event.preventDefault();
    emit(pane, 'hy-reply', { m: item.m });
  }
}

/** Focus goes from message to message; at the first one loaded it brings the page before. */
function walk(pane, article, key, extend) {
  const all = [...pane.querySelectorAll('article')];
  const at = all.indexOf(article);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[key];
  if (to <= 0) pane.showOlder();
  const next = all[Math.max(0, Math.min(all.length - 1, to))];
  next.focus();
  pane.active = next.dataset.key;
  if (extend && pane.selection && next !== article) pane.selector.toggle(itemOf(pane, next), false, true);
}
