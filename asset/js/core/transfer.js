// Files on the wire: one request with its progress, and large files in parts
// that go on where a broken line left them.
import { t } from './i18n.js';

/** From this size on a file goes in parts. */
export const IN_PARTS = 1 << 20;
const MOST_TURNS = 5; // of asking where to go on without getting any further

export class UploadError extends Error {
  /** @param {string} code @param {string} message @param {number} [retryAfter] seconds */
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** What a proxy's answer without our JSON means. */
function codeOf(status) {
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  return status === 0 ? 'network' : 'unavailable';
}

/**
 * Posts a form. fetch cannot tell how much of a body has gone, so this is an XMLHttpRequest.
 * @param {string} route @param {Record<string, string|number|[Blob, string]>} fields in their order
 * @param {{progress?: (sent: number) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the server's answer; anything else rejects with an UploadError
 */
export function send(route, fields, { progress, signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new UploadError('aborted', ''));
      return;
    }
    const request = new XMLHttpRequest();
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) {
      if (Array.isArray(value)) body.append(name, value[0], value[1]);
      else body.append(name, String(value));
    }
    request.open('POST', route);
    request.setRequestHeader('Accept', 'application/json');
    request.responseType = 'json';
    if (progress) request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = request.ontimeout = () => reject(new UploadError('network', t('error.client.offline')));
    request.onabort = () => reject(new UploadError('aborted', ''));
    request.onload = () => {
      const answer = request.response;
      if (answer?.code === 0) resolve(answer);
      else reject(new UploadError(answer?.error ?? codeOf(request.status), answer?.msg ?? t('error.client.unavailable'), Number(request.getResponseHeader('Retry-After')) || 0));
    };
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

/**
 * Sends a file in parts.
 * @param {Blob} file @param {string} name
 * @param {{known?: string, progress: (share: number) => void, signal?: AbortSignal, remember?: (id: string) => unknown}} how
 * known is the upload that an earlier attempt began; remember is told of a new one before its first byte goes
 * @returns {Promise<{url: string, attach: any}>}
 */
export async function sendInParts(file, name, { known = '', progress, signal, remember }) {
  let id = known;
  // An upload that the author takes back need not wait a day to be swept.
  signal?.addEventListener('abort', () => id && navigator.sendBeacon?.('/attach/cancel', new URLSearchParams({ upload: id })), { once: true });
  let state = known ? await stateOf(known, signal) : null;
  if (state?.size !== file.size) {
    state = (await send('/attach/begin', { name, filetype: file.type, size: file.size }, { signal })).data;
    id = state.upload;
    await remember?.(id);
  }
  for (let turns = 0; state.offset < file.size;) {
    const { offset } = state;
    const piece = file.slice(offset, offset + state.part);
    progress(offset / file.size);
    try {
      state = (await send('/attach/part', { upload: id, offset, file: [piece, 'part'] }, { signal, progress: (share) => progress((offset + share * piece.size) / file.size) })).data;
      turns = 0;
    } catch (error) {
      if (error.code !== 'conflict' || ++turns > MOST_TURNS) throw error;
      state = (await stateOf(id, signal)) ?? { ...state, offset: 0 };
    }
  }
  progress(1);
  const { data, attach } = await send('/attach/finish', { upload: id }, { signal });
  return { url: data, attach: attach ?? {} };
}

/** Where an upload goes on; null if the server does not know it any more. */
async function stateOf(upload, signal) {
  try {
    return (await send('/attach/state', { upload }, { signal })).data;
  } catch (error) {
    if (error.code === 'not_found') return null;
    throw error;
  }
}
