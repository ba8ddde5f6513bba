// Signing out: what this device kept of a person goes with the session. A
// session that the server ended is another matter: its person may come back,
// so what was not sent stays, under that person's own name.
import { post } from './api.js';
import { insist } from './database.js';
import * as store from './store.js';

/** How many messages would be lost. */
export const unsent = () => [...(store.outbox.peek()?.entries() ?? [])].length;

/** Ends the session and deletes what this device kept. If the server cannot be told, all stays as it was. */
export async function leave() {
  const { id } = store.me.peek();
  store.stop(); // first, or the end of the session would lead away from here too early
  try {
    await post('/user/logout');
  } catch (error) {
    store.resume();
    throw error;
  }
  store.farewell();
  store.outbox.peek()?.stop();
  store.dropDrafts();
  forget(id);
  // A page that still holds it open lets go when asked; the deletion then takes place without us.
  await insist(() => indexedDB.deleteDatabase(store.databaseOf(id))).catch(() => {});
  await import('../awake/push.js').then((push) => push.leave()).catch(() => {});
}

/** Removes what views kept of a person, here and in this tab: hy-NAME-ID, and hy-NAME-ID-MORE. */
function forget(id) {
  try {
    localStorage.removeItem(store.LAST);
    for (const kept of [localStorage, sessionStorage]) {
      for (const key of Object.keys(kept)) if (new RegExp(`^hy-[a-z]+-${id}(-|$)`).test(key)) kept.removeItem(key);
    }
  } catch { /* a forbidden storage holds nothing */ }
}
