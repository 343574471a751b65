import type { StoreListener } from "../../store.ts";

/** The listeners of a store. */
export class StoreListeners {
  readonly #entries = new Set<{ readonly listener: StoreListener }>();

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a listener and tells it that the channel is up. Returns a function that removes it, and whether it did. */
  add(listener: StoreListener): () => boolean {
    // A listener that is added twice is called twice.
    const entry = { listener };
    this.#entries.add(entry);
    this.#call(entry, (each) => each.status(true));
    return () => this.#entries.delete(entry);
  }

  tell(event: (listener: StoreListener) => void): void {
    for (const entry of this.#entries) this.#call(entry, event);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Calls a listener after the current step, so that its errors cannot break the step. */
  #call(entry: { readonly listener: StoreListener }, event: (listener: StoreListener) => void): void {
    queueMicrotask(() => {
      if (this.#entries.has(entry)) event(entry.listener);
    });
  }
}
