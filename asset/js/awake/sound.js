// The sound of a message: two short tones, made here, once on a device however
// many tabs are open.
import * as store from '../core/store.js';

const SETTING = 'hy-sound';
const RANG = 'hy-rang';
const PAUSE = 1500; // a burst of messages rings once
const YIELD = 120; // so long the tab that shows the conversation has to say so

let context = null;
let lastAt = 0;

export const soundOn = () => localStorage.getItem(SETTING) !== 'off';

export function setSound(/** @type {boolean} */ on) {
  localStorage.setItem(SETTING, on ? 'on' : 'off');
}

/** Whether the conversation is in front of somebody's eyes in this tab. */
function inFront({ kind, dstid }) {
  const now = store.current.peek();
  return document.visibilityState === 'visible' && document.hasFocus() && now?.kind === kind && now?.dstid === dstid;
}

/** Rings for a message, unless it is seen here, was rung for in another tab, or sound is off. */
export async function ring(/** @type {any} */ m, /** @type {{kind: number, dstid: number}} */ where) {
  if (!soundOn()) return;
  if (inFront(where)) {
    take(m.id);
    return;
  }
  await new Promise((resolve) => { setTimeout(resolve, YIELD); });
  if (Date.now() - lastAt < PAUSE) return;
  const first = navigator.locks ? await navigator.locks.request(RANG, () => take(m.id)) : take(m.id);
  if (!first) return;
  lastAt = Date.now();
  play();
}

/** Takes a message for this tab; false if another was first. */
function take(/** @type {number} */ id) {
  if (Number(localStorage.getItem(RANG)) >= id) return false;
  localStorage.setItem(RANG, String(id));
  return true;
}

/** Plays the sound. A browser that nobody has touched yet stays silent, and that is right. */
export async function play() {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Context) return;
  context ??= new Context();
  if (context.state === 'suspended') {
    await Promise.race([context.resume(), new Promise((resolve) => { setTimeout(resolve, 200); })]);
    if (context.state !== 'running') return;
  }
  const start = context.currentTime;
  for (const [i, pitch] of [784, 1047].entries()) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const at = start + i * 0.11;
    tone.type = 'sine';
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.16, at + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.28);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.3);
  }
  dispatchEvent(new CustomEvent('hy-rang'));
}
