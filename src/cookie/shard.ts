import { hash } from "node:crypto";
import { ALPHABET } from "./alphabet.ts";

/**
 * Returns the two characters with which the ids of this user's sessions begin: one of 3 844 shards, by a hash of the user
 * key. A session and its user's index can share a partition, because the id or the user key alone gives the shard.
 *
 * @example
 * ```ts
 * import { shardOf } from "sessionup";
 *
 * const indexKey = `{${shardOf("user-1")}}:user-1`; // one Redis Cluster slot for all keys of this user
 * ```
 */
export function shardOf(userKey: string): string {
  const shard = Number.parseInt(hash("sha256", userKey).slice(0, 12), 16) % 3_844;
  return ALPHABET.charAt(Math.floor(shard / 62)) + ALPHABET.charAt(shard % 62);
}
