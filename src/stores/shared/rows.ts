import { CLAIM_PREFIX, type EndReason, type ExpiredSession, type SessionRecord } from "../../store.ts";

/** The columns of the table, in the order of the values in a row. */
export const COLUMNS = [
  "id",
  "user_key",
  "revision",
  "created_at",
  "last_seen_at",
  "expires_at",
  "deadline",
  "ended_at",
  "ended_reason",
  "data",
  "link",
] as const;

/** The columns of removed rows that `toExpiredSessions` reads, in order. */
export const EXPIRED_COLUMNS = ["id", "user_key", "expires_at", "deadline", "ended_at"] as const;

/**
 * The user key of a session that waits to be reported although its user was erased. An empty one would not do: node:sqlite of Node 22
 * stores NULL for it, and libsql crashes the process when it reads one.
 */
export const ERASED: string = `${CLAIM_PREFIX}erased`;

/** A value that a statement stores or compares. */
export type SqlValue = string | number | Uint8Array | null;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Returns a user key as bytes: collations, encodings and NUL do not affect those. */
export function encodeUserKey(userKey: string): Uint8Array {
  return encoder.encode(userKey);
}

/** Returns the user key in bytes. Drivers return them as a view or as an `ArrayBuffer`. */
export function decodeUserKey(bytes: unknown): string {
  return decoder.decode(bytes as Uint8Array | ArrayBuffer);
}

/**
 * Returns the record in a row, as a new object. `values` are in the order of `COLUMNS`. Drivers may return 64-bit integers
 * as text or bigint, and text as a `Buffer`.
 */
export function toSessionRecord(values: readonly unknown[]): SessionRecord {
  const [id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, at, reason, data, link] = values;
  return {
    id: String(id),
    userKey: decodeUserKey(userKey),
    revision: Number(revision),
    createdAt: Number(createdAt),
    lastSeenAt: Number(lastSeenAt),
    expiresAt: Number(expiresAt),
    deadline: Number(deadline),
    ...(at !== null && { ended: { at: Number(at), reason: String(reason) as EndReason } }),
    ...(link !== null && { link: String(link) }),
    // Stored as text: a database's own JSON type loses numbers, order or keys.
    data: JSON.parse(String(data)),
  };
}

/** Returns the values that store a record, in the order of `COLUMNS`. */
export function toRowValues(record: SessionRecord): SqlValue[] {
  return [
    record.id,
    encodeUserKey(record.userKey),
    record.revision,
    record.createdAt,
    record.lastSeenAt,
    record.expiresAt,
    record.deadline,
    record.ended?.at ?? null,
    record.ended?.reason ?? null,
    JSON.stringify(record.data),
    record.link ?? null,
  ];
}

/** Returns the sessions among removed rows, without the tombstones. The values are in the order of `EXPIRED_COLUMNS`. */
export function toExpiredSessions(rows: ReadonlyArray<readonly unknown[]>): ExpiredSession[] {
  return rows
    .filter(([, , , , endedAt]) => endedAt === null)
    .map(([id, key, expiresAt, deadline]) => {
      const userKey = decodeUserKey(key);
      const times = { expiresAt: Number(expiresAt), deadline: Number(deadline) };
      return { id: String(id), ...(userKey !== ERASED && { userKey }), ...times };
    });
}

/** Returns the records in the order of `ids`, with `undefined` for a missing one. */
export function orderByIds(
  ids: readonly string[],
  records: readonly SessionRecord[],
): ReadonlyArray<SessionRecord | undefined> {
  const byId = new Map(records.map((record) => [record.id, record]));
  return ids.map((id) => byId.get(id));
}
