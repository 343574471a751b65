import { CLAIM_PREFIX, type SessionRecord } from "../../store.ts";
import { COLUMNS, encodeUserKey, type SqlValue, toSessionRecord } from "../shared/rows.ts";
import type { SqliteQuery, SqliteRow } from "./engine.ts";

/** A part of a statement and its values. */
export type Part = readonly [sql: string, ...values: SqlValue[]];

export const ALL_COLUMNS: string = COLUMNS.join(", ");
export const NOT_ENDED = "ended_at IS NULL";
/** A list as one value: some platforms limit a statement to 100 values. */
export const LIST = "(SELECT value FROM json_each(?))";

const CLAIM = encodeUserKey(CLAIM_PREFIX);
/** The user key with which claims begin, and the first one after those of claims, as literals. */
export const CLAIMS: Readonly<Record<"first" | "after", string>> = {
  first: toLiteral(CLAIM),
  after: toLiteral(CLAIM.with(-1, (CLAIM.at(-1) ?? 0) + 1)),
};
/** Matches records that are no claims. The function keeps SQLite from searching by the user key. */
export const NO_CLAIM: string = `substr(user_key, 1, ${CLAIM.length}) <> ${CLAIMS.first}`;

/** Joins parts of a statement. */
export function joinParts(parts: readonly Part[], separator: string): Part {
  return [parts.map(([sql]) => sql).join(separator), ...parts.flatMap(([, ...values]) => values)];
}

/** Returns the statement of these parts, without those that are absent. */
export function toQuery(...parts: ReadonlyArray<Part | false | undefined>): SqliteQuery {
  const [sql, ...values] = joinParts(
    parts.filter((part) => !!part),
    " ",
  );
  return { sql, values };
}

/** Returns the record in a row of all columns. */
export function toRecord(row: SqliteRow): SessionRecord {
  return toSessionRecord(COLUMNS.map((column) => row[column]));
}

function toLiteral(bytes: Uint8Array): string {
  return `X'${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}'`;
}
