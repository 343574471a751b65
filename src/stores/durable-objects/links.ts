import { shardOf } from "../../cookie/shard.ts";
import { CLAIM_PREFIX, type SessionRecord } from "../../store.ts";

/** The number of characters that `shardOf` returns. */
const SHARD_LENGTH = 2;

/** Returns the user key of a link's entries. It is that of a claim, because entries are no sessions. */
export function toLinkKey(link: string): string {
  return `${CLAIM_PREFIX}link ${link}`;
}

/** Returns the entry by which the link finds a session. It lasts as long as the session may. */
export function toLinkEntry({ id, deadline }: SessionRecord, link: string, now: number): SessionRecord {
  const userKey = toLinkKey(link);
  const times = { createdAt: now, lastSeenAt: now, expiresAt: deadline, deadline };
  // Another id than the session's: both may be in one object.
  return { id: shardOf(userKey) + id, userKey, revision: 0, ...times, data: { v: 1 } };
}

/** Returns the id of the session that an entry stands for. */
export function toLinkedId({ id }: SessionRecord): string {
  return id.slice(SHARD_LENGTH);
}

/** Whether a record is a session that the link must find. */
export function isLinked(record: SessionRecord | undefined, link: string): record is SessionRecord {
  return record !== undefined && record.link === link && !record.ended;
}
