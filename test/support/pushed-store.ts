import type { Store, StoreListener } from "sessionup";
import { GatedStore } from "./gated-store.ts";

/** A store with gates whose events the test sends by hand, so that a test decides when they arrive. */
export class PushedStore extends GatedStore {
  readonly #listeners = new Set<StoreListener>();
  /** How often a listener was registered, with or without success. */
  subscriptions = 0;
  /** The error of the next subscriptions. */
  refuses: Error | undefined;

  override subscribe: NonNullable<Store["subscribe"]> = async (listener) => {
    this.subscriptions++;
    if (this.refuses) throw this.refuses;
    this.#listeners.add(listener);
    listener.status(true);
    return async () => void this.#listeners.delete(listener);
  };

  deleteCreatedBefore: NonNullable<Store["deleteCreatedBefore"]> = async function* (
    this: PushedStore,
    createdAt,
    end,
  ) {
    const { records } = await this.scan({ now: 0, limit: 1_000 });
    for (const record of records) {
      if (record.createdAt >= createdAt) continue;
      await this.deleteById(record.id, end);
      yield [record.id];
    }
  };

  get listeners(): number {
    return this.#listeners.size;
  }

  push(event: (listener: StoreListener) => void): void {
    for (const listener of this.#listeners) event(listener);
  }
}
