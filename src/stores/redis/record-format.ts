import type { EndReason, SessionRecord } from "../../store.ts";

/**
 * A stored record: one JSON array, which a GET and one `JSON.parse` read. Scripts never decode JSON. They match the numbers
 * before the user key with a pattern, and find the data by the length of the user key. Times are milliseconds since
 * `createdAt`, which keeps them short. The data is followed by the moment and the reason of an end, and by the link. Scripts
 * rely on it that neither contains a "}".
 */
type StoredRecord = readonly [
  form: typeof LIVE | typeof TOMBSTONE,
  revision: number,
  createdAt: number,
  lastSeen: number,
  expires: number,
  deadline: number,
  bytesOfUserKey: number,
  userKey: string,
  data: SessionRecord["data"],
  ...tail: ReadonlyArray<number | string | undefined>,
];

/** The first element of a stored record. Later releases may add other forms. */
const LIVE = 1;
const TOMBSTONE = 2;

const encoder = new TextEncoder();

/** Returns the record as it is stored. */
export function serializeRedisRecord(record: SessionRecord): string {
  const { revision, createdAt, lastSeenAt, expiresAt, deadline, ended } = record;
  const userKey = JSON.stringify(record.userKey);
  const times = [createdAt, lastSeenAt - createdAt, expiresAt - createdAt, deadline - createdAt];
  const head = [ended ? TOMBSTONE : LIVE, revision, ...times, encoder.encode(userKey).length];
  const end = ended ? `,${ended.at - createdAt},"${ended.reason}"` : "";
  const link = record.link === undefined ? "" : `,"${record.link}"`;
  return `[${head.join()},${userKey},${JSON.stringify(record.data)}${end}${link}]`;
}

/** Returns a stored record as a new object. Throws for any other text. */
export function parseRedisRecord(id: string, text: string): SessionRecord {
  const stored: StoredRecord = JSON.parse(text);
  const isRecord = Array.isArray(stored) && typeof stored[8] === "object";
  if (!isRecord || (stored[0] !== LIVE && stored[0] !== TOMBSTONE))
    throw new Error("redisStore: a key of the store contains no record, or one of a later release.");
  const [form, revision, createdAt, lastSeen, expires, deadline, , userKey, data, ...tail] = stored;
  const [ended, reason] = form === TOMBSTONE ? tail : [];
  const link = form === TOMBSTONE ? tail[2] : tail[0];
  return {
    id,
    userKey,
    revision,
    createdAt,
    lastSeenAt: createdAt + lastSeen,
    expiresAt: createdAt + expires,
    deadline: createdAt + deadline,
    ...(form === TOMBSTONE && { ended: { at: createdAt + Number(ended), reason: reason as EndReason } }),
    ...(link !== undefined && { link: String(link) }),
    data,
  };
}
