import { lazily } from './kit.js';

/** Views that are fetched when they are first needed. */
const views = {
  chat: () => import('../chat/chat.js'),
  contacts: () => import('./contacts.js'),
  person: () => import('./person.js'),
  requests: () => import('./requests.js'),
  find: () => import('./find.js'),
  group: () => import('./group.js'),
  create: () => import('./create.js'),
  me: () => import('./me.js'),
  account: () => import('./account.js'),
  notify: () => import('./notify.js'),
  search: () => import('./search.js'),
  outbox: () => import('./outbox.js'),
  connection: () => import('./connection.js'),
  scan: () => import('./scan.js'),
};
export const lazy = lazily(views);
