import type {
  CreateOptions,
  CreateResult,
  End,
  ExpiredSession,
  MaybePromise,
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
import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { COLUMNS, orderByIds, toSessionRecord } from "../shared/rows.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { AFTER_ALL, endInSteps, type Step } from "../shared/steps.ts";
import type { SqliteTrail } from "./audit.ts";
import { type ClaimedSession, SqliteEnds, toClaimedSessions } from "./ends.ts";
import { ENABLE_WAL, pause, type SqliteEngine, type SqliteQuery, type SqliteRow } from "./engine.ts";
import { type CountPosition, countRest, countUpTo, SqliteScan, toCursor } from "./scan.ts";
import {
  findVersion,
  migrateSqlite,
  SQLITE_MIGRATIONS,
  type SqliteNames,
  toSqliteMigration,
} from "./schema.ts";
import { findDangers } from "./settings.ts";
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
  /** The audit trail to which each step adds what it did. */
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
  /** The sessions that have been reported and not been forgotten. */
  readonly #reported = new Set<ClaimedSession>();
  readonly #cleanup: Cleanup;

  constructor(
    engine: SqliteEngine,
    { store, names, cleanup, sharesLookups, pushes, audit }: SqliteSessionsOptions,
  ) {
    if (audit) this.audit = audit;
    this.#engine = engine;
    this.#store = store;
    this.#names = names;
    this.#statements = new SqliteStatements(names, pushes, audit !== undefined);
    this.#ends = new SqliteEnds(names);
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
    await this.audit?.migrate();
  }

  migrationSql(): string {
    const statements = [...toSqliteMigration(this.#names), ...(this.audit?.migration ?? [])];
    // Migration tools of servers and D1 add their own transaction.
    const script = this.#engine.enableWal ? [ENABLE_WAL, "BEGIN", ...statements, "COMMIT"] : statements;
    return script.map((sql) => `${sql};\n`).join("");
  }

  async create(record: SessionRecord, options: CreateOptions): Promise<CreateResult> {
    const { limit, replaces } = options;
    this.#cleanup.tell(options.now);
    this.#cleanup.start();
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
    this.#cleanup.tell(now);
    const rows = await this.#engine.read(this.#statements.page(userKey, now, limit, before));
    return rows.map(toRecord);
  }

  async update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const { now, ifRevision, isTombstone } = options;
    this.#cleanup.tell(now);
    const update = this.#statements.update(id, change, options);
    const find = isTombstone ? this.#statements.isTombstone(id) : this.#statements.isLive(id, now);
    const [updated, found] = await this.#write(ifRevision === undefined ? [update] : [update, find]);
    if (updated?.length) return "updated";
    return found?.length ? "conflict" : "not_found";
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
    this.#cleanup.tell(end.now);
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
    for (let count = 0; ; await pause(0)) {
      const [rows = []] = await this.#engine.write([remove]);
      count += rows.length;
      if (rows.length < maxPerStep) return count;
    }
  }

  async scan(page: ScanPage): Promise<ScanResult> {
    this.#cleanup.tell(page.now);
    const scan = new SqliteScan(this.#names.table, page);
    const [last] = await this.#engine.read(scan.findEnd(this.#engine.maxPerStep));
    const end = last && scan.toPosition(last);
    const rows = await this.#engine.read(scan.select(end));
    const lastFound = rows.length < page.limit ? undefined : rows.at(-1);
    const next = lastFound ? scan.toPosition(lastFound) : end;
    return { records: rows.map(toRecord), ...(next && { cursor: toCursor(next) }) };
  }

  async count(now: number): Promise<SessionCount> {
    this.#cleanup.tell(now);
    const { maxPerCount } = this.#engine;
    const { table } = this.#names;
    let count = 0;
    for (let after: CountPosition | undefined; ; await pause(0)) {
      const [row] = await this.#engine.read(countUpTo(table, after, maxPerCount));
      if (!row) {
        const [rest] = await this.#engine.read(countRest(table, after));
        return { count: count + Number(rest?.count), isExact: false };
      }
      count += maxPerCount;
      // Drivers that return an `ArrayBuffer` do not accept one.
      after = [new Uint8Array(row.user_key as ArrayBuffer), Number(row.created_at), String(row.id)];
    }
  }

  async inspect(): Promise<StoreState> {
    const found = await findVersion(this.#engine, this.#names);
    const warnings = this.#engine.isLocal ? await findDangers(this.#engine) : [];
    const schema = { found, needed: SQLITE_MIGRATIONS.length };
    return { schema, ...(warnings.length > 0 && { warnings }) };
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    const failures: unknown[] = [];
    const report = (sessions: readonly ExpiredSession[]) => {
      try {
        this.#cleanup.report(sessions);
      } catch (error) {
        // The listeners have been called. Another call would not help.
        failures.push(error);
      }
    };
    const removed = await this.removeExpired(now, limit, this.#cleanup.hasListeners ? report : undefined);
    if (failures.length > 0) throw failures[0];
    return removed;
  }

  /**
   * Removes expired records, and reports the sessions among them. If a report fails or the process dies before, the sessions
   * are reported again by a call that receives a time a minute later, in any process. Without `report` nothing is.
   */
  async removeExpired(
    now: number,
    limit: number,
    report?: (sessions: readonly ExpiredSession[]) => MaybePromise<void>,
  ): Promise<number> {
    // They are still there if the statement that should have removed them failed.
    if (this.#reported.size > 0) await this.#forgetReported();
    const remove = this.#ends.remove(now, limit);
    const claim = this.#ends.claim(now, limit);
    const deleteEvents = this.#statements.deleteEvents(limit);
    const enter = this.audit ? [this.#ends.enter(now, limit)] : [];
    const note = report ? [this.#ends.note(now, limit)] : [];
    const queries = [...enter, ...note, remove, ...(report ? [claim] : []), ...deleteEvents];
    const answers = await this.#engine.write(queries);
    const readAnswer = (query: SqliteQuery | undefined) =>
      answers.find((_, index) => queries[index] === query) ?? [];
    for (let rows = readAnswer(claim); report && rows.length > 0; ) {
      const claimed = toClaimedSessions(rows);
      await report(claimed.map(({ session }) => session));
      for (const each of claimed) this.#reported.add(each);
      await this.#forgetReported();
      if (rows.length < limit) break;
      [rows = []] = await this.#engine.write([claim]);
    }
    for (let events = readAnswer(deleteEvents[0]); events.length > 0 && events.length >= limit; ) {
      await pause(0);
      [events = []] = await this.#engine.write(deleteEvents);
    }
    return readAnswer(remove).length;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  async #forgetReported(): Promise<void> {
    const reported = [...this.#reported];
    await this.#engine.write([this.#ends.forget(reported)]);
    for (const each of reported) this.#reported.delete(each);
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
