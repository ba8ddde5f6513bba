// Amounts of red packets: cents in, words out, and back.
import { has, t } from './base.js';

export const LEAST = 1;
export const MOST_SHARE = 20000;
export const MOST_COUNT = 100;

/** An amount as digits: 1234 is 12.34. */
export const digits = (cents) => (cents / 100).toFixed(2);

/** What is counted; play money says that it is that. */
export const currencyName = (currency) => (has(`packet.currency.${currency}`) ? t(`packet.currency.${currency}`) : currency);

/** The cents that somebody wrote, NaN if that is no amount. Digits of an input method's full width count too. */
export function centsOf(text) {
  const plain = text.normalize('NFKC').replace(/。/g, '.').trim();
  if (!/^(\d{1,7}(\.\d{0,2})?|\.\d{1,2})$/.test(plain)) return NaN;
  return Math.round(Number(plain) * 100);
}

/** The whole number that somebody wrote, NaN if it is none. */
export function countOf(text) {
  const plain = text.normalize('NFKC').trim();
  return /^\d{1,4}$/.test(plain) ? Number(plain) : NaN;
}
