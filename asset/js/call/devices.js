// Microphone, camera and screen, and what to say when there is none.
import { t } from '../core/i18n.js';
import { ask } from '../ui/kit.js';

/** Whether this page may call at all; if not, it is said why. */
export function able() {
  if (navigator.mediaDevices?.getUserMedia && window.RTCPeerConnection) return true;
  const secure = window.isSecureContext;
  ask({ title: t('call.unable'), text: secure ? t('call.unable.old') : t('call.unable.http', { Host: location.host }), yes: t('act.ok') });
  return false;
}

const first = (stream) => stream.getTracks()[0];

export const microphone = async () => first(await navigator.mediaDevices.getUserMedia({
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
}));

export const camera = async (facing) => first(await navigator.mediaDevices.getUserMedia({
  video: { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { max: 30 } },
}));

export const display = async () => {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
  const track = first(stream);
  track.contentHint = 'detail';
  return track;
};

/** Whether the screen can be shown: desktops do. */
export const hasScreen = () => !!navigator.mediaDevices?.getDisplayMedia && !matchMedia('(pointer: coarse)').matches;

/** Whether there is another camera to change to. */
export async function manyCameras() {
  const list = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
  return matchMedia('(pointer: coarse)').matches && list.filter((d) => d.kind === 'videoinput').length > 1;
}

export function stop(...tracks) {
  for (const track of tracks) track?.stop();
}

/** What went wrong with a device, and what to do about it. */
export function say(error, isCamera = false) {
  const which = isCamera ? 'camera' : 'mic';
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError': return t(`call.denied.${which}`);
    case 'NotFoundError':
    case 'OverconstrainedError': return t(`call.none.${which}`);
    default: return t(`call.inuse.${which}`);
  }
}
