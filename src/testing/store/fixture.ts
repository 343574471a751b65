import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import { SessionError } from "../../errors.ts";
import type { End, SessionRecord, Store, TombstoneOptions } from "../../store.ts";
import type { ContractTest } from "../contract.ts";

export const NOW: number = Date.UTC(2026, 0, 1, 12);
export const HOUR = 3_600_000;
/** The number of times that a race is repeated. */
export const ROUNDS = 50;
/** Tombstones that are kept for half a second. */
export const SHORT_TOMBSTONES: TombstoneOptions = { keepFor: 500, max: 100 };
/** Tombstones that are kept for an hour. */
export const LONG_TOMBSTONES: TombstoneOptions = { keepFor: HOUR, max: 100 };

/** The tests of one concern of a store. */
export type StoreTests = readonly ContractTest<StoreFixture>[];

/** A store and a user key that no other test uses. */
export class StoreFixture {
  readonly store: Store;
  /** Another store over the same database. The same store in tests that do not call for another. */
  readonly another: Store;
  readonly userKey: string = `user-${randomText(12)}`;

  constructor(store: Store, another: Store = store) {
    this.store = store;
    this.another = another;
  }

  record(overrides: Partial<SessionRecord> = {}): SessionRecord {
    const userKey = overrides.userKey ?? this.userKey;
    const deadline = overrides.deadline ?? overrides.expiresAt ?? NOW + HOUR;
    return {
      id: shardOf(userKey) + randomText(20),
      userKey,
      revision: 0,
      createdAt: NOW,
      lastSeenAt: NOW,
      expiresAt: deadline,
      deadline,
      data: { v: 1, secret: randomText(43) },
      ...overrides,
    };
  }

  /** Stores a record and returns it. */
  async stored(overrides: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = this.record(overrides);
    await this.store.create(record, { now: Math.min(NOW, record.createdAt) });
    return record;
  }

  /** Stores `count` records that were created one second apart, oldest first. */
  async storedMany(count: number, overrides: Partial<SessionRecord> = {}): Promise<SessionRecord[]> {
    const records: SessionRecord[] = [];
    for (let index = 0; index < count; index++) {
      records.push(await this.stored({ createdAt: NOW - (count - index) * 1_000, ...overrides }));
    }
    return records;
  }

  /** Stores `count` records, 50 at a time. Returns their ids. */
  async storedAtOnce(count: number, overrides: Partial<SessionRecord> = {}): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const some = Array.from({ length: Math.min(50, count - ids.length) }, () => this.stored(overrides));
      ids.push(...sortedIds(await Promise.all(some)));
    }
    return ids;
  }

  async liveIds(userKey: string = this.userKey, now: number = NOW): Promise<string[]> {
    const records = await this.store.fetchByUserKey(userKey, { now, limit: 10_000 });
    return records.map(({ id }) => id);
  }

  end(overrides: Partial<End> = {}): End {
    return { reason: "revoked", now: NOW, ...overrides };
  }
}

/** JSON values and texts that stores are known to lose. */
export const AWKWARD_DATA: SessionRecord["data"] = {
  v: 1,
  numbers: [0, -1, 0.1, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, -1.5],
  texts: ["", " ", "\u0000\u0001\n\r\t", "'\"`\\%_$1{}[]", "ä é 中 😀", "\u2028\ufeff", "x".repeat(5_000)],
  empty: { array: [], object: {}, text: "" },
  nested: { a: [{ b: [[], {}, [null, true, false]] }] },
  keys: { "": 1, "a.b": 2, $set: 3, constructor: 4, toString: 5 },
  proto: JSON.parse('{"__proto__":{"polluted":true},"x":1}'),
  nothing: null,
};

/** User keys that queries, patterns, key layouts and collations are known to confuse. */
export const AWKWARD_USER_KEYS: readonly string[] = [
  "a",
  "A",
  " a",
  "a ",
  "é",
  "e\u0301",
  "%",
  "_",
  "*",
  "a:b",
  "{a}",
  "a}b{",
  "'; DROP TABLE sessions; --",
  "\\",
  "\u0000",
  "a\u0000b",
  "line\nbreak\r\n",
  "😀",
  "__proto__",
  "constructor",
  "null",
  "0",
  "x".repeat(1_024),
  "ü".repeat(512),
];

/** Asserts that the operation rejects with a `SessionError` of this code. */
export async function rejectsWith(code: SessionError["code"], operation: Promise<unknown>): Promise<void> {
  const error = await operation.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(
    SessionError.is(error),
    `expected ${code}, received ${error === undefined ? "success" : String(error)}`,
  );
  assert.equal(error.code, code);
}

export function sorted(ids: readonly string[]): string[] {
  return [...ids].sort();
}

/** Returns the ids of the records in ascending order. */
export function sortedIds(records: readonly SessionRecord[]): string[] {
  return sorted(records.map(({ id }) => id));
}
