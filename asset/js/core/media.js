// Files on their way to the server: what they are, how big a picture is, a
// video's poster, and the upload with its progress.
import { t } from './i18n.js';
import { isShown } from './picture.js';
import { MEDIA } from './timeline.js';
import { IN_PARTS, send, sendInParts } from './transfer.js';

const POSTER_SIDE = 480;
const POSTER_TIMEOUT = 8000;
const LENGTH_TIMEOUT = 2000;

/**
 * Sends one file.
 * @param {Blob} file @param {string} name @param {(share:number)=>void} progress @param {AbortSignal} [signal]
 * @param {{known?: string, remember?: (id: string) => unknown}} [how] to go on with an earlier attempt
 * @returns {Promise<{url:string, attach:any}>}
 */
export async function upload(file, name, progress, signal, how = {}) {
  if (file.size > IN_PARTS) return sendInParts(file, name, { ...how, progress, signal });
  const { data, attach } = await send('/attach/upload', { file: [file, name] }, { progress, signal });
  return { url: data, attach: attach ?? {} };
}

/**
 * Uploads what an entry of the outbox carries and gives the fields that its message gains.
 * @param {any} entry @param {(share:number)=>void} progress @param {AbortSignal} signal
 * @param {(fields: object) => unknown} [remember] keeps what a later attempt goes on with
 */
export async function uploadEntry(entry, progress, signal, remember) {
  const fields = {};
  if (entry.poster && !entry.pic) {
    fields.pic = (await upload(entry.poster, 'poster.jpg', () => {}, signal)).url;
    await remember?.({ pic: fields.pic });
  }
  const { url, attach } = await upload(entry.file, entry.name || 'file', progress, signal, { known: entry.upload, remember: (id) => remember?.({ upload: id }) });
  fields.url = url;
  const ext = { ...entry.ext };
  if (attach.width && attach.height) Object.assign(ext, { width: attach.width, height: attach.height });
  if (entry.media === MEDIA.IMAGE) fields.pic = attach.thumb || url;
  if (entry.media !== MEDIA.FILE) ext.size = attach.size ?? entry.file.size;
  fields.ext = ext;
  return fields;
}

/** The message that a chosen file becomes, to be given to the outbox. */
export async function messageOf(file, { caption = '' } = {}) {
  const name = file.name || t('chat.file');
  if (isShown(file)) {
    const size = await imageSize(file).catch(() => null);
    if (size) return { media: MEDIA.IMAGE, file, name, memo: caption, ext: { ...size, size: file.size } };
  }
  if (file.type.startsWith('video/')) {
    const { poster, ...ext } = await posterOf(file).catch(() => ({}));
    return { media: MEDIA.VIDEO, file, poster, name, content: name, memo: caption, ext: { ...ext, size: file.size } };
  }
  if (file.type.startsWith('audio/')) {
    const seconds = await audioLength(file).catch(() => 0);
    if (seconds > 0 && seconds <= 120) return { media: MEDIA.VOICE, file, name, amount: Math.max(1, Math.round(seconds)), ext: { size: file.size } };
  }
  return { media: MEDIA.FILE, file, name, content: name, amount: file.size, memo: caption };
}

export function imageSize(file) {
  return withURL(file, (url) => new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = reject;
    image.src = url;
  }));
}

async function withURL(file, act) {
  const url = URL.createObjectURL(file);
  try {
    return await act(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function audioLength(file) {
  return withURL(file, (url) => new Promise((resolve, reject) => {
    const audio = new Audio();
    audio.preload = 'metadata';
    audio.onloadedmetadata = async () => resolve(await lengthOf(audio));
    audio.onerror = reject;
    audio.src = url;
  }));
}

/** The length of what is loaded. A recording says none in its head: it is known once its end has been looked for. */
function lengthOf(player) {
  if (Number.isFinite(player.duration)) return player.duration;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      player.ondurationchange = null;
      resolve(Number.isFinite(player.duration) ? player.duration : 0);
    };
    const timer = setTimeout(done, LENGTH_TIMEOUT);
    player.ondurationchange = () => Number.isFinite(player.duration) && done();
    player.currentTime = 1e7;
  });
}

/** A picture of a video's first second, with its size and length. */
export function posterOf(file) {
  return withURL(file, (url) => new Promise((resolve, reject) => {
    const video = document.createElement('video');
    setTimeout(() => reject(new Error('no frame')), POSTER_TIMEOUT);
    video.muted = true;
    video.playsInline = true;
    video.preload = 'auto';
    video.onerror = () => reject(new Error('not playable'));
    video.onloadeddata = async () => {
      const seconds = await lengthOf(video);
      video.onseeked = async () => {
        const { videoWidth: width, videoHeight: height } = video;
        if (!width) { // a sound in a film's clothes
          reject(new Error('no picture'));
          return;
        }
        const poster = await shrink(video, width, height);
        resolve({ poster, width, height, duration: Math.round(seconds) });
      };
      video.currentTime = Math.min(1, (seconds || 2) / 2);
    };
    video.src = url;
  }));
}

function shrink(source, width, height) {
  const scale = Math.min(1, POSTER_SIDE / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext('2d').drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/jpeg', 0.8));
}
