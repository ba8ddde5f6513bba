// The parts of the list: a message with its author, its bubble and what stands
// around it; chips, lines and the buttons that lead to what is elsewhere.
import { avatar, chipTime, fullTime, html, icon, ifDefined, nothing, openProfile, t } from './base.js';
import * as store from '../core/store.js';
import { isPost, MEDIA, reactionsOf } from '../core/timeline.js';
import { failed, menu, readers, react, record } from './actions.js';
import { bubble, noteOf } from './bubble.js';
import { written } from './written.js';

/** What stands above the first message: trouble, waiting, or the beginning. */
export function beginning(pane) {
  const { loaded, complete, loading, error, rows } = pane.line;
  if (error) return html`<div class="chip">${error.message} <button class="textbtn" type="button" @click=${() => pane.reload()}>${t('act.retry')}</button></div>`;
  if (!loaded || loading === 'older') return html`<div class="chip"><span class="spinner small" role="status" aria-label=${t('chat.loading')}></span></div>`;
  if (complete && (rows.length === 0 || pane.fromSeq <= rows[0].seq)) return html`<div class="chip end">${rows.length > 0 ? t('chat.start') : t('chat.empty')}</div>`;
  return nothing;
}

/** @param {any} item of layout() @param {any} pane the list element */
export function entry(item, pane) {
  if (item.type === 'time') return html`<div class="chip time"><time datetime=${new Date(item.at).toISOString()}>${chipTime(item.at)}</time></div>`;
  if (item.type === 'unread') return html`<div class="unread-line" id="hy-unread"><span>${t('chat.unread.line')}</span></div>`;
  if (item.type === 'note') {
    return html`<article class="chip note" data-key=${item.key} data-seq=${item.m.seq} tabindex=${pane.focusKey === item.key ? 0 : -1}
      @focusin=${() => { pane.active = item.key; }}>${noteOf(item, pane)}</article>`;
  }
  return message(item, pane);
}

function message(item, pane) {
  const { m, own, entry: waiting } = item;
  const name = store.nameOf(item.author);
  return html`<article class="message ${own ? 'own' : 'other'} ${item.head ? 'head' : ''} ${pane.selection?.has(m.seq) ? 'picked' : ''} media-${m.media}" data-key=${item.key} data-seq=${ifDefined(m.seq)}
      tabindex=${pane.focusKey === item.key ? 0 : -1} @focusin=${() => { pane.active = item.key; }} aria-label="${own ? t('chat.me') : name}, ${fullTime(m.at)}">
    ${pane.selection ? pick(item, pane) : nothing}${item.head ? face(item, name, pane) : nothing}
    <div class="column">${item.named ? html`<div class="author">${name}</div>` : nothing}
      <div class="line">${trouble(item)}<div class="content">${m.ext?.record ? recordCard(m) : bubble(item, pane)}</div>${waiting && !m.seq ? nothing : html`<button class="more iconbtn" type="button"
          aria-label=${t('chat.menu')} aria-haspopup="menu" tabindex=${pane.focusKey === item.key ? 0 : -1} @click=${(event) => menu(pane, item, event.currentTarget)}>${icon('ellipsis', 'small')}</button>`}</div>
      ${reactions(item, pane)}${written(item, pane)}${item.word ? status(item, pane) : nothing}</div></article>`;
}

function pick({ m }, pane) {
  return html`<input class="pick" type="checkbox" tabindex="-1" aria-label=${t('select.this')} .checked=${pane.selection.has(m.seq)} ?disabled=${!m.seq}>`;
}

function face(item, name, pane) {
  return html`<button class="face" type="button" tabindex="-1" aria-label=${name} @click=${() => openProfile(pane, item.author, item.own)}>
    ${avatar({ ...store.userOf(item.author), nickname: name }, 'mini')}</button>`;
}

/** A clock while it waits; the red mark, which says why, if it was refused. */
function trouble({ entry: waiting, status: state }) {
  if (state === 'failed') return html`<button class="fault-mark" type="button" aria-label="${t('chat.failed')}: ${waiting.msg || ''}" title=${waiting.msg || ''} @click=${() => failed(waiting)}>!</button>`;
  if (state === 'waiting') return html`<a class="clock" href="/me/outbox" aria-label=${t('chat.status.waiting')} title=${t('chat.status.waiting')}>${icon('clock', 'small')}</a>`;
  return nothing;
}

/** How far an own message has come: in words between two, in numbers in a group. */
function status({ m, status: state, receipt }, pane) {
  if (!receipt?.of) return html`<div class="status">${t(`chat.status.${state}`)}</div>`;
  const words = receipt.read === receipt.of ? t('receipt.all') : t('receipt.some', { Read: receipt.read, Of: receipt.of });
  return html`<button class="status" type="button" aria-haspopup="dialog" @click=${() => readers(pane, m)}>${words}</button>`;
}

function reactions({ m }, pane) {
  const all = reactionsOf(m);
  if (all.length === 0) return nothing;
  const me = store.me.value?.id;
  return html`<div class="reacted">${all.map(({ emoji, users }) => html`<button type="button" aria-pressed=${users.includes(me) ? 'true' : 'false'}
    title=${users.map((id) => store.nameOf(id)).join('、')} @click=${() => react(pane, m, emoji, users.includes(me))}>${emoji}<span>${users.length}</span></button>`)}</div>`;
}

/** What a record is called: after the group, or after who speaks in it. */
export const recordTitle = ({ kind, title, names = [] }) => (kind === 11
  ? t('record.of.group', { Name: title ?? '' })
  : t(names.length > 1 ? 'record.of.two' : 'record.of.one', { Name: names[0] ?? '', Other: names[1] ?? '' }));

const mediaNames = { [MEDIA.NEWS]: 'news', [MEDIA.VOICE]: 'voice', [MEDIA.IMAGE]: 'image', [MEDIA.RED_PACKET]: 'redpacket', [MEDIA.LINK]: 'link', [MEDIA.VIDEO]: 'video', [MEDIA.CARD]: 'card', [MEDIA.FILE]: 'file', [MEDIA.USER]: 'user' };

/** One line of a record. */
export const recordLine = (line) => `${line.name}: ${mediaNames[line.media] ? `[${t(`media.${mediaNames[line.media]}`)}] ` : ''}${line.text ?? ''}`;

/** Drawn from what the server wrote, so that nobody can make up what others said. */
export function recordCard(m) {
  const about = m.ext.record;
  return html`<button class="bubble card record" type="button" aria-haspopup="dialog" @click=${() => record(about.id)}><span class="name">${recordTitle(about)}</span>
    ${(about.lines ?? []).map((line) => html`<span class="said">${recordLine(line)}</span>`)}<span class="foot">${t('record.foot', { Count: about.count ?? 0 })}</span></button>`;
}

export function unreadChip(pane) {
  if (!pane.unreadCount || pane.unreadFrom === undefined || pane.unreadSeen !== false) return nothing;
  return html`<button class="unread-chip" type="button" @click=${() => pane.far('toUnread')}>${icon('arrow-up', 'small')}${t('chat.unread.jump', { Count: pane.unreadCount })}</button>`;
}

/** The seqs of mentions that were not on the screen since the conversation was opened. */
export function callsOf(pane) {
  const { first, rows } = pane.line;
  const from = Math.min(pane.called, pane.seen || Infinity);
  if (from === Infinity) return [];
  const list = rows.slice(pane.line.index(from + 1)).filter((m) => store.mentionsMe(m) && !m.ext.recalled).map((m) => m.seq);
  if (pane.calledAt > from && pane.calledAt < first) list.unshift(pane.calledAt);
  return list.filter((seq) => !pane.answered.has(seq));
}

/** The way down with what is new there, and the way to who called one. */
export function ways(pane) {
  const { line, calls, down, seen } = pane;
  const me = store.me.value?.id;
  const left = down ? line.rows.slice(line.index(seen + 1)).filter((m) => isPost(m) && m.userid !== me).length : 0;
  return html`${calls.length === 0 ? nothing : html`<button class="to-mention iconbtn ${down ? 'upper' : ''}" type="button" aria-label=${t('scroll.mention', { Count: calls.length })}
      @click=${() => pane.far('toMention')}>${icon('at-sign')}<span class="badge">${calls.length}</span></button>`}
    ${down !== true ? nothing : html`<button class="to-bottom iconbtn" type="button" aria-label=${left ? t('chat.bottom.count', { Count: left }) : t('chat.bottom')} @click=${() => pane.toBottom()}>
      ${icon('arrow-down')}${left ? html`<span class="badge">${left > 99 ? '99+' : left}</span>` : nothing}</button>`}`;
}
