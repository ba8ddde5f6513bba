// Sending somebody's card: choose one friend, then confirm.
import { render } from '../../vendor/lit.js';
import { ask, avatar, html, icon, t } from './base.js';
import * as store from '../core/store.js';
import { MEDIA } from '../core/timeline.js';
import { byLetter, matches, ready } from '../ui/pinyin.js';
import { dialogOf, top } from './dialog.js';

const shownName = (user) => user.remark || user.nickname;

/** The fields of a person's card. The name that I gave them is nobody else's business. */
export const cardOf = (user) => ({ media: MEDIA.CARD, content: String(user.id), pic: user.avatar || '', memo: user.nickname });

/** @param {{kind: number, dstid: number}} to the conversation */
export async function sendCard({ kind, dstid }) {
  const user = await pickFriend(t('card.title'), store.contacts.peek().filter((friend) => kind !== 10 || friend.id !== dstid));
  if (!user) return;
  await ask({ title: t('card.send'), text: t('card.send.text', { Name: shownName(user), To: store.titleOf(kind, dstid) }), yes: t('act.send'),
    act: () => store.send(kind, dstid, cardOf(user)) });
}

/** Asks for one of the people; resolves with none if it was given up. */
async function pickFriend(title, friends) {
  await ready.catch(() => {});
  const dialog = await dialogOf('tall people', title, { light: true });
  return new Promise((resolve) => {
    let query = '';
    let chosen;
    const pick = (user) => {
      chosen = user;
      dialog.close();
    };
    const draw = () => {
      const found = query ? friends.filter((f) => matches(f.remark ?? '', query) || matches(f.nickname, query)) : friends;
      render(html`${top(dialog, title)}<label class="find">${icon('search', 'small')}<input type="search" placeholder=${t('act.search')} aria-label=${t('act.search')} autocomplete="off"
        @input=${(event) => { query = event.target.value.trim(); draw(); }} @keydown=${(event) => { if (event.key === 'Enter' && found.length === 1) { event.preventDefault(); pick(found[0]); } }}></label>
        <div class="scroll">${found.length === 0 ? html`<p class="tip centre">${t(friends.length === 0 ? 'card.nobody' : 'card.none')}</p>` : byLetter(found, shownName).map(([letter, rows]) => html`<h3>${letter}</h3>
          <ul>${rows.map((user) => html`<li><button type="button" @click=${() => pick(user)}>${avatar({ ...user, nickname: shownName(user) }, 'mini')}<span class="name">${shownName(user)}</span></button></li>`)}</ul>`)}</div>`, dialog);
    };
    dialog.addEventListener('close', () => resolve(chosen));
    draw();
    dialog.showModal();
    dialog.querySelector('input').focus();
  });
}
