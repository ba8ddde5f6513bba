// Cards of the list that need more than a message's own words: red packets,
// people and stickers. Each is drawn from the typed message alone, so that no text
// or picture can look like one.
import { signal } from '../../vendor/signals-core.js';
import { avatar, html, nothing, openProfile, t, toast, helper } from './base.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';
import { ownFile } from './text.js';

const MOST_ASKED = 200;
const GATHER = 30;

/** How the packets that are shown stand: Map id → {state, mine}. */
const states = signal(new Map());
const asked = new Set();
let queue = [];

/** Takes up what is known of packets. */
export function learn(rows) {
  const next = new Map(states.peek());
  for (const { id, state, mine } of rows) next.set(id, { state, mine });
  states.value = next;
}

function stateOf(id) {
  const known = states.value.get(id);
  if (!asked.has(id)) {
    asked.add(id);
    if (queue.push(id) === 1) setTimeout(fetchStates, GATHER);
  }
  return known ?? { state: 'open', mine: 0 };
}

async function fetchStates() {
  const ids = queue.slice(0, MOST_ASKED);
  queue = queue.slice(MOST_ASKED);
  if (queue.length > 0) setTimeout(fetchStates, GATHER);
  try {
    learn((await post('/packet/states', { ids })).rows);
  } catch { /* asked anew after the next hello; until then a tap tells */ }
}

store.onFrame(CMD.EVENT, (m) => {
  const id = m.ext?.packet;
  if (m.content !== 'packet' || !id) return;
  const mine = states.peek().get(id)?.mine ?? 0;
  learn([{ id, state: m.ext.state, mine }]);
  if (m.userid === store.me.peek().id && !mine) asked.delete(id); // opened on another device
});

// What happened while the line was away was not told.
store.onFrame(CMD.HELLO, () => {
  asked.clear();
  states.value = new Map(states.peek());
});

const isNumber = (id) => Number.isSafeInteger(id) && id > 0;

/** A red packet of the ledger is sealed, opened, empty or expired; any other is an ornament with a wish. */
export function packet({ m, own }) {
  const id = m.ext?.packet;
  const wish = m.memo || t('chat.packet.wish');
  const inside = (word) => html`<span class="coin" aria-hidden="true"></span><span class="about"><span class="wish">${wish}</span>${word ? html`<span class="size">${word}</span>` : nothing}</span>`;
  if (!isNumber(id)) return html`<div class="bubble card packet"><span class="body">${inside('')}</span><span class="foot">${t('packet.ornament')}</span></div>`;
  const { state, mine } = stateOf(id);
  const over = mine ? 'opened' : state === 'open' ? '' : state;
  return html`<div class="bubble card packet ${over ? 'over' : ''}" data-state=${over || 'sealed'}><button class="whole" type="button" @click=${() => show(id)}>
    <span class="body"><span class="sr">${t('media.redpacket')}: </span>${inside(wordOf(over, own && m.cmd === CMD.SINGLE))}</span><span class="foot">${t('packet.foot')}</span></button></div>`;
}

/** How a packet stands, in words. Who gave it to a friend waits for the friend. */
function wordOf(over, given) {
  if (given && over !== 'expired') return t(over ? 'packet.taken' : 'packet.waiting');
  return t(`packet.state.${over || 'sealed'}`);
}

async function show(id) {
  try {
    await (await helper(import('./envelope.js'))).showPacket(id);
  } catch (error) {
    toast(error.code ? error.message : t('error.client.offline'));
  }
}

/** Somebody's card: a tap leads to who it is, or to adding them. */
export function person({ m }, pane) {
  const id = Number(m.content);
  const user = store.userOf(id);
  const name = store.nameOf(id, m.memo);
  const note = m.memo && m.memo !== name && m.memo !== user.nickname ? m.memo : '';
  return html`<div class="bubble card person"><button class="body" type="button" @click=${() => openProfile(pane, id, user === store.me.peek())}>
    ${avatar({ ...user, nickname: name }, 'mini')}<span class="about"><span class="name">${name}</span>${note ? html`<span class="size">${note}</span>` : nothing}</span></button>
    <span class="foot">${t('media.card')}</span></div>`;
}

const STICKER = 160;
const SMALLEST = 64;

/** Width and height of a sticker of a given size in the list. */
export function stickerSize(width, height) {
  if (!(width > 0 && height > 0)) return { width: 120, height: 120 };
  const scale = Math.min(STICKER / width, STICKER / height, Math.max(1, SMALLEST / Math.max(width, height)));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A picture without a bubble around it. */
export function sticker({ m }) {
  const size = stickerSize(m.ext?.width, m.ext?.height);
  return html`<div class="bubble plain sticker"><img src=${ownFile(m.url)} width=${size.width} height=${size.height} alt=${m.content} title=${m.content} loading="lazy" decoding="async"></div>`;
}
