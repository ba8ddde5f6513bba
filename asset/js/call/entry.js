// <hy-call-entry>: what is left of a call in the timeline. Drawn from what the
// server wrote; a tap calls back.
import { html } from '../../vendor/lit.js';
import { duration, t } from '../core/i18n.js';
import { icon, View } from '../ui/kit.js';

const RESULTS = ['answered', 'missed', 'declined', 'cancelled', 'busy', 'failed'];

/** The sentence of an entry, as its reader sees it. */
export function entryText(m, own) {
  const result = RESULTS.includes(m.ext.call.result) ? m.ext.call.result : 'failed';
  if (result === 'answered') return t('call.entry.answered', { Time: duration(m.amount ?? 0) });
  return t(`call.entry.${result}.${own ? 'own' : 'other'}`);
}

class CallEntry extends View {
  static properties = { m: { attribute: false }, own: { type: Boolean } };

  render() {
    const { m, own } = this;
    const { video, result } = m.ext.call;
    const again = async () => (await import('./call.js')).start(own ? m.dstid : m.userid, !!video);
    const lost = !own && ['missed', 'cancelled', 'busy'].includes(result);
    return html`<button class="call-again ${lost ? 'lost' : ''}" type="button" title=${t('call.again')} @click=${again}>${icon(video ? 'video' : lost ? 'phone-missed' : 'phone', 'small')}<span>${entryText(m, own)}</span></button>`;
  }
}

customElements.define('hy-call-entry', CallEntry);
