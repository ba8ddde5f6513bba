// Sending somebody's card: choose one friend, then confirm.
import { ask, t } from './base.js';
import * as store from '../core/store.js';
import { MEDIA } from '../core/timeline.js';
import { everybody, pickPerson } from '../ui/people.js';

const shownName = (user) => user.remark || user.nickname;

/** The fields of a person's card. The name that I gave them is nobody else's business. */
export const cardOf = (user) => ({ media: MEDIA.CARD, content: String(user.id), pic: user.avatar || '', memo: user.nickname });

/** @param {{kind: number, dstid: number}} to the conversation */
export async function sendCard({ kind, dstid }) {
  const friends = (await everybody()).filter((friend) => kind !== 10 || friend.id !== dstid);
  const id = await pickPerson(t('card.title'), friends);
  const user = friends.find((friend) => friend.id === id);
  if (!user) return;
  await ask({ title: t('card.send'), text: t('card.send.text', { Name: shownName(user), To: store.titleOf(kind, dstid) }), yes: t('act.send'),
    act: () => store.send(kind, dstid, cardOf(user)) });
}
