// The reader's own settings of a conversation, which both kinds of info views have.
import { html, nothing } from '../../vendor/lit.js';
import { fullTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, choose } from './kit.js';

/** The names of how much is read out of a conversation, by level. */
const LEVELS = { off: 'announce.off', count: 'announce.level.count', sender: 'announce.level.sender', full: 'announce.full' };

/**
 * @param {number} kind @param {number} dstid
 * @param {{requestUpdate: () => void}} [view] drawn again where a setting is this device's alone
 */
export function switches(kind, dstid, view) {
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
  const toggle = (name, label) => html`<label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${label}</span><input class="weui-switch" type="checkbox" role="switch" .checked=${!!row?.[name]} @change=${set(name)}></label>`;
  const door = (label, value, act) => html`<button type="button" class="weui-cell weui-cell_access" @click=${act}><span class="weui-cell__bd">${label}</span><span class="weui-cell__ft">${value}</span></button>`;
  return html`<div class="weui-cells"><a class="weui-cell weui-cell_access" href="/search?kind=${kind}&dstid=${dstid}"><span class="weui-cell__bd">${t('search.here')}</span><span class="weui-cell__ft"></span></a></div>
    <div class="weui-cells weui-cells_form">
    ${toggle('pinned', t('group.pin'))}
    ${door(t('group.mutechat'), muteText(row), () => mute(kind, dstid, row))}
    ${row ? toggle('archived', t('archive.archive')) : nothing}
    ${view ? door(t('announce.title'), t(LEVELS[levelOf(kind, dstid, view)]), () => speech(kind, dstid, view)) : nothing}</div>`;
}

const muteText = (row) => (!row?.muted ? t('group.mutechat.off') : row.mutedtill ? t('group.mutechat.until', { Time: fullTime(row.mutedtill) }) : t('archive.mute.always'));

async function mute(kind, dstid, row) {
  const menus = await attempt(() => import('./menus.js'));
  if (menus && row?.muted) attempt(() => store.settings(kind, dstid, { mutefor: 0 }), t('group.mutechat.off'));
  else menus?.mute(kind, dstid);
}

let announcer;

/** How much is read out; the chat's module that knows it comes when the first view asks. */
function levelOf(kind, dstid, view) {
  if (announcer) return announcer.verbosity(kind, dstid);
  import('../chat/announce.js').then((module) => {
    announcer = module;
    view.requestUpdate();
  }, () => {});
  return 'full';
}

async function speech(kind, dstid, view) {
  const level = await choose({ title: t('announce.title'), choices: Object.entries(LEVELS).map(([value, label]) => ({ value, label: t(label) })) });
  if (!level || !announcer) return;
  announcer.setVerbosity(kind, dstid, level);
  view.requestUpdate();
}
