// Sharing a link: with a title it is a news card, with nothing else a link card.
// Where the server may, it looks at the page and offers what it says of itself.
import { render } from '../../vendor/lit.js';
import { html, icon, nothing, t, toast } from './base.js';
import * as store from '../core/store.js';
import { MEDIA } from '../core/timeline.js';
import { pickFile, uploadPicture } from '../ui/upload.js';
import { dialogOf, draftOf, field, top } from './dialog.js';
import { pageOf } from './pages.js';
import { ownFile, safeLink } from './text.js';

const TITLE = 120;
const NOTE = 500;
const MOST_URL = 2048;

/** The address that somebody wrote, or null; https is understood. */
export function addressOf(text) {
  const plain = text.trim();
  if (!plain || plain.length > MOST_URL) return null;
  const url = /^[a-z][a-z0-9+.-]*:/i.test(plain) && !/^[^/]+:\d/.test(plain) ? safeLink(plain) : safeLink(`https://${plain}`);
  return url && (url.hostname.includes('.') || url.hostname === 'localhost' || url.hostname.startsWith('[')) && !url.username ? url : null;
}

/** The message that a form is. */
export function messageOf({ url, title, note, pic }) {
  const href = addressOf(url).href;
  if (!title.trim() && !note.trim() && !pic) return { media: MEDIA.LINK, url: href };
  return { media: MEDIA.NEWS, url: href, content: title.trim() || new URL(href).host, memo: note.trim(), pic };
}

/** @param {{kind: number, dstid: number}} to the conversation */
export async function sendLink({ kind, dstid }) {
  const dialog = await dialogOf('link-form', t('link.title'));
  const { form, done } = draftOf('link', { kind, dstid }, { url: '', title: '', note: '', pic: '', found: null });
  let fault = '';
  let asked = form.found ? addressOf(form.url)?.href : '';
  let waiting = false;
  const set = (name) => (value) => {
    form[name] = value;
    if (name === 'url') fault = '';
    draw();
  };
  const forgetFound = () => {
    for (const name of ['title', 'note', 'pic']) if (form[name] === form.found?.[name]) form[name] = '';
    form.found = null;
    draw();
  };
  const look = async () => {
    const url = addressOf(form.url);
    if (!url || url.href === asked) return;
    asked = url.href;
    waiting = true;
    forgetFound();
    const page = await pageOf(url.href);
    if (asked !== url.href) return;
    waiting = false;
    if (page) {
      form.found = page;
      form.title ||= page.title;
      form.note ||= page.note;
      form.pic ||= page.pic ?? '';
    }
    draw();
  };
  const submit = (event) => {
    event.preventDefault();
    if (!addressOf(form.url)) {
      fault = t('link.fault');
      draw();
      dialog.querySelector('[name=url]').focus();
      return;
    }
    store.send(kind, dstid, messageOf(form));
    done();
    dialog.close();
  };
  const picture = async () => {
    const file = await pickFile('image/*');
    if (!file) return;
    try {
      set('pic')(await uploadPicture(file));
    } catch (error) {
      toast(error.message);
    }
  };
  const draw = () => render(html`${top(dialog, t('link.title'))}<form class="scroll" @submit=${submit} novalidate>
    ${field({ name: 'url', label: t('link.url'), value: form.url, input: set('url'), change: look, type: 'url', mode: 'url', max: MOST_URL, hint: 'https://', fault })}
    ${waiting ? html`<p class="tip" role="status"><span class="spinner small"></span> ${t('link.looking')}</p>` : nothing}
    ${field({ name: 'title', label: t('link.name'), value: form.title, input: set('title'), max: TITLE, hint: t('link.optional') })}
    ${field({ name: 'note', label: t('link.note'), value: form.note, input: set('note'), max: NOTE, lines: 2, hint: t('link.optional') })}
    <div class="field"><span class="label">${t('link.picture')}</span>${form.pic ? html`<img class="thumb" src=${ownFile(form.pic)} alt=${t('link.picture')}>
      <button class="iconbtn" type="button" aria-label=${t('link.picture.remove')} @click=${() => set('pic')('')}>${icon('x')}</button>`
      : html`<button class="textbtn" type="button" @click=${picture}>${t('link.picture.add')}</button>`}</div>
    ${addressOf(form.url) ? sample(form, forgetFound) : nothing}
    <div class="pad"><button class="weui-btn weui-btn_primary" type="submit">${t('act.send')}</button></div></form>`, dialog);
  dialog.addEventListener('paste', () => setTimeout(look));
  draw();
  dialog.showModal();
  dialog.querySelector('[name=url]').focus();
}

/** The card as others will see it; what the page said of itself can be taken off again. */
function sample(form, remove) {
  const m = messageOf(form);
  return html`<div class="sample" aria-label=${t('link.sample')}><span class="about"><span class="name">${m.content || m.url}</span>${m.memo ? html`<span class="size">${m.memo}</span>` : nothing}
    <span class="size">${new URL(m.url).host}</span></span>${form.pic ? html`<img class="thumb" src=${ownFile(form.pic)} alt="">` : nothing}
    ${form.found ? html`<button class="iconbtn" type="button" aria-label=${t('link.preview.remove')} @click=${remove}>${icon('x', 'small')}</button>` : nothing}</div>`;
}
