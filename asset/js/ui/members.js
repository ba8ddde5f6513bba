// The members of a group: who they are there, a list to search, and what one may do with each by rank.
import { html, nothing, repeat } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { fullTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { ask, attempt, avatar, choose, finder, goTo } from './kit.js';
import { matches } from './pinyin.js';

export const RANK = { owner: 3, admin: 2, member: 1 };

/** A mute of this many seconds is for ever; one that ends later than FAR from now is shown so. */
const FOREVER = 3162240000;
const FAR = 40 * 366 * 86400000;

const remarkOf = (/** @type {any} */ m) => store.contacts.value.find((f) => f.id === m.id)?.remark;

/** A member as this reader calls them. */
export const nameOf = (/** @type {any} */ m) => remarkOf(m) || m.nick || m.nickname;

export const face = (/** @type {any} */ m) => avatar({ ...m, title: nameOf(m) });

/** The list of all members of a group's page, narrowed down by what is typed. */
export function membersView(page) {
  const q = page.q?.trim() ?? '';
  const sorted = [...page.members].sort((a, b) => RANK[b.role] - RANK[a.role]);
  const shown = q ? sorted.filter((m) => [nameOf(m), m.nick, m.nickname].some((name) => name && matches(name, q)) || String(m.id) === q) : sorted;
  return html`${finder(t('group.members.find'), page.q ?? '', (text) => { page.q = text; })}
    <div class="scroll"><ul class="rows">${repeat(shown, (m) => m.id, (m) => row(page, m))}</ul>
      <p class="total">${shown.length ? t('group.members.count', { Count: shown.length }) : t('contacts.none', { Query: q })}</p></div>`;
}

function row(page, m) {
  const name = nameOf(m);
  return html`<li class="row person"><button type="button" @click=${() => memberActs(page, m)}>${face(m)}<span class="what"><span class="line"><span class="name">${name}${m.nickname !== name ? html`<span class="also"> ${m.nickname}</span>` : nothing}</span>
    ${m.muted ? html`<span class="tag" title=${mutedText(m)}>${t('group.muted')}</span>` : nothing}${m.role !== 'member' ? html`<span class="tag role">${t(`group.role.${m.role}`)}</span>` : nothing}</span></span></button></li>`;
}

const mutedText = (m) => (m.muteduntil > Date.now() + FAR ? t('group.muted.forever') : t('group.muted.until', { Time: fullTime(m.muteduntil) }));

/** Offers what the reader may do with a member. */
export async function memberActs(page, m) {
  const mine = RANK[page.rank];
  const own = m.id === store.me.peek()?.id;
  const above = mine > RANK[m.role] && mine > 1 && !own;
  const owner = page.rank === 'owner' && !own;
  const pick = (value, label, warn = false) => ({ value, label: t(label), warn });
  const choices = [pick('profile', 'group.profile')];
  if (owner) choices.push(m.role === 'admin' ? pick('demote', 'group.demote') : pick('promote', 'group.promote'), pick('transfer', 'group.transfer'));
  if (above) choices.push(m.muted ? pick('unmute', 'group.unmute') : pick('mute', 'group.mute'), pick('kick', 'group.kick', true));
  const title = m.muted && above ? `${nameOf(m)} · ${mutedText(m)}` : nameOf(m);
  const what = choices.length > 1 ? await choose({ title, choices }) : 'profile';
  if (what === 'profile') return goTo(page, own ? '/me/profile' : `/contacts/${m.id}`);
  const to = { dstid: page.groupid, memberid: m.id };
  if (what === 'kick' || what === 'transfer') {
    await ask({ title: t(`group.${what}`), text: t(`group.${what}.text`, { Name: nameOf(m) }), warn: true, act: () => post(`/community/${what}`, to) });
  } else if (what === 'mute') {
    const seconds = await choose({ title: t('group.mute'), choices: [600, 3600, 86400, 2592000, FOREVER].map((s) => ({ value: String(s), label: t(s === FOREVER ? 'group.mute.forever' : `group.mute.${s}`) })) });
    if (!seconds) return undefined;
    await attempt(() => post('/community/mute', { ...to, seconds: Number(seconds) }));
  } else if (what === 'unmute') await attempt(() => post('/community/mute', { ...to, seconds: 0 }));
  else if (what) await attempt(() => post('/community/role', { ...to, role: what === 'promote' ? 'admin' : 'member' }));
  if (what) page.load();
  return undefined;
}
