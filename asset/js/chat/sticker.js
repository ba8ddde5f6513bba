// A person's own stickers: choosing one to send, adding and removing.
import { render } from '../../vendor/lit.js';
import { ask, attempt, html, icon, t } from './base.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { MEDIA } from '../core/timeline.js';
import { pickFile } from '../ui/upload.js';
import { dialogOf, top } from './dialog.js';
import { ownFile } from './text.js';

const SIDE = 320;
const SMALL = 200 << 10;

/** The message that a sticker is. */
export const messageOf = (sticker) => ({
  media: MEDIA.EMOJI, content: sticker.name || t('sticker.one'), url: sticker.url, pic: sticker.pic || '',
  ext: sticker.width ? { width: sticker.width, height: sticker.height } : {},
});

/** Puts the picture of a message into one's collection. */
export const keep = (pane, m) => attempt(() => post('/sticker/add', { kind: pane.kind, dstid: pane.dstid, seq: m.seq, name: m.media === MEDIA.EMOJI ? m.content.slice(0, 32) : '' }), t('sticker.kept'));

/** Offers one's stickers; a tap sends one. @param {{kind: number, dstid: number}} to the conversation */
export async function openStickers({ kind, dstid }) {
  const dialog = await dialogOf('tall stickers', t('sticker.title'), { light: true });
  let list = null;
  let fault = '';
  let managing = false;
  const load = async () => {
    fault = '';
    try {
      list = (await post('/sticker/list', {})).rows;
    } catch (error) {
      fault = error.message;
    }
    draw();
  };
  const pick = (sticker) => {
    if (managing) {
      ask({ title: t('sticker.remove'), text: sticker.name, yes: t('act.delete'), warn: true, act: () => post('/sticker/remove', { id: sticker.id }).then(load) });
      return;
    }
    store.send(kind, dstid, messageOf(sticker));
    dialog.close();
  };
  const add = async () => {
    const file = await pickFile('image/*');
    if (file) await attempt(() => addFile(file).then(load), t('sticker.kept'));
  };
  const manage = () => {
    managing = !managing;
    draw();
  };
  const draw = () => render(html`${top(dialog, t('sticker.title'), html`<button class="textbtn" type="button" ?hidden=${!list?.length} aria-pressed=${managing ? 'true' : 'false'} @click=${manage}>${t(managing ? 'act.done' : 'sticker.manage')}</button>`)}
    <div class="scroll">${fault ? html`<p class="tip centre" role="alert">${fault} <button class="textbtn" type="button" @click=${load}>${t('act.retry')}</button></p>` : ''}
      <div class="grid ${managing ? 'managing' : ''}"><button class="add" type="button" @click=${add}>${icon('plus')}<span>${t('sticker.new')}</span></button>${(list ?? []).map((sticker) => html`<button type="button"
        aria-label=${managing ? `${t('sticker.remove')}: ${sticker.name}` : sticker.name} title=${sticker.name} @click=${() => pick(sticker)}><img src=${ownFile(sticker.pic || sticker.url)} alt="" loading="lazy" decoding="async">${managing ? icon('x', 'small') : ''}</button>`)}</div>
      ${list?.length === 0 ? html`<p class="tip centre">${t('sticker.empty')}</p>` : ''}</div>`, dialog);
  draw();
  dialog.showModal();
  await load();
}

/** Uploads a picture, a large one made small first, and puts it into the collection. */
async function addFile(file) {
  const name = file.name.replace(/\.[^.]*$/, '').slice(0, 32);
  const form = new FormData();
  form.append('file', await small(file), file.name);
  const { data: url } = await post('/attach/upload', form);
  await post('/sticker/add', { url, name });
}

/** A still picture of no more than a sticker's size; what moves stays as it is. */
async function small(file) {
  if (file.type === 'image/gif' || file.size <= SMALL) return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), 'image/webp', 0.9));
}
