// One message of the list: its author, its bubble and what stands around it.
import { avatar, fullTime, html, icon, ifDefined, nothing, openProfile, t } from './base.js';
import * as store from '../core/store.js';
import { reactionsOf } from '../core/timeline.js';
import { failed, menu, react } from './actions.js';
import { bubble } from './bubble.js';

/** @param {any} item of layout() @param {any} pane the list element */
export function message(item, pane) {
  const { m, own, entry } = item;
  const name = store.nameOf(item.author);
  const focusable = pane.active ? pane.active === item.key : item === pane.items.at(-1);
  return html`<article class="message ${own ? 'own' : 'other'} ${item.head ? 'head' : ''} media-${m.media}" data-key=${item.key} data-seq=${ifDefined(m.seq)}
      tabindex=${focusable ? 0 : -1} @focusin=${() => { pane.active = item.key; }} aria-label="${own ? t('chat.me') : name}, ${fullTime(m.at)}">
    ${item.head ? face(item, name, pane) : nothing}
    <div class="column">${item.named ? html`<div class="author">${name}</div>` : nothing}
      <div class="line">${trouble(item)}<div class="content">${bubble(item, pane)}</div>${entry && !m.seq ? nothing : html`<button class="more iconbtn" type="button"
          aria-label=${t('chat.menu')} aria-haspopup="menu" tabindex="-1" @click=${(event) => menu(pane, item, event.currentTarget)}>${icon('ellipsis', 'small')}</button>`}</div>
      ${reactions(item, pane)}${item.word ? html`<div class="status">${t(`chat.status.${item.status}`)}</div>` : nothing}</div></article>`;
}

function face(item, name, pane) {
  return html`<button class="face" type="button" tabindex="-1" aria-label=${name} @click=${() => openProfile(pane, item.author, item.own)}>
    ${avatar({ ...store.userOf(item.author), nickname: name }, 'mini')}</button>`;
}

/** A clock while it waits; the red mark, which says why, if it was refused. */
function trouble({ entry, status }) {
  if (status === 'failed') return html`<button class="fault-mark" type="button" aria-label="${t('chat.failed')}: ${entry.msg || ''}" title=${entry.msg || ''} @click=${() => failed(entry)}>!</button>`;
  if (status === 'waiting') return html`<span class="clock" role="img" aria-label=${t('chat.status.waiting')} title=${t('chat.status.waiting')}>${icon('clock', 'small')}</span>`;
  return nothing;
}

function reactions({ m }, pane) {
  const all = reactionsOf(m);
  if (all.length === 0) return nothing;
  const me = store.me.value?.id;
  return html`<div class="reacted">${all.map(({ emoji, users }) => html`<button type="button" aria-pressed=${users.includes(me) ? 'true' : 'false'}
    title=${users.map((id) => store.nameOf(id)).join('、')} @click=${() => react(pane, m, emoji, users.includes(me))}>${emoji}<span>${users.length}</span></button>`)}</div>`;
}
