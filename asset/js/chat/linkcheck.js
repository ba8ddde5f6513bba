// Before a link is followed that may not lead where it seems to: its real host
// in full, and why one should look twice.
import { html, t } from './base.js';
import { render } from '../../vendor/lit.js';
import { host } from '../ui/dialog.js';
import { style } from '../ui/style.js';
import { trustHost } from './text.js';

/**
 * Asks whether a link is to be opened, and opens it.
 * @param {{href: string, host: string}} part @param {'unknown'|'script'|'other'|'turn'} reason
 */
export async function confirmLink(part, reason) {
  await style('writing').catch(() => {}); // plain is better than not at all
  const dialog = host('box hy-link', t('linkcheck.title'));
  const open = (event) => {
    event.preventDefault();
    if (dialog.querySelector('[name=trust]').checked) trustHost(part.host);
    dialog.close();
    window.open(part.href, '_blank', 'noopener,noreferrer');
  };
  const path = part.href.slice(part.href.indexOf(part.host) + part.host.length);
  render(html`<form @submit=${open}><div class="weui-dialog__hd"><h2 class="weui-dialog__title">${t('linkcheck.title')}</h2></div>
    <div class="weui-dialog__bd"><p class="where"><bdi>${new URL(part.href).protocol}//<strong>${part.host}</strong>${path.length > 120 ? `${path.slice(0, 120)}…` : path}</bdi></p>
      <p class="why ${reason === 'unknown' ? '' : 'warn'}">${t(`linkcheck.${reason}`)}</p>
      <label class="trust"><input type="checkbox" name="trust"> <span>${t('linkcheck.trust', { Host: part.host })}</span></label></div>
    <div class="weui-dialog__ft"><button type="button" class="weui-dialog__btn weui-dialog__btn_default" @click=${() => dialog.close()}>${t('act.cancel')}</button>
      <button type="submit" class="weui-dialog__btn ${reason === 'unknown' ? 'weui-dialog__btn_primary' : 'weui-dialog__btn_warn'}">${t('linkcheck.open')}</button></div></form>`, dialog);
  dialog.showModal();
  dialog.querySelector(reason === 'unknown' ? '[type=submit]' : '.weui-dialog__btn_default').focus();
}
