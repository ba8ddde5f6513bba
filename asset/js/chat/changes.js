// Changes of messages that were begun and are not sent: another conversation may
// be opened in between, and the page loaded anew. They stay with this tab.
const NAME = 'hy-change:';

/** @param {string} key of a conversation @param {{m: any, text: string}} change of one of its messages */
export function keepChange(key, change) {
  try {
    sessionStorage.setItem(NAME + key, JSON.stringify(change));
  } catch { /* a forbidden storage: it is on the screen as long as that lasts */ }
}

/** @param {string} key @returns {{m: any, text: string}|null} */
export function changeOf(key) {
  try {
    return JSON.parse(sessionStorage.getItem(NAME + key) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {string} key */
export function dropChange(key) {
  try {
    sessionStorage.removeItem(NAME + key);
  } catch { /* nothing was kept */ }
}
