// What this device keeps of a person: a small database, or memory where the browser gives none.
const STORES = ['outbox', 'kv'];

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

async function memory() {
  const { Memory } = await import('./memory.js');
  return new Memory(STORES);
}

/** Opens the named database; where that cannot be, the same calls work on memory, and `persistent` says so. */
export function openDatabase(name) {
  return new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open(name, 1);
    } catch {
      resolve(memory());
      return;
    }
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store);
    };
    request.onerror = () => resolve(memory());
    request.onblocked = () => resolve(memory());
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(new Database(request.result));
    };
  });
}
