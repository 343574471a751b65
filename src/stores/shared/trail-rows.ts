import type { PendingRow, StoredEntry, TrailState } from "../../audit/trail-store.ts";
import { decodeUserKey } from "./rows.ts";

/** How long a claim to seal may last, in milliseconds. A longer one comes from a wrong clock. */
export const LONGEST_TERM = 86_400_000;

/** The columns of a row that has no place in the chain yet, in the order in which `toPendingRow` reads them. */
export const PENDING_COLUMNS = ["number", "at", "kind", "session_id", "user_key", "reason", "note"] as const;

/** The columns of a row with an entry, in the order in which `toStoredEntry` reads them. */
export const ENTRY_COLUMNS = ["seq", "at", "user_key", "note"] as const;

/** The columns of the row with the end of the chain, in the order in which `toTrailState` reads them. */
export const STATE_COLUMNS = ["chain", "seq", "hash", "sent"] as const;

/** Returns a row that has no place in the chain yet. Drivers may return 64-bit integers as text, and text as a `Buffer`. */
export function toPendingRow(values: readonly unknown[]): PendingRow {
  const [number, at, kind, id, userKey, reason, note] = values;
  return {
    number: Number(number),
    at: Number(at),
    kind: String(kind),
    ...(id !== null && { id: String(id) }),
    ...(userKey !== null && { userKey: decodeUserKey(userKey) }),
    ...(reason !== null && { reason: String(reason) }),
    ...(note !== null && { note: String(note) }),
  };
}

/** Returns the entry in a row. */
export function toStoredEntry([seq, at, userKey, text]: readonly unknown[]): StoredEntry {
  return {
    seq: Number(seq),
    at: Number(at),
    ...(userKey !== null && { userKey: decodeUserKey(userKey) }),
    text: String(text),
  };
}

/** Returns the end of the chain. */
export function toTrailState([chain, seq, hash, sent]: readonly unknown[] = []): TrailState {
  return { chain: String(chain), seq: Number(seq), hash: String(hash), sent: Number(sent) };
}
