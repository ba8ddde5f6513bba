// The switches of a conversation that both kinds of info views have.
import { html } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt } from './kit.js';

/** @param {number} kind @param {number} dstid */
export function switches(kind, dstid) {
  const row = store.conversations.value.find((c) => c.kind === kind && c.dstid === dstid);
  const set = (/** @type {string} */ name) => async (/** @type {Event} */ e) => {
    const box = /** @type {HTMLInputElement} */ (e.target);
    const value = box.checked;
    const done = await attempt(async () => {
      await store.settings(kind, dstid, { [name]: value });
      return true;
    });
    if (!done) box.checked = !value;
  };
  return html`<div class="weui-cells weui-cells_form">
    <label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${t('group.pin')}</span><input class="weui-switch" type="checkbox" role="switch" .checked=${!!row?.pinned} @change=${set('pinned')}></label>
    <label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${t('group.mutechat')}</span><input class="weui-switch" type="checkbox" role="switch" .checked=${!!row?.muted} @change=${set('muted')}></label></div>`;
}
