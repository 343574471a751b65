import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import { CLAIM_PREFIX, type End } from "../../store.ts";
import { test } from "../contract.ts";
import {
  HOUR,
  LONG_TOMBSTONES,
  NOW,
  SHORT_TOMBSTONES,
  type StoreFixture,
  type StoreTests,
  sorted,
  sortedIds,
} from "./fixture.ts";

/** Earlier than the sessions of all other tests, since these tests end the sessions of every user. */
const LONG_AGO = Date.UTC(2000, 0, 1);

/** Tests of deleteCreatedBefore, which ends the sessions of every user. */
export const endByDateTests: StoreTests = [
  test(
    "delete-created-before/all-users",
    "deleteCreatedBefore ends the earlier sessions of every user and no later ones",
    async (f) => {
      const other = `${f.userKey}-other`;
      const old = [
        await f.stored({ createdAt: LONG_AGO - 1 }),
        await f.stored({ createdAt: LONG_AGO - HOUR }),
        await f.stored({ createdAt: LONG_AGO - 1, userKey: other }),
      ];
      const young = [await f.stored({ createdAt: LONG_AGO }), await f.stored({ userKey: other })];
      const ended = await deleteCreatedBefore(f, LONG_AGO, f.end());
      for (const id of sortedIds(old))
        assert.ok(ended.includes(id), "the id of an earlier session was not returned");
      for (const id of sortedIds(young))
        assert.ok(!ended.includes(id), "the id of a later session was returned");
      assert.deepEqual(await f.store.fetchByIds(old.map(({ id }) => id)), [undefined, undefined, undefined]);
      assert.deepEqual(await f.store.fetchByIds(young.map(({ id }) => id)), young);
      assert.deepEqual(sorted([...(await f.liveIds()), ...(await f.liveIds(other))]), sortedIds(young));
    },
  ),
  test(
    "delete-created-before/returned-ids",
    "deleteCreatedBefore returns only the ids of sessions that it ended, each once",
    async (f) => {
      const ended = await f.stored({ createdAt: LONG_AGO - 1 });
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG_TOMBSTONES }));
      const live = await f.stored({ createdAt: LONG_AGO - 1 });
      const own = async () =>
        (await deleteCreatedBefore(f, LONG_AGO, f.end())).filter((id) => id.startsWith(shardOf(f.userKey)));
      assert.deepEqual(await own(), [live.id]);
      assert.deepEqual(await own(), []);
    },
  ),
  test(
    "delete-created-before/claims",
    "deleteCreatedBefore keeps claims, so that no one-time value can be used again",
    async (f) => {
      const userKey = CLAIM_PREFIX + randomText(64);
      const id = shardOf(userKey) + randomText(64);
      const claim = await f.stored({ id, userKey, createdAt: LONG_AGO - 1 });
      const ended = await deleteCreatedBefore(f, LONG_AGO, f.end());
      assert.ok(!ended.includes(id), "the id of a claim was returned");
      assert.deepEqual(await f.store.fetchById(id), claim);
    },
  ),
  test(
    "delete-created-before/fast-clock",
    "deleteCreatedBefore ends sessions that only the caller's fast clock considers expired",
    async (f) => {
      const { id } = await f.stored({ createdAt: LONG_AGO - 1, expiresAt: NOW + 10 });
      const ended = await deleteCreatedBefore(f, LONG_AGO, f.end({ now: NOW + 90_000 }));
      assert.ok(ended.includes(id));
      assert.equal(await f.store.fetchById(id), undefined);
    },
  ),
  test(
    "delete-created-before/tombstones",
    "deleteCreatedBefore keeps a tombstone of each session that it ends",
    async (f) => {
      const { id } = await f.stored({ createdAt: LONG_AGO - 1 });
      await deleteCreatedBefore(f, LONG_AGO, f.end({ tombstones: SHORT_TOMBSTONES }));
      const record = await f.store.fetchById(id);
      assert.deepEqual(record?.ended, { at: NOW, reason: "revoked" });
      assert.deepEqual([record?.revision, record?.expiresAt, record?.deadline], [1, NOW + 500, NOW + 500]);
      assert.deepEqual(await f.liveIds(), []);
    },
  ),
  test(
    "delete-created-before/tombstones-max",
    "deleteCreatedBefore keeps at most max tombstones of a user",
    async (f) => {
      const many = await f.storedMany(4, { createdAt: LONG_AGO - 1 });
      await deleteCreatedBefore(f, LONG_AGO, f.end({ tombstones: { keepFor: 500, max: 2 } }));
      const left = await f.store.fetchByIds(many.map(({ id }) => id));
      assert.equal(left.filter((record) => record?.ended).length, 2);
      assert.equal(left.filter((record) => record === undefined).length, 2);
    },
  ),
  test(
    "delete-created-before/many",
    "deleteCreatedBefore ends 2500 sessions and returns each id once",
    async (f) => {
      const ids = await f.storedAtOnce(2_500, { createdAt: LONG_AGO - 1 });
      const ended = await deleteCreatedBefore(f, LONG_AGO, f.end());
      assert.equal(new Set(ended).size, ended.length, "an id was returned twice");
      for (const id of ids) assert.ok(ended.includes(id));
      assert.deepEqual(await f.liveIds(), []);
    },
  ),
];

/** Returns the ids of all batches. */
async function deleteCreatedBefore(f: StoreFixture, moment: number, end: End): Promise<string[]> {
  assert.ok(
    f.store.deleteCreatedBefore,
    "the store has no deleteCreatedBefore: skip these tests, because the operation is optional",
  );
  const ended: string[] = [];
  for await (const ids of f.store.deleteCreatedBefore(moment, end)) ended.push(...ids);
  return ended;
}
