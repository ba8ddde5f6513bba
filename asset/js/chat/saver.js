// The setting "data saver": what messages carry is loaded on tap, its size shown first.
import { lookAgain, saverChoice } from './source.js';

export { saving } from './source.js';

/** What can be chosen: browsers of phones tell on which kind of network they are, others do not. */
export const choices = () => ['auto', ...('type' in (navigator.connection ?? {}) ? ['cellular'] : []), 'on', 'off'];

/** @returns {'auto'|'cellular'|'on'|'off'} what was chosen on this device */
export const get = () => /** @type {any} */ (saverChoice());

/** Chooses for this device; what is on the screen follows at once. @param {'auto'|'cellular'|'on'|'off'} choice */
export function set(choice) {
  if (choice === 'auto') localStorage.removeItem('hy-saver');
  else localStorage.setItem('hy-saver', choice);
  lookAgain();
}
