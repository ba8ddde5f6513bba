// One voice at a time, for the whole page: the player, what has been heard, and
// where each voice was left.
import { signal } from '../../vendor/signals-core.js';
import { me } from '../core/store.js';
import { saving } from './source.js';

const MOST_HEARD = 500;
const REWIND = 1; // seconds; who comes back to a voice has lost the thread

/** By the ending of an address that the server gave: what a browser must be able to play. */
const TYPES = { weba: 'audio/webm; codecs="opus"', webm: 'audio/webm; codecs="opus"', m4a: 'audio/mp4', ogg: 'audio/ogg; codecs="opus"', oga: 'audio/ogg', mp3: 'audio/mpeg', aac: 'audio/aac', wav: 'audio/wav' };
const NAMES = { weba: 'WebM', webm: 'WebM', m4a: 'M4A', ogg: 'Ogg', oga: 'Ogg', mp3: 'MP3', aac: 'AAC', wav: 'WAV' };

/** Who needs larger letters may need slower speech: that speed comes first then. */
const speeds = () => ('care' in document.documentElement.dataset ? [0.75, 1, 1.5, 2] : [1, 1.5, 2]);

/** {key, state: 'loading'|'playing'|'paused'|'failed'|'unplayable', share, type} of the voice that plays, or null. */
export const playing = signal(null);
export const rate = signal(speeds()[0]);
export const heard = signal(load());

let audio = null;
let now = null;
/** Map key → seconds */
const left = new Map();

/** Where it is kept which voices a person has heard on this device. */
export const heardOf = (id) => `hy-heard-${id}`;

function load() {
  try {
    return new Set(JSON.parse(localStorage.getItem(heardOf(me.peek()?.id)) ?? '[]'));
  } catch {
    return new Set();
  }
}

function remember(key) {
  const next = new Set(heard.peek()).add(key);
  heard.value = next;
  try {
    localStorage.setItem(heardOf(me.peek()?.id), JSON.stringify([...next].slice(-MOST_HEARD)));
  } catch { /* then the dots come back after a reload */ }
}

function element() {
  if (audio) return audio;
  audio = new Audio();
  audio.preload = 'none';
  audio.ontimeupdate = () => now && set('playing', share());
  audio.onplaying = () => now && set('playing', share());
  audio.onseeked = () => now && playing.peek() && (playing.value = { ...playing.peek(), share: share() });
  audio.onerror = () => now && set('failed', 0);
  audio.onended = ended;
  return audio;
}

// A recording of MediaRecorder says no length of its own; the message does.
const length = () => (Number.isFinite(audio.duration) ? audio.duration : now.seconds || 1);
const share = () => Math.min(1, audio.currentTime / length());

function set(state, at) {
  if (audio.paused && state === 'playing') return;
  playing.value = { key: now.key, state, share: at };
}

function ended() {
  const { next, key } = now;
  left.delete(key);
  playing.value = null;
  now = null;
  const following = saving.peek() ? null : next?.(); // what nobody asked for is not fetched then
  if (following) play(following);
}

/** Notes where the voice that plays is left. */
function leave() {
  if (!now || !audio) return;
  const at = audio.currentTime - REWIND;
  if (at > 0 && !audio.ended) left.set(now.key, at);
}

/**
 * Plays a voice from where it was left, or pauses it if it is the one that plays.
 * @param {{key:string, url:string, seconds:number, next?:()=>any}} voice next gives what to play after it
 */
export function toggle(voice) {
  const player = element();
  if (now?.key !== voice.key || playing.peek()?.state === 'failed') {
    leave();
    play(voice);
  } else if (player.paused) {
    player.play().catch(() => set('failed', 0));
  } else {
    pause();
  }
}

const endingOf = (url) => /\.([a-z0-9]+)$/.exec(url)?.[1] ?? '';

function play(voice) {
  const player = element();
  const ending = endingOf(voice.url);
  if (TYPES[ending] && player.canPlayType(TYPES[ending]) === '') {
    stop();
    playing.value = { key: voice.key, state: 'unplayable', share: 0, type: NAMES[ending] };
    return;
  }
  now = voice;
  player.src = voice.url;
  player.playbackRate = player.defaultPlaybackRate = rate.peek();
  playing.value = { key: voice.key, state: 'loading', share: 0 };
  remember(voice.key);
  const from = left.get(voice.key);
  if (from) player.currentTime = from;
  player.play().catch(() => now === voice && (playing.value = { key: voice.key, state: 'failed', share: 0 }));
}

/** Something else is to be heard, or said. */
export function pause() {
  if (!audio || audio.paused) return;
  audio.pause();
  playing.value = { ...playing.peek(), state: 'paused' };
}

export function faster() {
  const all = speeds();
  rate.value = all[(all.indexOf(rate.peek()) + 1) % all.length];
  if (audio) audio.playbackRate = audio.defaultPlaybackRate = rate.peek();
}

export function seek(key, part) {
  if (now?.key !== key || !audio) return;
  audio.currentTime = Math.max(0, Math.min(0.99, part)) * length();
}

/**
 * A click into the waveform of the voice that plays moves it there.
 * @param {MouseEvent} event @param {string} key
 * @returns {boolean} whether it was such a click
 */
export function seekTo(event, key) {
  const wave = event.detail > 0 && playing.peek()?.key === key && now?.key === key ? event.currentTarget.querySelector('.wave') : null;
  const area = wave?.getBoundingClientRect();
  if (!area || event.clientX < area.left || event.clientX > area.right) return false;
  seek(key, (event.clientX - area.left) / area.width);
  if (audio.paused) audio.play().catch(() => set('failed', 0));
  return true;
}

export function stop() {
  leave();
  audio?.pause();
  now = null;
  playing.value = null;
}
