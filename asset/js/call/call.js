// One call at a time: what the line says of it and what the person does. Loaded
// with the first frame of a call, or the first press on its button.
import { post } from '../core/api.js';
import { t, words } from '../core/i18n.js';
import { newCID } from '../core/wire.js';
import * as store from '../core/store.js';
import { choose, toast } from '../ui/kit.js';
import { style } from '../ui/style.js';
import { able } from './devices.js';
import { Peer } from './peer.js';
import * as ring from './ring.js';
import { busy, CMD, device, is, link, now, patch, send, tellMedia } from './state.js';
import * as tracks from './tracks.js';

export { now } from './state.js';

const LAST_WORDS = 2200; // how long an end is shown
const ANSWER_WITHIN = 15000;
const CONNECT_WITHIN = 25000;
const BACK_WITHIN = 30000;

let limit = 0;
let mounted = null;
let light = null; // what keeps the screen from going dark

const mount = () => (mounted ??= Promise.all([import('./view.js'), style('call'), words()]).then(([view]) => view.show(), (error) => {
  mounted = null;
  throw error;
}));

/** Asks whether with voice or video, then calls a friend. */
export async function offer(userid) {
  await words();
  const picked = await choose({ title: t('call.with', { Name: store.nameOf(userid) }), choices: [
    { value: 'voice', label: t('call.voice') },
    { value: 'video', label: t('call.video') },
  ] });
  if (picked) await start(userid, picked === 'video');
}

/** Calls a friend. What stands in the way is said, and nobody is rung. */
export async function start(userid, video) {
  await words();
  if (!able()) return;
  if (busy()) return toast(t('call.busy.self'));
  if (store.connection.peek().state !== 'online') return toast(t('call.offline'));
  begin({ peer: userid, out: true, video, state: 'preparing' });
  const call = now.peek();
  await mount();
  if (!(await tracks.take(video))) {
    if (now.peek()?.cid === call.cid && is('preparing')) now.value = null;
    return;
  }
  if (!is('preparing')) return; // the other was faster
  patch({ state: 'calling' });
  limit = setTimeout(() => finish('lost'), ANSWER_WITHIN);
  if (!invite()) return finish('lost');
  ring.play('out');
}

const invite = () => send(CMD.INVITE, {}, { cid: now.peek().cid });

const servers = () => post('/call/ice', {}).then((answer) => answer.data, () => ({ iceServers: [] }));

function begin(call) {
  clearTimeout(limit);
  now.value = {
    id: '', cid: newCID(), reason: '', since: 0, seconds: 0, mini: false, mic: true, camera: false, screen: false, facing: 'user',
    local: null, stream: null, away: false, remote: { mic: true, camera: call.video, screen: false },
    ice: servers(), ...call,
  };
}

/** Takes a frame of the commands 20 to 29, or a refusal. */
export function hear(m) {
  const call = now.peek();
  const ext = m.ext ?? {};
  if (m.cmd === CMD.INVITE) return invited(m, ext);
  if (!call || is('ended')) return;
  const mine = !!call.id && ext.call === call.id;
  switch (m.cmd) {
    case CMD.RINGING: if (mine && is('calling')) patch({ state: 'ringing' }); break;
    case CMD.ACCEPT: if (mine && call.out && is('calling', 'ringing')) connect(); break;
    case CMD.REJECT: if (mine || m.cid === call.cid) finish(ext.reason); break;
    case CMD.END: if (mine) finish(ext.reason, m.amount); break;
    case CMD.DESCRIPTION: if (mine) link.peer?.description({ type: ext.type, sdp: m.content }); break;
    case CMD.CANDIDATE: if (mine) link.peer?.candidate(m.content); break;
    case CMD.MEDIA: if (mine) patch({ remote: { mic: ext.mic !== false, camera: !!ext.camera, screen: !!ext.screen } }); break;
    case CMD.STATE: told(m, ext, mine); break;
    case CMD.ERROR: if (m.cid && m.cid === call.cid) finish('refused', 0, m.msg); break;
  }
}

async function invited(m, ext) {
  if (ext.call && now.peek()?.id === ext.call) return; // on several nodes it is repeated while it rings
  // A call that only waits for the microphone gives way: to the same person it becomes the answer.
  if (busy() && !(is('preparing') && now.peek().peer !== m.userid)) return;
  if (busy()) release();
  begin({ id: ext.call, peer: m.userid, out: false, video: !!ext.video, state: 'incoming' });
  limit = setTimeout(() => is('incoming') && finish('missed'), ((m.amount || 60) + 3) * 1000);
  send(CMD.RINGING);
  await mount();
  if (now.peek()?.id === ext.call && is('incoming')) ring.play('in', store.nameOf(m.userid), now.peek().video);
}

function told(m, ext, mine) {
  const own = ext.device === device;
  switch (ext.state) {
    case 'calling': if (own && (mine || m.cid === now.peek().cid)) called(ext.call, m.amount); break;
    case 'in_call':
      if (own && !link.peer && (mine || (now.peek().out && !now.peek().id))) {
        patch({ id: ext.call, out: now.peek().out && mine }); // both called: the other's is the call
        connect();
      } else if (own && mine) link.peer?.renew();
      else if (mine && !link.peer && !now.peek().out) finish('elsewhere');
      break;
    case 'away': if (mine) patch({ away: true }); break;
    case 'back': if (mine) { patch({ away: false }); link.peer?.renew(); } break;
    case 'ended': if (mine) finish(ext.reason, m.amount); break;
  }
}

/** The server rings; should its end be lost, so is the call. */
function called(id, seconds) {
  patch({ id });
  if (!seconds) return;
  clearTimeout(limit);
  limit = setTimeout(() => hangUp(), (seconds + 5) * 1000);
}

/** Answers an incoming call, with or without one's picture. */
export async function accept(video) {
  if (!is('incoming')) return;
  if (!able()) return;
  const { cid } = now.peek();
  ring.stop();
  patch({ state: 'preparing' });
  if (!(await tracks.take(video))) {
    // The caller still waits: one may try again, or decline.
    if (now.peek().cid === cid && is('preparing')) patch({ state: 'incoming' });
    return;
  }
  clearTimeout(limit);
  limit = setTimeout(() => hangUp('failed'), CONNECT_WITHIN);
  patch({ state: 'connecting', video: now.peek().video || video });
  if (!send(CMD.ACCEPT, { video }, { cid })) finish('lost');
}

export function decline() {
  if (!is('incoming', 'preparing')) return;
  send(CMD.REJECT, { reason: 'declined' });
  siblings?.postMessage({ declined: now.peek().id });
  finish('declined.own');
}

/** Ends the call, or gives it up. */
export function hangUp(reason = '') {
  if (!busy()) return;
  if (is('incoming')) return decline();
  if (!is('preparing') || now.peek().id) send(CMD.END, { reason: reason || undefined });
  finish(reason || (is('calling', 'ringing', 'preparing') ? 'cancelled' : 'answered'));
}

function connect() {
  ring.stop();
  clearTimeout(limit);
  limit = setTimeout(() => hangUp('failed'), CONNECT_WITHIN);
  const call = now.peek();
  patch({ state: 'connecting' });
  const peer = new Peer({
    polite: !call.out,
    config: (again) => (again ? servers() : call.ice),
    send: (cmd, ext, content) => now.peek() && send(cmd, ext, { content }),
    onstate: connection,
    onstream: (stream) => patch({ stream }),
  });
  link.peer = peer;
  tracks.into(peer);
  peer.open();
  tellMedia();
}

/** The screen of a video call stays on, where the browser can see to that. */
async function keepLight() {
  light ??= await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
  if (!busy()) dim();
}

function dim() {
  light?.release().catch(() => {});
  light = null;
}

function connection(state) {
  if (!link.peer || is('ended')) return;
  if (state === 'connected') {
    clearTimeout(limit);
    patch({ state: 'active', since: now.peek().since || Date.now() });
    if (now.peek().video) keepLight();
    tellMedia();
  } else if (now.peek().since && (state === 'disconnected' || state === 'failed') && !is('reconnecting')) {
    patch({ state: 'reconnecting' });
    clearTimeout(limit);
    limit = setTimeout(() => hangUp('lost'), BACK_WITHIN);
  }
}

export const minimise = (mini) => patch({ mini });
/** Stops the ringing here; the call may still be taken. */
export const silence = () => ring.stop();
/** Takes the last words away. */
export const dismiss = () => { if (is('ended')) now.value = null; };

/** The connection's own figures, for who wants to look into it. */
export const stats = async () => [...(await link.peer?.pc?.getStats() ?? new Map()).values()];

function release() {
  ring.stop();
  clearTimeout(limit);
  dim();
  link.peer?.close();
  link.peer = null;
  tracks.drop();
}

/** The end, with its reason for a moment. */
function finish(reason, seconds = 0, text = '') {
  const call = now.peek();
  if (!call || call.state === 'ended') return;
  release();
  const spoken = seconds || (call.since ? Math.floor((Date.now() - call.since) / 1000) : 0);
  now.value = { ...call, state: 'ended', reason, text, seconds: spoken, local: null, stream: null };
  if (!reason.startsWith('elsewhere')) ring.blip();
  limit = setTimeout(() => { if (now.peek()?.cid === call.cid) now.value = null; }, text ? 2 * LAST_WORDS : LAST_WORDS);
}

/** Whoever leaves the page ends the call; a browser asks first. */
addEventListener('beforeunload', (event) => { if (busy() && !is('incoming')) event.preventDefault(); });
addEventListener('pagehide', () => { if (busy() && !is('incoming')) hangUp(); });
addEventListener('online', () => link.peer?.renew(true));
navigator.connection?.addEventListener?.('change', () => link.peer?.renew(true));

// To the server all tabs of a browser are one device: what one of them declines, it need not tell the others.
const siblings = globalThis.BroadcastChannel ? new BroadcastChannel('hongyan-call') : null;
if (siblings) siblings.onmessage = ({ data }) => { if (data?.declined && data.declined === now.peek()?.id && is('incoming')) finish('declined.own'); };

let line = 'online';
store.connection.subscribe(({ state }) => {
  if (state === 'online' && line !== 'online') {
    if (is('calling') && !now.peek().id) invite();
    else if (busy() && !is('incoming', 'preparing')) send(CMD.RESUME);
  }
  line = state;
});
store.onFrame(CMD.ERROR, hear);
