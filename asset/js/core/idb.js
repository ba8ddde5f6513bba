// A small face on IndexedDB. Where it is missing or refused (private windows,
// embedded views) the same calls work on memory, and `persistent` says so.

const STORES = ['outbox', 'kv'];

class Memory {
  constructor() {
    this.persistent = false;
    this.stores = new Map(STORES.map((name) => [name, new Map()]));
  }

  async all(store) {
    return [...this.stores.get(store).values()];
  }

  async get(store, key) {
    return this.stores.get(store).get(key);
  }

  async put(store, key, value) {
    this.stores.get(store).set(key, value);
  }

  async remove(store, key) {
    this.stores.get(store).delete(key);
  }
}

class Database {
  /** @param {IDBDatabase} db */
  constructor(db) {
    this.db = db;
    this.persistent = true;
  }

  /** Resolves once the transaction is complete: only then is a write really there. */
  run(store, mode, act) {
    return new Promise((resolve, reject) => {
      const tx = this.db.transaction(store, mode, mode === 'readwrite' ? { durability: 'strict' } : undefined);
      const request = act(tx.objectStore(store));
      tx.oncomplete = () => resolve(request.result);
      tx.onerror = tx.onabort = () => reject(tx.error ?? request.error);
    });
  }

  all(store) {
    return this.run(store, 'readonly', (s) => s.getAll());
  }

  get(store, key) {
    return this.run(store, 'readonly', (s) => s.get(key));
  }

  put(store, key, value) {
    return this.run(store, 'readwrite', (s) => s.put(value, key));
  }

  remove(store, key) {
    return this.run(store, 'readwrite', (s) => s.delete(key));
  }
}

/** Opens the named database, or a memory of the same shape. Never rejects. */
export function openDatabase(name) {
  return new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open(name, 1);
    } catch {
      resolve(new Memory());
      return;
    }
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store);
    };
    request.onerror = () => resolve(new Memory());
    request.onblocked = () => resolve(new Memory());
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(new Database(request.result));
    };
  });
}
