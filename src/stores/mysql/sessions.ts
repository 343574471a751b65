import { SessionError } from "../../errors.ts";
import type {
  CreateOptions,
  End,
  ExpiredSession,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  UpdateOptions,
} from "../../store.ts";
import { Cleanup, type CleanupOptions, DATABASE_CLEANUP } from "../shared/cleanup.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { encodeUserKey, orderByIds } from "../shared/rows.ts";
import { endInSteps, stepThroughIds } from "../shared/steps.ts";
import { errnoOf, type MysqlClient, type MysqlLease, Overtaken } from "./client.ts";
import { expiredOfRow, recordOfRow, textOf } from "./rows.ts";
import { migrate, migrationSql, type Names, NO_SUCH_COLUMN, NO_SUCH_TABLE } from "./schema.ts";
import type { Sql } from "./sql.ts";
import { CROWD, Statements } from "./statements.ts";

/** So many sessions of a user end in one transaction: the thousand that the manager's default lets a user have. */
const ENDED_AT_ONCE = 1_000;
/** MariaDB makes a table of its own of a list that is twice as long, and then looks at every session there is. */
const LIST = 500;
const DUPLICATE = 1062;

/** The store: each operation is one statement, or one transaction. */
export class MysqlSessions implements Store {
  readonly #client: MysqlClient;
  readonly #names: Names;
  readonly #statements: Statements;
  readonly #lookups = new Lookups((ids) => this.fetchByIds(ids));
  readonly #cleanup: Cleanup;

  constructor(client: MysqlClient, names: Names, options: CleanupOptions) {
    this.#client = client;
    this.#names = names;
    this.#statements = new Statements(names);
    this.#cleanup = new Cleanup(options, {
      ...DATABASE_CLEANUP,
      claim: (now, apart) => this.#claimCleanup(now, apart),
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async migrate(): Promise<void> {
    await migrate(this.#client, this.#names);
  }

  migrationSql(): string {
    return migrationSql(this.#names);
  }

  async create(
    record: SessionRecord,
    options: CreateOptions,
  ): Promise<{ readonly evicted: readonly string[] }> {
    const { now, limit, replaces } = options;
    this.#cleanup.tell(now);
    this.#cleanup.start();
    if (replaces === undefined) {
      const { affected } = await this.#inserting(async (lease) => {
        if (!limit) return lease.run(this.#statements.insertBeside(record));
        await lease.readCommitted();
        return lease.run(this.#statements.insertWithin(record, now, limit));
      });
      if (affected) return { evicted: [] };
    }
    const evicted: string[] = [];
    for (;;) {
      const step = await this.#inserting((lease) =>
        lease.transaction(() => this.#replace(lease, record, options)),
      );
      evicted.push(...step.evicted);
      if (step.done) return { evicted };
    }
  }

  /** Ends those that `record` takes the place of, and then begins; not done where more have to go than go at once. */
  async #replace(
    lease: MysqlLease,
    record: SessionRecord,
    { now, limit, replaces = "", tombstones }: CreateOptions,
  ): Promise<{ readonly evicted: readonly string[]; readonly done: boolean }> {
    await this.#lock(lease, record.userKey);
    const most = ENDED_AT_ONCE + 1;
    const crowd = await lease.rows(this.#statements.crowd(record, now, limit, replaces, most));
    const those = (kind: number) =>
      crowd.flatMap(([each, id]) => (Number(each) === kind ? [textOf(id)] : []));
    if (those(CROWD.duplicate).length > 0) throw duplicateError("mysqlStore");
    const evicted = those(CROWD.beyond).slice(0, ENDED_AT_ONCE);
    if (limit?.onExceed === "refuse" && evicted.length > 0) throw limitError(limit.max);
    const done = those(CROWD.beyond).length < most;
    const replaced = done ? those(CROWD.replaced) : [];
    const end = { now, ...(tombstones && { tombstones }) };
    await this.#endThese(lease, replaced, { ...end, reason: "logout" });
    await this.#endThese(lease, evicted, { ...end, reason: "evicted" });
    if (replaced.length + evicted.length > 0)
      await this.#trim(lease, [encodeUserKey(record.userKey)], tombstones);
    if (done) await lease.run(this.#statements.insert(record));
    return { evicted, done };
  }

  fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#lookups.fetch(id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    // Lists of all lengths would be as many prepared statements.
    const often = ids.length <= LIST;
    const asked = often ? padded(ids) : ids;
    const rows = await this.#operation((lease) => lease.rows(this.#statements.byIds(asked), often));
    return orderByIds(ids, rows.map(recordOfRow));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#cleanup.tell(now);
    const rows = await this.#operation((lease) =>
      lease.rows(this.#statements.page(userKey, now, limit, before)),
    );
    return rows.map(recordOfRow);
  }

  async update(
    id: string,
    change: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#cleanup.tell(now);
    return this.#operation(async (lease) => {
      const { told } = await lease.run(this.#statements.update(id, change, now, ifRevision), true);
      if (told) return "updated";
      return ifRevision !== undefined && (await this.#isLive(lease, id, now)) ? "conflict" : "not_found";
    });
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#cleanup.tell(end.now);
    const outcome = await this.#operation(async (lease) => {
      const { affected } = await lease.run(this.#statements.end(id, end, owner), true);
      if (affected) return "deleted";
      const { length } = owner === undefined ? [] : await lease.rows(this.#statements.isThere(id));
      return length > 0 ? "not_owner" : "not_found";
    });
    // By itself: if it has to be tried again, the session has ended all the same.
    if (outcome === "deleted" && end.tombstones)
      await this.#operation((lease) => this.#trim(lease, [this.#statements.userOf(id)], end.tombstones));
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
      this.#operation((lease) =>
        lease.transaction(async () => {
          await this.#lock(lease, userKey);
          // One more, to see whether there are any.
          const rows = await lease.rows(this.#statements.idsOf(userKey, ENDED_AT_ONCE + 1, before));
          const found = rows.map(([id, createdAt]) => ({ id: textOf(id), createdAt: Number(createdAt) }));
          const step = found.slice(0, ENDED_AT_ONCE);
          const ids = step.flatMap(({ id }) => (excepted.has(id) ? [] : [id]));
          await this.#endThese(lease, ids, end);
          if (ids.length > 0) await this.#trim(lease, [encodeUserKey(userKey)], end.tombstones);
          return { ids, next: found.length > step.length ? step.at(-1) : undefined };
        }),
      ),
    );
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    const rows = await this.#operation((lease) => lease.rows(this.#statements.byLink(link, limit)));
    return rows.map(recordOfRow);
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#cleanup.tell(end.now);
    return stepThroughIds(
      (after) =>
        this.#operation(async (lease) => {
          const [row] = await lease.rows(this.#statements.idBehind(after, LIST));
          return row && textOf(row[0]);
        }),
      (after, last) =>
        this.#operation((lease) =>
          lease.transaction(async () => {
            const rows = await lease.rows(this.#statements.idsCreatedBefore(createdAt, after, last));
            const ids = rows.map(([id]) => textOf(id));
            await this.#endThese(lease, ids, end);
            const users = new Set(rows.map(([, userKey]) => textOf(userKey)));
            await this.#trim(lease, [...users].map(encodeUserKey), end.tombstones);
            return ids;
          }),
        ),
    );
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    // `READ COMMITTED`: else it would lock the gap before the first that lives, and those who begin in it would wait.
    const rows = await this.#operation((lease) =>
      lease.transaction(async () => {
        const rows = await lease.rows(this.#statements.expired(now, limit));
        await this.#delete(
          lease,
          rows.map(([id]) => textOf(id)),
        );
        return rows;
      }),
    );
    this.#cleanup.report(rows.filter(([, , , , endedAt]) => endedAt === null).map(expiredOfRow));
    return rows.length;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  async #claimCleanup(now: number, apart: number): Promise<boolean> {
    const claim = this.#statements.claimCleanup(now, apart);
    const { affected } = await this.#operation((lease) => lease.run(claim));
    return affected > 0;
  }

  async #lock(lease: MysqlLease, userKey: string): Promise<void> {
    const [slot] = await lease.rows(this.#statements.lock(userKey));
    if (!slot)
      throw new SessionError("ERR_STORE", "mysqlStore: rows of the table of slots are missing; restore it");
  }

  /** Exactly these, and all of them. */
  async #endThese(lease: MysqlLease, ids: readonly string[], end: End): Promise<void> {
    for (let from = 0; from < ids.length; from += LIST) {
      const some = ids.slice(from, from + LIST);
      const { affected } = await lease.run(this.#statements.endThese(some, end));
      if (affected !== some.length) throw new Overtaken();
    }
  }

  /** Removes these, and those of them that others have removed meanwhile are no matter. */
  async #delete(lease: MysqlLease, ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += LIST)
      await lease.run(this.#statements.delete(ids.slice(from, from + LIST)));
  }

  /** Removes the tombstones that these users have beyond the bound. */
  async #trim(
    lease: MysqlLease,
    users: ReadonlyArray<Uint8Array | Sql>,
    tombstones: End["tombstones"],
  ): Promise<void> {
    if (!tombstones || users.length === 0) return;
    const beyond = await lease.rows(this.#statements.tombstonesBeyond(users, tombstones.max));
    await this.#delete(
      lease,
      beyond.map(([id]) => textOf(id)),
    );
  }

  async #isLive(lease: MysqlLease, id: string, now: number): Promise<boolean> {
    return (await lease.rows(this.#statements.isLive(id, now))).length > 0;
  }

  async #inserting<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#operation(work);
    } catch (error) {
      throw errnoOf(error) === DUPLICATE ? duplicateError("mysqlStore") : error;
    }
  }

  async #operation<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#client.operation(work);
    } catch (error) {
      const state = STATES.get(errnoOf(error));
      if (state === undefined) throw error;
      const message = `mysqlStore: the table is ${state}; call the store's migrate() once, before it is used`;
      throw new SessionError("ERR_STORE", message, { cause: error });
    }
  }
}

const STATES: ReadonlyMap<unknown, string> = new Map([
  [NO_SUCH_TABLE, "missing"],
  [NO_SUCH_COLUMN, "of an earlier release"],
]);

/** As many as a power of two, the last of them several times. */
function padded(ids: readonly string[]): readonly string[] {
  const length = 2 ** Math.ceil(Math.log2(ids.length));
  return Array.from({ length }, (_, index) => ids[Math.min(index, ids.length - 1)] ?? "");
}
