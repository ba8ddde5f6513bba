// Several messages at once: marked in the list, with a bar in the composer's place.
import { render } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals-core.js';
import * as store from '../core/store.js';
import { attempt, html, icon, t, toast } from './base.js';
import { copy, mayForward, save, textOf } from './deeds.js';
import { sourceOf } from './source.js';
import { style } from '../ui/style.js';

/** What one record holds, and as much as anybody means to forward. */
const MOST = 100;

/** Begins with a message of the list. */
export async function begin(pane, item) {
  await style('talk');
  pane.selector ??= new Selector(pane);
  pane.selector.enter(item);
}

class Selector {
  constructor(pane) {
    this.pane = pane;
    this.clicked = (event) => this.click(event);
    this.key = (event) => event.key === 'Escape' && !document.querySelector('dialog[open]') && this.leave();
  }

  enter(item) {
    const { pane } = this;
    this.conversation = pane.line.key;
    this.last = undefined;
    pane.selection = new Set();
    this.marked = new Map();
    pane.classList.add('selecting');
    pane.addEventListener('click', this.clicked, true);
    document.addEventListener('keydown', this.key);
    this.bar = document.createElement('div');
    this.bar.className = 'select-bar';
    this.bar.setAttribute('role', 'toolbar');
    this.bar.setAttribute('aria-label', t('select.act'));
    pane.append(this.bar);
    // Another conversation, or the page of another view, ends it.
    this.unwatch = effect(() => {
      const now = store.current.value;
      if (!now || `${now.kind}:${now.dstid}` !== this.conversation) queueMicrotask(() => this.leave());
    });
    this.toggle(item);
    pane.querySelector(`article[data-key="${CSS.escape(item.key)}"]`)?.focus({ preventScroll: true });
  }

  leave() {
    const { pane } = this;
    if (!this.bar) return;
    this.unwatch?.();
    this.bar.remove();
    this.bar = null;
    pane.selection = undefined;
    pane.classList.remove('selecting');
    pane.removeEventListener('click', this.clicked, true);
    document.removeEventListener('keydown', this.key);
  }

  /** Anywhere on a message is good enough to hit its box. */
  click(event) {
    const key = event.target.closest?.('article')?.dataset.key;
    if (!key) return;
    event.preventDefault();
    event.stopPropagation();
    this.toggle(this.pane.items.find((item) => item.key === key), event.shiftKey);
  }

  /** Marks a message or takes the mark off; with `reach` all from the last one to it. */
  toggle(item, reach = false, on = undefined) {
    const { pane } = this;
    if (item?.type !== 'message' || !item.m.seq) return;
    const next = new Set(pane.selection);
    if (reach && this.last) this.span(next, this.last, item.m.seq);
    else if (on ?? !next.has(item.m.seq)) next.add(item.m.seq);
    else next.delete(item.m.seq);
    this.last = item.m.seq;
    this.take(next);
  }

  take(next) {
    if (next.size > MOST) {
      toast(t('select.most', { Count: MOST }));
      return;
    }
    for (const seq of next) this.marked.set(seq, this.pane.line.find(seq) ?? this.marked.get(seq));
    this.pane.selection = next;
    this.draw();
  }

  span(next, a, b) {
    for (const m of this.pane.line.rows.slice(this.pane.line.index(Math.min(a, b)), this.pane.line.index(Math.max(a, b) + 1))) {
      if (mayForward(m)) next.add(m.seq);
    }
  }

  /** All between the first and the last one marked. */
  between() {
    const all = [...this.pane.selection];
    const next = new Set(all);
    this.span(next, Math.min(...all), Math.max(...all));
    this.take(next);
  }

  /** What is marked, in its order and as it is now; the list may show another part of the conversation by then. */
  messages() {
    const { line, kind, dstid, selection } = this.pane;
    const find = (seq) => line.find(seq) ?? store.timeline(kind, dstid).find(seq) ?? this.marked.get(seq);
    return [...selection].sort((a, b) => a - b).map(find).filter(Boolean);
  }

  async forward(merged) {
    const { forward } = await import('./forward.js');
    const all = this.messages();
    const may = all.filter(mayForward);
    if (may.length === 0) {
      toast(t('forward.none'));
      return;
    }
    if (await forward(this.pane, may, { merged, left: all.length - may.length })) this.leave();
  }

  async copy() {
    const said = this.messages().map((m) => textOf(m)).filter(Boolean);
    if (said.length === 0) {
      toast(t('select.no.text'));
      return;
    }
    await copy(said.join('\n'));
    this.leave();
  }

  async save() {
    const files = this.messages().map((m) => ({ m })).filter((item) => [3, 4, 8, 10].includes(item.m.media) && sourceOf(item));
    if (files.length === 0) {
      toast(t('select.no.file'));
      return;
    }
    for (const item of files) {
      save(item);
      await new Promise((resolve) => setTimeout(resolve, 300)); // browsers take downloads one at a time
    }
    this.leave();
  }

  draw() {
    const n = this.pane.selection.size;
    const act = (glyph, label, run) => html`<button type="button" ?disabled=${n === 0} @click=${() => attempt(run)}>${icon(glyph)}<span>${label}</span></button>`;
    render(html`<div class="count"><button class="iconbtn" type="button" aria-label=${t('select.end')} @click=${() => this.leave()}>${icon('x')}</button>
        <span aria-live="polite">${t('select.count', { Count: n })}</span>
        <button class="textbtn" type="button" ?disabled=${n < 2} @click=${() => this.between()}>${t('select.between')}</button></div>
      <div class="acts">${act('forward', t('forward.each'), () => this.forward(false))}${act('messages-square', t('forward.merged'), () => this.forward(true))}
        ${act('copy', t('chat.copy'), () => this.copy())}${act('download', t('chat.download'), () => this.save())}</div>`, this.bar);
  }
}
