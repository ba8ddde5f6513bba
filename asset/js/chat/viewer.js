// The full-screen viewer of pictures and videos: arrows and swipes turn the
// page, a double tap, the wheel or two fingers zoom, Escape closes.
import { render } from '../../vendor/lit.js';
import { html, icon, nothing, t } from './base.js';
import { MEDIA } from '../core/timeline.js';
import { ownFile } from './text.js';
import { sourceOf } from './source.js';

const DEEPEST = 5;

/** @param {any[]} items of layout() with a picture or a video @param {number} at which to show first */
export function openViewer(items, at) {
  const dialog = document.createElement('dialog');
  dialog.className = 'hy-viewer';
  dialog.setAttribute('aria-label', t('chat.viewer'));
  const state = { at, scale: 1, x: 0, y: 0, pointers: new Map() };
  const go = (step) => {
    const to = state.at + step;
    if (to < 0 || to >= items.length) return;
    Object.assign(state, { at: to, scale: 1, x: 0, y: 0 });
    draw();
  };
  const draw = () => {
    const { m } = items[state.at];
    const url = sourceOf(items[state.at]);
    render(html`<div class="stage">${m.media === MEDIA.VIDEO
      ? html`<video controls autoplay playsinline preload="none" src=${url} poster=${ownFile(m.pic) || nothing}></video>`
      : html`<img src=${url} alt=${m.memo || t('media.image')} draggable="false">`}</div>
      <div class="tools"><span class="place">${state.at + 1} / ${items.length}</span>
        <a class="iconbtn" href=${url} download=${m.content || ''} aria-label=${t('chat.download')}>${icon('download')}</a>
        <button class="iconbtn" type="button" aria-label=${t('act.close')} @click=${() => dialog.close()}>${icon('x')}</button></div>
      ${state.at > 0 ? html`<button class="turn back iconbtn" type="button" aria-label=${t('chat.viewer.previous')} @click=${() => go(-1)}>${icon('chevron-left')}</button>` : nothing}
      ${state.at < items.length - 1 ? html`<button class="turn on iconbtn" type="button" aria-label=${t('chat.viewer.next')} @click=${() => go(1)}>${icon('chevron-right')}</button>` : nothing}
      ${m.memo ? html`<p class="memo">${m.memo}</p>` : nothing}`, dialog);
    shape(dialog, state);
  };
  draw();
  dialog.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) go(step);
    if (event.key === '+' || event.key === '-') zoom(dialog, state, event.key === '+' ? 1.4 : 1 / 1.4);
  });
  gestures(dialog, state, go);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function shape(dialog, state) {
  const image = dialog.querySelector('.stage img');
  if (image) image.style.transform = `translate(${state.x}px, ${state.y}px) scale(${state.scale})`;
}

function zoom(dialog, state, by) {
  state.scale = Math.min(DEEPEST, Math.max(1, state.scale * by));
  if (state.scale === 1) state.x = state.y = 0;
  shape(dialog, state);
}

function gestures(dialog, state, go) {
  let start = null;
  dialog.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoom(dialog, state, event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }, { passive: false });
  dialog.addEventListener('dblclick', (event) => event.target.closest('img') && zoom(dialog, state, state.scale > 1 ? 0 : 2.5));
  dialog.addEventListener('pointerdown', (event) => {
    if (event.target.closest('button, a, video')) return;
    state.pointers.set(event.pointerId, event);
    start = { x: event.clientX, y: event.clientY, left: state.x, top: state.y, span: span(state), scale: state.scale };
  });
  dialog.addEventListener('pointermove', (event) => {
    if (!state.pointers.has(event.pointerId) || !start) return;
    state.pointers.set(event.pointerId, event);
    if (state.pointers.size === 2 && start.span) {
      state.scale = Math.min(DEEPEST, Math.max(1, (start.scale * span(state)) / start.span));
    } else if (state.scale > 1) {
      state.x = start.left + event.clientX - start.x;
      state.y = start.top + event.clientY - start.y;
    }
    shape(dialog, state);
  });
  const up = (event) => {
    const single = state.pointers.size === 1;
    if (!state.pointers.delete(event.pointerId) || !start) return;
    const x = event.clientX - start.x;
    const y = event.clientY - start.y;
    if (single && state.scale === 1) {
      if (Math.abs(x) > 50 && Math.abs(x) > 2 * Math.abs(y)) go(x < 0 ? 1 : -1);
      else if (y > 90 || (Math.hypot(x, y) < 6 && !event.target.closest('img'))) dialog.close();
    }
    if (state.pointers.size === 0) start = null;
  };
  dialog.addEventListener('pointerup', up);
  dialog.addEventListener('pointercancel', (event) => {
    state.pointers.delete(event.pointerId);
    start = null;
  });
}

function span(state) {
  const [a, b] = [...state.pointers.values()];
  return b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) : 0;
}
