import type {
  CreateOptions,
  CreateResult,
  End,
  ExpiredSession,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionCount,
  SessionCursor,
  SessionPage,
  SessionRecord,
  StoreState,
  UpdateOptions,
} from "../../store.ts";
import type { ParsedCleanup } from "../shared/cleanup.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { orderByIds } from "../shared/rows.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { AFTER_ALL, endInSteps, type Step } from "../shared/steps.ts";
import type { SqliteTrail } from "./audit.ts";
import { SqliteEnds } from "./ends.ts";
import { ENABLE_WAL, pause, type SqliteEngine, type SqliteQuery, type SqliteRow } from "./engine.ts";
import { SqliteExpiry } from "./expiry.ts";
import type { RecordedQuery } from "./recorder.ts";
import { countSessions, scanSessions } from "./scan.ts";
import {
  findVersion,
  migrateSqlite,
  SQLITE_MIGRATIONS,
  type SqliteNames,
  toSqliteMigration,
} from "./schema.ts";
import { findDangers } from "./settings.ts";
import { toRecord } from "./sql.ts";
import { SqliteStatements } from "./statements.ts";

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
  /** The audit trail to which each step adds an entry. */
  readonly audit?: SqliteTrail | undefined;
}

/** The store on any engine. Each operation is one statement, or several in one transaction. */
export class SqliteSessions implements SqlStore {
  readonly audit?: SqliteTrail;
  readonly #engine: SqliteEngine;
  readonly #store: string;
  readonly #names: SqliteNames;
  readonly #statements: SqliteStatements;
  readonly #lookups: Lookups | undefined;
  readonly #ends: SqliteEnds;
  readonly #expiry: SqliteExpiry;

  constructor(
    engine: SqliteEngine,
    { store, names, cleanup, sharesLookups, pushes, audit }: SqliteSessionsOptions,
  ) {
    if (audit) this.audit = audit;
    this.#engine = engine;
    this.#store = store;
    this.#names = names;
    this.#statements = new SqliteStatements(names, pushes, audit !== undefined);
    if (sharesLookups) this.#lookups = new Lookups((ids) => this.fetchByIds(ids));
    this.#ends = new SqliteEnds(names);
    this.#expiry = new SqliteExpiry(engine, this.#statements, this.#ends, {
      cleanup,
      audits: audit !== undefined,
    });
  }

  async migrate(): Promise<void> {
    await this.#engine.enableWal?.();
    await migrateSqlite(this.#engine, this.#names, this.#store);
    await this.audit?.migrate();
  }

  migrationSql(): string {
    const statements = [...toSqliteMigration(this.#names), ...(this.audit?.migration ?? [])];
    // Migration tools of servers and D1 add their own transaction.
    const script = this.#engine.enableWal ? [ENABLE_WAL, "BEGIN", ...statements, "COMMIT"] : statements;
    return script.map((sql) => `${sql};\n`).join("");
  }

  async create(record: SessionRecord, options: CreateOptions): Promise<CreateResult> {
    const { now, limit, replaces } = options;
    this.#expiry.cleanup.tell(now);
    this.#expiry.cleanup.start();
    const { maxPerStep } = this.#engine;
    const evicts = limit && limit.onExceed !== "reject";
    const endings = [
      ...(evicts ? [this.#statements.evict(record, options, limit, replaces ?? "", maxPerStep)] : []),
      ...(replaces === undefined ? [] : [this.#statements.replace(record, options, replaces)]),
    ];
    const statements = [
      ...endings,
      limit
        ? this.#statements.insertWithin(record, options, limit)
        : this.#statements.insert(record, options),
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
    this.#expiry.cleanup.tell(now);
    const rows = await this.#engine.read(this.#statements.page(userKey, now, limit, before));
    return rows.map(toRecord);
  }

  async update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const { now, ifRevision, isTombstone } = options;
    this.#expiry.cleanup.tell(now);
    const update = this.#statements.update(id, change, options);
    const find = isTombstone ? this.#statements.isTombstone(id) : this.#statements.isLive(id, now);
    const [updated, found] = await this.#write(ifRevision === undefined ? [update] : [update, find]);
    if (updated?.length) return "updated";
    return found?.length ? "conflict" : "not_found";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#expiry.cleanup.tell(end.now);
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
    this.#expiry.cleanup.tell(end.now);
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

  async *deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    for (let after: string | undefined = ""; after !== undefined; ) {
      if (after) await pause(0);
      const { ids, next }: Step<string> = await this.endStep(createdAt, end, after);
      yield ids;
      after = next;
    }
  }

  /** Ends the sessions with an id after `after` that were created before a moment, as one step of `deleteCreatedBefore`. */
  async endStep(createdAt: number, end: End, after: string): Promise<Step<string>> {
    this.#expiry.cleanup.tell(end.now);
    const { maxPerStep } = this.#engine;
    const [next] = readIds(await this.#engine.read(this.#statements.idAfter(after, maxPerStep)));
    const last = next ?? AFTER_ALL;
    const [rows] = await this.#write([
      this.#statements.endCreatedBefore(createdAt, end, after, last),
      ...this.#statements.trimRange(after, last, end),
    ]);
    return { ids: readIds(rows), next };
  }

  async deleteTombstones(userKey: string): Promise<number> {
    const { maxPerStep } = this.#engine;
    const remove = this.#statements.deleteTombstones(userKey, maxPerStep);
    const erase = this.#ends.erase(userKey);
    for (let count = 0; ; await pause(0)) {
      const [rows = []] = await this.#engine.write([remove, erase]);
      count += rows.length;
      if (rows.length < maxPerStep) return count;
    }
  }

  scan(page: ScanPage): Promise<ScanResult> {
    this.#expiry.cleanup.tell(page.now);
    return scanSessions(this.#engine, this.#names.table, page);
  }

  count(now: number): Promise<SessionCount> {
    this.#expiry.cleanup.tell(now);
    return countSessions(this.#engine, this.#names.table);
  }

  async inspect(): Promise<StoreState> {
    const found = await findVersion(this.#engine, this.#names);
    const warnings = this.#engine.isLocal ? await findDangers(this.#engine) : [];
    const schema = { found, needed: SQLITE_MIGRATIONS.length };
    return {
      schema,
      ...(this.audit && { auditSchema: await this.audit.inspect() }),
      ...(warnings.length > 0 && { warnings }),
    };
  }

  deleteExpired(now: number, limit: number): Promise<number> {
    return this.#expiry.deleteExpired(now, limit);
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#expiry.cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#expiry.cleanup.stop();
  }

  /** Runs the statements, and those that record their events, in one transaction. Returns the rows of the former. */
  async #write(queries: readonly RecordedQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    const all = queries.flatMap((query) =>
      [query.event, query.entry, query].filter((each) => each !== undefined),
    );
    const answers = await this.#engine.write(all);
    const own = new Set<SqliteQuery | undefined>(queries);
    return answers.filter((_, index) => own.has(all[index]));
  }
}

function readIds(rows: readonly SqliteRow[] | undefined): string[] {
  return rows?.map(({ id }) => String(id)) ?? [];
}

function findOldest(rows: readonly SqliteRow[]): SessionCursor {
  return rows
    .map(({ id, created_at }) => ({ id: String(id), createdAt: Number(created_at) }))
    .reduce((a, b) => (b.createdAt < a.createdAt || (b.createdAt === a.createdAt && b.id < a.id) ? b : a));
}
