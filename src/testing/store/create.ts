import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import { test } from "../contract.ts";
import { HOUR, LONG_TOMBSTONES, NOW, rejectsWith, SHORT_TOMBSTONES, type StoreTests } from "./fixture.ts";

/** Tests of create without a limit. */
export const createTests: StoreTests = [
  test(
    "create/duplicate-id",
    "create rejects an id that is already stored and changes nothing",
    async (f) => {
      const record = await f.stored();
      await rejectsWith(
        "ERR_DUPLICATE_ID",
        f.store.create({ ...record, data: { v: 1, other: true } }, { now: NOW }),
      );
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
  ),
  test(
    "create/duplicate-ended-id",
    "create rejects the id of an expired session and of a tombstone",
    async (f) => {
      const expired = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW - 1 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG_TOMBSTONES }));
      for (const { id } of [expired, ended]) {
        await rejectsWith("ERR_DUPLICATE_ID", f.store.create(f.record({ id }), { now: NOW }));
      }
    },
  ),
  test("create/duplicate-foreign-id", "create rejects the id of another user's session", async (f) => {
    const theirs = await f.stored({ userKey: `${f.userKey}-other` });
    // The id fixes the shard, so the record must belong to a user of that shard.
    const record = { ...f.record({ userKey: theirs.userKey }), id: theirs.id };
    await rejectsWith("ERR_DUPLICATE_ID", f.store.create(record, { now: NOW }));
  }),
  test(
    "create/input-isolation",
    "changing the data after create does not change the stored record",
    async (f) => {
      const data = { v: 1, list: ["before"], nested: { word: "before" } };
      const { id } = await f.stored({ data });
      data.list.push("after");
      data.nested.word = "after";
      assert.deepEqual((await f.store.fetchById(id))?.data, {
        v: 1,
        list: ["before"],
        nested: { word: "before" },
      });
    },
  ),
  test("create/replaces", "create ends the replaced session when there is no limit", async (f) => {
    const old = await f.stored();
    const record = f.record();
    assert.deepEqual(await f.store.create(record, { now: NOW, replaces: old.id }), {
      evicted: [],
      replaced: true,
    });
    assert.deepEqual(await f.liveIds(), [record.id]);
  }),
  test(
    "create/replaces-foreign-id",
    "create with replaces ignores another user's session and an unknown id",
    async (f) => {
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      for (const replaces of [theirs.id, shardOf(f.userKey) + randomText(20)]) {
        const { replaced } = await f.store.create(f.record(), { now: NOW, replaces });
        assert.equal(replaced, false);
      }
      assert.deepEqual(await f.store.fetchById(theirs.id), theirs);
      assert.equal((await f.liveIds()).length, 2);
    },
  ),
  test(
    "create/replaces-fast-clock",
    "create ends a replaced session that only the caller's fast clock considers expired",
    async (f) => {
      const old = await f.stored({ expiresAt: NOW + 10 });
      const ahead = NOW + 90_000;
      const record = f.record({ createdAt: ahead, lastSeenAt: ahead, expiresAt: ahead + HOUR });
      const limit = { max: 1, onExceed: "reject" } as const;
      await f.store.create(record, { now: ahead, limit, replaces: old.id });
      assert.equal(await f.store.fetchById(old.id), undefined);
      assert.deepEqual(await f.liveIds(), [record.id]);
    },
  ),
  test(
    "create/replaces-tombstone",
    "create keeps a tombstone of the replaced session when there is no limit",
    async (f) => {
      const old = await f.stored();
      const options = { now: NOW, replaces: old.id, tombstones: SHORT_TOMBSTONES };
      assert.equal((await f.store.create(f.record(), options)).replaced, true);
      assert.equal((await f.store.create(f.record(), options)).replaced, false, "a tombstone ended again");
      assert.deepEqual((await f.store.fetchById(old.id))?.ended, { at: NOW, reason: "logout" });
      assert.equal((await f.liveIds()).length, 2);
    },
  ),
  test(
    "create/tombstones",
    "create keeps tombstones of the evicted and of the replaced session",
    async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const record = f.record();
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const { evicted } = await f.store.create(record, {
        now: NOW,
        limit,
        replaces: c?.id ?? "",
        tombstones: SHORT_TOMBSTONES,
      });
      assert.deepEqual(evicted, [a?.id]);
      const [first, second] = await f.store.fetchByIds([a?.id ?? "", c?.id ?? ""]);
      assert.deepEqual(first?.ended, { at: NOW, reason: "evicted" });
      assert.deepEqual(second?.ended, { at: NOW, reason: "logout" });
      for (const each of [first, second])
        assert.deepEqual([each?.revision, each?.expiresAt, each?.deadline], [1, NOW + 500, NOW + 500]);
      assert.deepEqual(await f.liveIds(), [record.id, b?.id]);
      // Tombstones do not count against the limit.
      const next = f.record();
      const again = await f.store.create(next, { now: NOW, limit: { max: 3, onExceed: "reject" } });
      assert.deepEqual(again.evicted, []);
    },
  ),
  test(
    "create/tombstones-max",
    "create keeps at most max tombstones of a user, those that ended last",
    async (f) => {
      const tombstones = { keepFor: HOUR, max: 2 };
      const ids: string[] = [];
      for (let index = 0; index < 5; index++) {
        const record = f.record({ createdAt: NOW + index });
        const limit = { max: 1, onExceed: "evict-oldest" } as const;
        await f.store.create(record, { now: NOW + index, limit, tombstones });
        ids.push(record.id);
      }
      const ends = (await f.store.fetchByIds(ids)).map((record) => record?.ended?.at);
      assert.deepEqual(ends, [undefined, undefined, NOW + 3, NOW + 4, undefined]);
      assert.deepEqual(await f.liveIds(), [ids[4]]);
    },
  ),
];
