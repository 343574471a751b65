import type { SessionCallback } from "./session-object.ts";

/** The operations of one request, such as `save` and `destroy`. They run one after the other. */
export class Operations {
  readonly #fail: (error: unknown) => void;
  /** Settles when the operations that were begun have settled. */
  #last: Promise<void> = Promise.resolve();
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #isSettling = false;

  /** `fail` receives an error after which the app's callback is not called. */
  constructor(fail: (error: unknown) => void) {
    this.#fail = fail;
  }

  /** Whether no operation is running, and none has failed without a callback for its error. */
  get isIdle(): boolean {
    return this.#running === 0 && !this.#failure;
  }

  /** Begins an operation, for which the response waits. */
  begin(operation: () => Promise<unknown>, callback?: SessionCallback): void {
    this.#running++;
    const done = this.#last.then(operation).finally(() => void this.#running--);
    this.#last = done
      .then(
        () => callback?.(),
        (error) => {
          // The app would respond as if all were well: it has nothing that receives the error.
          if (!callback || callback.length === 0) throw error;
          callback(error);
        },
      )
      .catch((error: unknown) => {
        this.#failure ??= { error };
        // Without its callback the app would never respond.
        if (callback && !this.#isSettling) this.#fail(error);
      });
  }

  /** Waits for all operations. Throws the first error that no callback has received. */
  async settle(): Promise<void> {
    this.#isSettling = true;
    let awaited: Promise<void> | undefined;
    while (awaited !== this.#last) {
      awaited = this.#last;
      await awaited;
    }
    if (this.#failure) throw this.#failure.error;
  }
}
