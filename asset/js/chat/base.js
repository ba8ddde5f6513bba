// What the chat's modules take from elsewhere, in one place.
export { html, nothing, repeat, svg, ifDefined, live } from '../../vendor/lit.js';
export { ask, attempt, avatar, choose, count, icon, preview, toast, View } from '../ui/kit.js';
export { bytes, chipTime, duration, fullTime, has, lang, t } from '../core/i18n.js';

/** Tells the elements around one of something. */
export function emit(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** Opens the page of a user; one's own is elsewhere. */
export const openProfile = (element, id, own) => emit(element, 'hy-go', { to: own ? '/me' : `/contacts/${id}` });
