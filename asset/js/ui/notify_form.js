// The form of a channel: what is asked for, what is wrong with it, and what to send.
import { html, nothing } from '../../vendor/lit.js';
import { has, t } from '../core/i18n.js';
import './length.js';

/** Which kinds take a secret, and whether they need one. */
const secrets = { webhook: 'own', ntfy: 'token', dingtalk: 'sign', feishu: 'sign' };
const examples = {
  webhook: 'example.com/hook', ntfy: 'ntfy.sh/my-topic', bark: 'api.day.app/…', mail: 'name@example.com',
  wecom: 'qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…', dingtalk: 'oapi.dingtalk.com/robot/send?access_token=…',
  feishu: 'open.feishu.cn/open-apis/bot/v2/hook/…',
};

/** Why a notice did not arrive, in words: the server gives a word, and a detail after it. */
export function reason(/** @type {string} */ text) {
  const [word, ...rest] = text.split(': ');
  const key = `notify.reason.${word.replaceAll(' ', '_')}`;
  return has(key) ? t(key, { Detail: rest.join(': ') }) : t('notify.reason.other', { Detail: text });
}

const clock = (/** @type {number} */ minutes) => `${String(Math.trunc(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function minutes(/** @type {string} */ text) {
  const [hours, rest] = text.split(':').map(Number);
  return hours * 60 + rest;
}

/** @param {any} c the channel @param {any} o what was found wrong, and what to do */
export function draw(c, o) {
  const fault = (name) => (o.faults[name] ? html`<p class="fault" id="fault-${name}" role="alert">${o.faults[name]}</p>` : nothing);
  const field = (name, label, attributes) => html`<label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${label}</span></span>
    <span class="weui-cell__bd"><input class="weui-input" name=${name} type=${attributes.type ?? 'text'} data-most=${attributes.max ?? 1000} autocomplete="off" autocapitalize="off" spellcheck="false"
      placeholder=${attributes.hint ?? ''} .defaultValue=${attributes.value ?? ''} aria-invalid=${o.faults[name] ? 'true' : 'false'} aria-describedby=${o.faults[name] ? `fault-${name}` : nothing}></span></label>${fault(name)}`;
  const toggle = (name, label, about, value) => html`<label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${label}<span class="weui-cell__desc">${about}</span></span><input class="weui-switch" type="checkbox" role="switch" name=${name} .defaultChecked=${value}></label>`;
  const quiet = c.quietfrom !== c.quietto;
  const secret = secrets[c.kind];
  return html`${c.confirmed ? nothing : code(c, o, fault)}
    ${o.secret ? html`<div class="made"><p>${t('notify.secret.made')}</p><code>${o.secret}</code></div>` : nothing}
    <form class="channel-form" novalidate @submit=${o.save}><p class="weui-cells__tips">${t(`notify.how.${c.kind}`)}</p>
      <div class="weui-cells weui-cells_form">
        ${field('address', t(c.kind === 'mail' ? 'notify.mail' : 'notify.address'), { type: c.kind === 'mail' ? 'email' : 'url', hint: c.id && c.kind !== 'mail' ? c.address : examples[c.kind], value: c.kind === 'mail' ? c.address : '' })}
        ${secret ? field('secret', t(`notify.secret.${secret}`), { max: 200, hint: c.hassecret ? t('notify.secret.kept') : t(secret === 'own' ? 'notify.secret.auto' : 'notify.secret.optional') }) : nothing}
        ${field('name', t('notify.name'), { max: 32, value: c.name, hint: t(`notify.kind.${c.kind}`) })}</div>
      <div class="weui-cells weui-cells_form">${c.id ? toggle('enabled', t('notify.enabled'), '', c.enabled) : nothing}${toggle('content', t('notify.content'), t('notify.content.about'), c.content)}
        <div class="weui-cell quiet" role="group" aria-label=${t('notify.quiet')}><span class="weui-cell__bd">${t('notify.quiet')}<span class="weui-cell__desc">${t('notify.quiet.about')}</span></span>
          <span class="times"><input type="time" name="quietfrom" aria-label=${t('notify.quiet.from')} .defaultValue=${quiet ? clock(c.quietfrom) : ''}>–<input type="time" name="quietto" aria-label=${t('notify.quiet.to')} .defaultValue=${quiet ? clock(c.quietto) : ''}></span></div>${fault('quietfrom')}${fault('quietto')}</div>
      ${fault('form')}${fault('kind')}${fault('zone')}${fault('channels')}
      <div class="pad"><button class="weui-btn weui-btn_primary weui-btn_block" ?disabled=${o.busy}>${t('act.save')}</button></div></form>`;
}

/** The code that was mailed to the address. */
function code(c, o, fault) {
  return html`<form class="channel-form" novalidate @submit=${o.verify}><p class="weui-cells__tips">${t('notify.code.hint', { Address: c.address })}</p>
    <div class="weui-cells weui-cells_form"><label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${t('notify.code')}</span></span>
      <span class="weui-cell__bd"><input class="weui-input" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6" aria-invalid=${o.faults.code ? 'true' : 'false'} aria-describedby=${o.faults.code ? 'fault-code' : nothing}></span></label>${fault('code')}</div>
    <div class="pad acts"><button type="button" class="weui-btn weui-btn_default" @click=${o.again}>${t('notify.code.again')}</button><button class="weui-btn weui-btn_primary">${t('notify.code.confirm')}</button></div></form>`;
}

/** URL.canParse is younger than some of the browsers that are served. */
function parses(address) {
  try {
    return !!new URL(address);
  } catch {
    return false;
  }
}

/** Reads the form: what to send, or what is wrong that can be known here. */
export function read(/** @type {HTMLFormElement} */ form, /** @type {any} */ c) {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? '').trim();
  const faults = {};
  const change = { id: c.id, kind: c.kind, name: text('name'), content: data.has('content'), zone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? '' };
  if (c.id) change.enabled = data.has('enabled');
  let address = text('address');
  if (address && c.kind !== 'mail' && !/^\w+:\/\//.test(address)) address = `https://${address}`;
  if (address) change.address = address;
  if (!address && (!c.id || c.kind === 'mail')) faults.address = t('notify.fault.address');
  else if (address && c.kind === 'mail' && !/^[^@\s]+@[^@\s]+$/.test(address)) faults.address = t('notify.fault.mail');
  else if (address && c.kind !== 'mail' && !parses(address)) faults.address = t('notify.fault.url');
  if (text('secret')) change.secret = text('secret');
  const [from, to] = [text('quietfrom'), text('quietto')];
  if (!from !== !to) faults[from ? 'quietto' : 'quietfrom'] = t('notify.fault.quiet');
  Object.assign(change, from && to ? { quietfrom: minutes(from), quietto: minutes(to) } : { quietfrom: 0, quietto: 0 });
  return { change, faults };
}
