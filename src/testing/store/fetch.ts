import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import type { SessionCursor, SessionRecord } from "../../store.ts";
import { test } from "../contract.ts";
import {
  AWKWARD_DATA,
  AWKWARD_USER_KEYS,
  HOUR,
  LONG_TOMBSTONES,
  NOW,
  type StoreFixture,
  type StoreTests,
  sortedIds,
} from "./fixture.ts";

/** Tests of fetchById, fetchByIds, fetchByUserKey and fetchByLink. */
export const fetchTests: StoreTests = [
  test(
    "fetch-by-id/every-field",
    "fetchById returns every field of a record, with times exact to the millisecond",
    async (f) => {
      const record = await f.stored({
        createdAt: NOW - 999,
        lastSeenAt: NOW - 1,
        expiresAt: NOW + 7,
        deadline: NOW + 8,
      });
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
  ),
  test("fetch-by-id/json", "fetchById returns every kind of JSON value unchanged", async (f) => {
    const { id } = await f.stored({ data: AWKWARD_DATA });
    assert.deepEqual((await f.store.fetchById(id))?.data, AWKWARD_DATA);
    assert.equal(JSON.stringify((await f.store.fetchById(id))?.data), JSON.stringify(AWKWARD_DATA));
  }),
  test("fetch-by-id/expired", "fetchById returns an expired record", async (f) => {
    const record = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW - 1 });
    assert.deepEqual(await f.store.fetchById(record.id), record);
  }),
  test(
    "fetch-by-id/unknown-id",
    "fetchById returns undefined for an id that is unknown, shortened or in the other case",
    async (f) => {
      const { id } = await f.stored();
      assert.equal(await f.store.fetchById(shardOf(f.userKey) + randomText(20)), undefined);
      assert.equal(await f.store.fetchById(id.slice(0, -1)), undefined);
      assert.equal(await f.store.fetchById(swapCase(id)), undefined);
    },
  ),
  test(
    "fetch-by-id/output-isolation",
    "changing a fetched record does not change the stored record",
    async (f) => {
      const record = await f.stored({ data: { v: 1, list: ["before"] } });
      tamper(await f.store.fetchById(record.id));
      tamper((await f.store.fetchByIds([record.id]))[0]);
      tamper((await f.store.fetchByUserKey(f.userKey, { now: NOW, limit: 1 }))[0]);
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
  ),
  test(
    "fetch-by-ids/order",
    "fetchByIds returns records in the order of the ids, and undefined for an unknown id",
    async (f) => {
      const [a, b] = [await f.stored(), await f.stored({ userKey: `${f.userKey}-other` })];
      const missing = shardOf(f.userKey) + randomText(20);
      assert.deepEqual(await f.store.fetchByIds([b.id, missing, a.id, b.id]), [b, undefined, a, b]);
    },
  ),
  test("fetch-by-ids/empty", "fetchByIds returns an empty list for an empty list", async (f) => {
    assert.deepEqual(await f.store.fetchByIds([]), []);
  }),
  test("fetch-by-user-key/newest-first", "fetchByUserKey lists live sessions, newest first", async (f) => {
    const [oldest, middle, newest] = await f.storedMany(3);
    assert.deepEqual(await f.store.fetchByUserKey(f.userKey, { now: NOW, limit: 10 }), [
      newest,
      middle,
      oldest,
    ]);
  }),
  test(
    "fetch-by-user-key/same-millisecond",
    "fetchByUserKey orders sessions created in the same millisecond by id, descending",
    async (f) => {
      const records = [];
      for (let count = 0; count < 8; count++) records.push(await f.stored());
      assert.deepEqual(await f.liveIds(), sortedIds(records).reverse());
    },
  ),
  test(
    "fetch-by-user-key/late-insert",
    "fetchByUserKey orders sessions by createdAt, not by the order in which they were stored",
    async (f) => {
      const [oldest, newest] = [await f.stored({ createdAt: NOW - 2 }), await f.stored({ createdAt: NOW })];
      const late = await f.stored({ createdAt: NOW - 1 });
      assert.deepEqual(await f.liveIds(), [newest.id, late.id, oldest.id]);
    },
  ),
  test(
    "fetch-by-user-key/expired",
    "fetchByUserKey omits a session from the millisecond in which it expires",
    async (f) => {
      const record = await f.stored({ expiresAt: NOW + 10, deadline: NOW + HOUR });
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 9), [record.id]);
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 10), []);
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 11), []);
    },
  ),
  test("fetch-by-user-key/other-users", "fetchByUserKey omits the sessions of other users", async (f) => {
    await f.stored({ userKey: `${f.userKey}-other` });
    assert.deepEqual(await f.liveIds(), []);
  }),
  test(
    "fetch-by-user-key/distinct-user-keys",
    "fetchByUserKey keeps user keys apart that differ only in case, spaces, accents or special characters",
    async (f) => {
      const ids = new Map<string, string>();
      for (const key of AWKWARD_USER_KEYS) {
        // Without the random part of the fixture's user key, so that a collation or pattern can confuse the keys.
        await f.store.deleteByUserKey(key, f.end());
        ids.set(key, (await f.stored({ userKey: key })).id);
      }
      for (const [key, id] of ids) {
        assert.deepEqual(await f.liveIds(key), [id]);
        assert.equal((await f.store.fetchById(id))?.userKey, key);
      }
      for (const [key, id] of ids) assert.deepEqual(await f.store.deleteByUserKey(key, f.end()), [id]);
    },
  ),
  test(
    "fetch-by-user-key/pages",
    "fetchByUserKey pages through every session exactly once, including sessions of the same millisecond",
    async (f) => {
      const records = [...(await f.storedMany(4)), ...(await f.storedMany(3))];
      for (let count = 0; count < 6; count++) records.push(await f.stored());
      const seen: string[] = [];
      let before: SessionCursor | undefined;
      for (;;) {
        const page = await f.store.fetchByUserKey(f.userKey, {
          now: NOW,
          limit: 2,
          ...(before && { before }),
        });
        seen.push(...page.map(({ id }) => id));
        before = page.at(-1);
        if (page.length < 2) break;
      }
      assert.deepEqual(seen, await f.liveIds());
      assert.equal(seen.length, records.length);
    },
  ),
  test(
    "fetch-by-user-key/full-page",
    "fetchByUserKey fills a page with live sessions although expired and ended ones lie between them",
    async (f) => {
      const [first, , third] = await f.storedMany(3);
      await f.stored({ createdAt: NOW - 1, lastSeenAt: NOW - 1, expiresAt: NOW });
      await f.store.deleteById(
        (await f.liveIds())[1] ?? "",
        f.end({ tombstones: { keepFor: HOUR, max: 100 } }),
      );
      const page = await f.store.fetchByUserKey(f.userKey, { now: NOW, limit: 2 });
      assert.deepEqual(page, [third, first]);
    },
  ),
  test(
    "fetch-by-link/all-users",
    "fetchByLink returns the sessions of every user with the link, expired or not, and omits ended ones",
    async (f) => {
      const link = randomText(43);
      const own = [await f.stored({ link }), await f.stored({ link, userKey: `${f.userKey}-other` })];
      await f.stored();
      await f.stored({ link: randomText(43) });
      // Expired by this clock, which may be ahead: another process may still consider the session live.
      own.push(await f.stored({ link, createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW }));
      const [deleted, ended] = [await f.stored({ link }), await f.stored({ link })];
      await f.store.deleteById(deleted.id, f.end());
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG_TOMBSTONES }));
      const found = await fetchByLink(f, link);
      assert.deepEqual(sortedIds(found), sortedIds(own));
      for (const record of own) {
        assert.deepEqual(
          found.find(({ id }) => id === record.id),
          record,
        );
        assert.deepEqual(await f.store.fetchById(record.id), record);
      }
      assert.equal((await fetchByLink(f, link, 1)).length, 1);
      assert.deepEqual(await fetchByLink(f, randomText(43)), []);
    },
  ),
  test("fetch-by-link/stable", "fetchByLink finds a session by its exact link after an update", async (f) => {
    const link = `-_${randomText(61)}a`;
    await f.stored({ link: `${link.slice(0, -1)}A` });
    const record = f.record({ link });
    await f.store.create(record, { now: NOW, limit: { max: 5, onExceed: "evict-oldest" } });
    const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
    await f.store.update(record.id, { data: { v: 1 }, activity }, { now: NOW });
    assert.deepEqual(await fetchByLink(f, link), [{ ...record, ...activity, revision: 1, data: { v: 1 } }]);
  }),
];

/** Tries to change a record, which is either a copy or frozen. */
function tamper(record: SessionRecord | undefined): void {
  assert.ok(record);
  const list = record.data.list as string[];
  for (const change of [() => Object.assign(record, { userKey: "another user" }), () => list.push("after")]) {
    try {
      change();
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
  }
}

function swapCase(text: string): string {
  return [...text]
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
    .join("");
}

async function fetchByLink(f: StoreFixture, link: string, limit = 10): Promise<readonly SessionRecord[]> {
  assert.ok(
    f.store.fetchByLink,
    "the store has no fetchByLink: skip these tests, because the operation is optional",
  );
  return f.store.fetchByLink(link, { limit });
}
