// What the modules of a call have in common: the call that is shown, the
// connection under it, and the way to the line.
import { signal } from '../../vendor/signals-core.js';
import { newCID } from '../core/wire.js';
import * as store from '../core/store.js';

export const CMD = Object.freeze({
  ERROR: 5, INVITE: 20, RINGING: 21, ACCEPT: 22, REJECT: 23, END: 24, DESCRIPTION: 25, CANDIDATE: 26, STATE: 27, MEDIA: 28, RESUME: 29,
});

/** This page's name in its call: with it, a new socket takes the call up again. */
export const device = newCID();

/**
 * The call that is shown, or null: {id, cid, peer, out, video, state, reason, since, seconds, mini, mic, camera, screen,
 * facing, local, stream, remote}. State: preparing, calling, ringing, incoming, connecting, active, reconnecting, ended.
 */
export const now = signal(null);

/** The connection of the call, once there is one. */
export const link = { peer: null };

export const patch = (changes) => { if (now.peek()) now.value = { ...now.peek(), ...changes }; };
export const is = (...states) => states.includes(now.peek()?.state);
/** Whether there is a call that a person would miss. */
export const busy = () => !!now.peek() && !is('ended');

/** Sends a frame of the call; false if there is no line. */
export function send(cmd, ext = {}, more = {}) {
  const call = now.peek();
  return store.sendFrame({ cmd, dstid: call.peer, amount: 0, ...more, ext: { call: call.id || undefined, device, video: call.video, ...ext } });
}

/** Tells the other side what it is sent. */
export function tellMedia() {
  const { mic, camera, screen } = now.peek();
  send(CMD.MEDIA, { mic, camera, screen });
}
