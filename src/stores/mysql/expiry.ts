import type { ExpiredSession } from "../../store.ts";
import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import { toExpiredSessions } from "../shared/rows.ts";
import type { MysqlClient, MysqlLease } from "./client.ts";
import type { MysqlEnds } from "./ends.ts";
import { inLists, type MysqlStatements } from "./statements.ts";
import type { MysqlSteps } from "./steps.ts";
import { toExpiry } from "./trail-rows.ts";

/** The settings of a `MysqlExpiry`. */
export interface MysqlExpiryOptions {
  readonly cleanup: ParsedCleanup;
  /** Whether the store records events, of which old ones are removed. */
  readonly pushes: boolean;
}

/** Removes expired records and old events, and reports the sessions among the records. */
export class MysqlExpiry {
  readonly cleanup: Cleanup;
  readonly #client: MysqlClient;
  readonly #statements: MysqlStatements;
  readonly #ends: MysqlEnds;
  readonly #steps: MysqlSteps;
  readonly #pushes: boolean;

  constructor(
    client: MysqlClient,
    statements: MysqlStatements,
    ends: MysqlEnds,
    steps: MysqlSteps,
    { cleanup, pushes }: MysqlExpiryOptions,
  ) {
    this.#client = client;
    this.#statements = statements;
    this.#ends = ends;
    this.#steps = steps;
    this.#pushes = pushes;
    this.cleanup = new Cleanup(cleanup, {
      ...DATABASE_CLEANUP,
      claim: async (now, apart) => {
        const claim = statements.claimCleanup(now, apart);
        return (await client.operation((lease) => lease.run(claim))).affected > 0;
      },
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    const until = now + CLAIM_TIME;
    const { removed, sessions } = await this.#remove(now, limit, until);
    try {
      this.cleanup.report(sessions);
    } finally {
      // Also after an error of a listener: the others would otherwise be called again and again.
      if (sessions.length > 0) await this.#forget(sessions, until);
    }
    let more = this.#pushes;
    while (more) more = (await this.#deleteEvents(limit)) >= Math.max(limit, 1);
    return removed;
  }

  /** Removes expired records, and claims the sessions to report. Without listeners there are none. */
  #remove(
    now: number,
    limit: number,
    until: number,
  ): Promise<{ readonly removed: number; readonly sessions: readonly ExpiredSession[] }> {
    // `READ COMMITTED`, as every transaction here: otherwise the gap before the first live session would be locked, and
    // logins that insert there would wait.
    return this.#client.operation((lease) =>
      lease.transaction(async () => {
        const rows = await lease.rows(this.#ends.expired(now, limit));
        await this.#steps.delete(lease, rows);
        const expired = toExpiredSessions(rows);
        await this.#steps.note(lease, () => expired.map(toExpiry));
        const sessions = this.cleanup.hasListeners
          ? await this.#claim(lease, expired, now, limit, until)
          : [];
        return { removed: rows.length, sessions };
      }),
    );
  }

  /** Claims sessions that were removed, and those that another process has claimed and not reported. Returns all of them. */
  async #claim(
    lease: MysqlLease,
    removed: readonly ExpiredSession[],
    now: number,
    limit: number,
    until: number,
  ): Promise<readonly ExpiredSession[]> {
    const unclaimed = toExpiredSessions(await lease.rows(this.#ends.unclaimed(now, limit)));
    const sessions = [...removed, ...unclaimed];
    for (const some of inLists(sessions)) await lease.run(this.#ends.claim(some, until));
    return sessions;
  }

  async #forget(sessions: readonly ExpiredSession[], until: number): Promise<void> {
    const ids = sessions.map(({ id }) => id);
    await this.#client.operation((lease) =>
      lease.transaction(async () => {
        for (const some of inLists(ids)) await lease.run(this.#ends.forget(some, until));
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
}
