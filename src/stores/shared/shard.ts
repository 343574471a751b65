import { ALPHABET } from "../../cookie/alphabet.ts";
import { shardOf } from "../../cookie/shard.ts";
import type { SessionRecord } from "../../store.ts";

/** All shards: the hash tags of Redis keys, and the names of Durable Objects. */
export const SHARDS: readonly string[] = [...ALPHABET].flatMap((first) =>
  [...ALPHABET].map((second) => first + second),
);

/** Returns the shard of a session and of the other sessions of its user: the beginning of its id. */
export function parseShard(id: string): string {
  return id.slice(0, 2);
}

/** Returns the shard of a new record. Throws `TypeError` if the id is not in the shard of the user key. */
export function validateShard({ id, userKey }: SessionRecord): string {
  const shard = shardOf(userKey);
  if (parseShard(id) !== shard) throw new TypeError("record.id must begin with shardOf(record.userKey).");
  return shard;
}
