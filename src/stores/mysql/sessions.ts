import { toBeginNote } from "../../audit/rows.ts";
import type { TrailRow } from "../../audit/trail-store.ts";
import { SessionError } from "../../errors.ts";
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
import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { scanNewestFirst } from "../shared/newest-first.ts";
import { groupByUser, toChangedMessage, toEndedMessages } from "../shared/push-messages.ts";
import { encodeUserKey, orderByIds, toExpiredSessions, toSessionRecord } from "../shared/rows.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { endInSteps, stepThroughIds } from "../shared/steps.ts";
import type { MysqlTrail } from "./audit.ts";
import { type MysqlClient, type MysqlLease, OvertakenError, readErrno } from "./client.ts";
import { MYSQL_MIGRATIONS, type MysqlNames, migrateMysql, readVersion, toMysqlMigration } from "./schema.ts";
import { SETTINGS, toMysqlWarnings } from "./settings.ts";
import type { Sql } from "./sql.ts";
import { CONFLICT, MysqlStatements } from "./statements.ts";

/** The number of a user's sessions that end in one transaction: as many as the manager's default limit. */
const MAX_ENDED_PER_STEP = 1_000;
/** MariaDB turns a list of twice this length into a temporary table, and then scans the whole table of sessions. */
const MAX_LIST_LENGTH = 500;
/** The number of records up to which `count` counts all of them. It takes some tens of milliseconds. */
const MOST_COUNTED = 50_000;
const DUPLICATE_ENTRY = 1062;

/** The store. Each operation is one statement or one transaction. */
export class MysqlSessions implements SqlStore {
  readonly audit?: MysqlTrail;
  readonly #client: MysqlClient;
  readonly #names: MysqlNames;
  readonly #statements: MysqlStatements;
  readonly #lookups = new Lookups((ids) => this.fetchByIds(ids));
  readonly #cleanup: Cleanup;
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
    this.#cleanup = new Cleanup(cleanup, {
      ...DATABASE_CLEANUP,
      claim: (now, apart) => this.#claimCleanup(now, apart),
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
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
    this.#cleanup.tell(now);
    this.#cleanup.start();
    if (replaces === undefined) {
      const statement = limit
        ? this.#statements.insertWithin(record, now, limit)
        : this.#statements.insertShared(record);
      const { affected } = await this.#insert(async (lease) => {
        if (this.audit)
          return lease.transaction(async () => {
            const result = await lease.run(statement);
            if (result.affected) await this.#note(lease, [toBeginning(record, options)]);
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
        lease.transaction(() => this.#replace(lease, record, options)),
      );
      evicted.push(...step.evicted);
      if (step.done) return { evicted, replaced: step.replaced };
    }
  }

  /**
   * Ends the sessions that `record` replaces or that exceed the limit, then inserts `record`. `done` is false when more
   * sessions must end than one transaction may end.
   */
  async #replace(
    lease: MysqlLease,
    record: SessionRecord,
    options: CreateOptions,
  ): Promise<CreateResult & { readonly done: boolean }> {
    const { now, limit, replaces = "", tombstones } = options;
    await this.#lock(lease, record.userKey);
    const most = MAX_ENDED_PER_STEP + 1;
    const conflicts = await lease.rows(this.#statements.conflicts(record, now, limit, replaces, most));
    const idsWith = (conflict: number) =>
      conflicts.flatMap(([each, id]) => (Number(each) === conflict ? [String(id)] : []));
    if (idsWith(CONFLICT.duplicate).length > 0) throw duplicateError("mysqlStore");
    const beyondLimit = idsWith(CONFLICT.beyondLimit);
    const evicted = beyondLimit.slice(0, MAX_ENDED_PER_STEP);
    if (limit?.onExceed === "reject" && evicted.length > 0) throw limitError(limit.max);
    const done = beyondLimit.length < most;
    const replaced = done ? idsWith(CONFLICT.replaced) : [];
    const end = { now, ...(tombstones && { tombstones }) };
    await this.#endAll(lease, replaced, { ...end, reason: "logout" });
    await this.#endAll(lease, evicted, { ...end, reason: "evicted" });
    if (replaced.length + evicted.length > 0)
      await this.#trim(lease, [encodeUserKey(record.userKey)], tombstones);
    if (done) await lease.run(this.#statements.insert(record));
    if (this.audit)
      await this.#note(lease, [
        ...toEnds({ ...end, reason: "logout" }, record.userKey, replaced),
        ...toEnds({ ...end, reason: "evicted" }, record.userKey, evicted),
        ...(done ? [toBeginning(record, options)] : []),
      ]);
    await this.#record(lease, () => [
      ...toEndedMessages("logout", record.userKey, replaced),
      ...toEndedMessages("evicted", record.userKey, evicted),
    ]);
    return { evicted, replaced: replaced.length > 0, done };
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
    this.#cleanup.tell(now);
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
    this.#cleanup.tell(now);
    const isRecorded = change.data && !isTombstone;
    const records = this.#pushes && isRecorded;
    const trail = isRecorded && entry ? this.audit : undefined;
    return this.#client.operation((lease) => {
      const update = async () => {
        const { lastInsertId } = await lease.run(this.#statements.update(id, change, options), true);
        if (lastInsertId) {
          if (entry) await trail?.noteChange(lease, id, now, entry);
          if (records) await this.#record(lease, () => [toChangedMessage(id, lastInsertId)]);
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
    this.#cleanup.tell(end.now);
    const outcome = await this.#client.operation(async (lease) => {
      if (this.#pushes || this.audit)
        return lease.transaction(() => this.#endAndRecord(lease, id, end, owner));
      const { affected } = await lease.run(this.#statements.end(id, end, owner), true);
      if (affected) return "deleted";
      const { length } = owner === undefined ? [] : await lease.rows(this.#statements.hasNotEnded(id));
      return length > 0 ? "not_owner" : "not_found";
    });
    // A separate operation: the session has ended even if the removal of tombstones fails.
    if (outcome === "deleted" && end.tombstones)
      await this.#client.operation((lease) =>
        this.#trim(lease, [this.#statements.userKeyById(id)], end.tombstones),
      );
    return outcome;
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#cleanup.tell(end.now);
    const excepted = new Set(exceptIds);
    return endInSteps((before) =>
      this.#client.operation((lease) =>
        lease.transaction(async () => {
          await this.#lock(lease, userKey);
          // Reads one more row to find out whether there is a next step.
          const rows = await lease.rows(this.#statements.sessionIds(userKey, MAX_ENDED_PER_STEP + 1, before));
          const found = rows.map(([id, createdAt]) => ({ id: String(id), createdAt: Number(createdAt) }));
          const step = found.slice(0, MAX_ENDED_PER_STEP);
          const ids = step.flatMap(({ id }) => (excepted.has(id) ? [] : [id]));
          await this.#endAll(lease, ids, end);
          if (ids.length > 0) await this.#trim(lease, [encodeUserKey(userKey)], end.tombstones);
          if (this.audit) await this.#note(lease, toEnds(end, userKey, ids));
          await this.#record(lease, () => toEndedMessages(end.reason, userKey, ids));
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
    this.#cleanup.tell(end.now);
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
            await this.#endAll(lease, ids, end);
            const users = groupByUser(sessions);
            await this.#trim(lease, [...users.keys()].map(encodeUserKey), end.tombstones);
            if (this.audit)
              await this.#note(
                lease,
                [...users].flatMap(([userKey, own]) => toEnds(end, userKey, own)),
              );
            await this.#record(lease, () =>
              [...users].flatMap(([userKey, own]) => toEndedMessages(end.reason, userKey, own)),
            );
            return ids;
          }),
        ),
    );
  }

  deleteTombstones(userKey: string): Promise<number> {
    return this.#client.operation(async (lease) => {
      // Otherwise the gaps between the user's rows would be locked, and logins would wait.
      await lease.readCommitted();
      return (await lease.run(this.#statements.deleteTombstones(userKey))).affected;
    });
  }

  async scan(page: ScanPage): Promise<ScanResult> {
    this.#cleanup.tell(page.now);
    return scanNewestFirst(
      page,
      async (range) => {
        const [row] = await this.#read(this.#statements.scanEnd(range, page.filter));
        return row && { createdAt: Number(row[0]), id: String(row[1]) };
      },
      async (range) => (await this.#read(this.#statements.scan(range, page))).map(toSessionRecord),
    );
  }

  async count(now: number): Promise<SessionCount> {
    this.#cleanup.tell(now);
    const [row = []] = await this.#read(this.#statements.count(now, MOST_COUNTED));
    const [rows, live] = [Number(row[0]), Number(row[1])];
    if (rows < MOST_COUNTED) return { count: live, isExact: true };
    return { count: Math.round(live / toShareOfIds(String(row[2]))), isExact: false };
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
        ...(warnings.length > 0 && { warnings }),
      };
    });
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    // `READ COMMITTED`, as every transaction here: otherwise the gap before the first live session would be locked, and
    // logins that insert there would wait.
    const until = now + CLAIM_TIME;
    const { removed, sessions } = await this.#client.operation((lease) =>
      lease.transaction(async () => {
        const rows = await lease.rows(this.#statements.expired(now, limit));
        await this.#delete(lease, rows);
        if (this.audit) await this.#note(lease, toExpiredSessions(rows).map(toExpiry));
        const sessions = this.#cleanup.hasListeners
          ? await this.#claim(lease, rows, { now, limit, until })
          : [];
        return { removed: rows.length, sessions };
      }),
    );
    try {
      this.#cleanup.report(sessions);
    } finally {
      // Also after an error of a listener: the others would otherwise be called again and again.
      if (sessions.length > 0) await this.#deleteReported(sessions, until);
    }
    let more = this.#pushes;
    while (more) more = (await this.#deleteEvents(limit)) >= Math.max(limit, 1);
    return removed;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  #read(statement: Sql): Promise<ReadonlyArray<readonly unknown[]>> {
    return this.#client.operation((lease) => lease.rows(statement));
  }

  async #claimCleanup(now: number, apart: number): Promise<boolean> {
    const claim = this.#statements.claimCleanup(now, apart);
    const { affected } = await this.#client.operation((lease) => lease.run(claim));
    return affected > 0;
  }

  /**
   * Keeps the sessions among removed rows in the table of ends, and adds those that another process has claimed and not reported.
   * Returns all of them.
   */
  async #claim(
    lease: MysqlLease,
    removed: ReadonlyArray<readonly unknown[]>,
    { now, limit, until }: { readonly now: number; readonly limit: number; readonly until: number },
  ): Promise<readonly ExpiredSession[]> {
    const unclaimed = await lease.rows(this.#statements.unclaimedEnds(now, limit));
    const sessions = toExpiredSessions([...removed, ...unclaimed]);
    for (let from = 0; from < sessions.length; from += MAX_LIST_LENGTH)
      await lease.run(this.#statements.insertEnds(sessions.slice(from, from + MAX_LIST_LENGTH), until));
    return sessions;
  }

  async #deleteReported(sessions: readonly ExpiredSession[], until: number): Promise<void> {
    const ids = sessions.map(({ id }) => id);
    await this.#client.operation((lease) =>
      lease.transaction(async () => {
        for (let from = 0; from < ids.length; from += MAX_LIST_LENGTH)
          await lease.run(this.#statements.deleteEnds(ids.slice(from, from + MAX_LIST_LENGTH), until));
      }),
    );
  }

  /** Removes up to `limit` old events. Returns the number of removed events. */
  #deleteEvents(limit: number): Promise<number> {
    return this.#client.operation(async (lease) => {
      const [row] = await lease.rows(this.#statements.oldEvents(limit));
      const newest = Number(row?.[0] ?? 0);
      return newest ? (await lease.run(this.#statements.deleteEvents(newest))).affected : 0;
    });
  }

  async #note(lease: MysqlLease, rows: readonly TrailRow[]): Promise<void> {
    await this.audit?.note(lease, rows);
  }

  /** Records events as the last step of a transaction. */
  async #record(lease: MysqlLease, createMessages: () => readonly string[]): Promise<void> {
    const messages = this.#pushes ? createMessages() : [];
    if (messages.length > 0) await lease.run(this.#statements.insertEvents(messages));
  }

  /** Ends a session in a transaction. Its row is locked before its event gets a number, so events are in order. */
  async #endAndRecord(
    lease: MysqlLease,
    id: string,
    end: End,
    owner: string | undefined,
  ): Promise<"deleted" | "not_found" | "not_owner"> {
    const [row] = await lease.rows(this.#statements.lockSession(id));
    if (!row) return "not_found";
    const userKey = String(row[0]);
    if (owner !== undefined && userKey !== owner) return "not_owner";
    await lease.run(this.#statements.end(id, end, undefined), true);
    if (this.audit) await this.#note(lease, toEnds(end, userKey, [id]));
    await this.#record(lease, () => toEndedMessages(end.reason, userKey, [id]));
    return "deleted";
  }

  async #lock(lease: MysqlLease, userKey: string): Promise<void> {
    const [slot] = await lease.rows(this.#statements.lock(userKey));
    if (!slot)
      throw new SessionError(
        "ERR_STORE",
        "mysqlStore: the table of slots lacks rows. Run the INSERT statements of migrationSql() again.",
      );
  }

  /** Ends these sessions. Throws `OvertakenError` if one of them has ended already. */
  async #endAll(lease: MysqlLease, ids: readonly string[], end: End): Promise<void> {
    for (let from = 0; from < ids.length; from += MAX_LIST_LENGTH) {
      const listed = ids.slice(from, from + MAX_LIST_LENGTH);
      const { affected } = await lease.run(this.#statements.endAll(listed, end));
      if (affected !== listed.length) throw new OvertakenError();
    }
  }

  /** Removes the records whose ids are in the first column. A record may have been removed already. */
  async #delete(lease: MysqlLease, rows: ReadonlyArray<readonly unknown[]>): Promise<void> {
    const ids = rows.map(([id]) => String(id));
    for (let from = 0; from < ids.length; from += MAX_LIST_LENGTH)
      await lease.run(this.#statements.delete(ids.slice(from, from + MAX_LIST_LENGTH)));
  }

  /** Removes each user's tombstones beyond the limit. */
  async #trim(
    lease: MysqlLease,
    users: ReadonlyArray<Uint8Array | Sql>,
    tombstones: End["tombstones"],
  ): Promise<void> {
    if (!tombstones || users.length === 0) return;
    await this.#delete(lease, await lease.rows(this.#statements.tombstonesBeyond(users, tombstones.max)));
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

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * Returns the share of all ids that are not after this one. Ids begin with a hash of the user key, and the rest is random, so the
 * sessions up to an id are a sample.
 */
function toShareOfIds(id: string): number {
  let share = 0;
  for (const character of id.slice(0, 8).split("").reverse())
    share = (share + DIGITS.indexOf(character)) / DIGITS.length;
  return share;
}

function toBeginning(record: SessionRecord, { now: at, by }: CreateOptions): TrailRow {
  const { id, userKey } = record;
  return { at, kind: "begun", id, userKey, note: toBeginNote(record, by) };
}

function toEnds({ now: at, reason, by }: End, userKey: string, ids: readonly string[]): readonly TrailRow[] {
  return ids.map((id) => ({
    at,
    kind: "ended",
    id,
    userKey,
    reason,
    ...(by && { note: JSON.stringify(by) }),
  }));
}

function toExpiry({ id, userKey, expiresAt, deadline }: ExpiredSession): TrailRow {
  return { at: expiresAt, kind: "ended", id, userKey, reason: expiresAt < deadline ? "idle" : "expired" };
}
