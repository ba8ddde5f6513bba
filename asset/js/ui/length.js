// Fields with a limit: what is pasted stays whole, what is too much of it is said at the field, and no form goes with it.
// The limit stands in data-most. maxlength would cut what is pasted without a word.
import { t } from '../core/i18n.js';

const FIELDS = '[data-most]';

/** How many characters there are too many, as the server counts them. */
const excess = (/** @type {HTMLInputElement} */ field) => [...field.value.trim()].length - Number(field.dataset.most);

/** What is said at each field. @type {WeakMap<HTMLElement, {note: HTMLElement, invalid: string|null, about: string|null}>} */
const said = new WeakMap();
let made = 0;

function put(/** @type {HTMLElement} */ field, /** @type {string} */ name, /** @type {string|null} */ value) {
  if (value === null) field.removeAttribute(name);
  else field.setAttribute(name, value);
}

/** Says beneath a field how much of its text is too much, and gives whether any is. */
export function tooLong(/** @type {HTMLInputElement} */ field) {
  const over = excess(field);
  let now = said.get(field);
  if (over <= 0) {
    if (now) {
      now.note.remove();
      put(field, 'aria-invalid', now.invalid);
      put(field, 'aria-describedby', now.about);
      said.delete(field);
    }
    return false;
  }
  if (!now) {
    const note = document.createElement('p');
    now = { note, invalid: field.getAttribute('aria-invalid'), about: field.getAttribute('aria-describedby') };
    said.set(field, now);
    note.id = `hy-over-${++made}`;
    note.className = 'fault over';
    note.setAttribute('role', 'alert');
    (field.closest('label') ?? field).after(note);
    put(field, 'aria-invalid', 'true');
    put(field, 'aria-describedby', [now.about, note.id].filter(Boolean).join(' '));
  }
  now.note.textContent = t('field.over', { Count: over });
  return true;
}

/** Says it at each field in a part of the page, and goes to the first; gives whether there is one. */
export function anyTooLong(/** @type {HTMLElement} */ part) {
  const all = /** @type {HTMLInputElement[]} */ ([...part.querySelectorAll(FIELDS)]).filter(tooLong);
  all[0]?.focus();
  return all.length > 0;
}

document.addEventListener('input', ({ target }) => {
  if (target instanceof HTMLElement && target.matches(FIELDS)) tooLong(/** @type {HTMLInputElement} */ (target));
});
// Before the form's own way of sending hears of it.
document.addEventListener('submit', (event) => {
  if (!anyTooLong(/** @type {HTMLElement} */ (event.target))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
