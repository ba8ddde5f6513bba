// How what a search found looks: people, groups, messages by conversation,
// pictures, files and links. Each leads to its place in the conversation.
import { html, nothing } from '../../vendor/lit.js';
import { bytes, duration, shortTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { avatar, icon } from './kit.js';

const SHOWN = 3;
const BEFORE = 12; // characters that stand before the first word found
const MEDIA_NAMES = { 2: 'news', 3: 'voice', 4: 'image', 5: 'redpacket', 7: 'link', 8: 'video', 9: 'card', 10: 'file', 100: 'user' };
const VIDEO = 8;
const ROOM = 11;
const SINGLE = 10;

/** The words that are looked for, the longest first. */
export const wordsOf = (q) => q.toLowerCase().split(/\s+/).filter(Boolean).sort((a, b) => b.length - a.length);

/** A text with the words that were looked for marked. */
export function lit(text, words) {
  const parts = [];
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return text; // a letter that grows when lowered: places would not agree
  let from = 0;
  while (from < text.length) {
    let at = -1;
    let found = '';
    for (const word of words) {
      const i = lower.indexOf(word, from);
      if (i >= 0 && (at < 0 || i < at)) [at, found] = [i, word];
    }
    if (at < 0) break;
    parts.push(text.slice(from, at), html`<mark>${text.slice(at, at + found.length)}</mark>`);
    from = at + found.length;
  }
  return [...parts, text.slice(from)];
}

/** The part of a long text that holds the words. */
function around(text, words) {
  const lower = text.toLowerCase();
  const at = Math.min(...words.map((word) => lower.indexOf(word)).filter((i) => i >= 0));
  return Number.isFinite(at) && at > 2 * BEFORE ? `…${text.slice(at - BEFORE)}` : text;
}

/** All the words of a message, in one line. */
function textOf(m) {
  const name = m.ext?.record ? 'record' : MEDIA_NAMES[m.media];
  const medium = name ? `[${t(`media.${name}`)}] ` : '';
  const said = m.media === 9 || m.media === 4 || m.media === VIDEO ? m.memo : [m.content, m.memo, m.media === 7 ? m.url : ''].filter(Boolean).join(' ');
  return (medium + (said ?? '')).replace(/\s+/g, ' ').trim();
}

/** Where a found message is filed by this reader. */
export function whereOf(m) {
  const kind = m.kind || m.cmd;
  const dstid = kind === SINGLE && m.userid !== store.me.peek()?.id ? m.userid : m.dstid ?? 0;
  return { kind, dstid, key: `${kind}-${dstid}` };
}

const placeOf = (m) => `/c/${whereOf(m).key}?seq=${m.seq}`;
const speaker = (m) => (m.userid === store.me.value?.id ? t('search.self') : store.nameOf(m.userid));
const faceOf = ({ kind, dstid }) => ({ ...store.rowOf(kind, dstid), dstid, title: store.titleOf(kind, dstid) });

/** A person or a group. */
export function someone(to, who, name, also, words) {
  return html`<li class="row person"><a href=${to}>${avatar({ ...who, title: name })}<span class="what"><span class="line"><span class="name">${lit(name, words)}</span></span>
    ${also ? html`<span class="line"><span class="text">${lit(also, words)}</span></span>` : nothing}</span></a></li>`;
}

const hit = (m, words) => html`<li><a class="hit" href=${placeOf(m)}><span class="line"><span class="who">${speaker(m)}</span><span class="time">${shortTime(m.at)}</span></span>
  <span class="said" dir="auto">${lit(around(textOf(m), words), words)}</span></a></li>`;

/** Messages of one conversation, or of many in the order of their newest. */
export function messages(rows, words, { scoped, more, all }) {
  if (scoped) return html`<ul class="hits">${rows.map((m) => hit(m, words))}</ul>`;
  const groups = new Map();
  for (const m of rows) {
    const where = whereOf(m);
    if (!groups.has(where.key)) groups.set(where.key, { ...where, rows: [] });
    groups.get(where.key).rows.push(m);
  }
  return [...groups.values()].map((group) => {
    const name = store.titleOf(group.kind, group.dstid);
    return html`<section class="found-in" aria-label=${name}><h3>${avatar(faceOf(group), 'mini')}<span class="name">${name}</span>
        <span class="n">${t('search.hits', { Count: group.rows.length })}${more ? '+' : ''}</span></h3>
      <ul class="hits">${group.rows.slice(0, SHOWN).map((m) => hit(m, words))}</ul>
      ${group.rows.length > SHOWN || more ? html`<button type="button" class="link all" @click=${() => all(group)}>${t('search.inside', { Name: name })}</button>` : nothing}</section>`;
  });
}

/** The path of a picture of this site; one elsewhere is not loaded. */
const own = (url) => (/^\/(?!\/)/.test(url ?? '') ? url : '');

/** Pictures and videos, by month. */
export function media(rows) {
  const months = new Map();
  for (const m of rows) {
    const d = new Date(m.at);
    const key = t('search.month', { Year: d.getFullYear(), Month: d.getMonth() + 1 });
    months.set(key, [...(months.get(key) ?? []), m]);
  }
  return [...months].map(([month, all]) => html`<h3 class="month">${month}</h3><ul class="thumbs">${all.map((m) => {
    const src = own(m.pic) || (m.media === VIDEO ? '' : own(m.url));
    const label = `${t(m.media === VIDEO ? 'media.video' : 'media.image')}, ${speaker(m)}, ${shortTime(m.at)}${m.memo ? `, ${m.memo}` : ''}`;
    return html`<li><a href=${placeOf(m)} aria-label=${label}>${src ? html`<img src=${src} alt="" loading="lazy" decoding="async">` : html`<span class="none">${icon(m.media === VIDEO ? 'video' : 'image')}</span>`}
      ${m.media === VIDEO ? html`<span class="length">${icon('play', 'small')}${m.ext?.duration ? duration(m.ext.duration) : ''}</span>` : nothing}</a></li>`;
  })}</ul>`);
}

const about = (m, scoped) => `${speaker(m)}${scoped || whereOf(m).kind === SINGLE ? '' : ` · ${store.titleOf(ROOM, whereOf(m).dstid)}`} · ${shortTime(m.at)}`;

export function files(rows, words, scoped) {
  return html`<ul class="rows">${rows.map((m) => html`<li class="row person with-act"><a href=${placeOf(m)}><span class="avatar mini file-glyph">${icon('file')}</span>
    <span class="what"><span class="line"><span class="name">${lit(m.content || t('media.file'), words)}</span></span>
    <span class="line"><span class="text">${m.amount ? `${bytes(m.amount)} · ` : ''}${about(m, scoped)}</span></span></span></a>
    ${own(m.url) ? html`<a class="iconbtn" href=${m.url} download=${m.content || 'file'} aria-label="${t('search.download')}: ${m.content}">${icon('download')}</a>` : nothing}</li>`)}</ul>`;
}

/** The hosts that a message leads to. */
function hostsOf(m) {
  const found = m.url ? [m.url] : (m.content ?? '').match(/https?:\/\/[^\s，。；！？、]+|www\.[^\s，。；！？、]+/gi) ?? [];
  const hosts = found.map((text) => {
    try {
      return new URL(/^www\./i.test(text) ? `https://${text}` : text, location.origin).host;
    } catch {
      return '';
    }
  });
  return [...new Set(hosts.filter(Boolean))].join(' ');
}

export function links(rows, words, scoped) {
  return html`<ul class="rows">${rows.map((m) => html`<li class="row person"><a href=${placeOf(m)}><span class="avatar mini file-glyph">${icon('link')}</span>
    <span class="what"><span class="line"><span class="name">${lit(around(textOf(m), words), words)}</span></span>
    <span class="line"><span class="text"><bdi>${hostsOf(m)}</bdi> · ${about(m, scoped)}</span></span></span></a></li>`)}</ul>`;
}
