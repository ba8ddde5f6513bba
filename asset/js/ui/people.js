// A list of people to choose from, in a dialog or as part of a view.
import { html, nothing, render } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import { avatar, icon } from './kit.js';
import { byLetter } from './pinyin.js';

const nameOf = (/** @type {any} */ f) => f.remark || f.nickname;

/**
 * Friends with boxes to tick, by letter.
 * @param {any[]} friends @param {Set<number>} chosen @param {() => void} changed
 */
export const checklist = (friends, chosen, changed) => byLetter(friends, nameOf).map(([letter, rows]) => html`
  <h3 class="index-title">${letter}</h3><div class="weui-cells flat">${rows.map((f) => html`<label class="weui-cell pick">
    <input type="checkbox" .checked=${chosen.has(f.id)} @change=${(/** @type {any} */ e) => {
      if (e.target.checked) chosen.add(f.id);
      else chosen.delete(f.id);
      changed();
    }}>${avatar(f, 'mini')}<span class="weui-cell__bd">${nameOf(f)}</span></label>`)}</div>`);

/** Asks for some of the people; resolves with their ids, undefined if it was given up. */
export function pickPeople(/** @type {string} */ title, /** @type {any[]} */ friends) {
  return new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.className = 'box tall';
    dialog.setAttribute('aria-label', title);
    document.body.append(dialog);
    const chosen = new Set();
    let done = false;
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done ? [...chosen] : undefined);
    });
    const finish = () => {
      done = true;
      dialog.close();
    };
    const draw = () => render(html`<header class="bar"><button type="button" class="iconbtn keep" aria-label=${t('act.cancel')} @click=${() => dialog.close()}>${icon('x')}</button>
      <h2>${title}</h2><button type="button" class="weui-btn weui-btn_primary weui-btn_mini" ?disabled=${!chosen.size} @click=${finish}>${t('act.done')}${chosen.size ? html`(${chosen.size})` : nothing}</button></header>
      <div class="scroll">${checklist(friends, chosen, draw)}</div>`, dialog);
    draw();
    dialog.showModal();
  });
}
