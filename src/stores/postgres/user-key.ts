import { Buffer } from "node:buffer";

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
