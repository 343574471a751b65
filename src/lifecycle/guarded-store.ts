import { SessionError } from "../errors.ts";
import type {
  CreateOptions,
  End,
  ExpiredSession,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  UpdateOptions,
} from "../store.ts";

/** What a store must have. @internal */
export const METHODS = [
  "create",
  "fetchById",
  "fetchByIds",
  "fetchByUserKey",
  "update",
  "deleteById",
  "deleteByUserKey",
] as const;

/**
 * The app's store with its failures wrapped: whatever a driver throws is `ERR_STORE` with that as its cause, here and
 * nowhere else. `onFailure` hears of each once.
 *
 * @internal
 */
export class GuardedStore implements Omit<Store, "deleteCreatedBefore" | "deleteExpired"> {
  readonly #store: Store;
  readonly #onFailure: (error: SessionError) => void;

  constructor(store: Store, onFailure: (error: SessionError) => void) {
    const missing = METHODS.find((method) => typeof store?.[method] !== "function");
    if (missing) throw new TypeError(`store: needs a method "${missing}"; memoryStore() is one that has it`);
    this.#store = store;
    this.#onFailure = onFailure;
  }

  create(record: SessionRecord, options: CreateOptions): Promise<{ readonly evicted: readonly string[] }> {
    return this.#guard(() => this.#store.create(record, options));
  }
  fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#guard(() => this.#store.fetchById(id));
  }
  /** The same, unguarded: every request waits for it, and each promise more is felt. Its failure goes to `failure`. */
  read(id: string): Promise<SessionRecord | undefined> {
    return this.#store.fetchById(id);
  }
  fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    return this.#guard(() => this.#store.fetchByIds(ids));
  }
  fetchByUserKey(userKey: string, page: SessionPage): Promise<readonly SessionRecord[]> {
    return this.#guard(() => this.#store.fetchByUserKey(userKey, page));
  }
  update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    return this.#guard(() => this.#store.update(id, change, options));
  }
  deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    return this.#guard(() => this.#store.deleteById(id, end, owner));
  }
  deleteByUserKey(userKey: string, end: End, exceptIds?: readonly string[]): Promise<readonly string[]> {
    return this.#guard(() => this.#store.deleteByUserKey(userKey, end, exceptIds));
  }
  /** Whether the store can be asked for a link. */
  get links(): boolean {
    return typeof this.#store.fetchByLink === "function";
  }
  fetchByLink(link: string, page: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    return this.#guard(async () => this.#store.fetchByLink?.(link, page) ?? []);
  }
  /** `undefined` where the store cannot do it. */
  deleteCreatedBefore(createdAt: number, end: End): AsyncIterable<readonly string[]> | undefined {
    const steps = this.#store.deleteCreatedBefore?.(createdAt, end);
    return steps && this.#guarded(steps);
  }
  /** Does nothing where the engine expires records by itself. Returns a function that removes the listener. */
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#store.onExpired?.(listener) ?? (() => undefined);
  }
  close(): Promise<void> {
    return this.#guard(async () => this.#store.close?.());
  }

  async #guard<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (cause) {
      throw this.failure(cause);
    }
  }

  async *#guarded<Step>(steps: AsyncIterable<Step>): AsyncGenerator<Step, void> {
    try {
      yield* steps;
    } catch (cause) {
      throw this.failure(cause);
    }
  }

  /** What was thrown, as ours, and told of. */
  failure(cause: unknown): SessionError {
    // Those are answers, not failures.
    if (SessionError.is(cause) && (cause.code === "ERR_DUPLICATE_ID" || cause.code === "ERR_LIMIT"))
      return cause;
    const error = SessionError.is(cause)
      ? cause
      : new SessionError(
          "ERR_STORE",
          "the session store did not answer as it should; its error is the cause",
          { cause },
        );
    this.#onFailure(error);
    return error;
  }
}
