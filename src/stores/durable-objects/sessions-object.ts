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

/** What the object calls of its storage, which is one with SQLite. */
export interface ObjectStorage {
  readonly sql: { exec(sql: string, ...values: unknown[]): { toArray(): unknown[] } };
  transactionSync<Answer>(work: () => Answer): Answer;
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
}

/** What the object calls of the state that the platform makes it with. */
export interface ObjectState {
  readonly storage: ObjectStorage;
  blockConcurrencyWhile<Answer>(work: () => Promise<Answer>): Promise<Answer>;
}

/** What a store asks of an object. The object cleans up by itself, at an alarm, and has no process to report to. */
export type ObjectMethod = Exclude<
  keyof Store,
  "deleteExpired" | "onExpired" | "deleteCreatedBefore" | "fetchByLink" | "close"
>;

/** What an object answers. What fails otherwise, the platform tells of. */
export type ObjectAnswer =
  | { readonly value?: unknown; readonly error?: undefined }
  | { readonly error: { readonly code: SessionErrorCode; readonly message: string } };

const { batch: BATCH, slack: SLACK } = DATABASE_CLEANUP;
/** An object wakes up for the dead no more often. */
const HOUR = 3_600_000;
const TABLE = "sessionup_sessions";
/** Where an object keeps how far the managers' clock is ahead of the platform's. */
const AHEAD = "sessionup_ahead";

/**
 * The class of the Durable Objects that keep the sessions. Export it from the Worker's main module, and name it in the
 * Worker's configuration under `new_sqlite_classes`; `durableObjectStore` does the rest.
 *
 * @example
 * ```ts
 * export { SessionsObject } from "sessionup/stores/durable-objects";
 * ```
 */
export class SessionsObject {
  readonly #storage: ObjectStorage;
  readonly #sessions: SqliteSessions;
  /** When it wakes up next, by the platform's clock. */
  #alarm: number | null = null;

  constructor(state: ObjectState) {
    this.#storage = state.storage;
    this.#sessions = new SqliteSessions(new StorageEngine(state.storage), {
      store: "durableObjectStore",
      names: toSqliteNames(TABLE),
      cleanup: { cleanupEvery: false },
      sharesLookups: false,
    });
    // The platform lets nothing in before that is done.
    void state.blockConcurrencyWhile(async () => {
      await this.#sessions.migrate();
      this.#alarm = await this.#storage.getAlarm();
    });
  }

  /** What `durableObjectStore` calls. Who has no binding to the objects cannot. */
  async fetch(request: { json(): Promise<unknown> }): Promise<Response> {
    const [method, ...args] = (await request.json()) as [ObjectMethod, ...unknown[]];
    return Response.json(await this.#answer(method, args));
  }

  /** Clears the dead away. The platform calls it at the time that was set. */
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

  /** Sees to it that the object wakes up when a record is dead by then; all of one hour together. */
  async #wakeAfter(deadline: number, now: number): Promise<void> {
    const ahead = now - Date.now();
    const time = Math.ceil((deadline + SLACK - ahead) / HOUR) * HOUR;
    const isSet = this.#alarm !== null && this.#alarm > Date.now();
    if (isSet && time >= (this.#alarm ?? 0)) return;
    this.#alarm = time;
    await Promise.all([this.#storage.put(AHEAD, ahead), this.#storage.setAlarm(time)]);
  }
}

/** The object's own database: it answers at once, to nobody else, and is never locked. */
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
