// One voice at a time, for the whole page: the player, what follows by itself,
// and where each voice was left.
import { MEDIA } from '../core/timeline.js';
import { heard, playing, rate, remember } from './heard.js';
import { saving, sourceOf, voiceKey } from './source.js';

const REWIND = 1; // seconds; who comes back to a voice has lost the thread

/** By the ending of an address that the server gave: what a browser must be able to play. */
const TYPES = { weba: 'audio/webm; codecs="opus"', webm: 'audio/webm; codecs="opus"', m4a: 'audio/mp4', ogg: 'audio/ogg; codecs="opus"', oga: 'audio/ogg', mp3: 'audio/mpeg', aac: 'audio/aac', wav: 'audio/wav' };
const NAMES = { weba: 'WebM', webm: 'WebM', m4a: 'M4A', ogg: 'Ogg', oga: 'Ogg', mp3: 'MP3', aac: 'AAC', wav: 'WAV' };

let audio = null;
let now = null;
/** Map key → seconds */
const left = new Map();

function element() {
  if (audio) return audio;
  audio = new Audio();
  audio.preload = 'none';
  audio.ontimeupdate = () => now && set('playing', share());
  audio.onplaying = () => now && set('playing', share());
  audio.onseeked = () => now && playing.peek() && (playing.value = { ...playing.peek(), share: share() });
  audio.onerror = () => now && set('failed', 0);
  audio.onended = ended;
  rate.subscribe((speed) => { audio.playbackRate = audio.defaultPlaybackRate = speed; });
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
function toggle(voice) {
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

/** A click at `x` into the waveform of the voice that plays moves it there. @returns {boolean} whether it was such a click */
function seek(key, x, button) {
  const area = now?.key === key && playing.peek()?.key === key ? button.querySelector('.wave')?.getBoundingClientRect() : null;
  if (!area || !(x >= area.left && x <= area.right)) return false;
  audio.currentTime = Math.min(0.99, (x - area.left) / area.width) * length();
  if (audio.paused) audio.play().catch(() => set('failed', 0));
  return true;
}

const voiceOf = (pane, item) => ({ key: voiceKey(pane, item.m), url: sourceOf(item), seconds: item.m.amount ?? 0, next: () => nextVoice(pane, item) });

/** What plays by itself after a voice of another's: the next such one, if it was not heard yet. */
function nextVoice(pane, after) {
  const at = pane.items.findIndex((i) => i.key === after.key);
  const next = at < 0 || after.own ? undefined : pane.items.slice(at + 1).find((i) => i.type === 'message' && i.m.media === MEDIA.VOICE && !i.own && sourceOf(i));
  return next && !heard.peek().has(voiceKey(pane, next.m)) ? voiceOf(pane, next) : null;
}

/** A press of a voice's button, at `x` or, by a key, nowhere: into the waveform of what plays, or to play or pause it. */
export function press(pane, item, x, button) {
  const voice = voiceOf(pane, item);
  if (!seek(voice.key, x, button)) toggle(voice);
}

export function stop() {
  leave();
  audio?.pause();
  now = null;
  playing.value = null;
}
