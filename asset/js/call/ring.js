// The sounds of a call, made on the spot: two soft notes for who is called, the
// network's tone for who calls. Of all tabs one rings.
import { t } from '../core/i18n.js';

let context = null;
let timer = 0;
let ringing = 0; // number of the present ringing; 0 for none
let count = 0;
let release = null;
let notice = null;

function note(frequency, at, length, loud = 0.12) {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.type = 'sine';
  tone.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + 0.02);
  gain.gain.setValueAtTime(loud, at + length - 0.06);
  gain.gain.linearRampToValueAtTime(0, at + length);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + length);
}

const patterns = {
  in: { every: 2400, play: (at) => [659, 784, 988, 784].forEach((f, i) => note(f, at + i * 0.22, 0.3)) },
  out: { every: 4000, play: (at) => note(450, at, 1, 0.05) },
};

function sound() {
  const Context = window.AudioContext ?? window.webkitAudioContext;
  context ??= Context ? new Context() : null;
  context?.resume?.().catch(() => {});
  return context;
}

/** A page that nobody has touched yet may not. */
const shake = (pattern) => navigator.userActivation?.hasBeenActive !== false && navigator.vibrate?.(pattern);

/** Rings until stop: 'in' for a call that comes, 'out' for one that goes. */
export function play(name, who = '', video = false) {
  stop();
  const mine = (ringing = ++count);
  const go = () => {
    if (ringing !== mine) return;
    const beat = () => {
      if (sound()?.state === 'running') patterns[name].play(context.currentTime + 0.02);
      if (name === 'in') shake([600, 300, 600]);
    };
    beat();
    timer = setInterval(beat, patterns[name].every);
    if (name === 'in' && document.hidden) notify(who, video);
  };
  if (name === 'out' || !navigator.locks) return go();
  navigator.locks.request('hongyan-ring', { ifAvailable: true }, (lock) => {
    if (!lock) return null; // another tab rings
    go();
    return new Promise((resolve) => { release = resolve; });
  });
}

function notify(who, video) {
  if (window.Notification?.permission !== 'granted') return;
  try {
    notice = new Notification(who, { body: t(video ? 'call.incoming.video' : 'call.incoming.voice'), tag: 'hongyan-call' });
    notice.onclick = () => window.focus();
  } catch {
    notice = null; // some phones show notices of service workers alone
  }
}

export function stop() {
  ringing = 0;
  clearInterval(timer);
  shake(0);
  release?.();
  notice?.close();
  release = notice = null;
}

/** The short tone of an end. */
export function blip() {
  stop();
  if (context?.state === 'running') note(420, context.currentTime + 0.02, 0.18, 0.06);
}
