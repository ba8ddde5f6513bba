// What the page that a text links to says of itself, offered above the field: it
// goes along unless it is taken off.
import { html, icon, nothing, t } from './base.js';
import { style } from '../ui/style.js';
import { pageOf } from './pages.js';
import { linkify, ownFile } from './text.js';

const PAUSE = 500;
const MOST_URL = 500;

export class LinkCard {
  constructor(composer) {
    this.composer = composer;
    this.page = null;
    this.href = '';
    this.refused = new Set();
    style('cards').catch(() => {});
  }

  /** Looks at the first link of the text, once the hands rest. */
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.find(), PAUSE);
  }

  async find() {
    const href = linkOf(this.composer.field?.value ?? '');
    if (href === this.href) return;
    this.href = href;
    this.show(null);
    if (!href || this.refused.has(href)) return;
    const page = await pageOf(href);
    if (page && this.href === href) this.show(page);
  }

  show(page) {
    this.page = page;
    this.composer.requestUpdate();
  }

  remove() {
    this.refused.add(this.href);
    this.show(null);
    this.composer.field.focus();
  }

  /** The fields that a message gains by what is offered, if its text still has the link. */
  take(text) {
    clearTimeout(this.timer);
    const { page, href } = this;
    this.href = '';
    this.page = null;
    if (!page || linkOf(text) !== href) return {};
    return { preview: { url: href, title: page.title, note: page.note, ...(page.pic ? { pic: page.pic } : {}) } };
  }

  render() {
    const { page } = this;
    if (!page) return nothing;
    return html`<div class="link-offer">${page.pic ? html`<img src=${ownFile(page.pic)} alt="">` : icon('link', 'small')}<span class="about"><span class="name">${page.title}</span>
      <span class="size">${page.host}${page.note ? ` · ${page.note}` : ''}</span></span>
      <button class="iconbtn" type="button" aria-label=${t('link.preview.remove')} @click=${() => this.remove()}>${icon('x', 'small')}</button></div>`;
  }
}

/** The first address in a text that is looked at, '' if there is none. */
function linkOf(text) {
  const part = linkify(text).find((p) => p.href);
  return part && part.href.length <= MOST_URL && !new URL(part.href).username ? part.href : '';
}
