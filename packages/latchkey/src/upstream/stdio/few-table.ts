/** How many are looked through one by one. */
const FEW = 8;

/**
 * What one caller has in flight, by text: mostly one or two things. A Map would do the same, but it makes itself a new
 * table each time that it gets empty, which took 1.5 % of a session's CPU. From the ninth on there is a Map.
 */
export class FewTable<Item> {
  readonly #keys: string[] = [];
  readonly #items: Item[] = [];
  #more: Map<string, Item> | null = null;

  get size(): number {
    return this.#items.length + (this.#more?.size ?? 0);
  }

  get(key: string): Item | undefined {
    const at = this.#keys.indexOf(key);
    return at === -1 ? this.#more?.get(key) : this.#items[at];
  }

  /** In the place of what had this key, if anything had. */
  set(key: string, item: Item): void {
    const at = this.#keys.indexOf(key);
    if (at !== -1) this.#items[at] = item;
    else if (this.#items.length >= FEW || this.#more?.has(key)) (this.#more ??= new Map()).set(key, item);
    else {
      this.#keys.push(key);
      this.#items.push(item);
    }
  }

  /** The item, which is not in it any more; undefined when it was not. */
  take(key: string): Item | undefined {
    const at = this.#keys.indexOf(key);
    return at === -1 ? this.#takeMore(key) : this.#takeAt(at);
  }

  /** A copy, so that the caller may take items while it walks. */
  toArray(): readonly Item[] {
    return this.#more === null ? this.#items.slice() : [...this.#items, ...this.#more.values()];
  }

  #takeAt(at: number): Item | undefined {
    const item = this.#items[at];
    const lastKey = this.#keys.pop() as string;
    const last = this.#items.pop() as Item;
    if (at < this.#items.length) {
      this.#keys[at] = lastKey;
      this.#items[at] = last;
    }
    return item;
  }

  #takeMore(key: string): Item | undefined {
    const item = this.#more?.get(key);
    if (item === undefined || this.#more === null) return undefined;
    this.#more.delete(key);
    if (this.#more.size === 0) this.#more = null;
    return item;
  }
}
