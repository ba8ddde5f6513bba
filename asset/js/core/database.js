// What this device keeps of a person: a small database, or memory where the browser gives none.
const STORES = ['outbox', 'kv'];
const SILENCE = 2000; // ms
const TRIES = 4;

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

  /** Puts what `make` makes of a value in its place, and gives it: no other tab comes in between. */
  async change(store, key, make) {
    let next;
    await this.run(store, 'readwrite', (s) => {
      const old = s.get(key);
      old.onsuccess = () => s.put((next = make(old.result)), key);
      return old;
    });
    return next;
  }
}

async function memory() {
  const { Memory } = await import('./memory.js');
  return new Memory(STORES);
}

/** Resolves with a request that succeeded, or with nothing if nothing is heard of it; rejects where it is refused. */
const heard = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request);
  request.onerror = request.onblocked = reject;
  setTimeout(resolve, SILENCE);
});

/**
 * Makes a request for a database until it succeeds. Chromium now and then loses one that comes while the page before goes:
 * no event is ever heard of it.
 */
export async function insist(make) {
  for (let n = 0; n < TRIES; n++) {
    const request = make();
    if (await heard(request)) return request;
    request.onsuccess = () => request.result?.close(); // not lost but late
  }
  throw new Error('nothing heard');
}

/** Opens the named database; where that cannot be, the same calls work on memory, and `persistent` says so. */
export async function openDatabase(name) {
  try {
    const { result } = await insist(() => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        for (const store of STORES) request.result.createObjectStore(store);
      };
      return request;
    });
    result.onversionchange = () => result.close();
    return new Database(result);
  } catch {
    return memory();
  }
}
