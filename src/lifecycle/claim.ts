import { hash } from "node:crypto";
import { shardOf } from "../cookie/shard.ts";
import { SessionError } from "../errors.ts";
import { CLAIM_PREFIX } from "../store.ts";
import type { Lifecycle } from "./lifecycle.ts";

/**
 * Claims a text for a purpose. Returns true to one caller, in whichever process, and false to every other one until that
 * moment, in milliseconds since 1970. Costs one write. Throws `ERR_STORE` when the store fails.
 *
 * A claim is a record of a user of its own, so that a store needs no other ability for it. No token is accepted for it,
 * because its data has no version that a manager reads.
 *
 * @internal
 */
export async function claimOnce(
  { repository, options }: Lifecycle,
  purpose: "dpop" | "pocket",
  text: string,
  until: number,
): Promise<boolean> {
  const now = options.clock();
  if (until <= now) return false;
  const name = hash("sha256", `${purpose} ${options.cookie.base} ${text}`);
  const userKey = CLAIM_PREFIX + name;
  const times = { createdAt: now, lastSeenAt: now, expiresAt: until, deadline: until };
  const record = { id: shardOf(userKey) + name, userKey, revision: 0, ...times, data: { v: 0 } };
  try {
    await repository.ask(() => repository.store.create(record, { now }));
    return true;
  } catch (error) {
    if (SessionError.is(error) && error.code === "ERR_DUPLICATE_ID") return false;
    throw error;
  }
}
