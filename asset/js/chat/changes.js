// Changes and answers that were begun and are not sent: another conversation may
// be opened in between, and the page loaded anew. They stay with this tab and this person.
import { me } from '../core/state.js';

const nameOf = (/** @type {string} */ key) => `hy-begun-${me.peek()?.id}-${key}`;

/** A forbidden or full storage keeps nothing: it is on the screen as long as that lasts.
 * @template T @param {(s: Storage) => T} act @returns {T|null} */
function stored(act) {
  try {
    return act(sessionStorage);
  } catch {
    return null;
  }
}

/** @typedef {{editing?: any, text?: string, answering?: any}} Begun a change of one's own message with its new words, or a message to be answered */

/** @param {string} key of a conversation @param {Begun} begun */
export const keepBegun = (key, begun) => stored((s) => s.setItem(nameOf(key), JSON.stringify(begun)));

/** @param {string} key @returns {Begun|null} */
export const begunOf = (key) => stored((s) => JSON.parse(s.getItem(nameOf(key)) ?? 'null'));

/** @param {string} key */
export const dropBegun = (key) => stored((s) => s.removeItem(nameOf(key)));
