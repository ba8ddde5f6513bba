// The sheet that shows files before they are sent: in which order, with what
// caption, as the originals or smaller. Its own sheet of styles comes with it.
import { render } from '../../vendor/lit.js';
import { bytes, html, icon, nothing, t } from './base.js';
import { isPicture, prepare } from '../core/picture.js';
import { host, leave } from '../ui/dialog.js';
import { style } from '../ui/style.js';
import { sortable } from './sort.js';

const MOST = 20;
const styled = style('sheet').catch(() => {}); // without it the sheet is plain, not useless

/**
 * @param {File[]} files @param {string} to whom
 * @returns {Promise<{files:File[], caption:string}|null>} what is to be sent, smaller where that was wanted
 */
export async function confirmFiles(files, to) {
  await styled;
  return new Sheet(to).ask(files);
}

class Sheet {
  constructor(to) {
    this.title = t('chat.sheet', { Name: to });
    /** @type {{file: File, url: string, ready?: Promise<void>, made?: any}[]} */
    this.items = [];
    this.original = false;
    this.note = '';
  }

  ask(files) {
    this.accept = files.every((file) => isPicture(file) || file.type.startsWith('video/')) ? 'image/*,video/*' : '';
    this.dialog = host('hy-sheet', this.title, { light: false, work: () => this.items.length > 1, drop: t('pic.drop') });
    this.add(files);
    const answer = new Promise((resolve) => {
      this.dialog.addEventListener('close', () => {
        for (const item of this.items) URL.revokeObjectURL(item.url);
        resolve(this.result ?? null);
      });
    });
    this.listen();
    this.dialog.showModal();
    this.dialog.querySelector('[type=submit]').focus();
    return answer;
  }

  listen() {
    const { dialog } = this;
    dialog.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) event.preventDefault();
      this.add(files);
    });
    dialog.addEventListener('dragover', (event) => event.preventDefault());
    dialog.addEventListener('drop', (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.add([...(event.dataTransfer?.files ?? [])]);
    });
    sortable(dialog, '.previews figure', (from, to) => this.move(from, to, false));
  }

  add(files) {
    const room = Math.max(0, MOST - this.items.length);
    for (const file of files.slice(0, room)) {
      const item = { file, url: URL.createObjectURL(file) };
      if (isPicture(file)) {
        item.ready = prepare(file).catch(() => ({ small: file, large: file, note: 'plain' })).then((made) => {
          item.made = made;
          // What this browser cannot draw is shown as it will be sent.
          if (made.note === 'convert') {
            URL.revokeObjectURL(item.url);
            item.url = URL.createObjectURL(made.small);
          }
          this.draw();
        });
      }
      this.items.push(item);
    }
    this.note = files.length > room ? t('pic.most', { Count: MOST }) : '';
    this.draw();
  }

  remove(item) {
    URL.revokeObjectURL(item.url);
    this.items = this.items.filter((other) => other !== item);
    if (this.items.length === 0) this.dialog.close();
    else this.draw();
  }

  /** @param {number} from @param {number} to its place after @param {boolean} [byKey] then the focus goes with it */
  move(from, to, byKey = true) {
    if (to < 0 || to >= this.items.length || to === from) return;
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.draw();
    if (byKey) this.dialog.querySelectorAll('.previews figure')[to].focus();
    this.dialog.querySelector('.said').textContent = t('pic.moved', { Place: to + 1, Count: this.items.length });
  }

  chosen(item) {
    return this.original ? item.made?.large ?? item.file : item.made?.small ?? item.file;
  }

  size(original) {
    return this.items.reduce((sum, { file, made }) => sum + ((original ? made?.large : made?.small) ?? file).size, 0);
  }

  async send(event) {
    event.preventDefault();
    const caption = this.dialog.querySelector('.caption-field').value.trim();
    this.busy = true;
    this.draw();
    await Promise.all(this.items.map((item) => item.ready));
    if (!this.dialog.open) return; // closed meanwhile
    this.result = { files: this.items.map((item) => this.chosen(item)), caption };
    this.dialog.close();
  }

  /** Draws what there is. What comes while pictures are made ready has its room from the start: the button stays under the finger. */
  draw() {
    const { items, dialog } = this;
    const waiting = items.some((item) => item.ready && !item.made);
    const saves = items.some((item) => item.made && item.made.small !== item.made.large);
    const notes = [...new Set(items.map((item) => item.made?.note).filter(Boolean))].filter((note) => note !== 'convert' || this.original);
    render(html`<form @submit=${(event) => this.send(event)} @keydown=${keepComposing}><h2>${this.title}</h2>
      <div class="previews n${Math.min(3, items.length)}"><div class="all" role="list">${items.map((item, i) => this.preview(item, i))}</div>
        ${items.length < MOST ? html`<button class="more" type="button" aria-label=${t('pic.add')} title=${t('pic.add')} @click=${() => dialog.querySelector('input[type=file]').click()}>${icon('plus')}</button>` : nothing}</div>
      ${items.length > 1 ? html`<p class="hint">${t(matchMedia('(pointer: coarse)').matches ? 'pic.order.touch' : 'pic.order')}</p>` : nothing}
      ${this.note ? html`<p class="hint warn" role="status">${this.note}</p>` : nothing}
      ${notes.map((note) => html`<p class="hint warn" role="status">${t(`pic.note.${note}`)}</p>`)}
      ${items.some((item) => item.ready) ? html`<div class="original">${saves ? html`<label><input class="weui-switch" type="checkbox" .checked=${this.original} @change=${(event) => this.toggle(event)}>
        <span>${t('pic.original')} <b>${bytes(this.size(true))}</b></span></label>` : nothing}<span class="sum">${t('pic.total', { Size: bytes(this.size(this.original)) })}</span></div>` : nothing}
      <input class="caption-field" data-most="500" placeholder=${t('chat.caption')} aria-label=${t('chat.caption')} autocomplete="off">
      <div class="buttons"><button type="button" class="weui-btn weui-btn_default" @click=${() => leave(dialog)}>${t('act.cancel')}</button>
        <button type="submit" class="weui-btn weui-btn_primary" ?disabled=${this.busy} aria-busy=${this.busy && waiting ? 'true' : 'false'}>${items.length > 1 ? t('chat.send.count', { Count: items.length }) : t('act.send')}</button></div>
      <input type="file" hidden multiple accept=${this.accept} tabindex="-1" aria-hidden="true" @change=${(event) => { this.add([...event.target.files]); event.target.value = ''; }}>
      <p class="said sr" role="status"></p></form>`, dialog);
  }

  preview(item, i) {
    const { file, made, url } = item;
    const many = this.items.length > 1;
    const shown = isPicture(file) && made && made.note !== 'plain';
    const picture = shown ? html`<img src=${url} alt="" draggable="false">`
      : file.type.startsWith('video/') ? html`<video src="${url}#t=0.1" muted playsinline preload="metadata" aria-hidden="true"></video><span class="film">${icon('play', 'small')}</span>`
        : isPicture(file) && !made ? html`<span class="blank unmade"><span class="spinner"></span></span>`
          : html`<span class="blank">${icon('file')}<span>${file.name}</span></span>`;
    return html`<figure role="listitem" tabindex=${many ? 0 : -1} @keydown=${(event) => this.key(event, i)}
        aria-label="${t('pic.place', { Place: i + 1, Count: this.items.length })}: ${file.name}, ${bytes(this.chosen(item).size)}">${picture}
      ${many ? html`<span class="nth" aria-hidden="true">${i + 1}</span>` : nothing}<figcaption>${bytes(this.chosen(item).size)}</figcaption>
      ${many ? html`<button class="take" type="button" aria-label="${t('act.delete')}: ${file.name}" @click=${() => this.remove(item)}>${icon('x', 'small')}</button>` : nothing}</figure>`;
  }

  toggle(event) {
    this.original = event.target.checked;
    this.draw();
  }

  /** Arrows move the picture that has the focus; Delete takes it out. */
  key(event, i) {
    if (event.target !== event.currentTarget) return;
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (step) this.move(i, i + step);
    else if (event.key === 'Delete' || event.key === 'Backspace') this.remove(this.items[i]);
    else return;
    event.preventDefault();
  }
}

/** Enter that ends a composition must not send. Safari ends it first, hence 229. */
function keepComposing(event) {
  if (event.key === 'Enter' && (event.isComposing || event.keyCode === 229)) event.preventDefault();
}
