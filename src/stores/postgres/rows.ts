import { Buffer } from "node:buffer";
import { CLAIM_PREFIX, type SessionRecord } from "../../store.ts";
import { COLUMNS, toSessionRecord } from "../shared/rows.ts";

export const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC";
/** Leaves out claims. A range, because the planner has statistics about ranges and not about `substr`. */
export const NO_CLAIM: string = `(user_key < ${toBytes(CLAIM_PREFIX)} OR user_key >= ${toBytes(CLAIM_PREFIX.replace(/ $/, "!"))})`;

/**
 * Returns a list of columns for a statement, with the user key as hexadecimal text. That text does not depend on `bytea_output`
 * or on how the app's client parses bytes.
 */
export function withUserKeyAsHex(columns: readonly string[]): string {
  return columns.join(", ").replace("user_key", "encode(user_key, 'hex')");
}

/** Returns a row of `withUserKeyAsHex` with the user key as bytes. */
export function withUserKeyAsBytes(row: readonly unknown[], columns: readonly string[]): readonly unknown[] {
  const index = columns.indexOf("user_key");
  const hex = row[index];
  return row.with(index, hex === null ? null : Buffer.from(String(hex), "hex"));
}

/** Returns the records in rows of all columns. */
export function toRecords(rows: ReadonlyArray<readonly unknown[]>): SessionRecord[] {
  return rows.map((row) => toSessionRecord(withUserKeyAsBytes(row, COLUMNS)));
}

/** Returns a text as an SQL expression of its bytes. */
export function toBytes(text: string): string {
  return `decode('${Buffer.from(text).toString("hex")}', 'hex')`;
}
