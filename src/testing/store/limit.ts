import assert from "node:assert/strict";
import { test } from "../contract.ts";
import { HOUR, LONG_TOMBSTONES, NOW, rejectsWith, type StoreTests, sorted, sortedIds } from "./fixture.ts";

/** Tests of create with a limit. */
export const limitTests: StoreTests = [
  test(
    "limit/evict-oldest",
    "create with evict-oldest ends the oldest session beyond the limit",
    async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const record = f.record();
      const { evicted } = await f.store.create(record, {
        now: NOW,
        limit: { max: 3, onExceed: "evict-oldest" },
      });
      assert.deepEqual(evicted, [a?.id]);
      assert.deepEqual(await f.liveIds(), [record.id, c?.id, b?.id]);
      assert.equal(await f.store.fetchById(a?.id ?? ""), undefined);
    },
  ),
  test(
    "limit/evict-oldest-tie",
    "create with evict-oldest ends the lowest ids among sessions created at the same moment",
    async (f) => {
      const ids = sortedIds([await f.stored(), await f.stored(), await f.stored(), await f.stored()]);
      const { evicted } = await f.store.create(f.record(), {
        now: NOW,
        limit: { max: 3, onExceed: "evict-oldest" },
      });
      assert.deepEqual(sorted(evicted), ids.slice(0, 2));
    },
  ),
  test("limit/lowered", "create ends as many sessions as a lowered limit requires", async (f) => {
    const many = await f.storedMany(6);
    const record = f.record();
    const { evicted } = await f.store.create(record, {
      now: NOW,
      limit: { max: 2, onExceed: "evict-oldest" },
    });
    assert.deepEqual(sorted(evicted), sortedIds(many.slice(0, 5)));
    assert.deepEqual(await f.liveIds(), [record.id, many[5]?.id]);
  }),
  test(
    "limit/evict-idlest",
    "create with evict-idlest ends the session with the earliest activity beyond the limit",
    async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + HOUR };
      await f.store.update(a?.id ?? "", { activity }, { now: NOW });
      await f.store.update(c?.id ?? "", { activity }, { now: NOW });
      const limit = { max: 3, onExceed: "evict-idlest" } as const;
      assert.deepEqual((await f.store.create(f.record(), { now: NOW, limit })).evicted, [b?.id]);
    },
  ),
  test(
    "limit/evict-idlest-tie",
    "create with evict-idlest ends the oldest among sessions with the same activity, by the lowest id",
    async (f) => {
      await f.stored({ lastSeenAt: NOW });
      const older = { createdAt: NOW - 1_000, lastSeenAt: NOW };
      const limit = { max: 3, onExceed: "evict-idlest" } as const;
      for (const id of sortedIds([await f.stored(older), await f.stored(older)])) {
        const record = f.record({ lastSeenAt: NOW + 1 });
        assert.deepEqual((await f.store.create(record, { now: NOW, limit })).evicted, [id]);
      }
    },
  ),
  test(
    "limit/reject",
    "create with reject rejects a session beyond the limit and changes nothing",
    async (f) => {
      const many = await f.storedMany(2);
      const record = f.record();
      const limit = { max: 2, onExceed: "reject" } as const;
      await rejectsWith("ERR_LIMIT", f.store.create(record, { now: NOW, limit }));
      assert.deepEqual(sorted(await f.liveIds()), sortedIds(many));
      assert.equal(await f.store.fetchById(record.id), undefined);
    },
  ),
  test(
    "limit/reject-replaces",
    "create with reject keeps the session to be replaced when it rejects the new one",
    async (f) => {
      const [old] = await f.storedMany(3);
      const limit = { max: 2, onExceed: "reject" } as const;
      await rejectsWith(
        "ERR_LIMIT",
        f.store.create(f.record(), { now: NOW, limit, replaces: old?.id ?? "" }),
      );
      assert.ok((await f.liveIds()).includes(old?.id ?? ""));
    },
  ),
  test(
    "limit/counts-live",
    "create counts only live sessions of the same user against the limit",
    async (f) => {
      await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW });
      await f.stored({ userKey: `${f.userKey}-other` });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG_TOMBSTONES }));
      const live = await f.stored();
      const limit = { max: 2, onExceed: "reject" } as const;
      assert.deepEqual((await f.store.create(f.record(), { now: NOW, limit })).evicted, []);
      assert.ok((await f.liveIds()).includes(live.id));
    },
  ),
  test(
    "limit/replaces-first",
    "create ends the replaced session before it counts sessions against the limit",
    async (f) => {
      const [a, b] = await f.storedMany(2);
      const record = f.record();
      const limit = { max: 2, onExceed: "reject" } as const;
      const { evicted } = await f.store.create(record, { now: NOW, limit, replaces: b?.id ?? "" });
      assert.deepEqual(evicted, []);
      assert.deepEqual(await f.liveIds(), [record.id, a?.id]);
    },
  ),
];
