// What pages say of themselves, asked of the server where its operator lets it look.
import { post } from '../core/api.js';

const MOST_KNOWN = 50;

/** Whether this server looks at pages; the first refusal tells. */
let looks = true;
const known = new Map();

/**
 * The title, note and picture of a page, or null where there is nothing to be had. Asked once for an address.
 * @param {string} href @returns {Promise<{url: string, host: string, title: string, note: string, pic?: string}|null>}
 */
export function pageOf(href) {
  if (!looks) return Promise.resolve(null);
  if (!known.has(href)) {
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value);
    known.set(href, post('/link/preview', { url: href }).then(({ data }) => (data.title ? data : null), (error) => {
      if (error.code === 'forbidden') looks = false;
      if (error.code !== 'invalid_argument') known.delete(href); // may be asked again
      return null;
    }));
  }
  return known.get(href);
}
