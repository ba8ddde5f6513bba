// Signing another device in from this one: by its scanned code or the typed one, after a look at which device it is.
import { html, nothing, render } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { ago, t } from '../core/i18n.js';
import { host } from './dialog.js';
import { ask, icon, toast } from './kit.js';

/** The ticket in what a code says; '' where it is none. The site is not asked for: a desktop may know this one under another name. */
export const ticketOf = (/** @type {string} */ text) => /^https?:\/\/[^/?#]+\/scan#([\w-]{22})$/.exec(text)?.[1] ?? '';

/** Asks for the code that the other screen shows, for who cannot scan. */
export function typeCode() {
  return ask({
    title: t('signin.type'), text: t('signin.type.text'),
    entry: { label: t('signin.code'), hint: 'ABCD-EFGH', max: 16 },
    act: async (code) => {
      const { data } = await post('/qrlogin/scan', { code });
      review({ code }, data);
    },
  });
}

/** Shows which device a scanned ticket is for. */
export async function scanned(/** @type {string} */ ticket) {
  try {
    const { data } = await post('/qrlogin/scan', { ticket });
    review({ ticket }, data);
  } catch (error) {
    toast(error.message, 4000);
  }
}

/** @param {{ticket?: string, code?: string}} name @param {{device: string, address: string, createat: number}} from */
function review(name, from) {
  const dialog = host('box signin', t('signin.title'), { light: false });
  let busy = false;
  let fault = '';
  const answer = (/** @type {string} */ what) => async () => {
    if (busy) return;
    busy = true;
    draw();
    try {
      await post(`/qrlogin/${what}`, name);
      dialog.close();
      toast(t(what === 'confirm' ? 'signin.done' : 'signin.denied'));
    } catch (error) {
      busy = false;
      fault = error.message;
      draw();
    }
  };
  const row = (/** @type {string} */ label, /** @type {string} */ value) => html`<div><dt>${label}</dt><dd dir="auto">${value}</dd></div>`;
  const draw = () => render(html`${icon('monitor-up')}<h2>${t('signin.title')}</h2>
    <dl>${row(t('signin.device'), from.device === '?' ? t('me.device.unknown') : from.device)}${row(t('signin.address'), from.address)}${row(t('signin.time'), ago(from.createat))}</dl>
    <p class="warn">${t('signin.warn')}</p>${fault ? html`<p class="fault" role="alert">${fault}</p>` : nothing}
    <button type="button" class="weui-btn weui-btn_primary" ?disabled=${busy} @click=${answer('confirm')}>${t('signin.confirm')}</button>
    <button type="button" class="weui-btn weui-btn_default" ?disabled=${busy} @click=${answer('deny')}>${t('signin.deny')}</button>`, dialog);
  draw();
  dialog.showModal();
}
