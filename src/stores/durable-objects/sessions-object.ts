import { SessionError, type SessionErrorCode } from "../../errors.ts";
import type { CreateOptions, ExpiredSession, MaybePromise, SessionRecord, Store } from "../../store.ts";
import { DATABASE_CLEANUP } from "../shared/cleanup.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import { SqliteEnds } from "../sqlite/ends.ts";
import {
  MAX_PER_BLOCKING_COUNT,
  MAX_PER_BLOCKING_STEP,
  type SqliteEngine,
  type SqliteQuery,
  type SqliteRow,
} from "../sqlite/engine.ts";
import { SqliteExpiry } from "../sqlite/expiry.ts";
import { toSqliteNames } from "../sqlite/schema.ts";
import { SqliteSessions } from "../sqlite/sessions.ts";
import { SqliteStatements } from "../sqlite/statements.ts";
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

/** The operations that an object runs as `SqliteSessions` does. It removes expired records by itself, at an alarm. */
type Operation =
  | Exclude<
      keyof Store,
      | "count"
      | "deleteCreatedBefore"
      | "deleteExpired"
      | "fetchByLink"
      | "inspect"
      | "close"
      | "maxStaleness"
      | "audit"
      | "onExpired"
      | "subscribe"
    >
  | "endStep";

/**
 * The methods that a store calls on an object. `probe` sends an empty message to all subscribers. `unlink` removes entries of
 * links.
 */
export type ObjectMethod = Operation | "inspect" | "probe" | "unlink";

/** The answers of an object that has never stored a record. */
const EMPTY: Readonly<Record<Exclude<ObjectMethod, "create" | "inspect" | "probe">, unknown>> = {
  deleteById: "not_found",
  deleteByUserKey: [],
  deleteTombstones: 0,
  endStep: { ids: [] },
  fetchById: undefined,
  fetchByIds: [],
  fetchByUserKey: [],
  scan: { records: [] },
  unlink: undefined,
  update: "not_found",
};

/** The answer of an object. The platform reports other failures. */
export type ObjectAnswer =
  | { readonly value?: unknown; readonly error?: undefined }
  | { readonly error: { readonly code: SessionErrorCode; readonly message: string } };

const { batch: BATCH, slack: SLACK } = DATABASE_CLEANUP;
/** An object wakes up for expired records at most once an hour. */
const HOUR = 3_600_000;
/** The longest time, in milliseconds, between the entry of a link and the session that it stands for. */
const MAX_LOGIN_TIME = 600_000;
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
  readonly #state: ObjectState;
  readonly #storage: ObjectStorage;
  readonly #sessions: SqliteSessions;
  /** Removes expired records, and no events: the outbox does that. */
  readonly #expiry: SqliteExpiry;
  /** The events to report. Absent without a hub. */
  readonly #outbox: Outbox | undefined;
  /** Whether the object has tables. Without them it costs nothing, however often it is asked. */
  #hasTables = false;
  /** The time at which the object wakes up next, by the platform's clock. */
  #alarm: number | null = null;
  /** The number of reports of expired sessions that have failed in a row. */
  #failures = 0;

  constructor(state: ObjectState, env: ObjectEnv = {}) {
    this.#state = state;
    this.#storage = state.storage;
    const hub = env.SESSIONS_HUB;
    if (isHub(hub)) this.#outbox = new Outbox(state.storage.sql, hub, NAMES.events);
    const engine = new StorageEngine(state.storage, () => this.#reportEvents());
    const cleanup = { cleanupEvery: undefined, onCleanupError: console.warn };
    this.#expiry = new SqliteExpiry(engine, new SqliteStatements(NAMES), new SqliteEnds(NAMES), {
      cleanup,
      audits: false,
    });
    this.#sessions = new SqliteSessions(engine, {
      store: "durableObjectStore",
      names: NAMES,
      cleanup,
      sharesLookups: false,
      pushes: this.#outbox !== undefined,
    });
    // The platform delivers no request before this is done.
    void state.blockConcurrencyWhile(async () => {
      const { schema } = await this.#sessions.inspect();
      // An object with current tables starts without a write.
      if (schema && schema.found === schema.needed) this.#hasTables = true;
      else if (schema?.found) await this.#migrate();
      this.#alarm = await this.#storage.getAlarm();
    });
  }

  /**
   * Reports sessions that expired. Override it in a class of your own: the object removes them only after the promise has
   * resolved. If it rejects, or the object is interrupted, the object reports them again, after a minute and later every hour.
   * Without it, expired sessions are removed and not reported.
   */
  reportExpired?(sessions: readonly ExpiredSession[]): MaybePromise<void>;

  /** Runs an operation of `durableObjectStore`. Only Workers with a binding to the objects can call it. */
  async fetch(request: { json(): Promise<unknown> }): Promise<Response> {
    const [method, ...args] = (await request.json()) as [ObjectMethod, ...unknown[]];
    return Response.json(await this.#answer(method, args));
  }

  /** Reports events again, and removes expired records. The platform calls it at the time of the alarm. */
  async alarm(): Promise<void> {
    this.#alarm = null;
    if (!this.#hasTables) return;
    await this.#outbox?.deliver();
    if (this.#outbox?.isPending) await this.#wakeAt(Date.now() + this.#outbox.pause);
    const now = await this.#readClock();
    await this.#removeExpired(now - SLACK);
    const [row] = this.#storage.sql.exec(`SELECT min(deadline) AS deadline FROM ${TABLE}`).toArray();
    const { deadline } = row as { readonly deadline: number | null };
    if (deadline !== null) await this.#wakeAfter(deadline, now);
  }

  async #removeExpired(now: number): Promise<void> {
    const report = this.reportExpired?.bind(this);
    try {
      while ((await this.#expiry.removeExpired(now, BATCH, report)) === BATCH);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      console.warn(
        "sessionup: expired sessions could not be reported. The object reports them again.",
        error,
      );
    }
    // Also those that a report took before it was interrupted. Another one cannot take them earlier.
    if (report && this.#storage.sql.exec(`SELECT 1 FROM ${NAMES.ends} LIMIT 1`).toArray().length > 0)
      await this.#wakeAt(Date.now() + Math.min(CLAIM_TIME * 2 ** Math.max(0, this.#failures - 1), HOUR));
  }

  async #answer(method: ObjectMethod, args: readonly unknown[]): Promise<ObjectAnswer> {
    try {
      // JSON has no `undefined`, and no argument is ever null.
      const given = args.map((arg) => arg ?? undefined);
      if (method === "probe") return await this.#probe();
      if (method === "inspect") return { value: { clock: Date.now() } };
      if (method === "create") await this.#createTables();
      else if (!this.#hasTables) return { value: EMPTY[method] };
      if (method === "unlink") return await this.#unlink(given[0] as readonly string[]);
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

  /**
   * Removes entries of links that stand for no session. A login adds the entry before the session, so a new entry stays.
   */
  async #unlink(ids: readonly string[]): Promise<ObjectAnswer> {
    const before = (await this.#readClock()) - MAX_LOGIN_TIME;
    const sql = `DELETE FROM ${TABLE} WHERE id IN (SELECT value FROM json_each(?)) AND created_at < ?`;
    this.#storage.sql.exec(sql, JSON.stringify(ids), before).toArray();
    return {};
  }

  async #createTables(): Promise<void> {
    if (!this.#hasTables) await this.#state.blockConcurrencyWhile(() => this.#migrate());
  }

  async #migrate(): Promise<void> {
    await this.#sessions.migrate();
    this.#hasTables = true;
  }

  /** Returns the time by the managers' clock. */
  async #readClock(): Promise<number> {
    return Date.now() + Number((await this.#storage.get(AHEAD)) ?? 0);
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
