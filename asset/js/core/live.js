// What keeps and sends: fetched beside the first screen, which does not wait for it.
export { openDatabase } from './database.js';
export { Line } from './line.js';
export { Outbox } from './outbox.js';
