import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import { test } from "../contract.ts";
import { HOUR, LONG_TOMBSTONES, NOW, type StoreTests } from "./fixture.ts";

/** Tests of update. */
export const updateTests: StoreTests = [
  test("update/data", "update replaces the data as a whole and raises the revision", async (f) => {
    const record = await f.stored({ data: { v: 1, a: 1, b: 2 } });
    assert.equal(await f.store.update(record.id, { data: { v: 1, b: 3 } }, { now: NOW }), "updated");
    assert.deepEqual(await f.store.fetchById(record.id), { ...record, revision: 1, data: { v: 1, b: 3 } });
  }),
  test(
    "update/activity",
    "update with activity changes lastSeenAt and expiresAt and keeps the revision",
    async (f) => {
      const record = await f.stored({ expiresAt: NOW + 10, deadline: NOW + HOUR });
      const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + 15 };
      assert.equal(await f.store.update(record.id, { activity }, { now: NOW + 5, ifRevision: 0 }), "updated");
      assert.deepEqual(await f.store.fetchById(record.id), { ...record, ...activity });
    },
  ),
  test(
    "update/activity-in-lists",
    "update with activity changes the moment from which lists omit the session",
    async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 10, deadline: NOW + HOUR });
      await f.store.update(id, { activity: { lastSeenAt: NOW + 5, expiresAt: NOW + 15 } }, { now: NOW + 5 });
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 14), [id]);
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 15), []);
      await f.store.update(id, { activity: { lastSeenAt: NOW + 6, expiresAt: NOW + 12 } }, { now: NOW + 6 });
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 12), []);
    },
  ),
  test(
    "update/activity-backwards",
    "update ignores activity that is not later than the stored activity",
    async (f) => {
      const record = await f.stored({ lastSeenAt: NOW + 5 });
      for (const lastSeenAt of [NOW + 4, NOW + 5]) {
        const change = { activity: { lastSeenAt, expiresAt: NOW + 6 } };
        assert.equal(await f.store.update(record.id, change, { now: NOW }), "updated");
        assert.deepEqual(await f.store.fetchById(record.id), record);
      }
      const both = { activity: { lastSeenAt: NOW, expiresAt: NOW + 6 }, data: { v: 1 } };
      await f.store.update(record.id, both, { now: NOW });
      assert.deepEqual(await f.store.fetchById(record.id), { ...record, revision: 1, data: { v: 1 } });
    },
  ),
  test("update/data-and-activity", "update changes data and activity in one step", async (f) => {
    const record = await f.stored();
    const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + 2 };
    await f.store.update(record.id, { activity, data: { v: 1 } }, { now: NOW + 1, ifRevision: 0 });
    assert.deepEqual(await f.store.fetchById(record.id), {
      ...record,
      ...activity,
      revision: 1,
      data: { v: 1 },
    });
  }),
  test("update/conflict", "update returns conflict for another revision and changes nothing", async (f) => {
    const record = await f.stored();
    await f.store.update(record.id, { data: { v: 1, first: true } }, { now: NOW, ifRevision: 0 });
    const late = { activity: { lastSeenAt: NOW + 1, expiresAt: NOW + 2 }, data: { v: 1, second: true } };
    assert.equal(await f.store.update(record.id, late, { now: NOW, ifRevision: 0 }), "conflict");
    assert.equal(
      await f.store.update(record.id, { activity: late.activity }, { now: NOW, ifRevision: 2 }),
      "conflict",
    );
    assert.deepEqual(await f.store.fetchById(record.id), {
      ...record,
      revision: 1,
      data: { v: 1, first: true },
    });
  }),
  test("update/unknown-id", "update returns not_found for an unknown id and creates nothing", async (f) => {
    const id = shardOf(f.userKey) + randomText(20);
    assert.equal(await f.store.update(id, { data: { v: 1 } }, { now: NOW }), "not_found");
    assert.equal(await f.store.fetchById(id), undefined);
  }),
  test(
    "update/ended",
    "update returns not_found for an expired session and for a tombstone and changes neither",
    async (f) => {
      const expired = await f.stored({ expiresAt: NOW + 10 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG_TOMBSTONES }));
      const tombstone = await f.store.fetchById(ended.id);
      const change = { activity: { lastSeenAt: NOW + 10, expiresAt: NOW + HOUR }, data: { v: 1 } };
      assert.equal(await f.store.update(expired.id, change, { now: NOW + 10 }), "not_found");
      assert.equal(await f.store.update(ended.id, change, { now: NOW }), "not_found");
      assert.deepEqual(await f.store.fetchById(expired.id), expired);
      assert.deepEqual(await f.store.fetchById(ended.id), tombstone);
    },
  ),
  test(
    "update/input-isolation",
    "changing the data after update does not change the stored record",
    async (f) => {
      const { id } = await f.stored();
      const data = { v: 1, list: ["before"] };
      await f.store.update(id, { data }, { now: NOW });
      data.list.push("after");
      assert.deepEqual((await f.store.fetchById(id))?.data, { v: 1, list: ["before"] });
    },
  ),
];
