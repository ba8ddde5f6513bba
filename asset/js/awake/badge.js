// The number of unread messages on the page's icon.
const SIZE = 64;
const SHOWN = 99;

const plain = /** @type {HTMLLinkElement|null} */ (document.querySelector('link[rel="icon"]'))?.getAttribute('href') ?? '';
let last = -1;
let picture = null;

/** Draws a count onto the icon of the tab; 0 takes it off. */
export async function badge(/** @type {number} */ n) {
  if (n === last || !plain) return;
  last = n;
  if (!n) {
    show(plain, 'image/svg+xml');
    return;
  }
  try {
    picture ??= await load(plain);
    if (n === last) show(draw(n), 'image/png');
  } catch {
    picture = null; // the plain one stays
  }
}

async function load(/** @type {string} */ src) {
  const image = new Image(SIZE, SIZE);
  image.src = src;
  await image.decode();
  return image;
}

function draw(/** @type {number} */ n) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE;
  const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  c.drawImage(picture, 0, 0, SIZE, SIZE);
  const text = n > SHOWN ? '99+' : String(n);
  const width = { 1: 40, 2: 48, 3: 60 }[text.length] ?? 60;
  c.fillStyle = '#e53935';
  c.beginPath();
  c.roundRect?.(SIZE - width, SIZE - 40, width, 40, 20);
  c.fill();
  c.fillStyle = '#fff';
  c.font = `bold ${text.length > 2 ? 28 : 34}px system-ui, sans-serif`;
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  c.fillText(text, SIZE - width / 2, SIZE - 18);
  return canvas.toDataURL('image/png');
}

function show(/** @type {string} */ href, /** @type {string} */ type) {
  for (const link of document.querySelectorAll('link[rel="icon"]')) link.remove();
  const link = document.createElement('link');
  link.rel = 'icon';
  link.type = type;
  link.href = href;
  document.head.append(link); // a changed one is not noticed everywhere, a new one is
}
