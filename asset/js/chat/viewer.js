// The full-screen viewer of pictures and videos: PhotoSwipe's pinching, swiping
// and zooming in a modal dialog, with buttons of our own. PhotoSwipe's buttons
// are off: theirs alone would need a Trusted Types policy.
import { render } from '../../vendor/lit.js';
import PhotoSwipe from '../../vendor/photoswipe.js';
import { attempt, bytes, html, icon, nothing, t } from './base.js';
import { host } from '../ui/dialog.js';
import { MEDIA } from '../core/timeline.js';
import { style } from '../ui/style.js';
import { mayForward } from './deeds.js';
import { pause } from './player.js';
import { ownFile } from './text.js';
import { posterOf, reveal, saving, sourceOf } from './source.js';

const LARGE = 3 << 20; // above it the small copy shows first, and the original on demand
const styled = style('viewer').catch(() => {});

/**
 * Shows pictures and videos over the whole screen; the focus comes back to the one that was shown last.
 * @param {any[]} items of layout() with a picture or a video @param {number} at which to show first
 */
export async function openViewer(items, at) {
  await styled;
  new Viewer(items).open(at);
}

const isFilm = (item) => item.m.media === MEDIA.VIDEO;

class Viewer {
  constructor(items) {
    this.items = items;
    this.slides = items.map(slideOf);
  }

  open(at) {
    this.before = document.activeElement;
    this.dialog = host('hy-viewer', t('chat.viewer'), { light: false });
    this.dialog.showModal();
    const pswp = this.pswp = new PhotoSwipe({
      dataSource: this.slides, index: at, appendToEl: this.dialog, bgOpacity: 1, loop: false, preload: saving.peek() ? [0, 0] : [1, 1],
      showHideAnimationType: isFilm(this.items[at]) ? 'fade' : 'zoom', showAnimationDuration: 220, hideAnimationDuration: 180,
      close: false, zoom: false, counter: false, arrowPrev: false, arrowNext: false, preloader: false,
      imageClickAction: 'zoom', tapAction: 'toggle-controls', trapFocus: false, returnFocus: false, // a modal dialog does that
      errorMsg: t('pic.failed'),
      maxZoomLevel: (level) => Math.max(4 * level.fit, 2),
    });
    // The small copy lies under every picture until the large one is there.
    pswp.addFilter('placeholderSrc', (src, content) => content.data.msrc || src);
    pswp.addFilter('thumbEl', (thumb, data, index) => this.thumbOf(index) ?? thumb);
    pswp.on('contentLoad', (event) => this.load(event));
    pswp.on('contentActivate', ({ content }) => content.film?.play().catch(() => {}));
    pswp.on('contentDeactivate', ({ content }) => content.film?.pause());
    pswp.on('contentDestroy', ({ content }) => content.film?.removeAttribute('src'));
    pswp.on('loadComplete', (event) => this.loaded(event));
    pswp.on('pointerDown', (event) => onControls(event.originalEvent) && event.preventDefault());
    pswp.on('keydown', (event) => this.key(event));
    pswp.on('change', () => this.draw());
    pswp.on('destroy', () => this.dialog.close());
    this.dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      pswp.close();
    });
    this.dialog.addEventListener('close', () => this.closed());
    pswp.init();
  }

  closed() {
    const { pswp } = this;
    if (!pswp.isDestroying) pswp.destroy(); // a browser may close a dialog that will not be cancelled
    const shown = this.buttonOf(pswp.currIndex) ?? this.before;
    shown?.scrollIntoView?.({ block: 'nearest' });
    shown?.focus?.({ preventScroll: true });
  }

  buttonOf(index) {
    const { key } = this.items[index] ?? {};
    return key ? document.querySelector(`article[data-key="${CSS.escape(key)}"] .open`) : null;
  }

  thumbOf(index) {
    const image = this.buttonOf(index)?.querySelector('img');
    return image?.naturalWidth ? image : null;
  }

  /** A film is an element of its own; what is not shown yet has no address to fetch. */
  load(event) {
    const { content } = event;
    if (content.data.type !== 'film') return;
    event.preventDefault();
    if (content.element) return;
    const box = document.createElement('div');
    box.className = 'pswp__content filmbox';
    const film = document.createElement('video');
    Object.assign(film, { controls: true, playsInline: true, preload: 'none', src: content.data.film });
    if (content.data.poster) film.poster = content.data.poster;
    film.onplay = pause;
    film.setAttribute('aria-label', content.data.alt);
    box.append(film);
    Object.assign(content, { element: box, film });
  }

  /** A picture of unknown size is laid out anew once it has one. */
  loaded({ content, slide }) {
    const { data, element } = content;
    this.draw();
    if (data.known || !element?.naturalWidth) return;
    Object.assign(data, { known: true, width: element.naturalWidth, height: element.naturalHeight });
    if (slide) this.pswp.refreshSlideContent(slide.index);
  }

  key(event) {
    const { key } = event.originalEvent;
    if ([...document.querySelectorAll('dialog[open]')].at(-1) !== this.dialog) { // something was opened above
      event.preventDefault();
      return;
    }
    const { currSlide } = this.pswp;
    const by = { '+': 1.5, '=': 1.5, '-': 1 / 1.5 }[key];
    if (by && currSlide?.isZoomable()) currSlide.zoomTo(Math.max(currSlide.zoomLevels.fit, Math.min(currSlide.zoomLevels.max, currSlide.currZoomLevel * by)), undefined, 150);
    if (key === '0') currSlide?.zoomTo(currSlide.zoomLevels.initial, undefined, 150);
    if (key === 'Home') this.pswp.goTo(0);
    if (key === 'End') this.pswp.goTo(this.items.length - 1);
  }

  /** Fetches the original in place of the small copy. */
  full(index) {
    const slide = this.slides[index];
    Object.assign(slide, { src: slide.original, small: false });
    reveal(this.items[index].m);
    this.pswp.refreshSlideContent(index);
    this.draw();
  }

  /** To whom it goes is asked above the picture. */
  async forward(m) {
    const { forward } = await import('./forward.js');
    attempt(() => forward(document.querySelector('hy-messages'), [m]));
  }

  forwards(m) {
    return !!m.seq && !!document.querySelector('hy-messages') && mayForward(m);
  }

  draw() {
    const { pswp, items } = this;
    if (!pswp.element) return;
    if (!this.bar) {
      this.bar = document.createElement('div');
      this.bar.className = 'pswp__hide-on-close chrome';
      pswp.element.removeAttribute('role'); // the dialog around it is one
      pswp.element.append(this.bar);
    }
    const index = pswp.currIndex;
    const { m } = items[index];
    const slide = this.slides[index];
    const turn = (name, to, label, glyph) => html`<button class="turn ${name} iconbtn" type="button" aria-label=${label} title=${label} @click=${() => pswp.goTo(to)}>${icon(glyph)}</button>`;
    const tool = (glyph, label, act) => html`<button class="iconbtn" type="button" aria-label=${label} title=${label} @click=${act}>${icon(glyph)}</button>`;
    pswp.element.classList.toggle('with-film', isFilm(items[index]));
    render(html`<div class="tools"><span class="place" role="status">${items.length > 1 ? `${index + 1} / ${items.length}` : ''}</span>
        ${isFilm(items[index]) ? nothing : tool('zoom-in', t('pic.zoom'), () => pswp.toggleZoom())}
        ${this.forwards(m) ? tool('forward', t('pic.forward'), () => this.forward(m)) : nothing}
        <a class="iconbtn" href=${slide.original} download=${m.content || ''} aria-label=${t('pic.save')} title=${t('pic.save')}>${icon('download')}</a>
        ${tool('x', t('act.close'), () => pswp.close())}</div>
      ${index > 0 ? turn('back', index - 1, t('chat.viewer.previous'), 'chevron-left') : nothing}
      ${index < items.length - 1 ? turn('on', index + 1, t('chat.viewer.next'), 'chevron-right') : nothing}
      ${pswp.currSlide?.content.isLoading() ? html`<span class="loading spinner" role="status" aria-label=${t('chat.loading')}></span>` : nothing}
      <div class="below">${m.memo ? html`<p class="memo" dir="auto">${m.memo}</p>` : nothing}
        ${slide.small ? html`<button class="full" type="button" @click=${() => this.full(index)}>${t('pic.full', { Size: m.ext?.size ? bytes(m.ext.size) : '?' })}</button>` : nothing}</div>`, this.bar);
  }
}

/** The lower edge of a film is its own: it does not turn the page. */
function onControls(event) {
  const film = event.target.closest?.('video');
  return !!film && event.clientY > film.getBoundingClientRect().bottom - 64;
}

function slideOf(item) {
  const { m, entry } = item;
  const original = sourceOf(item);
  if (isFilm(item)) return { type: 'film', film: original, original, poster: saving.peek() ? '' : posterOf(item), alt: m.memo || m.content || t('media.video') };
  const { width, height } = m.ext ?? {};
  const known = width > 0 && height > 0;
  const pic = entry?.file || original.startsWith('blob:') ? '' : ownFile(m.pic);
  const small = !!pic && pic !== original && (saving.peek() || m.ext?.size > LARGE);
  return { src: small ? pic : original, original, small, msrc: pic || original, known, width: known ? width : 1200, height: known ? height : 900, alt: m.memo || t('media.image') };
}
