// Codes to be scanned: one's own card, and what reads a code out of a picture.
import { html, render } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { host } from './dialog.js';
import { avatar, icon } from './kit.js';
import { style } from './style.js';

const SIDE = 1000; // a picture is read at no more than this: enough for a code, and quick

/** Shows the reader's own code over whatever is open. */
export async function showCard() {
  await style('invite').catch(() => {});
  const me = store.me.peek();
  const dialog = host('box code-box', t('scan.mine'));
  render(html`<button type="button" class="iconbtn out" aria-label=${t('act.close')} @click=${() => dialog.close()}>${icon('x')}</button>
    <div class="code-card"><div class="whose">${avatar(me)}<div><strong>${me.nickname}</strong><span>${t('person.id')}: ${me.id}</span></div></div>
    <img class="code" src="/qr.svg?u" alt=${t('scan.image')} width="240" height="240"><p>${t('scan.mine.hint')}</p></div>`, dialog);
  dialog.showModal();
}

let native;

/** The browser's own reader, null where it has none for these codes. */
async function detector() {
  if (native === undefined) {
    try {
      native = (await globalThis.BarcodeDetector?.getSupportedFormats())?.includes('qr_code') ? new globalThis.BarcodeDetector({ formats: ['qr_code'] }) : null;
    } catch {
      native = null;
    }
  }
  return native;
}

const canvas = document.createElement('canvas');

/** Draws a picture or a frame, no larger than it has to be. Frames and pictures share the canvas: what is to be read is read before anything is awaited. */
function drawn(source, width, height) {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.fillStyle = '#fff'; // what is transparent is paper
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** What the code in a picture or a frame says, '' where there is none. @param {CanvasImageSource} source */
export async function decode(source, width, height, vendored = false) {
  const own = vendored ? null : await detector();
  if (own) {
    try {
      const [found] = await own.detect(drawn(source, width, height));
      if (found) return found.rawValue;
    } catch {
      native = null; // it says it can and cannot: on some systems the service behind it is missing
    }
  }
  const { decodeQR } = await import('../../vendor/qr.js');
  try {
    return decodeQR(drawn(source, width, height));
  } catch {
    return '';
  }
}

/** Where a code leads within this site, as a path; '' for everything else, which is text and no more. */
export function leads(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return '';
  }
  return url.origin === location.origin && !url.username && !url.password ? url.pathname + url.search : '';
}
