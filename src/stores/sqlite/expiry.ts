import type { ExpiredSession, MaybePromise } from "../../store.ts";
import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import { type ClaimedSession, type SqliteEnds, toClaimedSessions } from "./ends.ts";
import { pause, type SqliteEngine, type SqliteQuery, type SqliteRow } from "./engine.ts";
import type { SqliteStatements } from "./statements.ts";

/** Reports sessions that expired. */
export type Report = (sessions: readonly ExpiredSession[]) => MaybePromise<void>;

/** The settings of a `SqliteExpiry`. */
export interface SqliteExpiryOptions {
  readonly cleanup: ParsedCleanup;
  /** Whether the removal adds the ends of sessions to an audit trail. */
  readonly audits: boolean;
}

/** Removes expired records and old events, and reports the sessions among the records. */
export class SqliteExpiry {
  readonly cleanup: Cleanup;
  readonly #engine: SqliteEngine;
  readonly #statements: SqliteStatements;
  readonly #ends: SqliteEnds;
  readonly #audits: boolean;
  /** The sessions that have been reported and not been forgotten. */
  readonly #reported = new Set<ClaimedSession>();

  constructor(
    engine: SqliteEngine,
    statements: SqliteStatements,
    ends: SqliteEnds,
    { cleanup, audits }: SqliteExpiryOptions,
  ) {
    this.#engine = engine;
    this.#statements = statements;
    this.#ends = ends;
    this.#audits = audits;
    this.cleanup = new Cleanup(cleanup, {
      ...DATABASE_CLEANUP,
      // No caller waits for a cleanup, so its steps are smaller than those of the operations.
      batch: Math.min(DATABASE_CLEANUP.batch, engine.maxPerStep / 5),
      claim: async (now, apart) => {
        const [claimed = []] = await engine.write([statements.claimCleanup(now, apart)]);
        return claimed.length > 0;
      },
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  /** Removes expired records, and reports the sessions among them to the listeners. */
  async deleteExpired(now: number, limit: number): Promise<number> {
    const failures: unknown[] = [];
    const report: Report = (sessions) => {
      try {
        this.cleanup.report(sessions);
      } catch (error) {
        // The listeners have been called. Another call would not help.
        failures.push(error);
      }
    };
    const removed = await this.removeExpired(now, limit, this.cleanup.hasListeners ? report : undefined);
    if (failures.length > 0) throw failures[0];
    return removed;
  }

  /**
   * Removes expired records, and reports the sessions among them, if there is a `report`. If it fails or the process dies before,
   * a later call reports the sessions again, in any process: one that receives a time at least a minute later.
   */
  async removeExpired(now: number, limit: number, report?: Report): Promise<number> {
    // They are still there if the statement that should have removed them failed.
    if (this.#reported.size > 0) await this.#forgetReported();
    const remove = this.#ends.remove(now, limit);
    const claim = this.#ends.claim(now, limit);
    const deleteEvents = this.#statements.deleteEvents(limit);
    const enter = this.#audits ? [this.#ends.enter(now, limit)] : [];
    const note = report ? [this.#ends.note(now, limit)] : [];
    const queries = [...enter, ...note, remove, ...(report ? [claim] : []), ...deleteEvents];
    const answers = await this.#engine.write(queries);
    const readAnswer = (query: SqliteQuery | undefined) =>
      answers.find((_, index) => queries[index] === query) ?? [];
    if (report) await this.#report(readAnswer(claim), claim, limit, report);
    for (let events = readAnswer(deleteEvents[0]); events.length > 0 && events.length >= limit; ) {
      await pause(0);
      [events = []] = await this.#engine.write(deleteEvents);
    }
    return readAnswer(remove).length;
  }

  /** Reports claimed sessions and forgets them. Claims more as long as there are `limit` of them at a time. */
  async #report(
    first: readonly SqliteRow[],
    claim: SqliteQuery,
    limit: number,
    report: Report,
  ): Promise<void> {
    for (let rows = first; rows.length > 0; ) {
      const claimed = toClaimedSessions(rows);
      await report(claimed.map(({ session }) => session));
      for (const each of claimed) this.#reported.add(each);
      await this.#forgetReported();
      if (rows.length < limit) return;
      [rows = []] = await this.#engine.write([claim]);
    }
  }

  async #forgetReported(): Promise<void> {
    const reported = [...this.#reported];
    await this.#engine.write([this.#ends.forget(reported)]);
    for (const each of reported) this.#reported.delete(each);
  }
}
