// One voice at a time, for the whole page: the player and what has been heard.
import { signal } from '../../vendor/signals-core.js';

const RATES = [1, 1.5, 2];
const MOST_HEARD = 500;
const HEARD = 'hy-heard';

/** {key, state: 'loading'|'playing'|'paused'|'failed', share} of the voice that plays, or null. */
export const playing = signal(null);
export const rate = signal(1);
export const heard = signal(new Set(load()));

let audio = null;
let now = null;

function load() {
  try {
    return JSON.parse(localStorage.getItem(HEARD) ?? '[]');
  } catch {
    return [];
  }
}

function remember(key) {
  const next = new Set(heard.peek()).add(key);
  heard.value = next;
  try {
    localStorage.setItem(HEARD, JSON.stringify([...next].slice(-MOST_HEARD)));
  } catch { /* then the dots come back after a reload */ }
}

function element() {
  if (audio) return audio;
  audio = new Audio();
  audio.preload = 'none';
  audio.ontimeupdate = () => now && set('playing', share());
  audio.onplaying = () => now && set('playing', share());
  audio.onerror = () => now && set('failed', 0);
  audio.onended = ended;
  return audio;
}

// A recording of MediaRecorder says no length of its own; the message does.
const share = () => Math.min(1, audio.currentTime / (Number.isFinite(audio.duration) ? audio.duration : now.seconds || 1));

function set(state, at) {
  if (audio.paused && state === 'playing') return;
  playing.value = { key: now.key, state, share: at };
}

function ended() {
  const { next } = now;
  playing.value = null;
  now = null;
  const following = next?.();
  if (following) play(following);
}

/**
 * Plays a voice, or pauses it if it is the one that plays.
 * @param {{key:string, url:string, seconds:number, next?:()=>any}} voice next gives what to play after it
 */
export function toggle(voice) {
  const player = element();
  if (now?.key !== voice.key) {
    play(voice);
  } else if (player.paused) {
    player.play().catch(() => set('failed', 0));
  } else {
    player.pause();
    playing.value = { ...playing.peek(), state: 'paused' };
  }
}

function play(voice) {
  const player = element();
  now = voice;
  player.src = voice.url;
  player.playbackRate = rate.peek();
  playing.value = { key: voice.key, state: 'loading', share: 0 };
  remember(voice.key);
  player.play().catch(() => now === voice && (playing.value = { key: voice.key, state: 'failed', share: 0 }));
}

export function faster() {
  rate.value = RATES[(RATES.indexOf(rate.peek()) + 1) % RATES.length];
  if (audio) audio.playbackRate = rate.peek();
}

export function seek(key, part) {
  if (now?.key !== key || !audio) return;
  audio.currentTime = part * (Number.isFinite(audio.duration) ? audio.duration : now.seconds);
}

export function stop() {
  audio?.pause();
  now = null;
  playing.value = null;
}
