import { SessionError, type SessionErrorCode } from "../../errors.ts";
import type { CreateOptions, SessionRecord, Store } from "../../store.ts";
import { DATABASE_CLEANUP } from "../shared/cleanup.ts";
import {
  MAX_PER_BLOCKING_STEP,
  type SqliteEngine,
  type SqliteQuery,
  type SqliteRow,
} from "../sqlite/engine.ts";
import { toSqliteNames } from "../sqlite/schema.ts";
import { SqliteSessions } from "../sqlite/sessions.ts";

/** The methods of the object's storage, with SQLite, that the object calls. */
export interface ObjectStorage {
  readonly sql: { exec(sql: string, ...values: unknown[]): { toArray(): unknown[] } };
  transactionSync<Answer>(work: () => Answer): Answer;
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
}

/** The part of the platform's state that the object uses. */
export interface ObjectState {
  readonly storage: ObjectStorage;
  blockConcurrencyWhile<Answer>(work: () => Promise<Answer>): Promise<Answer>;
}

/** The operations that a store calls on an object. The object removes expired records by itself, at an alarm. */
export type ObjectMethod = Exclude<
  keyof Store,
  | "deleteExpired"
  | "onExpired"
  | "subscribe"
  | "deleteCreatedBefore"
  | "fetchByLink"
  | "close"
  | "maxStaleness"
>;

/** The answer of an object. The platform reports other failures. */
export type ObjectAnswer =
  | { readonly value?: unknown; readonly error?: undefined }
  | { readonly error: { readonly code: SessionErrorCode; readonly message: string } };

const { batch: BATCH, slack: SLACK } = DATABASE_CLEANUP;
/** An object wakes up for expired records at most once an hour. */
const HOUR = 3_600_000;
const TABLE = "sessionup_sessions";
/** The key under which an object stores how far the managers' clock is ahead of the platform's. */
const AHEAD = "sessionup_ahead";

/**
 * The class of the Durable Objects that keep the sessions. Export it from the Worker's main module, and list it under
 * `new_sqlite_classes` in the Worker's configuration. `durableObjectStore` calls it.
 *
 * @example
 * ```ts
 * export { SessionsObject } from "sessionup/stores/durable-objects";
 * ```
 */
export class SessionsObject {
  readonly #storage: ObjectStorage;
  readonly #sessions: SqliteSessions;
  /** The time at which the object wakes up next, by the platform's clock. */
  #alarm: number | null = null;

  constructor(state: ObjectState) {
    this.#storage = state.storage;
    this.#sessions = new SqliteSessions(new StorageEngine(state.storage), {
      store: "durableObjectStore",
      names: toSqliteNames(TABLE),
      cleanup: { cleanupEvery: undefined, onCleanupError: console.warn },
      sharesLookups: false,
    });
    // The platform delivers no request before this is done.
    void state.blockConcurrencyWhile(async () => {
      await this.#sessions.migrate();
      this.#alarm = await this.#storage.getAlarm();
    });
  }

  /** Runs an operation of `durableObjectStore`. Only Workers with a binding to the objects can call it. */
  async fetch(request: { json(): Promise<unknown> }): Promise<Response> {
    const [method, ...args] = (await request.json()) as [ObjectMethod, ...unknown[]];
    return Response.json(await this.#answer(method, args));
  }

  /** Removes expired records. The platform calls it at the time of the alarm. */
  async alarm(): Promise<void> {
    const ahead = Number((await this.#storage.get(AHEAD)) ?? 0);
    const now = Date.now() + ahead;
    while ((await this.#sessions.deleteExpired(now - SLACK, BATCH)) === BATCH);
    this.#alarm = null;
    const [row] = this.#storage.sql.exec(`SELECT min(deadline) AS deadline FROM ${TABLE}`).toArray();
    const { deadline } = row as { readonly deadline: number | null };
    if (deadline !== null) await this.#wakeAfter(deadline, now);
  }

  async #answer(method: ObjectMethod, args: readonly unknown[]): Promise<ObjectAnswer> {
    try {
      // JSON has no `undefined`, and no argument is ever null.
      const given = args.map((arg) => arg ?? undefined);
      const value: unknown = await Reflect.apply(this.#sessions[method], this.#sessions, given);
      if (method === "create") {
        const [record, { now }] = given as [SessionRecord, CreateOptions];
        await this.#wakeAfter(record.deadline, now);
      }
      return { value };
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      return { error: { code: error.code, message: error.message } };
    }
  }

  /** Sets the alarm for a record's deadline, rounded up to the hour so that one alarm removes many records. */
  async #wakeAfter(deadline: number, now: number): Promise<void> {
    const ahead = now - Date.now();
    const time = Math.ceil((deadline + SLACK - ahead) / HOUR) * HOUR;
    const isSet = this.#alarm !== null && this.#alarm > Date.now();
    if (isSet && time >= (this.#alarm ?? 0)) return;
    this.#alarm = time;
    await Promise.all([this.#storage.put(AHEAD, ahead), this.#storage.setAlarm(time)]);
  }
}

/** The object's own database. It answers synchronously, has no other client and is never locked. */
class StorageEngine implements SqliteEngine {
  readonly maxPerStep: number = MAX_PER_BLOCKING_STEP;
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  async read(query: SqliteQuery): Promise<readonly SqliteRow[]> {
    return this.#rows(query);
  }

  async write(queries: readonly SqliteQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    return this.#storage.transactionSync(() => queries.map((query) => this.#rows(query)));
  }

  async define(statements: readonly string[]): Promise<void> {
    this.#storage.transactionSync(() => {
      for (const sql of statements) this.#rows({ sql, values: [] });
    });
  }

  #rows({ sql, values }: SqliteQuery): SqliteRow[] {
    return this.#storage.sql.exec(sql, ...values).toArray() as SqliteRow[];
  }
}
