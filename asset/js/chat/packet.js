// Putting something into a red packet. What was written stays until the packet
// is sent; a packet that may have been sent is sent again under the same number.
import { render } from '../../vendor/lit.js';
import { html, nothing, t } from './base.js';
import { post } from '../core/api.js';
import { newCID } from '../core/wire.js';
import * as store from '../core/store.js';
import { CMD } from '../core/timeline.js';
import { dialogOf, draftOf, field, top } from './dialog.js';
import { centsOf, countOf, currencyName, digits, LEAST, MOST_COUNT, MOST_SHARE } from './money.js';

const WISH = 40;

/** What is wrong with a form, by field; nothing if it may be sent. */
export function faultsOf(form, { room, size, balance }) {
  const faults = {};
  const amount = centsOf(form.amount);
  const count = room ? countOf(form.count) : 1;
  const each = form.mode === 'equal' ? amount : amount / count;
  const sum = sumOf(form, room);
  if (room && !(count >= 1)) faults.count = t('packet.fault.count');
  else if (room && count > Math.min(MOST_COUNT, size || MOST_COUNT)) faults.count = size && size < MOST_COUNT ? t('packet.fault.size', { Size: size }) : t('packet.fault.many');
  if (!(amount >= LEAST)) faults.amount = t('packet.fault.amount');
  else if (each < LEAST) faults.amount = t('packet.fault.least');
  else if (each > MOST_SHARE) faults.amount = t('packet.fault.most', { Amount: digits(MOST_SHARE) });
  else if (balance !== undefined && sum > balance) faults.amount = t('packet.fault.funds', { Amount: digits(balance) });
  return faults;
}

/** The cents of the whole packet, NaN while that is not known. */
export function sumOf(form, room) {
  const amount = centsOf(form.amount);
  return room && form.mode === 'equal' ? amount * countOf(form.count) : amount;
}

/** Asks what to put in, and sends it. @param {{kind: number, dstid: number}} to */
export async function sendPacket({ kind, dstid }) {
  const room = kind === CMD.ROOM;
  const size = room ? store.groups.peek().find((group) => group.id === dstid)?.size ?? 0 : 1;
  const dialog = await dialogOf('packet-form', t('packet.title'));
  const { form, done } = draftOf('packet', { kind, dstid }, { mode: room ? 'lucky' : 'equal', amount: '', count: '', memo: '' });
  let purse = null;
  let faults = {};
  let trouble = '';
  let busy = false;
  let sent = { text: '', cid: '' };
  const limits = () => ({ room, size, balance: purse?.balance });
  const set = (name) => (value) => {
    form[name] = value;
    trouble = '';
    if (Object.keys(faults).length > 0) faults = faultsOf(form, limits());
    draw();
  };
  const submit = async (event) => {
    event.preventDefault();
    faults = faultsOf(form, limits());
    draw();
    if (busy || Object.keys(faults).length > 0) {
      dialog.querySelector('[aria-invalid=true]')?.focus();
      return;
    }
    const asked = { kind, dstid, amount: sumOf(form, room), count: room ? countOf(form.count) : 1, mode: form.mode, memo: form.memo.trim() || t('chat.packet.wish') };
    const text = JSON.stringify(asked);
    if (sent.text !== text) sent = { text, cid: newCID() };
    busy = true;
    draw();
    try {
      await post('/packet/send', { ...asked, cid: sent.cid });
      done();
      dialog.close();
    } catch (error) {
      if (error.code === 'conflict') faults = { amount: error.message };
      else trouble = error.message;
    }
    busy = false;
    draw();
  };
  const draw = () => render(html`${top(dialog, t('packet.title'))}<form class="scroll" @submit=${submit} novalidate>
    ${room ? modes(form, set('mode')) : nothing}
    ${field({ name: 'amount', label: t(form.mode === 'lucky' ? 'packet.total' : 'packet.each'), value: form.amount, input: set('amount'), mode: 'decimal', max: 10,
      hint: '0.00', unit: currencyName(purse?.currency ?? 'play'), fault: faults.amount })}
    ${room ? html`${field({ name: 'count', label: t('packet.count'), value: form.count, input: set('count'), mode: 'numeric', max: 4, hint: t('packet.count.hint'), unit: t('packet.unit'), fault: faults.count })}
      ${size ? html`<p class="tip">${t('packet.members', { Size: size })}</p>` : nothing}` : nothing}
    ${field({ name: 'memo', label: t('packet.wish'), value: form.memo, input: set('memo'), max: WISH, hint: t('chat.packet.wish') })}
    <p class="sum" aria-live="polite"><strong>${digits(sumOf(form, room) || 0)}</strong> <span>${currencyName(purse?.currency ?? 'play')}</span></p>
    <p class="fault centre" role="alert" ?hidden=${!trouble}>${trouble}</p>
    <div class="pad"><button class="weui-btn weui-btn_primary red" type="submit" ?disabled=${busy}>${t('packet.put')}</button></div>
    <p class="tip centre">${purse ? t('packet.left', { Amount: digits(purse.balance) }) : nothing}<br>${purse?.currency === 'play' ? t('packet.play') : t('packet.back')}</p></form>`, dialog);
  draw();
  dialog.showModal();
  dialog.querySelector('input[name=amount]').focus();
  purse = (await post('/packet/balance', {}).catch(() => ({ data: null }))).data;
  draw();
}

const modes = (form, set) => html`<div class="modes" role="radiogroup" aria-label=${t('packet.mode')}>${['lucky', 'equal'].map((mode) => html`<label class=${form.mode === mode ? 'on' : ''}>
  <input class="sr" type="radio" name="mode" value=${mode} .checked=${form.mode === mode} @change=${() => set(mode)}>${t(`packet.mode.${mode}`)}</label>`)}</div>`;
