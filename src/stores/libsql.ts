import { type Duration, parseDuration } from "../duration.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { ExpiredSession, Store } from "../store.ts";
import { CLEANUP_OPTIONS, type CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";
import type { Row } from "./shared/rows.ts";
import {
  ENDED_AT_ONCE,
  type Engine,
  LOG_AHEAD,
  Patience,
  type Statement,
  type Value,
} from "./sqlite/engine.ts";
import { namesOf } from "./sqlite/schema.ts";
import { SqliteSessions } from "./sqlite/sessions.ts";

type Values = Array<string | number | Uint8Array | null>;

/** What the store calls of a client of `@libsql/client`. */
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

/** What the store calls of a prepared statement of Cloudflare D1. */
export interface D1Statement {
  bind(...values: Values): D1Statement;
  all(): Promise<{ readonly results: readonly unknown[] }>;
}

/** What the store calls of a database of Cloudflare D1. */
export interface D1 {
  prepare(sql: string): D1Statement;
  batch(statements: D1Statement[]): Promise<ReadonlyArray<{ readonly results: readonly unknown[] }>>;
}

/**
 * Options of `libsqlStore`. On D1 and in Cloudflare Workers there is no background cleanup, and `cleanupEvery` can only be
 * `false`: call `deleteExpired` from a cron trigger, or expired records stay forever.
 */
export interface LibsqlStoreOptions extends CleanupOptions {
  /** The table's name, 1 to 100 characters; a second table and four indexes begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /** How long it waits for an answer; then the operation fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
}

/** A store over `@libsql/client`, or on Cloudflare D1. */
export interface LibsqlStore extends Store {
  /**
   * Makes the tables or brings them up to date, and puts a local file into WAL mode; several processes may do so at
   * once. Call it once, when the app starts or is deployed. Rejects with `ERR_STORE` where a later release has been there.
   */
  migrate(): Promise<void>;
  /** The SQL by which `migrate` makes the tables where there are none: D1 has migrations of its own to put it in. */
  migrationSql(): string;
  deleteExpired(now: number, limit: number): Promise<number>;
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  close(): Promise<void>;
}

/** A server does it in its own time, but the answer names them all. */
const ENDED_AT_ONCE_REMOTELY = 10_000;

/**
 * Keeps sessions in libSQL (Turso, sqld, a local file) or in Cloudflare D1. Takes the app's own client: that of
 * `createClient` of `@libsql/client`, or the `D1Database` that a Worker is bound to.
 *
 * The client must read from the primary: with an embedded replica (`syncUrl`), or a D1 session that may read anywhere, a
 * session that was ended elsewhere lives on until the replica hears of it.
 *
 * Throws `TypeError` for wrong options.
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
  checkOptionNames(options, "libsqlStore", ["table", "timeout", ...CLEANUP_OPTIONS]);
  const { table = "sessionup_sessions", timeout = "5s" } = options;
  const names = namesOf(table);
  const engine = engineOf(client, timeout);
  const onServer = engine instanceof LibsqlEngine && !inWorkers();
  if (!onServer && options.cleanupEvery)
    throw new TypeError(
      "cleanupEvery must be false on D1 and in Workers, which stop timers; call deleteExpired from a cron trigger.",
    );
  return new SqliteSessions(engine, {
    store: "libsqlStore",
    names,
    cleanup: onServer ? options : { ...options, cleanupEvery: false },
    sharesLookups: onServer && !engine.local,
  });
}

function engineOf(client: LibsqlClient | D1, timeout: Duration): Engine {
  if (typeof client?.batch === "function") {
    if ("execute" in client && typeof client.execute === "function") return new LibsqlEngine(client, timeout);
    if ("prepare" in client && typeof client.prepare === "function") return new D1Engine(client, timeout);
  }
  throw new TypeError("client: needs what createClient of @libsql/client makes, or a D1Database");
}

/** There no request may wait for what another one has begun, and a timer ends with the request that set it. */
function inWorkers(): boolean {
  return typeof navigator === "object" && navigator.userAgent === "Cloudflare-Workers";
}

/** Waits for the network only so long, and tries again while the database is locked. */
class Answers {
  readonly #deadline: Deadline;
  readonly #patience: Patience;

  constructor(timeout: Duration) {
    this.#deadline = new Deadline(timeout);
    this.#patience = new Patience(parseDuration(timeout, "timeout"), "libsqlStore");
  }

  to<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    return this.#deadline.within(this.#patience.lockFree(ask));
  }
}

/** What a local file's connection waits for a lock at least, in milliseconds. */
const LOCK_WAIT = 5;
/** By then garbage has been collected, in milliseconds. */
const SET_ASIDE = 30_000;

class LibsqlEngine implements Engine {
  /** Whether this process reads and writes the file itself. */
  readonly local: boolean;
  readonly most: number;
  readonly logAhead?: () => Promise<void>;
  readonly #client: LibsqlClient;
  readonly #answers: Answers;

  constructor(client: LibsqlClient, timeout: Duration) {
    this.#client = client;
    this.#answers = new Answers(timeout);
    this.local = client.protocol === "file";
    this.most = this.local ? ENDED_AT_ONCE : ENDED_AT_ONCE_REMOTELY;
    if (this.local) this.logAhead = async () => void (await this.read({ sql: LOG_AHEAD, values: [] }));
  }

  async read<Of = Row>({ sql, values }: Statement): Promise<readonly Of[]> {
    const { rows } = await this.#answers.to(() => this.#client.execute({ sql, args: [...values] }));
    return rows as readonly Of[];
  }

  async write(statements: readonly Statement[]): Promise<ReadonlyArray<readonly Row[]>> {
    const results = await this.#batch(statements.map(({ sql, values }) => ({ sql, args: [...values] })));
    return results.map(({ rows }) => rows as readonly Row[]);
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#batch(statements.map((sql) => ({ sql, args: [] })));
  }

  #batch(statements: Parameters<LibsqlClient["batch"]>[0]): ReturnType<LibsqlClient["batch"]> {
    return this.#answers.to(async () => {
      if (!this.local) return this.#client.batch(statements, "write");
      await this.#findUnlocked();
      return this.#client.batch(statements, "write").catch(async (error: unknown) => {
        if (error instanceof Error && /statements in progress/.test(error.message)) await this.#setAside();
        throw error;
      });
    });
  }

  /**
   * A batch that finds the file locked leaves its connection unable to commit until garbage is collected. So the lock
   * is tried first, by what leaves nothing, and who comes between is waited for.
   */
  async #findUnlocked(): Promise<void> {
    const { rows } = await this.#client.execute({ sql: "PRAGMA busy_timeout", args: [] });
    const [row] = rows as ReadonlyArray<{ readonly timeout: number | bigint | string }>;
    const wait = Number(row?.timeout) < LOCK_WAIT ? `PRAGMA busy_timeout = ${LOCK_WAIT}; ` : "";
    await this.#client.executeMultiple(`${wait}BEGIN IMMEDIATE; ROLLBACK`);
  }

  /** Keeps a connection that cannot commit from being used: the client gives the one that came back last. */
  async #setAside(): Promise<void> {
    const transaction = await this.#client.transaction("read");
    const timer = setTimeout(() => transaction.close(), SET_ASIDE);
    if (typeof timer === "object") timer.unref();
  }
}

class D1Engine implements Engine {
  readonly most: number = ENDED_AT_ONCE_REMOTELY;
  readonly #database: D1;
  readonly #answers: Answers;

  constructor(database: D1, timeout: Duration) {
    this.#database = database;
    this.#answers = new Answers(timeout);
  }

  async read<Of = Row>(statement: Statement): Promise<readonly Of[]> {
    const { results } = await this.#answers.to(() => this.#prepare(statement).all());
    return results.map(withBytes) as Of[];
  }

  async write(statements: readonly Statement[]): Promise<ReadonlyArray<readonly Row[]>> {
    const answers = await this.#answers.to(() =>
      this.#database.batch(statements.map((statement) => this.#prepare(statement))),
    );
    return answers.map(({ results }) => results.map(withBytes) as Row[]);
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#answers.to(() => this.#database.batch(statements.map((sql) => this.#database.prepare(sql))));
  }

  #prepare({ sql, values }: Statement): D1Statement {
    return this.#database.prepare(sql).bind(...(values as Value[]));
  }
}

/** D1 gives bytes as a list of numbers. */
function withBytes(row: unknown): unknown {
  if (typeof row !== "object" || row === null || !("user_key" in row)) return row;
  const { user_key } = row;
  return Array.isArray(user_key) ? { ...row, user_key: Uint8Array.from(user_key) } : row;
}
