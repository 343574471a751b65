import { SessionError } from "../errors.ts";
import type {
  CreateOptions,
  End,
  SessionChange,
  SessionCursor,
  SessionPage,
  SessionRecord,
  Store,
  UpdateOptions,
} from "../store.ts";
import { Lookups } from "./_lookups.ts";
import { inOrderOf, type Row, recordOf } from "./_rows.ts";
import { type Engine, LOG_AHEAD, pauseOf } from "./_sqlite-engine.ts";
import { migrate, type Names, schemaOf } from "./_sqlite-schema.ts";
import { Statements } from "./_sqlite-statements.ts";
import { DATABASE_SWEEP, Sweeper } from "./_sweeper.ts";

/** Another process may sweep when this one has not for so long: a little less than the time between two sweeps. */
const SWEEPS_APART = 50_000;

/** What the store is made of besides its engine. */
export interface SqliteSessionsOptions {
  /** What errors call it. */
  readonly store: string;
  readonly names: Names;
  /** Hears of sweeps that failed. Without it nothing is swept in the background. */
  readonly onSweepError?: (error: unknown) => void;
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
  readonly #sweeper: Sweeper | undefined;
  #closed = false;

  constructor(engine: Engine, { store, names, onSweepError, sharesLookups }: SqliteSessionsOptions) {
    this.#engine = engine;
    this.#store = store;
    this.#names = names;
    this.#statements = new Statements(names);
    if (sharesLookups) this.#lookups = new Lookups((ids) => this.fetchByIds(ids));
    if (onSweepError) {
      const sweep = (now: number, limit: number) => this.#sweep(now, limit);
      this.#sweeper = new Sweeper({ ...DATABASE_SWEEP, sweep, onError: onSweepError });
    }
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
    { now, limit, replaces }: CreateOptions,
  ): Promise<{ readonly evicted: readonly string[] }> {
    this.#sweeper?.tell(now);
    this.#sweeper?.start();
    const { most } = this.#engine;
    const evicts = limit && limit.onExceed !== "refuse";
    const statements = [
      ...(evicts ? [this.#statements.evict(record, now, limit, replaces ?? "", most)] : []),
      ...(replaces === undefined ? [] : [this.#statements.replace(record, now, limit, replaces)]),
      limit ? this.#statements.insertWithin(record, now, limit) : this.#statements.insert(record),
      ...(limit ? [this.#statements.exists(record.id)] : []),
    ];
    const insertion = statements.length - (limit ? 2 : 1);
    const evicted: string[] = [];
    for (;;) {
      const answers = await this.#engine.write(statements);
      if (evicts) evicted.push(...idsOf(answers[0]));
      if (answers[insertion]?.length) return { evicted };
      if (!limit || answers[insertion + 1]?.length)
        throw new SessionError("ERR_DUPLICATE_ID", `${this.#store}: a record with this id is there`);
      if (!evicts)
        throw new SessionError("ERR_LIMIT", `the user has ${limit.max} sessions, and may have no more`);
      // More had to go than go in one step.
      await pauseOf(0);
    }
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    if (this.#lookups) return this.#lookups.fetch(id);
    const [row] = await this.#engine.read(this.#statements.byIds([id]));
    return row && recordOf(row);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    const rows = await this.#engine.read(this.#statements.byIds(ids));
    return inOrderOf(ids, rows.map(recordOf));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#sweeper?.tell(now);
    const rows = await this.#engine.read(this.#statements.page(userKey, now, limit, before));
    return rows.map(recordOf);
  }

  async update(
    id: string,
    change: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#sweeper?.tell(now);
    const update = this.#statements.update(id, change, now, ifRevision);
    const [updated, live] = await this.#engine.write(
      ifRevision === undefined ? [update] : [update, this.#statements.isLive(id, now)],
    );
    if (updated?.length) return "updated";
    return live?.length ? "conflict" : "not_found";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#sweeper?.tell(end.now);
    const ending = this.#statements.end(id, end, owner);
    const [ended, live] = await this.#engine.write(
      owner === undefined ? [ending] : [ending, this.#statements.isLive(id, end.now)],
    );
    if (ended?.length) return "deleted";
    return live?.length ? "not_owner" : "not_found";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#sweeper?.tell(end.now);
    const { most } = this.#engine;
    const ended: string[] = [];
    let before: SessionCursor | undefined;
    for (;;) {
      const [rows = []] = await this.#engine.write([
        this.#statements.endAll(userKey, end, exceptIds, most, before),
      ]);
      ended.push(...idsOf(rows));
      if (rows.length < most) return ended;
      // From the newest on: whatever was there when it began is behind the cursor until its turn comes.
      before = oldestOf(rows);
      await pauseOf(0);
    }
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    const [removed] = await this.#engine.write([this.#statements.sweep(now, limit)]);
    return removed?.length ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sweeper?.stop();
  }

  /** One process at a time, until nothing is left. */
  async #sweep(now: number, limit: number): Promise<number> {
    const [mine] = await this.#engine.write([this.#statements.claimSweep(now, SWEEPS_APART)]);
    // Nobody waits for a sweep: it takes smaller steps than those that somebody waits for.
    const step = Math.min(limit, this.#engine.most / 5);
    let removed = 0;
    while (mine?.length && !this.#closed) {
      const count = await this.deleteExpired(now, step);
      removed += count;
      if (count < step) break;
      await pauseOf(10);
    }
    return removed;
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
