import { toBeginNote } from "../../audit/rows.ts";
import type { CreateOptions, End, SessionRecord } from "../../store.ts";
import { encodeUserKey } from "../shared/rows.ts";
import { isClaim } from "../shared/scan.ts";
import type { SqliteQuery } from "./engine.ts";
import type { SqliteNames } from "./schema.ts";
import { NO_CLAIM, type Part, toQuery } from "./sql.ts";

/**
 * A statement, the one that records its event if the store publishes, and the one that adds to the audit trail. Both precede it in
 * the same transaction.
 */
export interface RecordedQuery extends SqliteQuery {
  readonly event?: SqliteQuery;
  readonly entry?: SqliteQuery;
}

/** The time in seconds. `strftime` is in every version that a driver may have. */
export const SECONDS = "CAST(strftime('%s', 'now') AS INTEGER)";

/** The tables of a store, and whether the app wants events and an audit trail. */
export interface RecorderPlan {
  readonly names: SqliteNames;
  readonly pushes: boolean;
  readonly audits: boolean;
}

/** Adds to statements those that record their events and their entries of the audit trail. */
export class SqliteRecorder {
  readonly #table: string;
  /** The table of events, if the app wants them. */
  readonly #events: string | undefined;
  /** The table of the audit trail, if the app wants one. */
  readonly #audit: string | undefined;

  constructor({ names, pushes, audits }: RecorderPlan) {
    this.#table = names.table;
    this.#events = pushes ? names.events : undefined;
    this.#audit = audits ? names.audit : undefined;
  }

  /** Records a session that begins, under the conditions of the statement that inserts it. */
  recordBeginning(
    query: SqliteQuery,
    record: SessionRecord,
    { now, by }: CreateOptions,
    conditions: readonly Part[],
  ): RecordedQuery {
    if (!this.#audit || isClaim(record.userKey)) return query;
    const { id, userKey } = record;
    const values = [now, id, encodeUserKey(userKey), toBeginNote(record, by)];
    const entry = toQuery(
      [`${toInsertion(this.#audit)} SELECT ?, 'begun', ?, ?, NULL, ?`, ...values],
      [`WHERE NOT EXISTS (SELECT 1 FROM ${this.#table} WHERE id = ?)`, id],
      ...conditions,
      ["RETURNING number"],
    );
    return { ...query, entry };
  }

  /** Records that the data of the sessions that match is replaced. Without `change`, the audit trail gets no entry. */
  recordChange(
    query: SqliteQuery,
    where: readonly Part[],
    now: number,
    change: string | undefined,
  ): RecordedQuery {
    const message: Part = ["'[' || (revision + 1) || ',\"' || id || '\"]'"];
    const columns: Part | undefined =
      change === undefined ? undefined : ["?, ?, id, user_key, NULL, NULL", now, change];
    return { ...query, ...this.#toEvent(message, where), ...(columns && this.#toEntry(columns, where)) };
  }

  /** Records that the sessions that match end. */
  recordEnd(query: SqliteQuery, where: readonly Part[], { now, reason, by }: End): RecordedQuery {
    const message: Part = [
      `'["' || ? || '","' || hex(user_key) || '","' || group_concat(id, '","') || '"]'`,
      reason,
    ];
    const columns: Part = ["?, 'ended', id, user_key, ?, ?", now, reason, by ? JSON.stringify(by) : null];
    return {
      ...query,
      ...this.#toEvent(message, [...where, ["GROUP BY user_key"]]),
      ...this.#toEntry(columns, [...where, [`AND ${NO_CLAIM}`]]),
    };
  }

  #toEvent([message, ...values]: Part, where: readonly Part[]): { readonly event?: SqliteQuery } {
    if (!this.#events) return {};
    const insertion = `INSERT INTO ${this.#events} (at, message) SELECT ${SECONDS}, ${message}`;
    return { event: this.#toRecording([insertion, ...values], where) };
  }

  #toEntry([columns, ...values]: Part, where: readonly Part[]): { readonly entry?: SqliteQuery } {
    if (!this.#audit) return {};
    const insertion = `${toInsertion(this.#audit)} SELECT ${columns}`;
    return { entry: this.#toRecording([insertion, ...values], where) };
  }

  #toRecording(insertion: Part, where: readonly Part[]): SqliteQuery {
    return toQuery(insertion, [`FROM ${this.#table}`], ...where, ["RETURNING number"]);
  }
}

function toInsertion(audit: string): string {
  return `INSERT INTO ${audit} (at, kind, session_id, user_key, reason, note)`;
}
