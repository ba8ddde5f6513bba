// What the chat's modules take from elsewhere, in one place.
export { html, nothing, repeat, svg, ifDefined, live } from '../../vendor/lit.js';
export { ask, attempt, avatar, choose, count, finder, helper, icon, painted, preview, toast, View } from '../ui/kit.js';
export { bytes, chipTime, duration, fullTime, has, lang, t } from '../core/i18n.js';

/** Tells the elements around one of something. */
export function emit(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** Opens the page of a user; one's own is elsewhere. */
export const openProfile = (element, id, own) => emit(element, 'hy-go', { to: own ? '/me' : `/contacts/${id}` });

/** The first of some elements, in the order of the page, that reaches below a line of the screen. */
export function firstBelow(all, y) {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].getBoundingClientRect().bottom > y) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Resolves at the next frame; where none comes, as in a hidden tab, soon. */
export const frame = () => new Promise((resolve) => {
  requestAnimationFrame(resolve);
  setTimeout(resolve, 100);
});
