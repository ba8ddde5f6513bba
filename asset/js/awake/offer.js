// The offer to notify, made once: after the first message of one's own, with the
// reason, and never again once it was turned down.
import { html, render } from '../../vendor/lit.js';
import { t, words } from '../core/i18n.js';
import { icon, toast } from '../ui/kit.js';
import { style } from '../ui/style.js';
import { choice, decline, enable, obstacle } from './push.js';

/** Shows the bar over the messages of the open conversation, which make room for it, if there is something to offer that
 * was not answered before. */
export async function offer() {
  const hindered = obstacle();
  if (choice() || (hindered && hindered !== 'install')) return;
  if (!hindered && Notification.permission !== 'default') return;
  await Promise.all([words(), style('notify')]);
  const messages = document.querySelector('hy-chat hy-messages');
  if (!messages || document.querySelector('.push-offer')) return; // with the next message, then
  const bar = document.createElement('section');
  bar.className = 'push-offer';
  bar.setAttribute('aria-label', t('push.offer.title'));
  const close = () => bar.remove();
  const no = () => {
    decline();
    close();
  };
  const yes = async (/** @type {Event} */ e) => {
    /** @type {HTMLButtonElement} */ (e.target).disabled = true;
    try {
      const outcome = await enable();
      if (outcome !== 'dismissed') toast(t(`push.done.${outcome}`));
      if (outcome === 'denied') decline();
    } catch (error) {
      toast(error.message || t('push.failed'), 3500);
    }
    close();
  };
  bar.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') no();
  });
  render(html`${icon('bell')}<div class="offered"><p>${t(hindered ? 'push.install' : 'push.offer')}</p>
    <div class="acts"><button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${no}>${t(hindered ? 'push.install.ok' : 'push.offer.no')}</button>
    ${hindered ? '' : html`<button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${yes}>${t('push.offer.yes')}</button>`}</div></div>`, bar);
  messages.before(bar);
}
