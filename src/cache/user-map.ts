import type { SessionRecord } from "../store.ts";

/** An item of a `UserMap`, about one session. @internal */
export interface UserMapItem<Item> {
  readonly record: Pick<SessionRecord, "id" | "userKey">;
  /** The next item of the same user. Only the map uses it. */
  next?: Item | undefined;
}

/**
 * Items by the id of their session, and by its user. A user's items are a chain: a set for each user would take more memory
 * than the item itself.
 *
 * @internal
 */
export class UserMap<Item extends UserMapItem<Item>> {
  readonly #items = new Map<string, Item>();
  /** The first item of each user. */
  readonly #first = new Map<string, Item>();

  get size(): number {
    return this.#items.size;
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  /** Adds an item, or replaces the one with the same id. It becomes the last item of `values`. */
  set(item: Item): void {
    const { id, userKey } = item.record;
    this.delete(id);
    this.#items.set(id, item);
    item.next = this.#first.get(userKey);
    this.#first.set(userKey, item);
  }

  delete(id: string): void {
    const item = this.#items.get(id);
    if (!item) return;
    this.#items.delete(id);
    const { userKey } = item.record;
    const { next } = item;
    let before = this.#first.get(userKey);
    if (before !== item) {
      while (before && before.next !== item) before = before.next;
      if (before) before.next = next;
    } else if (next) this.#first.set(userKey, next);
    else this.#first.delete(userKey);
  }

  clear(): void {
    this.#items.clear();
    this.#first.clear();
  }

  /** The items, in the order in which they were added. */
  values(): Iterable<Item> {
    return this.#items.values();
  }

  ofUser(userKey: string): readonly Item[] {
    const items: Item[] = [];
    for (let item = this.#first.get(userKey); item; item = item.next) items.push(item);
    return items;
  }
}
