// The setting "data saver": what messages carry is loaded on tap, its size shown first.
import { lookAgain, saverChoice } from './source.js';

export { saving } from './source.js';

/** @returns {'auto'|'on'|'off'} what was chosen on this device */
export const get = () => /** @type {any} */ (saverChoice());

/** Chooses for this device; what is on the screen follows at once. @param {'auto'|'on'|'off'} choice */
export function set(choice) {
  if (choice === 'auto') localStorage.removeItem('hy-saver');
  else localStorage.setItem('hy-saver', choice);
  lookAgain();
}

navigator.connection?.addEventListener?.('change', lookAgain);
