// How each medium looks. Everything a message brings is text or an address that
// was checked: nothing of it becomes markup.
import { signal } from '../../vendor/signals-core.js';
import { attempt, bytes, duration, emit, has, helper, html, icon, nothing, preview, svg, t } from './base.js';
import { me, nameOf } from '../core/store.js';
import { CMD, MEDIA } from '../core/timeline.js';
import { cancel, play, recalledText, view } from './actions.js';
import { faster, heard, playing, rate } from './heard.js';
import { mayLoad, posterOf, reveal, sourceOf, voiceKey } from './source.js';
import { callsOf, emojiCount, linkify, ownFile, partsOf, reasonToAsk, safeLink } from './text.js';

const PICTURE_SIDE = 180;
const PICTURE_TALL = 240;
const KIND_COLOURS = { xls: 'sheet', xlsx: 'sheet', csv: 'sheet', doc: 'doc', docx: 'doc', txt: 'doc', md: 'doc', ppt: 'slides', pptx: 'slides', pdf: 'pdf', zip: 'zip', rar: 'zip', '7z': 'zip', gz: 'zip', mp3: 'media', m4a: 'media', wav: 'media', mp4: 'media', mov: 'media' };

/** @param {any} item of layout() @param {any} pane the list element */
export function bubble(item, pane) {
  const { m } = item;
  switch (m.media) {
    case MEDIA.TEXT: return text(item, pane);
    case MEDIA.EMOJI: return emoji(item, pane);
    case MEDIA.IMAGE: return picture(item, pane);
    case MEDIA.VIDEO: return video(item, pane);
    case MEDIA.VOICE: return voice(item, pane);
    case MEDIA.FILE: return file(item, pane);
    case MEDIA.RED_PACKET: return later('packet', item, pane);
    case MEDIA.LINK:
    case MEDIA.NEWS: return news(item);
    case MEDIA.CARD: return isUser(m.content) ? later('person', item, pane) : unknown(item);
    default: return m.ext?.call ? called(item) : unknown(item);
  }
}

/** What is left of a call: the server alone writes such a thing. */
function called({ m, own }) {
  import('../call/entry.js');
  return html`<div class="bubble"><hy-call-entry .m=${m} .own=${own}></hy-call-entry></div>`;
}

const isUser = (id) => Number.isSafeInteger(Number(id)) && Number(id) > 0;

const cards = signal(null);
let asked = false;

/** What is drawn by a module that comes, with its words, when the first such message does; until then its place is kept, at its size. */
function later(kind, item, pane) {
  if (cards.value) return cards.value[kind](item, pane);
  if (!asked) {
    asked = true;
    helper(import('./cards.js')).then((module) => { cards.value = module; }, () => { asked = false; });
  }
  return html`<div class="bubble card ${kind} pending"><span class="body">${preview(item.m)}</span></div>`;
}

/** What this version has no picture of: its words, and that there is more to it. What is for programs is kept folded. */
function unknown({ m }) {
  const content = typeof m.content === 'string' ? m.content.slice(0, 500) : '';
  const data = /^\s*[{[<]/.test(content);
  const said = (m.memo || (data ? '' : content)).slice(0, 500);
  return html`<div class="bubble odd"><span class="odd-note">${icon('circle-alert', 'small')} ${t('chat.unknown')}</span>${said ? html`<span class="words" dir="auto">${words(said)}</span>` : nothing}
    ${data ? html`<details><summary>${t('card.raw')}</summary><span class="raw" dir="auto">${content}</span></details>` : nothing}</div>`;
}

/** Text with its links and the people it calls; where a link really leads is in its title, and beside it where that is another host than it seems. */
export function words(content, m) {
  return partsOf(content ?? '', callsOf(m, nameOf)).map((part) => {
    if (part.call) return html`<span class="call ${part.call === 'all' || part.call === me.peek()?.id ? 'me' : ''}">${part.text}</span>`;
    if (!part.href) return part.text;
    return html`<a href=${part.href} title=${part.host} target="_blank" rel="noopener noreferrer nofollow" @click=${(event) => follow(event, part, m)} @auxclick=${(event) => follow(event, part, m)}><bdi>${part.text}</bdi></a>${part.doubt
      ? html`<bdi class="real-host">${part.host}</bdi>` : nothing}`;
  });
}

/** A link that may lead elsewhere, or in a group to a host that is new here, is asked about first, with the middle button too; one's own is not. */
function follow(event, part, m) {
  const own = !m || !m.userid || m.userid === me.peek()?.id;
  const reason = own || event.button === 2 || ownFile(part.href) ? '' : reasonToAsk(part, m.cmd === CMD.ROOM);
  if (!reason) return;
  event.preventDefault();
  attempt(async () => (await helper(import('./linkcheck.js'))).confirmLink(part, reason));
}

const edited = (m) => (m.ext?.edited ? html`<span class="edited">${t('chat.edited')}</span>` : nothing);

function text(item, pane) {
  const { m } = item;
  const big = m.ref ? 0 : emojiCount(m.content ?? '');
  if (big) return html`<div class="bubble plain emoji-${big}">${m.content}</div>`;
  return html`<div class="bubble">${quote(m, pane)}<span class="words" dir="auto">${words(m.content, m)}</span>${edited(m)}${page(m)}</div>`;
}

/** What the page behind a link of the text says of itself, by its author's account; where it leads is the link's own host. */
function page(m) {
  const said = m.ext?.preview;
  const part = typeof said?.title === 'string' ? linkify(m.content ?? '').find(({ href }) => href && href === said.url) : null;
  if (!part) return nothing;
  return html`<a class="page" href=${part.href} target="_blank" rel="noopener noreferrer nofollow" @click=${(event) => follow(event, part, m)} @auxclick=${(event) => follow(event, part, m)}><span class="about"><span class="name">${said.title}</span>
    <span class="size">${part.host}${typeof said.note === 'string' && said.note ? ` · ${said.note}` : ''}</span></span>${ownFile(said.pic) ? html`<img class="thumb" src=${ownFile(said.pic)} width="44" height="44" alt="" loading="lazy" decoding="async">` : nothing}</a>`;
}

function emoji(item, pane) {
  const { m } = item;
  if (ownFile(m.url)) return later('sticker', item, pane);
  if (emojiCount(m.content ?? '')) return html`<div class="bubble plain emoji-1">${m.content}</div>`;
  return html`<div class="bubble">${quote(m, pane)}<span class="words">[${m.content}]</span></div>`;
}

/** What a message answers: the message itself where it is loaded, else what its author quoted. */
export function quoted(m, pane) {
  const original = pane.messageAt(m.ref);
  if (original) return { name: nameOf(original.userid), text: preview(original) };
  const copy = m.ext?.quote;
  return copy && typeof copy.text === 'string' ? { name: Number.isSafeInteger(copy.userid) ? nameOf(copy.userid) : '', text: copy.text } : { name: '', text: t('chat.quote.earlier') };
}

function quote(m, pane) {
  if (!m.ref) return nothing;
  const { name, text: said } = quoted(m, pane);
  return html`<button class="quote" type="button" @click=${() => pane.jumpTo(m.ref)}><span class="sr">${t('chat.quote.of')}</span>${name ? `${name}: ` : ''}${said}</button>`;
}

/** Width and height to show a picture of a given size at. */
export function fit(width, height) {
  if (!(width > 0 && height > 0)) return { width: PICTURE_SIDE, height: PICTURE_SIDE };
  const scale = Math.min(PICTURE_SIDE / width, PICTURE_TALL / height, 1);
  return { width: Math.max(48, Math.round(width * scale)), height: Math.max(48, Math.round(height * scale)) };
}

function under(item, pane) {
  const { m, entry } = item;
  return html`${progress(entry)}
    ${m.memo && (m.media === MEDIA.IMAGE || m.media === MEDIA.VIDEO) ? html`<div class="caption words" dir="auto">${words(m.memo, m)}</div>` : nothing}`;
}

/** How far a file has come, also while it waits for the line to go on. */
function progress(entry) {
  if (!entry?.file || (entry.state !== 'uploading' && !(entry.state === 'waiting' && entry.upload))) return nothing;
  const share = entry.progress ?? 0;
  return html`<div class="uploading"><progress max="1" .value=${share} aria-label=${t('chat.uploading')}></progress>
    <span class="amount">${entry.state === 'uploading' ? t('upload.sent', { Part: bytes(share * entry.file.size), Size: bytes(entry.file.size) }) : t('upload.paused')}</span>
    <button class="iconbtn" type="button" aria-label=${t('chat.upload.cancel')} @click=${() => cancel(entry)}>${icon('x', 'small')}</button></div>`;
}

/** What stands in for a picture that is not fetched unasked: its size, and a tap fetches it. */
function unloaded(m, size, label) {
  return html`<button class="open unloaded" type="button" aria-label=${label} @click=${() => reveal(m)}>
    <svg width=${size.width} height=${size.height} aria-hidden="true"></svg><span class="ask">${icon('download')}${m.ext?.size ? bytes(m.ext.size) : ''}</span></button>`;
}

function picture(item, pane) {
  const { m, entry } = item;
  const size = fit(m.ext?.width, m.ext?.height);
  const src = entry?.file ? sourceOf(item) : ownFile(m.pic) || sourceOf(item);
  if (!src) return foreign(m, 'image');
  if (!mayLoad(item)) return html`<div class="picture">${unloaded(m, size, m.ext?.size ? t('pic.load', { Size: bytes(m.ext.size) }) : t('pic.load.plain'))}${under(item, pane)}</div>`;
  return html`<div class="picture ${m.memo ? 'with-caption' : ''}"><button class="open" type="button" aria-label=${t('chat.picture.open')} @click=${() => view(pane, item)}>
    <img src=${src} width=${size.width} height=${size.height} alt=${m.memo || t('media.image')} loading="lazy" decoding="async" @error=${broken}></button>${under(item, pane)}</div>`;
}

/** A picture that cannot be shown says so instead of an empty frame. */
function broken(event) {
  event.target.closest('.picture')?.classList.add('broken');
}

function video(item, pane) {
  const { m, entry } = item;
  const size = fit(m.ext?.width, m.ext?.height);
  if (!sourceOf(item)) return foreign(m, 'video');
  const poster = mayLoad(item) ? posterOf(item) : '';
  return html`<div class="picture video"><button class="open" type="button" aria-label=${t('chat.video.open')} @click=${() => view(pane, item)}>
    ${poster ? html`<img src=${poster} width=${size.width} height=${size.height} alt="" loading="lazy" decoding="async">` : html`<svg class="blank" width=${size.width} height=${size.height} aria-hidden="true"></svg>`}
    <span class="play">${icon('play')}</span>
    <span class="length">${m.ext?.size ? bytes(m.ext.size) : ''} ${m.ext?.duration ? duration(m.ext.duration) : ''}</span></button>${under(item, pane)}</div>`;
}

const BAR = 4;
const TALLEST = 22;

/** Fewer bars for a short voice; a voice without a waveform shows even ones. */
export function barsOf(waveform, seconds) {
  const count = 16 + Math.min(16, Math.round(seconds / 2));
  if (!Array.isArray(waveform) || waveform.length === 0) return new Array(count).fill(12);
  const at = (i) => Math.floor((i * waveform.length) / count);
  return Array.from({ length: count }, (_, i) => {
    const value = Math.max(0, ...waveform.slice(at(i), Math.max(at(i) + 1, at(i + 1))).map((v) => Number(v) || 0));
    return 4 + Math.round((Math.min(31, value) / 31) * (TALLEST - 4));
  });
}

function waveform(m, share) {
  const bars = barsOf(m.ext?.waveform, m.amount ?? 0);
  return html`<svg class="wave" width=${bars.length * BAR} height=${TALLEST} viewBox="0 0 ${bars.length * BAR} ${TALLEST}" aria-hidden="true">${bars.map((h, i) => svg`<rect
    class=${(i + 0.5) / bars.length <= share ? 'done' : ''} x=${i * BAR + 1} y=${(TALLEST - h) / 2} width="2" height=${h} rx="1"></rect>`)}</svg>`;
}

function voice(item, pane) {
  const { m, own, entry } = item;
  if (!sourceOf(item)) return foreign(m, 'voice');
  const key = voiceKey(pane, m);
  const now = playing.value?.key === key ? playing.value : null;
  const fresh = !own && !heard.value.has(key);
  const length = html`<span class="seconds">${m.amount ?? 0}″${!mayLoad(item) && fresh && m.ext?.size ? ` · ${bytes(m.ext.size)}` : ''}</span>`;
  const wave = waveform(m, now ? now.share : 1);
  const state = now?.state ?? 'idle';
  return html`<div class="voice-row"><button class="bubble voice ${state}" type="button" aria-label=${t(state === 'playing' ? 'chat.voice.pause' : 'chat.voice.play', { Count: m.amount ?? 0 })}
      @click=${(event) => play(pane, item, event)}>${state === 'playing' ? icon('pause', 'small') : nothing}${own ? html`${length}${wave}` : html`${wave}${length}`}</button>
    ${fresh ? html`<span class="unheard" role="img" aria-label=${t('chat.voice.unheard')}></span>` : nothing}
    ${now && state !== 'failed' && state !== 'unplayable' ? html`<button class="rate" type="button" aria-label=${t('voice.rate', { Rate: rate.value })} @click=${faster}>${rate.value}×</button>` : nothing}</div>
    ${state === 'failed' || state === 'unplayable' ? html`<p class="note-under">${state === 'failed' ? t('chat.voice.failed') : t('voice.unplayable', { Type: now.type })} <a href=${sourceOf(item)} download>${t('chat.download')}</a></p>` : nothing}
    ${progress(entry)}`;
}

const extension = (name) => (/\.([A-Za-z0-9]{1,5})$/.exec(name ?? '')?.[1] ?? '').toLowerCase();

function file(item, pane) {
  const { m, entry } = item;
  const kind = extension(m.content);
  const url = safeLink(m.url || '');
  const inside = html`<span class="about"><span class="name">${m.content || t('chat.file')}</span><span class="size">${m.amount ? bytes(m.amount) : ''}${m.url && url && !ownFile(m.url) ? ` · ${url.host}` : ''}</span></span>
    <span class="kind ${KIND_COLOURS[kind] ?? 'other'}" aria-hidden="true">${kind ? kind.toUpperCase() : icon('file')}</span>`;
  return html`<div class="bubble card file">${url && m.url
    ? html`<a class="body" href=${url.href} download=${m.content || 'file'} target="_blank" rel="noopener noreferrer nofollow" @click=${(event) => follow(event, partOf(url, ''), m)}><span class="sr">${t('chat.download')}: </span>${inside}</a>`
    : html`<span class="body">${inside}</span>`}${progress(entry)}</div>`;
}

/** A picture or sound that lies elsewhere: where it is, to be opened by who wants to. */
const foreign = (m, medium) => (safeLink(m.url || '') && m.url ? news({ m: { ...m, pic: '', content: `[${t(`media.${medium}`)}]` } }) : unknown({ m }));

function news({ m }) {
  const url = m.url ? safeLink(m.url) : null;
  const pic = ownFile(m.pic);
  const title = m.content || url?.href || '';
  const inside = html`<span class="about"><span class="name">${title}</span>${m.memo ? html`<span class="size">${m.memo}</span>` : nothing}
    ${url ? html`<span class="size">${url.host}</span>` : nothing}</span>${pic ? html`<img class="thumb" src=${pic} alt="" loading="lazy" decoding="async">` : nothing}`;
  return html`<div class="bubble card news">${url
    ? html`<a class="body" href=${url.href} target="_blank" rel="noopener noreferrer nofollow" @click=${(event) => follow(event, partOf(url, title), m)} @auxclick=${(event) => follow(event, partOf(url, title), m)}>${inside}</a>` : html`<span class="body">${inside}</span>`}</div>`;
}

/** The link of a card as one of a text would be: whether its title names another host, or it is written in other letters. */
function partOf(url, title) {
  const other = linkify(title).some(({ host }) => host && host !== url.host);
  return { href: url.href, host: url.host, doubt: other ? 'other' : /(^|\.)xn--/.test(url.host) ? 'script' : '' };
}

/** The sentence of a thing that happened in the conversation. */
export function noteOf({ m, own }, pane) {
  if (m.ext?.recalled) {
    const mine = own && recalledText(pane, m.seq);
    return html`${recallOf(m, own, pane)}
      ${mine ? html`<button class="textbtn" type="button" @click=${() => emit(pane, 'hy-write', { text: mine })}>${t('chat.recalled.edit')}</button>` : nothing}`;
  }
  return eventText(m);
}

/** Who took it back: the author, or in a group somebody with a rank. */
function recallOf(m, own, pane) {
  const by = m.ext.by ?? (pane.kind === 10 ? m.userid : 0);
  if (by && by !== m.userid) return t('chat.recalled.admin');
  if (by) return own ? t('chat.recalled.own') : t('chat.recalled.other', { Name: nameOf(m.userid) });
  return t('preview.recalled');
}

function eventText(m) {
  const ext = m.ext ?? {};
  const members = Array.isArray(ext.members) ? ext.members : [];
  const name = (id) => nameOf(id, ext.names?.[id]);
  const others = (members.length > 0 ? members : [m.userid]).slice(0, 8).map(name).join('、');
  const say = (key, title = '') => t(`chat.event.${key}`, { Name: name(m.userid), Others: others + (members.length > 8 ? '…' : ''), Title: title });
  const self = members.length === 0 || (members.length === 1 && members[0] === m.userid);
  switch (m.content) {
    case 'friend_added': return say('friends');
    case 'group_joined': return say(self ? 'joined' : 'invited');
    case 'group_left': return say(self ? 'left' : 'removed');
    case 'group_dismissed': return say('dismissed');
    case 'pinned': return say(m.amount ? 'pinned' : 'unpinned');
  }
  if (typeof ext.quiet === 'boolean') return say(ext.quiet ? 'quiet' : 'loud');
  if (ext.name) return say('renamed', ext.name);
  if (ext.notice) return say('notice', ext.notice);
  if (has(`chat.event.role.${ext.role}`)) return say(`role.${ext.role}`);
  return t('preview.event');
}
