// The choices of the settings view: how it looks, how one writes, what is
// loaded, what others learn. Looks are cookies, for the server renders them;
// the rest is this device's, but for privacy, which the server keeps.
import { html } from '../../vendor/lit.js';
import { signal } from '../../vendor/signals-core.js';
import { writingSettings } from '../chat/keys.js';
import * as saver from '../chat/saver.js';
import { post } from '../core/api.js';
import { lang, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, setCookie } from './kit.js';

const changed = signal(0);

const cookie = (/** @type {string} */ name) => document.cookie.split('; ').find((c) => c.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';

/** One of several, as a group of radio buttons. */
const oneOf = (title, name, values, now, label, act) => html`<h2 class="weui-cells__title" id="set-${name}">${title}</h2><div class="weui-cells" role="radiogroup" aria-labelledby="set-${name}">
  ${values.map((value) => html`<label class="weui-cell weui-cell_active pick"><span class="weui-cell__bd">${label(value)}</span><input type="radio" name=${name} .checked=${value === now} @change=${() => act(value)}></label>`)}</div>`;

/** On or off. */
const flag = (name, label, on, act, disabled = false) => html`<label class="weui-cell weui-cell_switch" data-set=${name}><span class="weui-cell__bd">${label}</span>
  <input class="weui-switch" type="checkbox" role="switch" ?disabled=${disabled} .checked=${on} @change=${(e) => act(e.target)}></label>`;

export function preferences() {
  changed.value; // eslint-disable-line no-unused-expressions -- read to be told of changes
  const care = html`${t('care.title')}<span class="weui-cell__desc">${t('care.desc')}</span>`;
  return html`${oneOf(t('theme.title'), 'theme', ['system', 'light', 'dark'], cookie('theme') || 'system', (v) => t(`theme.${v}`), theme)}
    ${oneOf(t('lang.title'), 'lang', ['auto', 'zh-CN', 'en'], cookie('lang') || 'auto', (v) => t(`lang.${v}`), language)}
    <div class="weui-cells weui-cells_form">${flag('care', care, cookie('care') === '1', (box) => setCare(box.checked))}</div>
    ${writingSettings()}
    ${oneOf(t('saver.label'), 'saver', saver.choices(), saver.get(), (v) => t(`saver.${v}`), (v) => {
      saver.set(v);
      changed.value++;
    })}<p class="weui-cells__tips">${t('saver.text')}</p>
    ${privacy()}`;
}

function theme(value) {
  setCookie('theme', value === 'system' ? '' : value);
  const set = (element, name) => (value === 'system' ? element.removeAttribute(name) : element.setAttribute(name, value));
  set(document.documentElement, 'data-theme');
  set(document.body, 'data-weui-theme');
}

function language(value) {
  setCookie('lang', value === 'auto' ? '' : value);
  if (value !== lang) location.reload();
}

function setCare(on) {
  setCookie('care', on ? '1' : '');
  document.documentElement.toggleAttribute('data-care', on);
  if (on) document.body.setAttribute('data-weui-mode', 'care');
  else document.body.removeAttribute('data-weui-mode');
}

/** What others learn of me. The switches say what is shown, the server keeps what is hidden. */
function privacy() {
  const me = store.me.value ?? {};
  const off = (name) => name === 'read' && !store.rules.receipts;
  const label = (name) => (off(name) ? html`${t('privacy.read')}<span class="weui-cell__desc">${t('privacy.read.off')}</span>` : t(`privacy.${name}`));
  const row = (name) => flag(name, label(name), !off(name) && !me[`hide${name}`], (box) => show(name, box), off(name));
  return html`<h2 class="weui-cells__title">${t('privacy.title')}</h2>
    <div class="weui-cells weui-cells_form">${['online', 'read', 'typing'].map(row)}</div><p class="weui-cells__tips">${t('privacy.hint')}</p>`;
}

async function show(name, box) {
  const done = await attempt(async () => {
    store.me.value = { ...store.me.peek(), ...(await post('/user/update', { [`hide${name}`]: !box.checked })).data };
    store.refresh('contacts');
    store.refresh('conversations');
    return true;
  });
  if (!done) box.checked = !box.checked;
}
