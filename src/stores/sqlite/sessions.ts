import type {
  CreateOptions,
  End,
  ExpiredSession,
  SessionChange,
  SessionCursor,
  SessionPage,
  SessionRecord,
  Store,
  UpdateOptions,
} from "../../store.ts";
import { Cleanup, type CleanupOptions, DATABASE_CLEANUP } from "../shared/cleanup.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { orderByIds, type Row, toExpiredSessions, toSessionRecord } from "../shared/rows.ts";
import { endInSteps, stepThroughIds } from "../shared/steps.ts";
import { type Engine, LOG_AHEAD, pauseOf } from "./engine.ts";
import { migrate, type Names, schemaOf } from "./schema.ts";
import { Statements } from "./statements.ts";

/** What the store is made of besides its engine. */
export interface SqliteSessionsOptions {
  /** What errors call it. */
  readonly store: string;
  readonly names: Names;
  readonly cleanup: CleanupOptions;
  /** Whether lookups of one turn of the event loop share a statement. */
  readonly sharesLookups: boolean;
}

/** The store over any engine: each operation is one statement, or several in one transaction. */
export class SqliteSessions implements Store {
  readonly #engine: Engine;
  readonly #store: string;
  readonly #names: Names;
  readonly #statements: Statements;
  readonly #lookups: Lookups | undefined;
  readonly #cleanup: Cleanup;

  constructor(engine: Engine, { store, names, cleanup, sharesLookups }: SqliteSessionsOptions) {
    this.#engine = engine;
    this.#store = store;
    this.#names = names;
    this.#statements = new Statements(names);
    if (sharesLookups) this.#lookups = new Lookups((ids) => this.fetchByIds(ids));
    this.#cleanup = new Cleanup(cleanup, {
      ...DATABASE_CLEANUP,
      // No caller waits for a cleanup, so it takes smaller steps than the operations.
      batch: Math.min(DATABASE_CLEANUP.batch, engine.most / 5),
      claim: (now, apart) => this.#claimCleanup(now, apart),
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async migrate(): Promise<void> {
    await this.#engine.logAhead?.();
    await migrate(this.#engine, this.#names, this.#store);
  }

  migrationSql(): string {
    const statements = schemaOf(this.#names);
    // Servers and D1 have migrations of their own, and transactions around them.
    const script = this.#engine.logAhead ? [LOG_AHEAD, "BEGIN", ...statements, "COMMIT"] : statements;
    return script.map((sql) => `${sql};\n`).join("");
  }

  async create(
    record: SessionRecord,
    options: CreateOptions,
  ): Promise<{ readonly evicted: readonly string[] }> {
    const { now, limit, replaces } = options;
    this.#cleanup.tell(now);
    this.#cleanup.start();
    const { most } = this.#engine;
    const evicts = limit && limit.onExceed !== "refuse";
    const endings = [
      ...(evicts ? [this.#statements.evict(record, options, limit, replaces ?? "", most)] : []),
      ...(replaces === undefined ? [] : [this.#statements.replace(record, options, replaces)]),
    ];
    const statements = [
      ...endings,
      limit ? this.#statements.insertWithin(record, now, limit) : this.#statements.insert(record),
      ...(limit ? [this.#statements.exists(record.id)] : []),
      ...(endings.length > 0 ? this.#statements.trimOfUser(record.userKey, options) : []),
    ];
    const insertion = endings.length;
    const evicted: string[] = [];
    for (;;) {
      const answers = await this.#engine.write(statements);
      if (evicts) evicted.push(...idsOf(answers[0]));
      if (answers[insertion]?.length) return { evicted };
      if (!limit || answers[insertion + 1]?.length) throw duplicateError(this.#store);
      if (!evicts) throw limitError(limit.max);
      // More had to go than go in one step.
      await pauseOf(0);
    }
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    if (this.#lookups) return this.#lookups.fetch(id);
    const [row] = await this.#engine.read(this.#statements.byIds([id]));
    return row && toSessionRecord(row);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    const rows = await this.#engine.read(this.#statements.byIds(ids));
    return orderByIds(ids, rows.map(toSessionRecord));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#cleanup.tell(now);
    const rows = await this.#engine.read(this.#statements.page(userKey, now, limit, before));
    return rows.map(toSessionRecord);
  }

  async update(
    id: string,
    change: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#cleanup.tell(now);
    const update = this.#statements.update(id, change, now, ifRevision);
    const [updated, live] = await this.#engine.write(
      ifRevision === undefined ? [update] : [update, this.#statements.isLive(id, now)],
    );
    if (updated?.length) return "updated";
    return live?.length ? "conflict" : "not_found";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#cleanup.tell(end.now);
    const [ended, ...others] = await this.#engine.write([
      this.#statements.end(id, end, owner),
      ...this.#statements.trimAround(id, end),
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
    const { most } = this.#engine;
    return endInSteps(async (before) => {
      if (before) await pauseOf(0);
      const ending = this.#statements.endAll(userKey, end, exceptIds, most, before);
      const trim = this.#statements.trimOfUser(userKey, end);
      const [rows = []] = await this.#engine.write([ending, ...trim]);
      return { ids: idsOf(rows), next: rows.length < most ? undefined : oldestOf(rows) };
    });
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    const rows = await this.#engine.read(this.#statements.byLink(link, limit));
    return rows.map(toSessionRecord);
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#cleanup.tell(end.now);
    const { most } = this.#engine;
    return stepThroughIds(
      async (after) => {
        if (after) await pauseOf(0);
        return idsOf(await this.#engine.read(this.#statements.idBehind(after, most)))[0];
      },
      async (after, last) => {
        const [rows] = await this.#engine.write([
          this.#statements.endCreatedBefore(createdAt, end, after, last),
          ...this.#statements.trimBetween(after, last, end),
        ]);
        return idsOf(rows);
      },
    );
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    const [removed = []] = await this.#engine.write([this.#statements.removeExpired(now, limit)]);
    this.#cleanup.report(toExpiredSessions(removed));
    return removed.length;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  async #claimCleanup(now: number, apart: number): Promise<boolean> {
    const [mine = []] = await this.#engine.write([this.#statements.claimCleanup(now, apart)]);
    return mine.length > 0;
  }
}

function idsOf(rows: readonly Row[] | undefined): string[] {
  return rows?.map(({ id }) => id) ?? [];
}

function oldestOf(rows: readonly Row[]): SessionCursor {
  return rows
    .map(({ id, created_at }) => ({ id, createdAt: Number(created_at) }))
    .reduce((a, b) => (b.createdAt < a.createdAt || (b.createdAt === a.createdAt && b.id < a.id) ? b : a));
}
