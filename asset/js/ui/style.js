// Style sheets of views that few people open: fetched with the view, not before.
import { setCookie } from './kit.js';

const asked = new Map();
const main = new URL('../../app.css', import.meta.url);

/**
 * Brings the sheet css/later/<name>.css; resolves once it applies, so that nothing is shown without it.
 * @param {string} name @returns {Promise<void>}
 */
export function style(name) {
  let sheet = asked.get(name);
  if (!sheet) {
    sheet = new Promise((resolve, reject) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = new URL(`${name}.css`, main).pathname;
      link.onload = () => resolve();
      link.onerror = () => {
        asked.delete(name); // to be tried again
        link.remove();
        reject(new Error(`no style sheet ${name}`));
      };
      document.head.append(link);
    });
    asked.set(name, sheet);
  }
  return sheet;
}

/** A first page brings the main sheet within itself. Once this browser has it as a file too, pages name it instead. */
export async function keepMain() {
  if (document.querySelector(`link[href="${main.pathname}"]`)) return;
  const answer = await fetch(main, { priority: 'low' });
  await answer.text(); // or it is not kept
  if (answer.ok) setCookie('sheet', main.pathname.split('/').at(-2));
}
