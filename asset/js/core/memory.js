// What stands in for the database where IndexedDB is missing or refused, as in
// private windows and embedded views: the same calls on memory.
export class Memory {
  /** @param {string[]} stores */
  constructor(stores) {
    this.persistent = false;
    this.stores = new Map(stores.map((name) => [name, new Map()]));
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

  async change(store, key, make) {
    const next = make(this.stores.get(store).get(key));
    this.stores.get(store).set(key, next);
    return next;
  }
}
