import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import { EXPIRED_COLUMNS, toExpiredSessions } from "../shared/rows.ts";
import type { RunPostgres } from "./client.ts";
import type { PostgresEnds, Removal } from "./ends.ts";
import { withUserKeyAsBytes } from "./rows.ts";

/** Removes expired records, and reports the sessions among them. */
export class PostgresExpiry {
  readonly cleanup: Cleanup;
  readonly #ends: PostgresEnds;
  readonly #run: RunPostgres;

  /** `run` executes a statement, and returns its rows. */
  constructor(ends: PostgresEnds, options: ParsedCleanup, run: RunPostgres) {
    this.#ends = ends;
    this.#run = run;
    this.cleanup = new Cleanup(options, {
      ...DATABASE_CLEANUP,
      // One process at a time cleans up: the statement removes nothing without the lock.
      remove: (now, limit) => this.#remove(ends.removeInTurn, now, limit),
    });
  }

  deleteExpired(now: number, limit: number): Promise<number> {
    return this.#remove(this.#ends.removeAlways, now, limit);
  }

  async #remove({ silently, claiming }: Removal, now: number, limit: number): Promise<number> {
    if (!this.cleanup.hasListeners) return (await this.#run(silently, [now, limit])).length;
    const until = now + CLAIM_TIME;
    const rows = await this.#run(claiming, [now, limit, until]);
    const sessions = toExpiredSessions(rows.map((row) => withUserKeyAsBytes(row, EXPIRED_COLUMNS)));
    try {
      this.cleanup.report(sessions);
    } finally {
      // Also after an error of a listener: the others would otherwise be called again and again.
      const ids = sessions.map(({ id }) => id).join(",");
      if (ids) await this.#run(this.#ends.forget, [ids, until]);
    }
    return rows.filter(([, , , , , isRemoved]) => Number(isRemoved)).length;
  }
}
