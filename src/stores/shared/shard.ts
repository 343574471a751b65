import { shardOf } from "../../cookie/shard.ts";
import type { SessionRecord } from "../../store.ts";

/** The shard that a session is in, and its user's others: what its id begins with. */
export function parseShard(id: string): string {
  return id.slice(0, 2);
}

/** The same of a record that is to be stored. Throws `TypeError` where its id is of another shard than its user. */
export function validateShard({ id, userKey }: SessionRecord): string {
  const shard = shardOf(userKey);
  if (parseShard(id) !== shard) throw new TypeError("record.id: needs to begin with shardOf(record.userKey)");
  return shard;
}
