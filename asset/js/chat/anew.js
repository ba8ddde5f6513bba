// What own messages said that were taken back: for a while it can be written
// anew, after a reload and in other tabs too. It lies in the person's own
// database and goes with it at the sign-out.
import { effect, signal } from '../../vendor/signals-core.js';
import * as store from '../core/store.js';
import { CMD, keyOf } from '../core/timeline.js';

const NAME = 'anew';
const SPAN = 5 * 60 * 1000;

/** @type {import('../../vendor/signals-core.js').Signal<Map<string, {text: string, till: number}>>} */
const kept = signal(new Map());
let timer = 0;

const nameOf = ({ kind, dstid }, seq) => `${keyOf(kind, dstid)}:${seq}`;

/** What an own message said, as long as it can be written anew. */
export const textOf = (pane, seq) => kept.value.get(nameOf(pane, seq))?.text;

/** Keeps what an own message says. It is offered once the message is taken back. */
export const keep = (pane, m) => change((all) => all.set(nameOf(pane, m.seq), { text: m.content, till: Date.now() + SPAN }));

/** Alters what there is, here at once; what is over goes, and what other tabs kept comes. */
async function change(alter = (/** @type {Map<string, any>} */ _all) => {}) {
  const make = (/** @type {[string, any][]} */ list = []) => {
    const all = new Map(list.filter(([, { till }]) => till > Date.now()));
    alter(all);
    return [...all];
  };
  show(make([...kept.peek()]));
  try {
    const list = await store.database.peek()?.change('kv', NAME, make);
    if (list) show(list);
  } catch { /* a full or closed database: it can be written anew as long as the page lasts */ }
}

function show(list) {
  kept.value = new Map(list);
  clearTimeout(timer);
  if (list.length > 0) timer = setTimeout(change, Math.min(...list.map(([, { till }]) => till)) - Date.now() + 1);
}

effect(() => {
  if (store.database.value) change();
});
store.onFrame(CMD.RECALL, (m) => m.userid === store.me.peek()?.id && change());
