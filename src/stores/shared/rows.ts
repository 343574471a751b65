import type { EndReason, ExpiredSession, SessionRecord } from "../../store.ts";

/** The columns of the table, in the order of `toRowValues`. */
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

/** A number as drivers give it: some have 64-bit ones as text or bigint. All of ours are below 2^53. */
type Whole = number | bigint | string;

/** A row as drivers give it. User keys are bytes: no collation, no encoding and no NUL can come between. */
export interface Row {
  readonly id: string;
  readonly user_key: Uint8Array | ArrayBuffer;
  readonly revision: Whole;
  readonly created_at: Whole;
  readonly last_seen_at: Whole;
  readonly expires_at: Whole;
  readonly deadline: Whole;
  readonly ended_at: Whole | null;
  readonly ended_reason: string | null;
  /** JSON as text: a database's own JSON would lose numbers, order, or keys. */
  readonly data: string;
  readonly link: string | null;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function encodeUserKey(userKey: string): Uint8Array {
  return encoder.encode(userKey);
}

/** A copy of what is stored: whoever changes it changes nothing inside. */
export function toSessionRecord(row: Row): SessionRecord {
  const { ended_at, ended_reason, link } = row;
  return {
    id: row.id,
    userKey: decoder.decode(row.user_key),
    revision: Number(row.revision),
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    expiresAt: Number(row.expires_at),
    deadline: Number(row.deadline),
    ...(ended_at !== null && { ended: { at: Number(ended_at), reason: ended_reason as EndReason } }),
    ...(link !== null && { link }),
    data: JSON.parse(row.data),
  };
}

/** What is stored of a record, in the order of `COLUMNS`. */
export function toRowValues(record: SessionRecord): Array<string | number | Uint8Array | null> {
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

/** The columns of removed rows that `toExpiredSessions` reads. */
export const EXPIRED_COLUMNS = ["id", "user_key", "expires_at", "deadline", "ended_at"] as const;

/** Returns the sessions among removed rows, without the tombstones. */
export function toExpiredSessions(
  rows: ReadonlyArray<Pick<Row, (typeof EXPIRED_COLUMNS)[number]>>,
): ExpiredSession[] {
  return rows
    .filter(({ ended_at }) => ended_at === null)
    .map(({ id, user_key, expires_at, deadline }) => ({
      id,
      userKey: decoder.decode(user_key),
      expiresAt: Number(expires_at),
      deadline: Number(deadline),
    }));
}

/** The records in the order in which they were asked for; what is not there is `undefined`. */
export function orderByIds(
  ids: readonly string[],
  records: readonly SessionRecord[],
): ReadonlyArray<SessionRecord | undefined> {
  const byId = new Map(records.map((record) => [record.id, record]));
  return ids.map((id) => byId.get(id));
}
