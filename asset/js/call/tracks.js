// What this side sends: microphone, camera or screen, opened and closed as the
// person likes.
import { t } from '../core/i18n.js';
import { toast } from '../ui/kit.js';
import { camera, display, microphone, say, stop } from './devices.js';
import { is, link, now, patch, tellMedia } from './state.js';

const tracks = { audio: null, video: null };

/** Opens the microphone, and the camera for a video call; without a camera it becomes a voice call. */
export async function take(video) {
  const cid = now.peek().cid;
  const got = { audio: null, video: null };
  try {
    got.audio = await microphone();
    if (video) got.video = await camera(now.peek().facing).catch((error) => { toast(say(error, true), 4000); return null; });
  } catch (error) {
    toast(say(error), 6000);
  }
  if (now.peek()?.cid !== cid || is('ended') || !got.audio) {
    stop(got.audio, got.video);
    return false;
  }
  Object.assign(tracks, got);
  patch({ mic: true, camera: !!got.video, local: got.video && new MediaStream([got.video]) });
  return true;
}

/** Gives a connection what there is to send. */
export function into(peer) {
  for (const [kind, track] of Object.entries(tracks)) peer.set(kind, track);
}

/** Closes what is open. */
export function drop() {
  stop(tracks.audio, tracks.video);
  tracks.audio = tracks.video = null;
}

export function toggleMic() {
  const mic = !now.peek().mic;
  if (tracks.audio) tracks.audio.enabled = mic;
  patch({ mic });
  if (link.peer) tellMedia();
}

/** Shows another picture, or none: what was shown before ends. */
async function show(track, changes) {
  const old = tracks.video;
  tracks.video = track;
  await link.peer?.set('video', track);
  if (old && old !== track) stop(old);
  patch({ local: track && new MediaStream([track]), ...changes });
  if (link.peer) tellMedia();
}

/** Runs what opens a device; a call that ended meanwhile leaves none open. */
async function opened(open, changes) {
  const { cid } = now.peek();
  try {
    const track = await open();
    if (now.peek()?.cid !== cid || is('ended')) return stop(track);
    await show(track, changes);
    return track;
  } catch (error) {
    // Who closes the choice of a screen has changed their mind.
    if (!changes.screen) toast(say(error, true), 5000);
    else if (error.name !== 'NotAllowedError') toast(t('call.none.screen'), 5000);
    return null;
  }
}

export async function toggleCamera() {
  if (now.peek().camera) return show(null, { camera: false });
  await opened(() => camera(now.peek().facing), { camera: true, screen: false });
}

export async function switchCamera() {
  const facing = now.peek().facing === 'user' ? 'environment' : 'user';
  // Most phones open one camera at a time.
  stop(tracks.video);
  await opened(() => camera(facing), { camera: true, screen: false, facing });
}

export async function toggleScreen() {
  if (now.peek().screen) return show(null, { screen: false });
  const track = await opened(display, { screen: true, camera: false });
  track?.addEventListener('ended', () => now.peek()?.screen && show(null, { screen: false }));
}
