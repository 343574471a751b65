import { describe, expect, it, vi } from "vitest";
import { MEMORY_SKIPS } from "../../test/contract/skips.ts";
import { SessionError } from "../errors.ts";
import { Manager } from "../manager.ts";
import type { SessionRecord } from "../store.ts";
import { storeContract } from "../testing/store-contract.ts";
import { memoryStore } from "./memory.ts";

let count = 0;

function record(overrides: Partial<SessionRecord> = {}): SessionRecord {
  const id = `id${String(count++).padStart(20, "0")}`;
  return {
    id,
    userKey: "ann",
    revision: 0,
    createdAt: 0,
    lastSeenAt: 0,
    expiresAt: 1_000,
    deadline: 1_000,
    data: { v: 1 },
    ...overrides,
  };
}

describe("memoryStore", () => {
  storeContract(
    { describe, it },
    { create: () => memoryStore(), another: (store) => store, skip: [MEMORY_SKIPS] },
  );

  it("fetchById returns a record, or undefined, without a promise", async () => {
    const store = memoryStore();
    const { id } = record();
    expect(store.fetchById(id)).toBeUndefined();
    await store.create(record({ id }), { now: 0 });
    expect(store.fetchById(id)).toMatchObject({ id, userKey: "ann" });
  });

  it("rejects a record beyond maxRecords unless another record ends in the same step", async () => {
    const store = memoryStore({ maxRecords: 2 });
    const [first, second] = [record(), record()];
    await store.create(first, { now: 0 });
    await store.create(second, { now: 0 });
    const refused = await store.create(record(), { now: 0 }).catch((error: unknown) => error);
    expect(SessionError.is(refused) && [refused.code, refused.message]).toEqual([
      "ERR_STORE",
      "memoryStore is full: it holds maxRecords (2) records.",
    ]);
    await store.create(record(), { now: 0, replaces: first.id });
    await store.create(record(), { now: 0, limit: { max: 2, onExceed: "evict-oldest" } });
    expect(await store.fetchByUserKey("ann", { now: 0, limit: 10 })).toHaveLength(2);
    await store.close?.();
  });

  it.each([0, -1, 1.5, Number.NaN, "5", null])("rejects the option maxRecords: %j", (maxRecords) => {
    expect(() => memoryStore({ maxRecords: maxRecords as number })).toThrow(
      /^maxRecords must be a positive integer/,
    );
  });

  it("rejects an unknown option by name", () => {
    expect(() => memoryStore({ max: 5 } as object)).toThrow(/^"max" is not an option of memoryStore/);
  });

  it("removes expired records in bounded batches by the manager's clock alone", async () => {
    vi.useFakeTimers();
    try {
      const store = memoryStore();
      // The manager's clock reads 1970. By the machine's clock, all of these records expired long ago.
      const expired = Array.from({ length: 25_000 }, () => record({ expiresAt: 1_000 }));
      const live = record({ expiresAt: 10_000_000, deadline: 10_000_000 });
      for (const each of [...expired, live]) await store.create(each, { now: 0 });
      const left = async () => {
        const records = await store.fetchByIds(expired.map(({ id }) => id));
        return records.filter((found) => found !== undefined).length;
      };
      await vi.advanceTimersByTimeAsync(50_000);
      expect(await left()).toBe(25_000);
      await store.fetchByUserKey("ann", { now: 100_000, limit: 1 });
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await left()).toBe(24_500);
      await vi.advanceTimersByTimeAsync(50);
      expect(await left()).toBe(19_500);
      await vi.advanceTimersByTimeAsync(200);
      expect(await left()).toBe(0);
      expect(await store.fetchById(live.id)).toBeDefined();
      await store.close?.();
    } finally {
      vi.useRealTimers();
    }
  });

  it("deleteExpired removes a session at its new end after an update brought the end forward", async () => {
    const store = memoryStore();
    const { id } = record();
    await store.create(record({ id, expiresAt: 10_000_000, deadline: 10_000_000 }), { now: 0 });
    await store.update(id, { activity: { lastSeenAt: 1, expiresAt: 500 } }, { now: 1 });
    expect(await store.deleteExpired?.(500, 10)).toBe(1);
    expect(await store.fetchById(id)).toBeUndefined();
  });

  it("removes the oldest tombstones of a full store before it rejects a login", async () => {
    const store = memoryStore({ maxRecords: 3 });
    const tombstones = { keepFor: 1_000, max: 100 };
    const ended: string[] = [];
    for (const userKey of ["ann", "bob", "bob"]) {
      const { id } = record();
      await store.create(record({ id, userKey }), { now: 0 });
      await store.deleteById(id, { reason: "logout", now: ended.length, tombstones });
      ended.push(id);
    }
    const reasons = async () => (await store.fetchByIds(ended)).map((found) => found?.ended?.at);
    const live = [record(), record(), record()];
    const left = [
      [undefined, 1, 2],
      [undefined, undefined, 2],
      [undefined, undefined, undefined],
    ];
    for (const [index, each] of live.entries()) {
      await store.create(each, { now: 0 });
      expect(await reasons()).toEqual(left[index]);
    }
    await expect(store.create(record(), { now: 0 })).rejects.toThrow("memoryStore is full");
    expect(await store.fetchByUserKey("ann", { now: 0, limit: 9 })).toHaveLength(3);
    await store.close?.();
  });

  it("accepts logins although one user's tombstones fill the store", async () => {
    const store = memoryStore({ maxRecords: 1_000 });
    const tombstones = { keepFor: 1_000_000, max: 100 };
    for (let round = 0; round < 3_000; round++) {
      const each = record({ createdAt: round, expiresAt: 1_000_000 });
      await store.create(each, { now: round, limit: { max: 5, onExceed: "evict-oldest" }, tombstones });
    }
    for (let count = 0; count < 895; count++)
      await store.create(record({ userKey: `user-${count}`, expiresAt: 1_000_000 }), { now: 3_000 });
    expect(await store.fetchByUserKey("ann", { now: 3_000, limit: 9 })).toHaveLength(5);
    await store.close?.();
  });

  it("keeps one tombstone for each of 1 500 sessions that one deleteByUserKey ends", async () => {
    const store = memoryStore();
    const records = Array.from({ length: 1_500 }, () => record());
    for (const each of records) await store.create(each, { now: 0 });
    await store.deleteByUserKey("ann", {
      reason: "revoked",
      now: 5,
      tombstones: { keepFor: 100, max: 2_000 },
    });
    for (const found of await store.fetchByIds(records.map(({ id }) => id)))
      expect(found).toMatchObject({ ended: { at: 5, reason: "revoked" }, revision: 1, deadline: 105 });
    await store.close?.();
  });

  it("has no timer while it is empty or closed", async () => {
    vi.useFakeTimers();
    try {
      const store = memoryStore();
      expect(vi.getTimerCount()).toBe(0);
      const only = record();
      await store.create(only, { now: 0 });
      expect(vi.getTimerCount()).toBe(1);
      await store.deleteById(only.id, { reason: "logout", now: 0 });
      expect(vi.getTimerCount()).toBe(0);
      await store.create(record(), { now: 0 });
      await store.close?.();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("leaves nothing behind after 100 000 logins and logouts", async () => {
    const store = memoryStore();
    const manager = new Manager(store);
    for (let round = 0; round < 100_000; round++) {
      const each = record({ userKey: `user-${round % 7}`, expiresAt: 1_000 + (round % 5_000) });
      await store.create(each, { now: 0 });
      await store.deleteById(each.id, { reason: "logout", now: 0 });
    }
    // An entry that the wheel still held would be removed here.
    expect(await store.deleteExpired?.(1_000_000, 1_000_000)).toBe(0);
    expect(await manager.fetchByUserKey("user-1")).toEqual([]);
  });
});
