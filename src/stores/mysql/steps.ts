import type { TrailRow } from "../../audit/trail-store.ts";
import { SessionError } from "../../errors.ts";
import type { CreateOptions, CreateResult, End, SessionRecord } from "../../store.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { toEndedMessages } from "../shared/push-messages.ts";
import { encodeUserKey } from "../shared/rows.ts";
import type { MysqlTrail } from "./audit.ts";
import { type MysqlLease, OvertakenError } from "./client.ts";
import type { Sql } from "./sql.ts";
import { CONFLICT, inLists, type MysqlStatements } from "./statements.ts";
import { toBeginning, toEnds } from "./trail-rows.ts";

/** The number of a user's sessions that end in one transaction: as many as the manager's default limit. */
export const MAX_ENDED_PER_STEP = 1_000;

/** The steps of transactions that begin and end sessions. */
export class MysqlSteps {
  readonly #statements: MysqlStatements;
  /** Whether each transaction that ends or changes sessions also records an event. */
  readonly #pushes: boolean;
  readonly #audit: MysqlTrail | undefined;

  constructor(statements: MysqlStatements, pushes: boolean, audit: MysqlTrail | undefined) {
    this.#statements = statements;
    this.#pushes = pushes;
    this.#audit = audit;
  }

  /** Adds rows to the audit trail, if the app wants one. */
  async note(lease: MysqlLease, createRows: () => readonly TrailRow[]): Promise<void> {
    await this.#audit?.note(lease, createRows());
  }

  /** Records events as the last step of a transaction. */
  async record(lease: MysqlLease, createMessages: () => readonly string[]): Promise<void> {
    const messages = this.#pushes ? createMessages() : [];
    if (messages.length > 0) await lease.run(this.#statements.insertEvents(messages));
  }

  /** Ends a session in a transaction. Its row is locked before its event gets a number, so events are in order. */
  async endOne(
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
    await this.note(lease, () => toEnds(end, userKey, [id]));
    await this.record(lease, () => toEndedMessages(end.reason, userKey, [id]));
    return "deleted";
  }

  /** Locks the user's slot: no other transaction begins or ends several of the user's sessions until this one ends. */
  async lock(lease: MysqlLease, userKey: string): Promise<void> {
    const [slot] = await lease.rows(this.#statements.lock(userKey));
    if (!slot)
      throw new SessionError(
        "ERR_STORE",
        "mysqlStore: the table of slots lacks rows. Run the INSERT statements of migrationSql() again.",
      );
  }

  /** Ends these sessions. Throws `OvertakenError` if one of them has ended already. */
  async endAll(lease: MysqlLease, ids: readonly string[], end: End): Promise<void> {
    for (const listed of inLists(ids)) {
      const { affected } = await lease.run(this.#statements.endAll(listed, end));
      if (affected !== listed.length) throw new OvertakenError();
    }
  }

  /** Removes the records whose ids are in the first column. A record may have been removed already. */
  async delete(lease: MysqlLease, rows: ReadonlyArray<readonly unknown[]>): Promise<void> {
    for (const ids of inLists(rows.map(([id]) => String(id)))) await lease.run(this.#statements.delete(ids));
  }

  /** Removes each user's tombstones beyond the limit. */
  async trim(
    lease: MysqlLease,
    users: ReadonlyArray<Uint8Array | Sql>,
    tombstones: End["tombstones"],
  ): Promise<void> {
    if (!tombstones || users.length === 0) return;
    await this.delete(lease, await lease.rows(this.#statements.tombstonesBeyond(users, tombstones.max)));
  }

  /**
   * Ends the sessions that `record` replaces or that exceed the limit, then inserts `record`. `done` is false when more
   * sessions must end than one transaction may end.
   */
  async replace(
    lease: MysqlLease,
    record: SessionRecord,
    options: CreateOptions,
  ): Promise<CreateResult & { readonly done: boolean }> {
    const { now, limit, replaces = "", tombstones } = options;
    await this.lock(lease, record.userKey);
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
    await this.endAll(lease, replaced, { ...end, reason: "logout" });
    await this.endAll(lease, evicted, { ...end, reason: "evicted" });
    if (replaced.length + evicted.length > 0)
      await this.trim(lease, [encodeUserKey(record.userKey)], tombstones);
    if (done) await lease.run(this.#statements.insert(record));
    await this.note(lease, () => [
      ...toEnds({ ...end, reason: "logout" }, record.userKey, replaced),
      ...toEnds({ ...end, reason: "evicted" }, record.userKey, evicted),
      ...(done ? [toBeginning(record, options)] : []),
    ]);
    await this.record(lease, () => [
      ...toEndedMessages("logout", record.userKey, replaced),
      ...toEndedMessages("evicted", record.userKey, evicted),
    ]);
    return { evicted, replaced: replaced.length > 0, done };
  }
}
