// Opening a red packet, and who took what out of it.
import { render } from '../../vendor/lit.js';
import { avatar, html, nothing, t } from './base.js';
import { fullTime } from '../core/i18n.js';
import { post } from '../core/api.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';
import { learn } from './cards.js';
import { dialogOf, top } from './dialog.js';
import { currencyName, digits } from './money.js';

const CALM = 300 + Math.random() * 500;

const nameOf = (user) => store.nameOf(user.id, user.nickname);

/** Shows a packet: sealed, if it may be opened, else how it stands. @param {number} id */
export async function showPacket(id) {
  let packet = null;
  const take = (data) => {
    packet = data;
    learn([data]);
    store.remember([data.user, ...data.shares.map((share) => share.user)].filter((user) => user.nickname));
  };
  take((await post('/packet/info', { id })).data);
  const dialog = await dialogOf('envelope', t('media.redpacket'), { light: true });
  let busy = false;
  let trouble = '';
  const open = async () => {
    if (busy) return;
    busy = true;
    trouble = '';
    draw();
    try {
      take((await post('/packet/open', { id })).data);
    } catch (error) {
      trouble = error.message;
    }
    busy = false;
    draw();
    if (!packet.may) dialog.querySelector('.bar button').focus();
  };
  const draw = () => render(packet.may ? sealed(packet, { dialog, open, busy, trouble }) : detail(packet, dialog), dialog);
  let timer = 0;
  const refresh = async () => {
    timer = 0;
    if (packet.may || !dialog.open) return;
    take((await post('/packet/info', { id })).data);
    draw();
  };
  // Where many open at once, the list is fetched once in a while and not for each.
  const off = store.onFrame(CMD.EVENT, (m) => {
    if (m.content === 'packet' && m.ext?.packet === id) timer ||= setTimeout(() => refresh().catch(() => {}), CALM);
  });
  dialog.addEventListener('close', off);
  draw();
  dialog.showModal();
  dialog.querySelector('.opens')?.focus();
}

const sealed = (p, { dialog, open, busy, trouble }) => html`<div class="sealed">${top(dialog, t('media.redpacket'))}
  ${avatar({ ...p.user, nickname: nameOf(p.user) }, 'huge')}<p class="from">${t('packet.from', { Name: nameOf(p.user) })}</p><p class="wish" dir="auto">${p.memo}</p>
  <button class="opens ${busy ? 'busy' : ''}" type="button" aria-label=${t('packet.open')} ?disabled=${busy} @click=${open}>${t('packet.open.sign')}</button>
  <p class="fault" role="alert" ?hidden=${!trouble}>${trouble}</p><p class="note">${p.currency === 'play' ? t('packet.play') : nothing}</p></div>`;

/** What stands above the list: my share, or why there is none. */
function outcome(p) {
  if (p.mine) return html`<p class="sum"><strong>${digits(p.mine)}</strong> <span>${currencyName(p.currency)}</span></p>`;
  if (p.state === 'empty') return html`<p class="none">${t(p.kind === CMD.ROOM ? 'packet.late' : 'packet.taken')}</p>`;
  if (p.state === 'expired') return html`<p class="none">${t('packet.expired')}</p>`;
  return html`<p class="none">${t('packet.waiting')}</p>`;
}

function progress(p) {
  const words = { Taken: p.taken, Of: p.count, Sum: digits(p.shares.reduce((sum, share) => sum + share.amount, 0)), Amount: digits(p.amount), Currency: currencyName(p.currency) };
  const back = p.back && p.user.id === store.me.peek().id ? ` ${t('packet.went.back', { Amount: digits(p.back) })}` : '';
  return t('packet.progress', words) + back;
}

function detail(p, dialog) {
  return html`<div class="detail">${top(dialog, t('packet.detail'))}<div class="head">${avatar({ ...p.user, nickname: nameOf(p.user) }, 'huge')}
    <p class="from">${t('packet.from', { Name: nameOf(p.user) })}${p.mode === 'lucky' ? html` <span class="lucky">${t('packet.mode.lucky')}</span>` : nothing}</p><p class="wish" dir="auto">${p.memo}</p>${outcome(p)}</div>
    <div class="scroll" tabindex="0"><h3>${progress(p)}</h3><ul>${p.shares.map((share) => html`<li>${avatar({ ...share.user, nickname: nameOf(share.user) }, 'mini')}
      <span class="about"><span class="name">${nameOf(share.user)}</span><time>${fullTime(share.at)}</time></span>
      <span class="amount">${digits(share.amount)}${share.best ? html`<span class="best">${t('packet.best')}</span>` : nothing}</span></li>`)}</ul>
    <p class="tip centre">${p.currency === 'play' ? t('packet.play') : nothing}</p></div></div>`;
}
