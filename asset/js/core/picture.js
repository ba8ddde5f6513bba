// A picture before it is sent: smaller where nobody will see the difference,
// and in a format that every browser shows.

export const MOST_SIDE = 2048;
export const MOST_PIXELS = 40_000_000; // what the server takes
const QUALITY = 0.85;
const SMALL_ENOUGH = 200 << 10;
const HEAD = 64 << 10;

/** Whether a file is a picture by what it is called. */
export const isPicture = (file) => file.type.startsWith('image/') || /\.(heic|heif)$/i.test(file.name ?? '');

/** Formats that Chromium and Firefox do not show: phones make them. */
const isForeign = (file) => /^image\/(heic|heif|tiff)/.test(file.type) || /\.(heic|heif)$/i.test(file.name ?? '');

/** Formats that a browser shows in a list. */
export const isShown = (file) => /^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(file.type);

/** Whether a picture moves: it would stand still after a canvas. */
async function moves(file) {
  if (file.type === 'image/gif') return true;
  if (!/^image\/(png|webp|avif)$/.test(file.type)) return false;
  const head = new TextDecoder('latin1').decode(await file.slice(0, HEAD).arrayBuffer());
  return { 'image/png': /acTL.*IDAT/s, 'image/webp': /^RIFF.{4}WEBP.*ANIM/s, 'image/avif': /ftypavis/ }[file.type].test(head);
}

/** The file's name with the ending of another type. */
const renamed = (name, type) => `${(name || 'picture').replace(/\.[^.]*$/, '')}.${type === 'image/webp' ? 'webp' : type === 'image/png' ? 'png' : 'jpg'}`;

/**
 * What is sent in place of a chosen picture.
 * @param {File} file
 * @returns {Promise<{small: File, large: File, note: ''|'convert'|'pixels'|'plain', bitmap?: {width: number, height: number}}>}
 * small is for who wants to save, large for who wants the original: the same file where there is nothing to save. note
 * says what else people should know: it was converted or scaled in any case, or goes as a plain file.
 */
export async function prepare(file) {
  const foreign = isForeign(file);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return { small: file, large: file, note: 'plain' };
  }
  try {
    const size = { width: bitmap.width, height: bitmap.height };
    const huge = size.width * size.height > MOST_PIXELS;
    if (!huge && !foreign && (await moves(file))) return { small: file, large: file, note: '', bitmap: size };
    const little = file.size <= SMALL_ENOUGH && Math.max(size.width, size.height) <= MOST_SIDE;
    if (!huge && !foreign && isShown(file) && little) return { small: file, large: file, note: '', bitmap: size };
    const small = await encode(file, bitmap, Math.min(1, MOST_SIDE / Math.max(size.width, size.height)));
    if (huge) return { small, large: await encode(file, bitmap, Math.sqrt(MOST_PIXELS / (size.width * size.height)) * 0.999), note: 'pixels', bitmap: size };
    if (foreign || !isShown(file)) return { small, large: file, note: 'convert', bitmap: size };
    return { small: small.size < file.size * 0.9 ? small : file, large: file, note: '', bitmap: size };
  } finally {
    bitmap.close();
  }
}

/** A picture scaled and written anew: photographs as JPEG, what may be transparent as WebP. */
async function encode(file, bitmap, scale) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const type = /^image\/(png|webp|avif)$/.test(file.type) ? 'image/webp' : 'image/jpeg';
  // A browser that cannot write WebP gives PNG, which may be larger than what came: that is for the caller to see.
  const blob = await new Promise((resolve, reject) => canvas.toBlob((made) => (made ? resolve(made) : reject(new Error('no picture'))), type, QUALITY));
  canvas.width = canvas.height = 0; // phones count its memory until the next collection
  return new File([blob], renamed(file.name, blob.type), { type: blob.type, lastModified: file.lastModified });
}
