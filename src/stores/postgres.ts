import type { Duration } from "../duration.ts";
import { SessionError } from "../errors.ts";
import { checkOptionNames } from "../options/parsers.ts";
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
import {
  clientOf,
  type PgPool,
  type PostgresClient,
  type PostgresJs,
  type Value,
} from "./postgres/client.ts";
import { expiredOf, recordsOf } from "./postgres/rows.ts";
import { migrationSql, namesOf } from "./postgres/schema.ts";
import { Statements } from "./postgres/statements.ts";
import { CLEANUP_OPTIONS, Cleanup, type CleanupOptions, DATABASE_CLEANUP } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";
import { duplicateError, limitError } from "./shared/errors.ts";
import { Lookups } from "./shared/lookups.ts";
import { encodeUserKey, orderByIds, toRowValues } from "./shared/rows.ts";
import { stepThroughIds } from "./shared/steps.ts";

export type { PgPool, PostgresJs } from "./postgres/client.ts";

/** What a postgres store can be told. */
export interface PostgresStoreOptions extends CleanupOptions {
  /** The schema of the table, at most 51 bytes; `migrate` makes it. Default: the first one of the `search_path`. */
  readonly schema?: string;
  /** The table's name, at most 51 bytes; indexes and functions begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /** How long it waits for an answer; then the operation fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Whether each connection parses and plans a statement once. Default: true. False behind a PgBouncer in transaction
   * mode that does not follow prepared statements (before 1.21, or `max_prepared_statements = 0`): there one
   * connection would be asked for what another one has prepared.
   */
  readonly prepare?: boolean;
}

/** A store in PostgreSQL. */
export interface PostgresStore extends Store {
  /**
   * Makes the table or brings it up to date; several processes may do so at once. Call it when the app starts, or
   * carry `migrationSql` out yourself. Rejects where a later release, or another table of that name, is there.
   */
  migrate(): Promise<void>;
  /** The SQL that `migrate` carries out, for those who have migrations of their own. */
  migrationSql(): string;
  deleteExpired(now: number, limit: number): Promise<number>;
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  close(): Promise<void>;
}

/**
 * Keeps sessions in PostgreSQL 12 or later. Takes the app's own client: a `Pool` of pg, or what `postgres()` of
 * postgres.js gives. Reads and writes have to go to the primary.
 *
 * Throws `TypeError` for wrong options. Its methods reject with the driver's own errors; with `ERR_STORE` when no answer
 * comes in time, or when `migrate` was never called.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { Manager } from "sessionup";
 * import { postgresStore } from "sessionup/stores/postgres";
 *
 * const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"] });
 * pool.on("error", (error) => console.error(error));
 * const store = postgresStore(pool);
 * await store.migrate();
 * const manager = new Manager(store);
 * ```
 */
export function postgresStore(
  client: PgPool | PostgresJs,
  options: PostgresStoreOptions = {},
): PostgresStore {
  checkOptionNames(options, "postgresStore", ["schema", "table", "timeout", "prepare", ...CLEANUP_OPTIONS]);
  const { schema, table = "sessionup_sessions", prepare = true } = options;
  if (typeof prepare !== "boolean") throw new TypeError("prepare: needs true or false");
  const names = namesOf(schema, table);
  const statements = new Statements(names);
  const deadline = new Deadline(options.timeout);
  return new PostgresSessions(clientOf(client, prepare), statements, migrationSql(names), deadline, options);
}

/** So many rows everyone's end goes through in one transaction. */
const ENDED_AT_ONCE = 10_000;

class PostgresSessions implements PostgresStore {
  readonly #client: PostgresClient;
  readonly #statements: Statements;
  readonly #migration: string;
  readonly #deadline: Deadline;
  readonly #cleanup: Cleanup;
  readonly #lookups = new Lookups((ids) => this.fetchByIds(ids));

  constructor(
    client: PostgresClient,
    statements: Statements,
    migration: string,
    deadline: Deadline,
    options: CleanupOptions,
  ) {
    this.#client = client;
    this.#statements = statements;
    this.#migration = migration;
    this.#deadline = deadline;
    this.#cleanup = new Cleanup(options, {
      ...DATABASE_CLEANUP,
      // One process at a time: a process that does not get the lock removes nothing.
      remove: (now, limit) => this.#remove(this.#statements.cleanup, now, limit),
    });
  }

  async migrate(): Promise<void> {
    // Whoever has a table to make, or waits for another who makes it, has no request that waits.
    await this.#client.run(this.#migration);
  }

  migrationSql(): string {
    return this.#migration;
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces, tombstones }: CreateOptions,
  ): Promise<{ readonly evicted: readonly string[] }> {
    this.#cleanup.tell(now);
    this.#cleanup.start();
    try {
      if (!limit && replaces === undefined) {
        await this.#ask(this.#statements.insert, toRowValues(record));
        return { evicted: [] };
      }
      const within = [now, limit?.max ?? null, limit?.onExceed ?? null, replaces ?? null];
      const keeping = tombstones ? [now + tombstones.keepFor, tombstones.max] : [null, null];
      const values = [...toRowValues(record), ...within, ...keeping];
      const [answer] = await this.#ask(this.#statements.create, values);
      const evicted = answer?.[0];
      if (typeof evicted === "string") return { evicted: evicted === "" ? [] : evicted.split(",") };
    } catch (error) {
      if (codeOf(error) !== UNIQUE_VIOLATION) throw error;
      throw duplicateError("postgresStore");
    }
    throw limitError(limit?.max);
  }

  fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#lookups.fetch(id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    const [id] = ids;
    if (id === undefined) return [];
    const rows =
      ids.length === 1
        ? await this.#ask(this.#statements.byId, [id])
        : await this.#ask(this.#statements.byIds, [listOf(ids)]);
    return orderByIds(ids, recordsOf(rows));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#cleanup.tell(now);
    const rows = before
      ? await this.#ask(this.#statements.pageBehind, [
          encodeUserKey(userKey),
          now,
          limit,
          before.createdAt,
          before.id,
        ])
      : await this.#ask(this.#statements.page, [encodeUserKey(userKey), now, limit]);
    return recordsOf(rows);
  }

  async update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#cleanup.tell(now);
    const changes = [
      activity?.lastSeenAt ?? null,
      activity?.expiresAt ?? null,
      data ? JSON.stringify(data) : null,
    ];
    const [found] = await this.#ask(this.#statements.update, [id, now, ifRevision ?? null, ...changes]);
    return found ? (found[0] ? "updated" : "conflict") : "not_found";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#cleanup.tell(end.now);
    const { text, values } = this.#statements.end(end);
    const own = owner === undefined ? null : encodeUserKey(owner);
    const [found] = await this.#ask(text, [id, own, ...values]);
    return found ? (found[0] ? "deleted" : "not_owner") : "not_found";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#cleanup.tell(end.now);
    const { text, values } = this.#statements.endAll(end);
    const ended = await this.#ask(text, [encodeUserKey(userKey), listOf(exceptIds), ...values]);
    return ended.map(([id]) => String(id));
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    return recordsOf(await this.#ask(this.#statements.byLink, [link, limit]));
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#cleanup.tell(end.now);
    const { text, values } = this.#statements.endCreatedBefore(end);
    return stepThroughIds(
      async (after) => {
        const [row] = await this.#ask(this.#statements.idBehind, [after, ENDED_AT_ONCE - 1]);
        return row && String(row[0]);
      },
      async (after, last) => {
        const ended = await this.#ask(text, [after, last, createdAt, ...values]);
        return ended.map(([id]) => String(id));
      },
    );
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    return this.#remove(this.#statements.deleteExpired, now, limit);
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  async #remove(statement: string, now: number, limit: number): Promise<number> {
    const removed = await this.#ask(statement, [now, limit]);
    this.#cleanup.report(expiredOf(removed));
    return removed.length;
  }

  async #ask(text: string, values: readonly Value[]): Promise<ReadonlyArray<readonly unknown[]>> {
    try {
      return await this.#deadline.within(this.#client.ask(text, values));
    } catch (error) {
      const message = EXPLAINED.get(codeOf(error));
      throw message ? new SessionError("ERR_STORE", `postgresStore: ${message}`, { cause: error }) : error;
    }
  }
}

// PostgreSQL's codes, appendix A of its manual.
const UNIQUE_VIOLATION = "23505";
const MISSING = "the table is missing; call the store's migrate() once, before it is used";
const OUTDATED = "the table is of an earlier release; call the store's migrate() once, before it is used";
const UNPREPARED =
  "a prepared statement is on another connection; behind a PgBouncer in transaction mode set prepare: false";
/** What an app can mend: a table, function or schema that is not there, and statements prepared elsewhere. */
const EXPLAINED: ReadonlyMap<unknown, string> = new Map([
  ["42P01", MISSING],
  ["42883", MISSING],
  ["42703", OUTDATED],
  ["3F000", MISSING],
  ["26000", UNPREPARED],
  ["42P05", UNPREPARED],
]);

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** Ids as one value: drivers have different ideas of lists. Ids are letters and digits. */
function listOf(ids: readonly string[]): string {
  return ids.join(",");
}
