/** Something that knows its place in one `SlotList`; -1 while it is in none. */
export interface Slotted {
  slot: number;
}

/**
 * An unordered collection for things that come and go with every request. A Set would do the same, but each table it
 * outgrows points at the next: once one is in V8's old space, everything that passed through later survives with it
 * until a full collection (measured: scavenges of 16 ms instead of 0.9 ms at 10,000 requests a second).
 */
export class SlotList<Item extends Slotted> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** A copy, so that the caller may remove items while it walks. */
  toArray(): readonly Item[] {
    return this.#items.slice();
  }

  add(item: Item): void {
    item.slot = this.#items.length;
    this.#items.push(item);
  }

  /** False when the item is not in the list. */
  remove(item: Item): boolean {
    if (item.slot === -1) return false;
    const last = this.#items.pop() as Item;
    if (last !== item) {
      this.#items[item.slot] = last;
      last.slot = item.slot;
    }
    item.slot = -1;
    return true;
  }
}
