import type { MaybePromise, SessionRecord } from "sessionup";
import { CachedStore } from "../../src/cache/cached-store.ts";
import { parseCacheOptions } from "../../src/cache/options.ts";
import { PushedStore } from "../support/pushed-store.ts";
import { createRecord, HOUR, NOW } from "../support/record.ts";
import { TestCacheClock } from "./_cache-clock.ts";

export const END = { reason: "revoked", now: NOW } as const;
export const TOMBSTONES = { keepFor: HOUR, max: 10 };

/** Creates a cache over a store with gates, whose channel is up. */
export async function openCache(options: object = {}) {
  const store = new PushedStore();
  const clock = new TestCacheClock();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const cache = new CachedStore(store, parseCacheOptions({ onError, ...options }), clock);
  await cache.fetchById("first");
  store.calls.length = 0;
  const create = async (overrides: Partial<SessionRecord> = {}) => {
    const record = createRecord(overrides);
    await store.create(record, { now: NOW });
    store.calls.length = 0;
    return record;
  };
  return {
    store,
    clock,
    cache,
    errors,
    create,
    /** Creates a session and reads it. */
    async kept(overrides: Partial<SessionRecord> = {}) {
      const record = await create(overrides);
      await cache.fetchById(record.id);
      store.calls.length = 0;
      return record;
    },
  };
}

/** Whether the cache answered by itself. */
export function isHit(found: MaybePromise<SessionRecord | undefined>): boolean {
  return !(found instanceof Promise);
}
