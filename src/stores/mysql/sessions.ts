import type {
  CreateOptions,
  CreateResult,
  End,
  ExpiredSession,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionCount,
  SessionPage,
  SessionRecord,
  StoreState,
  UpdateOptions,
} from "../../store.ts";
import type { ParsedCleanup } from "../shared/cleanup.ts";
import { duplicateError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { groupByUser, toChangedMessage, toEndedMessages } from "../shared/push-messages.ts";
import { encodeUserKey, orderByIds, toSessionRecord } from "../shared/rows.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { endInSteps, stepThroughIds } from "../shared/steps.ts";
import type { MysqlTrail } from "./audit.ts";
import { type MysqlClient, type MysqlLease, readErrno } from "./client.ts";
import { MysqlEnds } from "./ends.ts";
import { MysqlExpiry } from "./expiry.ts";
import { MysqlScans } from "./scan.ts";
import { MYSQL_MIGRATIONS, type MysqlNames, migrateMysql, readVersion, toMysqlMigration } from "./schema.ts";
import { SETTINGS, toMysqlWarnings } from "./settings.ts";
import { inLists, MAX_LIST_LENGTH, MysqlStatements } from "./statements.ts";
import { MAX_ENDED_PER_STEP, MysqlSteps } from "./steps.ts";
import { toBeginning, toEnds } from "./trail-rows.ts";

const DUPLICATE_ENTRY = 1062;

/** The store. Each operation is one statement or one transaction. */
export class MysqlSessions implements SqlStore {
  readonly audit?: MysqlTrail;
  readonly #client: MysqlClient;
  readonly #names: MysqlNames;
  readonly #statements: MysqlStatements;
  readonly #lookups = new Lookups((ids) => this.fetchByIds(ids));
  readonly #steps: MysqlSteps;
  readonly #ends: MysqlEnds;
  readonly #scans: MysqlScans;
  readonly #expiry: MysqlExpiry;
  /** Whether each step that ends or changes sessions also records an event. */
  readonly #pushes: boolean;

  constructor(
    client: MysqlClient,
    names: MysqlNames,
    cleanup: ParsedCleanup,
    pushes: boolean,
    audit?: MysqlTrail,
  ) {
    this.#client = client;
    if (audit) this.audit = audit;
    this.#pushes = pushes;
    this.#names = names;
    this.#statements = new MysqlStatements(names);
    this.#steps = new MysqlSteps(this.#statements, pushes, audit);
    this.#ends = new MysqlEnds(names);
    this.#scans = new MysqlScans(names.table, (statement) =>
      client.operation((lease) => lease.rows(statement)),
    );
    this.#expiry = new MysqlExpiry(client, this.#statements, this.#ends, this.#steps, { cleanup, pushes });
  }

  async migrate(): Promise<void> {
    await migrateMysql(this.#client, this.#names);
    await this.audit?.migrate();
  }

  migrationSql(): string {
    return toMysqlMigration(this.#names) + (this.audit?.migrationSql() ?? "");
  }

  async create(record: SessionRecord, options: CreateOptions): Promise<CreateResult> {
    const { now, limit, replaces } = options;
    this.#expiry.cleanup.tell(now);
    this.#expiry.cleanup.start();
    if (replaces === undefined) {
      const statement = limit
        ? this.#statements.insertWithin(record, now, limit)
        : this.#statements.insertShared(record);
      const { affected } = await this.#insert(async (lease) => {
        if (this.audit)
          return lease.transaction(async () => {
            const result = await lease.run(statement);
            if (result.affected) await this.#steps.note(lease, () => [toBeginning(record, options)]);
            return result;
          });
        if (limit) await lease.readCommitted();
        return lease.run(statement);
      });
      if (affected) return { evicted: [], replaced: false };
    }
    const evicted: string[] = [];
    for (;;) {
      const step = await this.#insert((lease) =>
        lease.transaction(() => this.#steps.replace(lease, record, options)),
      );
      evicted.push(...step.evicted);
      if (step.done) return { evicted, replaced: step.replaced };
    }
  }

  fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#lookups.fetch(id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    // Each length of a list is a prepared statement of its own.
    const often = ids.length <= MAX_LIST_LENGTH;
    const listed = often ? pad(ids) : ids;
    const rows = await this.#client.operation((lease) => lease.rows(this.#statements.byIds(listed), often));
    return orderByIds(ids, rows.map(toSessionRecord));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#expiry.cleanup.tell(now);
    const rows = await this.#client.operation((lease) =>
      lease.rows(this.#statements.page(userKey, now, limit, before)),
    );
    return rows.map(toSessionRecord);
  }

  async update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const { now, ifRevision, isTombstone, entry } = options;
    this.#expiry.cleanup.tell(now);
    const isRecorded = change.data && !isTombstone;
    const records = this.#pushes && isRecorded;
    const trail = isRecorded && entry ? this.audit : undefined;
    return this.#client.operation((lease) => {
      const update = async () => {
        const { lastInsertId } = await lease.run(this.#statements.update(id, change, options), true);
        if (lastInsertId) {
          if (entry) await trail?.noteChange(lease, id, now, entry);
          if (records) await this.#steps.record(lease, () => [toChangedMessage(id, lastInsertId)]);
          return "updated";
        }
        if (ifRevision === undefined) return "not_found";
        const { length } = await lease.rows(this.#statements.canUpdate(id, options));
        return length > 0 ? "conflict" : "not_found";
      };
      return records || trail ? lease.transaction(update) : update();
    });
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#expiry.cleanup.tell(end.now);
    const outcome = await this.#client.operation(async (lease) => {
      if (this.#pushes || this.audit)
        return lease.transaction(() => this.#steps.endOne(lease, id, end, owner));
      const { affected } = await lease.run(this.#statements.end(id, end, owner), true);
      if (affected) return "deleted";
      const { length } = owner === undefined ? [] : await lease.rows(this.#statements.hasNotEnded(id));
      return length > 0 ? "not_owner" : "not_found";
    });
    // A separate operation: the session has ended even if the removal of tombstones fails.
    if (outcome === "deleted" && end.tombstones)
      await this.#client.operation((lease) =>
        this.#steps.trim(lease, [this.#statements.userKeyById(id)], end.tombstones),
      );
    return outcome;
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#expiry.cleanup.tell(end.now);
    const excepted = new Set(exceptIds);
    return endInSteps((before) =>
      this.#client.operation((lease) =>
        lease.transaction(async () => {
          await this.#steps.lock(lease, userKey);
          // Reads one more row to find out whether there is a next step.
          const rows = await lease.rows(this.#statements.sessionIds(userKey, MAX_ENDED_PER_STEP + 1, before));
          const found = rows.map(([id, createdAt]) => ({ id: String(id), createdAt: Number(createdAt) }));
          const step = found.slice(0, MAX_ENDED_PER_STEP);
          const ids = step.flatMap(({ id }) => (excepted.has(id) ? [] : [id]));
          await this.#steps.endAll(lease, ids, end);
          if (ids.length > 0) await this.#steps.trim(lease, [encodeUserKey(userKey)], end.tombstones);
          await this.#steps.note(lease, () => toEnds(end, userKey, ids));
          await this.#steps.record(lease, () => toEndedMessages(end.reason, userKey, ids));
          return { ids, next: found.length > step.length ? step.at(-1) : undefined };
        }),
      ),
    );
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    const rows = await this.#client.operation((lease) => lease.rows(this.#statements.byLink(link, limit)));
    return rows.map(toSessionRecord);
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#expiry.cleanup.tell(end.now);
    return stepThroughIds(
      (after) =>
        this.#client.operation(async (lease) => {
          const [row] = await lease.rows(this.#statements.idAfter(after, MAX_LIST_LENGTH));
          return row && String(row[0]);
        }),
      (after, last) =>
        this.#client.operation((lease) =>
          lease.transaction(async () => {
            const rows = await lease.rows(this.#statements.idsCreatedBefore(createdAt, after, last));
            const sessions = rows.map(([id, userKey]) => ({ id: String(id), userKey: String(userKey) }));
            const ids = sessions.map(({ id }) => id);
            await this.#steps.endAll(lease, ids, end);
            const users = groupByUser(sessions);
            await this.#steps.trim(lease, [...users.keys()].map(encodeUserKey), end.tombstones);
            await this.#steps.note(lease, () =>
              [...users].flatMap(([userKey, own]) => toEnds(end, userKey, own)),
            );
            await this.#steps.record(lease, () =>
              [...users].flatMap(([userKey, own]) => toEndedMessages(end.reason, userKey, own)),
            );
            return ids;
          }),
        ),
    );
  }

  deleteTombstones(userKey: string): Promise<number> {
    // In a transaction, which is `READ COMMITTED`: otherwise the gaps between the user's rows would be locked, and logins
    // would wait.
    return this.#client.operation((lease) =>
      lease.transaction(async () => {
        const { affected } = await lease.run(this.#statements.deleteTombstones(userKey));
        const waiting = await lease.rows(this.#ends.ofUser(userKey));
        for (const ids of inLists(waiting.map(([id]) => String(id)))) await lease.run(this.#ends.erase(ids));
        return affected;
      }),
    );
  }

  async scan(page: ScanPage): Promise<ScanResult> {
    this.#expiry.cleanup.tell(page.now);
    return this.#scans.scan(page);
  }

  async count(now: number): Promise<SessionCount> {
    this.#expiry.cleanup.tell(now);
    return this.#scans.count(now);
  }

  inspect(): Promise<StoreState> {
    return this.#client.operation(async (lease) => {
      const rows = await lease.rows(SETTINGS);
      const { timestamp, ...settings } = Object.fromEntries(
        rows.map(([name, value]) => [String(name), String(value)]),
      );
      const warnings = toMysqlWarnings(settings);
      return {
        clock: Math.floor(Number(timestamp) * 1_000),
        schema: {
          found: Math.max(0, await readVersion(lease, this.#names)),
          needed: MYSQL_MIGRATIONS.length,
        },
        ...(this.audit && { auditSchema: await this.audit.inspect(lease) }),
        ...(warnings.length > 0 && { warnings }),
      };
    });
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    return this.#expiry.deleteExpired(now, limit);
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#expiry.cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#expiry.cleanup.stop();
  }

  async #insert<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#client.operation(work);
    } catch (error) {
      throw readErrno(error) === DUPLICATE_ENTRY ? duplicateError("mysqlStore") : error;
    }
  }
}

/** Repeats the last id until the length is a power of two. */
function pad(ids: readonly string[]): readonly string[] {
  const length = 2 ** Math.ceil(Math.log2(ids.length));
  return Array.from({ length }, (_, index) => ids[Math.min(index, ids.length - 1)] ?? "");
}
