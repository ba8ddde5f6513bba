// Files on their way to the server: what they are, how big a picture is, a
// video's poster, and the upload with its progress.
import { t } from './i18n.js';
import { MEDIA } from './timeline.js';

const POSTER_SIDE = 480;
const POSTER_TIMEOUT = 8000;

class UploadError extends Error {
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/**
 * Sends one file. fetch cannot tell how much of a body has gone, so this is an XMLHttpRequest.
 * @param {Blob} file @param {string} name @param {(share:number)=>void} progress @param {AbortSignal} [signal]
 * @returns {Promise<{url:string, attach:any}>}
 */
export function upload(file, name, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append('file', file, name);
    request.open('POST', '/attach/upload');
    request.setRequestHeader('Accept', 'application/json');
    request.responseType = 'json';
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = request.ontimeout = () => reject(new UploadError('network', t('error.client.offline')));
    request.onabort = () => reject(new UploadError('aborted', ''));
    request.onload = () => {
      const answer = request.response;
      if (answer?.code === 0) resolve({ url: answer.data, attach: answer.attach ?? {} });
      else reject(new UploadError(answer?.error ?? codeOf(request.status), answer?.msg ?? t('error.client.unavailable'), Number(request.getResponseHeader('Retry-After')) || 0));
    };
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

/** What a proxy's answer without our JSON means. */
function codeOf(status) {
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  return status === 0 ? 'network' : 'unavailable';
}

/** Uploads what an entry of the outbox carries and gives the fields that its message gains. */
export async function uploadEntry(entry, progress, signal) {
  const fields = {};
  if (entry.poster && !entry.pic) fields.pic = (await upload(entry.poster, 'poster.jpg', () => {}, signal)).url;
  const { url, attach } = await upload(entry.file, entry.name || 'file', progress, signal);
  fields.url = url;
  const ext = { ...entry.ext };
  if (attach.width && attach.height) Object.assign(ext, { width: attach.width, height: attach.height });
  if (entry.media === MEDIA.IMAGE) {
    fields.pic = attach.thumb || url;
    ext.size = attach.size ?? entry.file.size;
  }
  fields.ext = ext;
  return fields;
}

/** The message that a chosen file becomes, to be given to the outbox. */
export async function messageOf(file, { caption = '' } = {}) {
  const name = file.name || t('chat.file');
  if (/^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(file.type)) {
    const size = await imageSize(file).catch(() => null);
    if (size) return { media: MEDIA.IMAGE, file, name, memo: caption, ext: { ...size, size: file.size } };
  }
  if (file.type.startsWith('video/')) {
    const { poster, ...ext } = await posterOf(file).catch(() => ({}));
    return { media: MEDIA.VIDEO, file, poster, name, content: name, memo: caption, ext: { ...ext, size: file.size } };
  }
  if (file.type.startsWith('audio/')) {
    const seconds = await audioLength(file).catch(() => 0);
    if (seconds > 0 && seconds <= 120) return { media: MEDIA.VOICE, file, name, amount: Math.max(1, Math.round(seconds)), ext: {} };
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
    audio.onloadedmetadata = () => resolve(Number.isFinite(audio.duration) ? audio.duration : 0);
    audio.onerror = reject;
    audio.src = url;
  }));
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
    video.onloadeddata = () => { video.currentTime = Math.min(1, (video.duration || 2) / 2); };
    video.onseeked = async () => {
      const { videoWidth: width, videoHeight: height } = video;
      const poster = await shrink(video, width, height);
      resolve({ poster, width, height, duration: Number.isFinite(video.duration) ? Math.round(video.duration) : 0 });
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
