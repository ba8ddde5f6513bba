// Which voice plays, how fast, and which were heard on this device: what a list
// of messages shows of them. The player itself comes with what hands do.
import { signal } from '../../vendor/signals-core.js';
import { me } from '../core/store.js';

const MOST = 500;

/** Who needs larger letters may need slower speech: that speed comes first then. */
const speeds = () => ('care' in document.documentElement.dataset ? [0.75, 1, 1.5, 2] : [1, 1.5, 2]);

/** {key, state: 'loading'|'playing'|'paused'|'failed'|'unplayable', share, type} of the voice that plays, or null. */
export const playing = signal(null);
export const rate = signal(speeds()[0]);
export const heard = signal(load());

/** Where it is kept which voices a person has heard on this device. */
function keptAs() {
  return `hy-heard-${me.peek()?.id}`;
}

function load() {
  try {
    return new Set(JSON.parse(localStorage.getItem(keptAs()) ?? '[]'));
  } catch {
    return new Set();
  }
}

export function remember(key) {
  const next = new Set(heard.peek()).add(key);
  heard.value = next;
  try {
    localStorage.setItem(keptAs(), JSON.stringify([...next].slice(-MOST)));
  } catch { /* then the dots come back after a reload */ }
}

/** The next speed; after the last comes the first. */
export function faster() {
  const all = speeds();
  rate.value = all[(all.indexOf(rate.peek()) + 1) % all.length];
}
