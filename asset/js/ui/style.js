// Style sheets of views that few people open: fetched with the view, not before.
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
