import assert from "node:assert/strict";
import type { ExpiredSession, SessionRecord } from "../../store.ts";
import { test } from "../contract.ts";
import { HOUR, NOW, SHORT_TOMBSTONES, type StoreFixture, type StoreTests } from "./fixture.ts";

const MINUTE = 60_000;

/** Tests of deleteExpired, onExpired and close. */
export const cleanupTests: StoreTests = [
  test(
    "delete-expired/past-deadline",
    "deleteExpired removes records past their deadline and keeps live sessions and tombstones",
    async (f) => {
      const expired = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW });
      const live = await f.stored({ expiresAt: NOW + 1 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: SHORT_TOMBSTONES }));
      await sweep(f, NOW);
      assert.deepEqual(await f.store.fetchByIds([expired.id, live.id]), [undefined, live]);
      assert.ok(await f.store.fetchById(ended.id));
      await sweep(f, NOW + 500);
      assert.equal(await f.store.fetchById(ended.id), undefined);
      await assertIndexCleaned(f);
    },
  ),
  test(
    "delete-expired/extended",
    "deleteExpired removes a session with extended expiry at its new end, not earlier",
    async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 1_000, deadline: NOW + 60_000 });
      await f.store.update(
        id,
        { activity: { lastSeenAt: NOW + 500, expiresAt: NOW + 60_000 } },
        { now: NOW + 500 },
      );
      await sweep(f, NOW + 30_000);
      assert.ok(await f.store.fetchById(id));
      await sweep(f, NOW + 60_000);
      assert.equal(await f.store.fetchById(id), undefined);
    },
  ),
  test("delete-expired/limit", "deleteExpired removes at most limit records in one call", async (f) => {
    const old = { createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW - 5 };
    await sweep(f, NOW);
    for (let count = 0; count < 5; count++) await f.stored(old);
    const removed = await f.store.deleteExpired?.(NOW, 2);
    assert.ok(removed !== undefined && removed <= 2, `removed ${removed} of at most 2`);
    await sweep(f, NOW);
    await assertIndexCleaned(f);
  }),
  test(
    "on-expired/reports-once",
    "onExpired reports each expired session that deleteExpired removes once, and no tombstones",
    async (f) => {
      assert.ok(
        f.store.onExpired,
        "the store has no onExpired: skip on-expired/reports-once, because the engine expires records itself",
      );
      const reported: ExpiredSession[] = [];
      const removed: ExpiredSession[] = [];
      const listen = (list: ExpiredSession[]) => (sessions: readonly ExpiredSession[]) =>
        void list.push(...sessions.filter(({ userKey }) => userKey === f.userKey));
      f.store.onExpired(listen(reported));
      f.store.onExpired(listen(removed))();
      const begun = { createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR };
      const expired = await f.stored({ ...begun, expiresAt: NOW - 2 });
      const idle = await f.stored({ ...begun, expiresAt: NOW - 5, deadline: NOW - 1 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: { keepFor: 1, max: 9 } }));
      const deleted = await f.stored(begun);
      await f.store.deleteById(deleted.id, f.end());
      await f.stored();
      await sweep(f, NOW + 1);
      await sweep(f, NOW + 1);
      const toExpired = ({ id, userKey, expiresAt, deadline }: SessionRecord) => ({
        id,
        userKey,
        expiresAt,
        deadline,
      });
      const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1);
      assert.deepEqual(reported.sort(byId), [toExpired(expired), toExpired(idle)].sort(byId));
      assert.deepEqual(removed, [], "a removed listener was called");
    },
  ),
  test(
    "on-expired/erased-user",
    "deleteTombstones while the user's expired sessions are being reported makes none of them reported again",
    async (f) => {
      assert.ok(
        f.store.onExpired && f.store.deleteTombstones,
        "the store has no onExpired or no deleteTombstones: skip on-expired/erased-user",
      );
      const begun = { createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW };
      const expired = [await f.stored(begun), await f.stored(begun)].map(({ id }) => id);
      const reported: string[] = [];
      const erasures: Array<Promise<number> | undefined> = [];
      f.store.onExpired((sessions) => {
        const own = sessions.filter(({ id }) => expired.includes(id)).map(({ id }) => id);
        reported.push(...own);
        if (own.length > 0) erasures.push(f.store.deleteTombstones?.(f.userKey));
      });
      await sweep(f, NOW);
      assert.deepEqual(new Set(await Promise.all(erasures)), new Set([0]));
      // By then another process may report the sessions of one that has died.
      await sweep(f, NOW + 2 * MINUTE);
      assert.deepEqual(reported.sort(), expired.sort());
    },
  ),
  test("close/twice", "close can be called twice", async (f) => {
    await f.store.close?.();
    await f.store.close?.();
    // The contract itself closes the store once more. A store without resources needs no close.
    assert.ok(f.store.close === undefined || typeof f.store.close === "function");
  }),
];

/** Calls deleteExpired until it removes nothing. */
async function sweep(f: StoreFixture, now: number): Promise<void> {
  assert.ok(
    f.store.deleteExpired,
    "the store has no deleteExpired: skip these tests, because the engine expires records itself",
  );
  for (let turns = 0; turns < 1_000; turns++) if ((await f.store.deleteExpired(now, 100)) === 0) return;
  assert.fail("deleteExpired still removes records after 1000 calls");
}

/** Asserts that removed records are no longer in the user's index. */
async function assertIndexCleaned(f: StoreFixture): Promise<void> {
  const ended = await f.store.deleteByUserKey(f.userKey, f.end({ now: NOW - 2 * HOUR }));
  assert.ok(ended.length <= 1, "removed records are still in the user's index");
}
