import { SessionError, type SessionErrorCode } from "../../errors.ts";
import type { CreateOptions, SessionRecord, Store } from "../../store.ts";
import { DATABASE_CLEANUP } from "../shared/cleanup.ts";
import {
  MAX_PER_BLOCKING_COUNT,
  MAX_PER_BLOCKING_STEP,
  type SqliteEngine,
  type SqliteQuery,
  type SqliteRow,
} from "../sqlite/engine.ts";
import { toSqliteNames } from "../sqlite/schema.ts";
import { SqliteSessions } from "../sqlite/sessions.ts";
import { isHub } from "./hub.ts";
import { Outbox } from "./outbox.ts";

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

/** The bindings of the Worker that the object uses. */
export interface ObjectEnv {
  /** The binding to the class `SessionsHub`. Without it, the object reports no events. */
  readonly SESSIONS_HUB?: unknown;
}

/** The operations of a store that an object has. The object removes expired records by itself, at an alarm. */
type Operation = Exclude<
  keyof Store,
  | "deleteExpired"
  | "onExpired"
  | "subscribe"
  | "deleteCreatedBefore"
  | "fetchByLink"
  | "close"
  | "maxStaleness"
  | "audit"
>;

/** The methods that a store calls on an object. `probe` sends an empty message to all subscribers. */
export type ObjectMethod = Operation | "probe";

/** The answer of an object. The platform reports other failures. */
export type ObjectAnswer =
  | { readonly value?: unknown; readonly error?: undefined }
  | { readonly error: { readonly code: SessionErrorCode; readonly message: string } };

const { batch: BATCH, slack: SLACK } = DATABASE_CLEANUP;
/** An object wakes up for expired records at most once an hour. */
const HOUR = 3_600_000;
const TABLE = "sessionup_sessions";
const NAMES = toSqliteNames(TABLE);
/** The key under which an object stores how far the managers' clock is ahead of the platform's. */
const AHEAD = "sessionup_ahead";

/**
 * The class of the Durable Objects that keep the sessions. Export it from the Worker's main module, and list it under
 * `new_sqlite_classes` in the Worker's configuration. `durableObjectStore` calls it. If the Worker has the binding
 * `SESSIONS_HUB` to the class `SessionsHub`, the objects report the sessions that they end and change to it.
 *
 * @example
 * ```ts
 * export { SessionsObject } from "sessionup/stores/durable-objects";
 * ```
 */
export class SessionsObject {
  readonly #storage: ObjectStorage;
  readonly #sessions: SqliteSessions;
  /** Removes expired records, and no events: the outbox does that. */
  readonly #cleaner: SqliteSessions;
  /** The events to report. Absent without a hub. */
  readonly #outbox: Outbox | undefined;
  /** The time at which the object wakes up next, by the platform's clock. */
  #alarm: number | null = null;

  constructor(state: ObjectState, env: ObjectEnv = {}) {
    this.#storage = state.storage;
    const hub = env.SESSIONS_HUB;
    if (isHub(hub)) this.#outbox = new Outbox(state.storage.sql, hub, NAMES.events);
    const engine = new StorageEngine(state.storage, () => this.#reportEvents());
    const open = (pushes: boolean) =>
      new SqliteSessions(engine, {
        store: "durableObjectStore",
        names: NAMES,
        cleanup: { cleanupEvery: undefined, onCleanupError: console.warn },
        sharesLookups: false,
        pushes,
      });
    this.#cleaner = open(false);
    this.#sessions = this.#outbox ? open(true) : this.#cleaner;
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

  /** Reports events again, and removes expired records. The platform calls it at the time of the alarm. */
  async alarm(): Promise<void> {
    this.#alarm = null;
    await this.#outbox?.deliver();
    if (this.#outbox?.isPending) await this.#wakeAt(Date.now() + this.#outbox.pause);
    const ahead = Number((await this.#storage.get(AHEAD)) ?? 0);
    const now = Date.now() + ahead;
    while ((await this.#cleaner.deleteExpired(now - SLACK, BATCH)) === BATCH);
    const [row] = this.#storage.sql.exec(`SELECT min(deadline) AS deadline FROM ${TABLE}`).toArray();
    const { deadline } = row as { readonly deadline: number | null };
    if (deadline !== null) await this.#wakeAfter(deadline, now);
  }

  async #answer(method: ObjectMethod, args: readonly unknown[]): Promise<ObjectAnswer> {
    try {
      // JSON has no `undefined`, and no argument is ever null.
      const given = args.map((arg) => arg ?? undefined);
      if (method === "probe") return await this.#probe();
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

  async #probe(): Promise<ObjectAnswer> {
    if (!this.#outbox)
      throw new SessionError(
        "ERR_STORE",
        "SessionsObject has no hub. Bind the class SessionsHub as SESSIONS_HUB in the Worker of the objects.",
      );
    await this.#outbox.probe();
    return {};
  }

  /** Reports the events of a step. The alarm is part of the step's transaction, so a crash does not lose them. */
  #reportEvents(): void {
    if (!this.#outbox?.isPending) return;
    void this.#wakeAt(Date.now() + this.#outbox.pause);
    void this.#outbox.deliver();
  }

  /** Sets the alarm for a record's deadline, rounded up to the hour so that one alarm removes many records. */
  async #wakeAfter(deadline: number, now: number): Promise<void> {
    const ahead = now - Date.now();
    const time = Math.ceil((deadline + SLACK - ahead) / HOUR) * HOUR;
    await Promise.all([this.#wakeAt(time), this.#storage.put(AHEAD, ahead)]);
  }

  async #wakeAt(time: number): Promise<void> {
    const isSet = this.#alarm !== null && this.#alarm > Date.now();
    if (isSet && time >= (this.#alarm ?? 0)) return;
    this.#alarm = time;
    await this.#storage.setAlarm(time);
  }
}

/** The object's own database. It answers synchronously, has no other client and is never locked. */
class StorageEngine implements SqliteEngine {
  readonly maxPerStep: number = MAX_PER_BLOCKING_STEP;
  readonly maxPerCount: number = MAX_PER_BLOCKING_COUNT;
  readonly #storage: ObjectStorage;
  readonly #afterWrite: () => void;

  /** `afterWrite` is called in the same turn as the write: the platform stores both together. */
  constructor(storage: ObjectStorage, afterWrite: () => void) {
    this.#storage = storage;
    this.#afterWrite = afterWrite;
  }

  async read(query: SqliteQuery): Promise<readonly SqliteRow[]> {
    return this.#rows(query);
  }

  async write(queries: readonly SqliteQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    const rows = this.#storage.transactionSync(() => queries.map((query) => this.#rows(query)));
    this.#afterWrite();
    return rows;
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
