import type { Repository } from "../lifecycle/repository.ts";
import type { StoreListener } from "../store.ts";

/** A subscription to the events of a store. A store without `subscribe` reports nothing. @internal */
export class Subscription {
  readonly #repository: Repository;
  readonly #listener: StoreListener;
  #attempt: Promise<(() => Promise<void>) | undefined> | undefined;
  #isOver = false;

  constructor(repository: Repository, listener: StoreListener) {
    this.#repository = repository;
    this.#listener = listener;
  }

  /** Subscribes unless that has been done. A failure is emitted as `error`, and the next call tries again. */
  begin(): void {
    if (this.#attempt) return;
    const subscribe = async () => this.#repository.store.subscribe?.(this.#listener);
    this.#attempt = subscribe();
    this.#attempt.catch((cause: unknown) => {
      this.#attempt = undefined;
      if (!this.#isOver) this.#repository.toStoreError(cause);
    });
  }

  end(): void {
    this.#isOver = true;
    void this.#attempt?.then((unsubscribe) => unsubscribe?.()).catch(() => undefined);
  }
}
