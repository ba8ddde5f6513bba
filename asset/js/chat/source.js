// Where the file of a message is: still here, or on this site; and whether it
// may be fetched before somebody asks for it.
import { signal } from '../../vendor/signals-core.js';
import { ownFile } from './text.js';

const local = new Map();
const MOST_LOCAL = 60;
const SAVER = 'hy-saver';

const network = navigator.connection;

/** How this device loads what messages carry: saving 'on' or 'off', on 'cellular' networks, or 'auto' as the browser says. */
export function saverChoice() {
  try {
    return localStorage.getItem(SAVER) ?? 'auto';
  } catch {
    return 'auto';
  }
}

const wanted = () => ({ on: true, off: false, cellular: network?.type === 'cellular' })[saverChoice()] ?? network?.saveData === true;

/** Whether pictures, videos and voice wait to be asked for. */
export const saving = signal(wanted());

/** What was asked for on this page, by address. */
const revealed = signal(new Set());

/** Looks again at what decides on `saving`. */
export const lookAgain = () => { saving.value = wanted(); };
network?.addEventListener?.('change', lookAgain);

const addressOf = (m) => m.url || m.cid;

/** Whether what a message carries may be fetched now. */
export const mayLoad = ({ m, own, entry }) => !saving.value || own || !!entry || revealed.value.has(addressOf(m));

/** Somebody asked for what a message carries. */
export function reveal(m) {
  revealed.value = new Set(revealed.peek()).add(addressOf(m));
}

/** An address of a file that is still here, so that what was sent shows without being fetched. */
function localURL(entry, what = 'file') {
  const key = `${entry.cid}:${what}`;
  const known = local.get(key);
  if (known) return known;
  if (!entry[what]) return '';
  if (local.size >= MOST_LOCAL) {
    const [oldest, url] = local.entries().next().value;
    URL.revokeObjectURL(url);
    local.delete(oldest);
  }
  const url = URL.createObjectURL(entry[what]);
  local.set(key, url);
  return url;
}

/** The local address of a message that was sent from this page, if it is still there. */
const sentURL = (m, what = 'file') => (m.cid ? local.get(`${m.cid}:${what}`) : undefined) ?? '';

/** The address of what a message carries, '' if it is not ours to load. */
export const sourceOf = ({ m, entry }) => (entry?.file ? localURL(entry) : sentURL(m)) || ownFile(m.url);

/** The same for the picture that stands for it. */
export const posterOf = ({ m, entry }) => (entry?.poster ? localURL(entry, 'poster') : sentURL(m, 'poster')) || ownFile(m.pic);

/** What a voice is known by to the player. */
export const voiceKey = (pane, m) => `${pane.kind}:${pane.dstid}:${m.seq || m.cid}`;
