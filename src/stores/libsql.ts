import type { Duration } from "../duration.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";
import type { SqlValue } from "./shared/rows.ts";
import type { SqlStore } from "./shared/sql-store.ts";
import type { SqliteAudit } from "./sqlite/audit.ts";
import {
  ENABLE_WAL,
  LockRetry,
  MAX_PER_BLOCKING_COUNT,
  MAX_PER_BLOCKING_STEP,
  type SqliteEngine,
  type SqliteQuery,
  type SqliteRow,
} from "./sqlite/engine.ts";
import { parseSqliteOptions } from "./sqlite/options.ts";
import type { SqlitePush } from "./sqlite/push.ts";
import { SqliteSessions } from "./sqlite/sessions.ts";

export type { PollOptions } from "./shared/poll-channel.ts";
export { libsqlAudit, type SqliteAudit } from "./sqlite/audit.ts";
export type { SqliteQuery, SqliteRow } from "./sqlite/engine.ts";
export { libsqlPush, type SqlitePush } from "./sqlite/push.ts";

type Values = Array<string | number | Uint8Array | null>;

/** The members of an `@libsql/client` client that the store uses. */
export interface LibsqlClient {
  execute(statement: { sql: string; args: Values }): Promise<{ readonly rows: readonly unknown[] }>;
  batch(
    statements: Array<{ sql: string; args: Values }>,
    mode: "write",
  ): Promise<ReadonlyArray<{ readonly rows: readonly unknown[] }>>;
  executeMultiple(sql: string): Promise<void>;
  transaction(mode: "read"): Promise<{ close(): void }>;
  /** `file`, `http` or `ws`. */
  readonly protocol: string;
}

/** The members of a Cloudflare D1 prepared statement that the store uses. */
export interface D1Statement {
  bind(...values: Values): D1Statement;
  all(): Promise<{ readonly results: readonly unknown[] }>;
}

/** The members of a Cloudflare D1 database that the store uses. */
export interface D1 {
  prepare(sql: string): D1Statement;
  batch(statements: D1Statement[]): Promise<ReadonlyArray<{ readonly results: readonly unknown[] }>>;
}

/**
 * The options of `libsqlStore`. On D1 and in Cloudflare Workers there is no background cleanup, and `cleanupEvery` must be
 * `false` if set. Call `deleteExpired` from a cron trigger there: otherwise expired records stay forever.
 */
export interface LibsqlStoreOptions extends CleanupOptions {
  /**
   * The table's name, 1 to 100 characters. The names of three more tables and of six indexes begin with it. Default:
   * `sessionup_sessions`.
   */
  readonly table?: string;
  /** How long an operation waits for a reply before it fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Whether the store records the sessions that it ends and changes, in the same batch. The result of `libsqlPush` also gives
   * the store `subscribe`. `true` is for a process that records and does not subscribe. Every process that ends or changes
   * sessions needs the option. Default: false.
   */
  readonly push?: SqlitePush | boolean;
  /** The result of `libsqlAudit()`: the store writes an audit trail, in the same transactions. Default: none. */
  readonly audit?: SqliteAudit;
}

/**
 * A store in libSQL or Cloudflare D1. `migrate` also puts a local file into WAL mode. Use `migrationSql()` for D1's own
 * migrations.
 */
export type LibsqlStore = SqlStore;

/** `maxPerStep` of an engine that does not block the event loop. One reply contains all the ids. */
const MAX_PER_REMOTE_STEP = 10_000;
/** `maxPerCount` of such an engine. */
const MAX_PER_REMOTE_COUNT = 1_000_000;

/**
 * Stores sessions in libSQL (Turso, sqld, a local file) or in Cloudflare D1. Takes the app's own client: the result of
 * `createClient` of `@libsql/client`, or the `D1Database` binding of a Worker.
 *
 * The client must read from the primary. With an embedded replica (`syncUrl`), or a D1 session that may read from replicas,
 * a session that ended elsewhere stays valid until the replica is synchronized.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { createClient } from "@libsql/client";
 * import { Manager } from "sessionup";
 * import { libsqlStore } from "sessionup/stores/libsql";
 *
 * const store = libsqlStore(createClient({ url: "file:sessions.db" }));
 * await store.migrate();
 * const manager = new Manager(store);
 * ```
 */
export function libsqlStore(client: LibsqlClient | D1, options: LibsqlStoreOptions = {}): LibsqlStore {
  const { table: names, timeout, push, audit, ...cleanup } = parseSqliteOptions(options, "libsqlStore");
  const engine = toEngine(client, createRetry(timeout));
  const onServer = engine instanceof LibsqlEngine && !inWorkers();
  if (!onServer && options.cleanupEvery)
    throw new TypeError(
      "cleanupEvery must be false on D1 and in Workers, which stop timers. Call deleteExpired from a cron trigger.",
    );
  const store = new SqliteSessions(engine, {
    store: "libsqlStore",
    names,
    cleanup: onServer ? cleanup : { ...cleanup, cleanupEvery: undefined },
    sharesLookups: onServer && !engine.isLocal,
    pushes: push !== false,
    audit: audit?.open(engine, names, "libsqlStore"),
  });
  return typeof push === "boolean" ? store : push.attach(store, (query) => engine.read(query), names.events);
}

function toEngine(client: LibsqlClient | D1, retry: Retry): SqliteEngine {
  if (typeof client?.batch === "function") {
    if ("execute" in client && typeof client.execute === "function") return new LibsqlEngine(client, retry);
    if ("prepare" in client && typeof client.prepare === "function") return new D1Engine(client, retry);
  }
  throw new TypeError("client must be the result of createClient() of @libsql/client, or a D1Database.");
}

/** In Workers, a request cannot wait for the I/O of another request, and a timer ends with the request that set it. */
function inWorkers(): boolean {
  return typeof navigator === "object" && navigator.userAgent === "Cloudflare-Workers";
}

type Retry = <Answer>(attempt: () => Promise<Answer>) => Promise<Answer>;

/** Returns a function that limits how long an operation takes, and repeats it while the database is locked. */
function createRetry(timeout: number): Retry {
  const deadline = new Deadline(timeout);
  const retry = new LockRetry(deadline.milliseconds, "libsqlStore");
  return (attempt) => deadline.within(retry.run(attempt));
}

/** The shortest busy timeout of a local file's connection, in milliseconds. */
const MIN_BUSY_TIMEOUT = 5;
/** How long a broken connection stays out of use, in milliseconds. By then its statements are garbage-collected. */
const SET_ASIDE = 30_000;

class LibsqlEngine implements SqliteEngine {
  /** Whether the database is a local file. */
  readonly isLocal: boolean;
  readonly maxPerStep: number;
  readonly maxPerCount: number;
  readonly enableWal?: () => Promise<void>;
  readonly #client: LibsqlClient;
  readonly #retry: Retry;

  constructor(client: LibsqlClient, retry: Retry) {
    this.#client = client;
    this.#retry = retry;
    this.isLocal = client.protocol === "file";
    this.maxPerStep = this.isLocal ? MAX_PER_BLOCKING_STEP : MAX_PER_REMOTE_STEP;
    this.maxPerCount = this.isLocal ? MAX_PER_BLOCKING_COUNT : MAX_PER_REMOTE_COUNT;
    if (this.isLocal) this.enableWal = async () => void (await this.read({ sql: ENABLE_WAL, values: [] }));
  }

  async read({ sql, values }: SqliteQuery): Promise<readonly SqliteRow[]> {
    const { rows } = await this.#retry(() => this.#client.execute({ sql, args: [...values] }));
    return rows as readonly SqliteRow[];
  }

  async write(queries: readonly SqliteQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    const results = await this.#batch(queries.map(({ sql, values }) => ({ sql, args: [...values] })));
    return results.map(({ rows }) => rows as readonly SqliteRow[]);
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#batch(statements.map((sql) => ({ sql, args: [] })));
  }

  #batch(statements: Parameters<LibsqlClient["batch"]>[0]): ReturnType<LibsqlClient["batch"]> {
    return this.#retry(async () => {
      if (!this.isLocal) return this.#client.batch(statements, "write");
      await this.#waitForLock();
      return this.#client.batch(statements, "write").catch(async (error: unknown) => {
        if (error instanceof Error && /statements in progress/.test(error.message)) await this.#setAside();
        throw error;
      });
    });
  }

  /**
   * Takes and releases the lock. A batch that finds the file locked leaves its connection unable to commit until garbage is
   * collected; this script does not. If a writer takes the lock in between, the batch waits for it with the busy timeout.
   */
  async #waitForLock(): Promise<void> {
    const { rows } = await this.#client.execute({ sql: "PRAGMA busy_timeout", args: [] });
    const [row] = rows as readonly SqliteRow[];
    const wait = Number(row?.timeout) < MIN_BUSY_TIMEOUT ? `PRAGMA busy_timeout = ${MIN_BUSY_TIMEOUT}; ` : "";
    await this.#client.executeMultiple(`${wait}BEGIN IMMEDIATE; ROLLBACK`);
  }

  /** Keeps a connection that cannot commit out of use: the client reuses the connection that was returned last. */
  async #setAside(): Promise<void> {
    const transaction = await this.#client.transaction("read");
    const timer = setTimeout(() => transaction.close(), SET_ASIDE);
    if (typeof timer === "object") timer.unref();
  }
}

class D1Engine implements SqliteEngine {
  readonly maxPerStep: number = MAX_PER_REMOTE_STEP;
  readonly maxPerCount: number = MAX_PER_REMOTE_COUNT;
  readonly #database: D1;
  readonly #retry: Retry;

  constructor(database: D1, retry: Retry) {
    this.#database = database;
    this.#retry = retry;
  }

  async read(query: SqliteQuery): Promise<readonly SqliteRow[]> {
    const { results } = await this.#retry(() => this.#prepare(query).all());
    return results.map(withBytes) as SqliteRow[];
  }

  async write(queries: readonly SqliteQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    const answers = await this.#retry(() =>
      this.#database.batch(queries.map((query) => this.#prepare(query))),
    );
    return answers.map(({ results }) => results.map(withBytes) as SqliteRow[]);
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#retry(() => this.#database.batch(statements.map((sql) => this.#database.prepare(sql))));
  }

  #prepare({ sql, values }: SqliteQuery): D1Statement {
    return this.#database.prepare(sql).bind(...(values as SqlValue[]));
  }
}

/** D1 returns bytes as an array of numbers. */
function withBytes(row: unknown): unknown {
  if (typeof row !== "object" || row === null || !("user_key" in row)) return row;
  const { user_key } = row;
  return Array.isArray(user_key) ? { ...row, user_key: Uint8Array.from(user_key) } : row;
}
