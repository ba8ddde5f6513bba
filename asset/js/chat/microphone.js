// The question for the microphone: what it is for is said before the browser asks.
import { ask, t } from './base.js';

const PRIMED = 'hy-mic';

/** Whether the browser would ask for the microphone, as far as it says so. */
async function undecided() {
  try {
    if (localStorage.getItem(PRIMED)) return false;
    return (await navigator.permissions.query({ name: /** @type {any} */ ('microphone') })).state === 'prompt';
  } catch {
    return true;
  }
}

/**
 * Says what the microphone is for before the browser asks for it the first time; false if that was not wanted.
 * @param {boolean} now whether the browser is to ask at once, as a finger that holds a button cannot answer; rejects if it refuses
 */
export async function primed(now) {
  if (!(await undecided())) return true;
  if (!(await ask({ title: t('voice.primer'), text: t('voice.primer.text'), yes: t('voice.primer.yes') }))) return false;
  try {
    localStorage.setItem(PRIMED, '1');
  } catch { /* then it is said again */ }
  if (now) for (const track of (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks()) track.stop();
  return true;
}

/** Why there is no microphone, by the error that said so; what it is for is said again the next time. */
export function refused(/** @type {Error} */ error) {
  try {
    localStorage.removeItem(PRIMED);
  } catch { /* nothing was kept */ }
  return error.name === 'NotAllowedError' ? 'denied' : 'missing';
}
