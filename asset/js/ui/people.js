// A list of people to choose from, in a dialog or as part of a view.
import { html, nothing, render } from '../../vendor/lit.js';
import { effect } from '../../vendor/signals-core.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { host, leave } from './dialog.js';
import { avatar, finder, icon } from './kit.js';
import { byLetter, matches, ready } from './pinyin.js';
import { style } from './style.js';

/** All friends: a page that began elsewhere may not have asked for them yet. */
export async function everybody() {
  if (store.contacts.peek() === store.unknown) await store.refresh('contacts').catch(() => {});
  return store.contacts.peek();
}

/** Where there are keys, one begins with the name; on a phone its keyboard would hide the list. */
function show(/** @type {HTMLDialogElement} */ dialog) {
  dialog.showModal();
  if (!matchMedia('(pointer: coarse)').matches) /** @type {HTMLElement} */ (dialog.querySelector('input[type=search]')).focus();
}

const nameOf = (/** @type {any} */ f) => f.remark || f.nickname;

/**
 * Friends with boxes to tick, by letter; those chosen stay in the list whatever is looked for.
 * @param {any[]} friends @param {Set<number>} chosen @param {() => void} changed @param {string} [query]
 */
export const checklist = (friends, chosen, changed, query = '') => {
  const shown = friends.filter((f) => !query || chosen.has(f.id) || matches(nameOf(f), query) || matches(f.nickname, query));
  if (!shown.length) return html`<p class="total">${t('contacts.none', { Query: query })}</p>`;
  return byLetter(shown, nameOf).map(([letter, rows]) => html`
  <h3 class="index-title">${letter}</h3><div class="weui-cells flat">${rows.map((f) => html`<label class="weui-cell pick">
    <input type="checkbox" .checked=${chosen.has(f.id)} @change=${(/** @type {any} */ e) => {
      if (e.target.checked) chosen.add(f.id);
      else chosen.delete(f.id);
      changed();
    }}>${avatar(f, 'mini')}<span class="weui-cell__bd">${nameOf(f)}</span></label>`)}</div>`);
};

/** Asks for some of the people; resolves with their ids, undefined if it was given up. */
export async function pickPeople(/** @type {string} */ title, /** @type {any[]} */ friends) {
  await style('people').catch(() => {});
  return new Promise((resolve) => {
    const chosen = new Set();
    const dialog = host('box tall', title, { light: false, work: () => chosen.size > 1 });
    let done = false;
    let query = '';
    const finish = () => {
      done = true;
      dialog.close();
    };
    const draw = () => render(html`<header class="bar"><button type="button" class="iconbtn keep" aria-label=${t('act.cancel')} @click=${() => leave(dialog)}>${icon('x')}</button>
      <h2>${title}</h2><button type="button" class="weui-btn weui-btn_primary weui-btn_mini" ?disabled=${!chosen.size} @click=${finish}>${t('act.done')}${chosen.size ? html`(${chosen.size})` : nothing}</button></header>
      ${finder(t('contacts.find'), query, (text) => { query = text; draw(); })}
      <div class="scroll">${checklist(friends, chosen, draw, query.trim())}</div>`, dialog);
    const stop = effect(draw); // once more when the readings are there
    dialog.addEventListener('close', () => {
      stop();
      resolve(done ? [...chosen] : undefined);
    });
    show(dialog);
  });
}

/** Asks for one of the people, by letter; resolves with the id, undefined if it was given up. Enter takes the only one found. */
export async function pickPerson(/** @type {string} */ title, /** @type {any[]} */ people, called = nameOf) {
  await Promise.all([style('people'), ready]).catch(() => {});
  return new Promise((resolve) => {
    const dialog = host('box tall', title, { light: false });
    let picked;
    let query = '';
    const pick = (/** @type {any} */ f) => {
      picked = f.id;
      dialog.close();
    };
    const row = (/** @type {any} */ f) => html`<li class="row person"><button type="button" @click=${() => pick(f)}>${avatar({ ...f, title: called(f) })}
        <span class="what"><span class="line"><span class="name">${called(f)}</span></span></span></button></li>`;
    const draw = () => {
      const shown = people.filter((f) => !query.trim() || matches(called(f), query) || matches(f.nickname, query));
      const none = people.length ? t('contacts.none', { Query: query }) : t('card.nobody');
      const only = (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter' && !e.isComposing && shown.length === 1 && query) pick(shown[0]); };
      render(html`<header class="bar"><button type="button" class="iconbtn keep" aria-label=${t('act.cancel')} @click=${() => dialog.close()}>${icon('x')}</button><h2>${title}</h2></header>
      <div @keydown=${only}>${finder(t('contacts.find'), query, (text) => { query = text; draw(); })}</div>
      <div class="scroll">${shown.length ? byLetter(shown, called).map(([letter, rows]) => html`<h3 class="index-title">${letter}</h3><ul class="rows">${rows.map(row)}</ul>`) : html`<p class="total">${none}</p>`}</div>`, dialog);
    };
    draw();
    dialog.addEventListener('close', () => resolve(picked));
    show(dialog);
  });
}
