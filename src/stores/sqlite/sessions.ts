import type {
  CreateOptions,
  CreateResult,
  End,
  ExpiredSession,
  SessionChange,
  SessionCursor,
  SessionPage,
  SessionRecord,
  UpdateOptions,
} from "../../store.ts";
import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { COLUMNS, EXPIRED_COLUMNS, orderByIds, toExpiredSessions, toSessionRecord } from "../shared/rows.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { endInSteps, stepThroughIds } from "../shared/steps.ts";
import { ENABLE_WAL, pause, type SqliteEngine, type SqliteQuery, type SqliteRow } from "./engine.ts";
import { migrateSqlite, type SqliteNames, toSqliteMigration } from "./schema.ts";
import { type RecordedQuery, SqliteStatements } from "./statements.ts";

/** The options of a store on an engine. */
export interface SqliteSessionsOptions {
  /** The store's name in error messages. */
  readonly store: string;
  readonly names: SqliteNames;
  readonly cleanup: ParsedCleanup;
  /** Whether the lookups of one event-loop turn share a statement. */
  readonly sharesLookups: boolean;
  /** Whether the store records an event in each step that ends or changes sessions. */
  readonly pushes: boolean;
}

/** The store on any engine. Each operation is one statement, or several in one transaction. */
export class SqliteSessions implements SqlStore {
  readonly #engine: SqliteEngine;
  readonly #store: string;
  readonly #names: SqliteNames;
  readonly #statements: SqliteStatements;
  readonly #lookups: Lookups | undefined;
  readonly #cleanup: Cleanup;

  constructor(engine: SqliteEngine, { store, names, cleanup, sharesLookups, pushes }: SqliteSessionsOptions) {
    this.#engine = engine;
    this.#store = store;
    this.#names = names;
    this.#statements = new SqliteStatements(names, pushes);
    if (sharesLookups) this.#lookups = new Lookups((ids) => this.fetchByIds(ids));
    this.#cleanup = new Cleanup(cleanup, {
      ...DATABASE_CLEANUP,
      // No caller waits for a cleanup, so its steps are smaller than those of the operations.
      batch: Math.min(DATABASE_CLEANUP.batch, engine.maxPerStep / 5),
      claim: async (now, apart) => {
        const [claimed = []] = await engine.write([this.#statements.claimCleanup(now, apart)]);
        return claimed.length > 0;
      },
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async migrate(): Promise<void> {
    await this.#engine.enableWal?.();
    await migrateSqlite(this.#engine, this.#names, this.#store);
  }

  migrationSql(): string {
    const statements = toSqliteMigration(this.#names);
    // Migration tools of servers and D1 add their own transaction.
    const script = this.#engine.enableWal ? [ENABLE_WAL, "BEGIN", ...statements, "COMMIT"] : statements;
    return script.map((sql) => `${sql};\n`).join("");
  }

  async create(record: SessionRecord, options: CreateOptions): Promise<CreateResult> {
    const { now, limit, replaces } = options;
    this.#cleanup.tell(now);
    this.#cleanup.start();
    const { maxPerStep } = this.#engine;
    const evicts = limit && limit.onExceed !== "reject";
    const endings = [
      ...(evicts ? [this.#statements.evict(record, options, limit, replaces ?? "", maxPerStep)] : []),
      ...(replaces === undefined ? [] : [this.#statements.replace(record, options, replaces)]),
    ];
    const statements = [
      ...endings,
      limit ? this.#statements.insertWithin(record, now, limit) : this.#statements.insert(record),
      ...(limit ? [this.#statements.exists(record.id)] : []),
      ...(endings.length > 0 ? this.#statements.trimUser(record.userKey, options) : []),
    ];
    const insertion = endings.length;
    const replacement = replaces === undefined ? -1 : insertion - 1;
    const evicted: string[] = [];
    for (;;) {
      const answers = await this.#write(statements);
      if (evicts) evicted.push(...readIds(answers[0]));
      // The replaced session ends only in the step that inserts.
      if (answers[insertion]?.length) return { evicted, replaced: !!answers[replacement]?.length };
      if (!limit || answers[insertion + 1]?.length) throw duplicateError(this.#store);
      if (!evicts) throw limitError(limit.max);
      // More sessions must end than one step may end.
      await pause(0);
    }
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    if (this.#lookups) return this.#lookups.fetch(id);
    const [row] = await this.#engine.read(this.#statements.byIds([id]));
    return row && toRecord(row);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    const rows = await this.#engine.read(this.#statements.byIds(ids));
    return orderByIds(ids, rows.map(toRecord));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#cleanup.tell(now);
    const rows = await this.#engine.read(this.#statements.page(userKey, now, limit, before));
    return rows.map(toRecord);
  }

  async update(
    id: string,
    change: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#cleanup.tell(now);
    const update = this.#statements.update(id, change, now, ifRevision);
    const [updated, live] = await this.#write(
      ifRevision === undefined ? [update] : [update, this.#statements.isLive(id, now)],
    );
    if (updated?.length) return "updated";
    return live?.length ? "conflict" : "not_found";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#cleanup.tell(end.now);
    const [ended, ...others] = await this.#write([
      this.#statements.end(id, end, owner),
      ...this.#statements.trimById(id, end),
      ...(owner === undefined ? [] : [this.#statements.hasNotEnded(id)]),
    ]);
    if (ended?.length) return "deleted";
    return owner !== undefined && others.at(-1)?.length ? "not_owner" : "not_found";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#cleanup.tell(end.now);
    const { maxPerStep } = this.#engine;
    return endInSteps(async (before) => {
      if (before) await pause(0);
      const ending = this.#statements.endAll(userKey, end, exceptIds, maxPerStep, before);
      const trim = this.#statements.trimUser(userKey, end);
      const [rows = []] = await this.#write([ending, ...trim]);
      return { ids: readIds(rows), next: rows.length < maxPerStep ? undefined : findOldest(rows) };
    });
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    const rows = await this.#engine.read(this.#statements.byLink(link, limit));
    return rows.map(toRecord);
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#cleanup.tell(end.now);
    const { maxPerStep } = this.#engine;
    return stepThroughIds(
      async (after) => {
        if (after) await pause(0);
        return readIds(await this.#engine.read(this.#statements.idAfter(after, maxPerStep)))[0];
      },
      async (after, last) => {
        const [rows] = await this.#write([
          this.#statements.endCreatedBefore(createdAt, end, after, last),
          ...this.#statements.trimRange(after, last, end),
        ]);
        return readIds(rows);
      },
    );
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    const deleteEvents = this.#statements.deleteEvents(limit);
    const deleteExpired = this.#statements.deleteExpired(now, limit);
    const [removed = [], ...rest] = await this.#engine.write([deleteExpired, ...deleteEvents]);
    for (let [events] = rest; events?.length && events.length >= limit; ) {
      await pause(0);
      [events] = await this.#engine.write(deleteEvents);
    }
    this.#cleanup.report(
      toExpiredSessions(removed.map((row) => EXPIRED_COLUMNS.map((column) => row[column]))),
    );
    return removed.length;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  /** Runs the statements, and those that record their events, in one transaction. Returns the rows of the former. */
  async #write(queries: readonly RecordedQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    const all = queries.flatMap((query) => (query.event ? [query.event, query] : [query]));
    const answers = await this.#engine.write(all);
    const events = new Set<SqliteQuery | undefined>(queries.map(({ event }) => event));
    return answers.filter((_, index) => !events.has(all[index]));
  }
}

function toRecord(row: SqliteRow): SessionRecord {
  return toSessionRecord(COLUMNS.map((column) => row[column]));
}

function readIds(rows: readonly SqliteRow[] | undefined): string[] {
  return rows?.map(({ id }) => String(id)) ?? [];
}

function findOldest(rows: readonly SqliteRow[]): SessionCursor {
  return rows
    .map(({ id, created_at }) => ({ id: String(id), createdAt: Number(created_at) }))
    .reduce((a, b) => (b.createdAt < a.createdAt || (b.createdAt === a.createdAt && b.id < a.id) ? b : a));
}
