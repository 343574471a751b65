import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import { test } from "../contract.ts";
import {
  HOUR,
  LONG_TOMBSTONES,
  NOW,
  SHORT_TOMBSTONES,
  type StoreTests,
  sorted,
  sortedIds,
} from "./fixture.ts";

/** Tests of deleteById and deleteByUserKey. */
export const endTests: StoreTests = [
  test("delete-by-id/live", "deleteById ends a session, and a second call returns not_found", async (f) => {
    const { id } = await f.stored();
    assert.equal(await f.store.deleteById(id, f.end()), "deleted");
    assert.equal(await f.store.fetchById(id), undefined);
    assert.deepEqual(await f.liveIds(), []);
    assert.equal(await f.store.deleteById(id, f.end()), "not_found");
  }),
  test("delete-by-id/owner", "deleteById ends a session for its owner", async (f) => {
    const { id } = await f.stored();
    assert.equal(await f.store.deleteById(id, f.end(), f.userKey), "deleted");
  }),
  test(
    "delete-by-id/foreign-id",
    "deleteById returns not_owner for another user's session and changes nothing",
    async (f) => {
      const record = await f.stored();
      assert.equal(await f.store.deleteById(record.id, f.end(), `${f.userKey}-other`), "not_owner");
      assert.equal(await f.store.deleteById(record.id, f.end(), ""), "not_owner");
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
  ),
  test("delete-by-id/unknown-id", "deleteById returns not_found for an unknown id", async (f) => {
    assert.equal(await f.store.deleteById(shardOf(f.userKey) + randomText(20), f.end()), "not_found");
  }),
  test(
    "delete-by-id/fast-clock",
    "deleteById ends a session that only the caller's fast clock considers expired",
    async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 10 });
      const ahead = f.end({ now: NOW + 90_000 });
      assert.equal(await f.store.deleteById(id, ahead, `${f.userKey}-other`), "not_owner");
      assert.equal(await f.store.deleteById(id, ahead, f.userKey), "deleted");
      assert.equal(await f.store.fetchById(id), undefined);
      assert.deepEqual(await f.liveIds(), []);
    },
  ),
  test(
    "delete-by-id/tombstone",
    "deleteById keeps a tombstone with the time and the reason of the end",
    async (f) => {
      const record = await f.stored();
      assert.equal(
        await f.store.deleteById(record.id, f.end({ reason: "reused", tombstones: SHORT_TOMBSTONES })),
        "deleted",
      );
      assert.deepEqual(await f.store.fetchById(record.id), {
        ...record,
        revision: 1,
        expiresAt: NOW + 500,
        deadline: NOW + 500,
        ended: { at: NOW, reason: "reused" },
      });
      assert.deepEqual(await f.liveIds(), []);
      assert.equal(await f.store.deleteById(record.id, f.end()), "not_found");
      assert.deepEqual(await f.store.deleteByUserKey(f.userKey, f.end()), []);
    },
  ),
  test(
    "delete-by-id/tombstone-fast-clock",
    "deleteById keeps the tombstone of a session that only the caller's fast clock considers expired",
    async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 10 });
      const ahead = NOW + 90_000;
      assert.equal(
        await f.store.deleteById(id, f.end({ now: ahead, tombstones: SHORT_TOMBSTONES })),
        "deleted",
      );
      assert.deepEqual((await f.store.fetchById(id))?.ended, { at: ahead, reason: "revoked" });
    },
  ),
  test(
    "delete-by-id/tombstones-max",
    "deleteById keeps at most max tombstones of a user, those that ended last",
    async (f) => {
      const ids: string[] = [];
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      for (let index = 0; index < 6; index++) {
        // The sessions end in another order than the one in which they were created.
        const { id } = await f.stored({ createdAt: NOW - ((index * 5) % 6) * 1_000 });
        if (index === 1)
          await f.store.deleteById(theirs.id, f.end({ tombstones: { keepFor: HOUR, max: 3 } }));
        await f.store.deleteById(id, f.end({ now: NOW + index, tombstones: { keepFor: HOUR, max: 3 } }));
        ids.push(id);
      }
      const left = await f.store.fetchByIds(ids);
      assert.deepEqual(
        left.map((record) => record?.ended?.at),
        [undefined, undefined, undefined, NOW + 3, NOW + 4, NOW + 5],
      );
      assert.ok((await f.store.fetchById(theirs.id))?.ended, "another user's tombstone counted");
    },
  ),
  test(
    "delete-by-user-key/all",
    "deleteByUserKey ends all sessions of the user and no other user's",
    async (f) => {
      const many = await f.storedMany(5);
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      assert.deepEqual(sorted(await f.store.deleteByUserKey(f.userKey, f.end())), sortedIds(many));
      assert.deepEqual(await f.liveIds(), []);
      const left = await f.store.fetchByIds(many.map(({ id }) => id));
      assert.ok(left.every((record) => record === undefined));
      assert.deepEqual(await f.store.fetchById(theirs.id), theirs);
    },
  ),
  test("delete-by-user-key/except", "deleteByUserKey keeps the excepted sessions", async (f) => {
    const [a, b, c] = await f.storedMany(3);
    const unknown = shardOf(f.userKey) + randomText(20);
    const ended = await f.store.deleteByUserKey(f.userKey, f.end(), [b?.id ?? "", unknown]);
    assert.deepEqual(sorted(ended), sorted([a?.id ?? "", c?.id ?? ""]));
    assert.deepEqual(await f.liveIds(), [b?.id]);
  }),
  test(
    "delete-by-user-key/returned-ids",
    "deleteByUserKey returns only the ids of sessions that it ended",
    async (f) => {
      const { id } = await f.stored();
      await f.store.deleteById(id, f.end({ tombstones: LONG_TOMBSTONES }));
      assert.deepEqual(await f.store.deleteByUserKey(f.userKey, f.end()), []);
      assert.deepEqual(await f.store.deleteByUserKey(`${f.userKey}-unknown`, f.end()), []);
    },
  ),
  test(
    "delete-by-user-key/fast-clock",
    "deleteByUserKey ends sessions that only the caller's fast clock considers expired",
    async (f) => {
      const [a, b, c] = await f.storedMany(3, { expiresAt: NOW + 10 });
      const ahead = f.end({ now: NOW + 90_000 });
      const ended = await f.store.deleteByUserKey(f.userKey, ahead, [b?.id ?? ""]);
      assert.deepEqual(sorted(ended), sorted([a?.id ?? "", c?.id ?? ""]));
      assert.deepEqual(await f.liveIds(), [b?.id]);
    },
  ),
  test(
    "delete-by-user-key/many",
    "deleteByUserKey ends 400 sessions and keeps 300 excepted ones",
    async (f) => {
      const ids = await f.storedAtOnce(700);
      const kept = ids.slice(0, 300);
      assert.deepEqual(
        sorted(await f.store.deleteByUserKey(f.userKey, f.end(), kept)),
        sorted(ids.slice(300)),
      );
      assert.deepEqual(sorted(await f.liveIds()), sorted(kept));
    },
  ),
  test(
    "delete-by-user-key/tombstones",
    "deleteByUserKey keeps a tombstone of each session that it ends",
    async (f) => {
      const many = await f.storedMany(2);
      await f.store.deleteByUserKey(f.userKey, f.end({ reason: "logout", tombstones: SHORT_TOMBSTONES }));
      for (const record of await f.store.fetchByIds(many.map(({ id }) => id))) {
        assert.deepEqual(record?.ended, { at: NOW, reason: "logout" });
        assert.equal(record?.deadline, NOW + 500);
      }
    },
  ),
  test(
    "delete-by-user-key/tombstones-max",
    "deleteByUserKey keeps at most max tombstones of a user",
    async (f) => {
      const before = await f.stored();
      await f.store.deleteById(before.id, f.end({ now: NOW - 1, tombstones: { keepFor: HOUR, max: 3 } }));
      const many = await f.storedMany(5);
      const ended = await f.store.deleteByUserKey(
        f.userKey,
        f.end({ tombstones: { keepFor: HOUR, max: 3 } }),
      );
      assert.deepEqual(sorted(ended), sortedIds(many));
      const left = (await f.store.fetchByIds(many.map(({ id }) => id))).filter(
        (record) => record !== undefined,
      );
      assert.equal(left.length, 3);
      assert.ok(left.every(({ ended }) => ended?.at === NOW));
      assert.equal(await f.store.fetchById(before.id), undefined);
    },
  ),
];
