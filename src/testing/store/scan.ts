import assert from "node:assert/strict";
import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import { CLAIM_PREFIX, type ScanFilter, type SessionRecord } from "../../store.ts";
import { test } from "../contract.ts";
import {
  HOUR,
  LONG_TOMBSTONES,
  NOW,
  ROUNDS,
  type StoreFixture,
  type StoreTests,
  sortedIds,
} from "./fixture.ts";

/** Tests of scan and count, which look at the sessions of every user. */
export const scanTests: StoreTests = [
  test("scan/all-users", "scan returns the live sessions of every user, as they are stored", async (f) => {
    const records = [await f.stored(), await f.stored({ userKey: `${f.userKey}-other` })];
    const found = (await scan(f, { limit: 100 })).filter(({ id }) => records.some((each) => each.id === id));
    assert.deepEqual(byId(found), byId(records));
  }),
  test(
    "scan/live-only",
    "scan returns neither expired sessions, nor ended ones, nor tombstones",
    async (f) => {
      const live = await f.stored({ expiresAt: NOW + 1 });
      await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end());
      const buried = await f.stored();
      await f.store.deleteById(buried.id, f.end({ tombstones: LONG_TOMBSTONES }));
      assert.deepEqual(await ownIds(f, {}), [live.id]);
    },
  ),
  test("scan/limit", "no step of a scan returns more than limit records", async (f) => {
    const ids = sortedIds(await f.storedMany(7));
    const found: string[] = [];
    for await (const step of steps(f, { limit: 2, filter: { userKey: f.userKey } })) {
      assert.ok(step.length <= 2, `a step has ${step.length} records`);
      found.push(...step.filter(({ userKey }) => userKey === f.userKey).map(({ id }) => id));
    }
    assert.deepEqual([...new Set(found)].sort(), ids);
  }),
  test(
    "scan/once",
    "scan returns a session that lives throughout in exactly one step, whatever begins and ends meanwhile",
    async (f) => {
      const staying = sortedIds(await f.storedMany(20));
      const leaving = await f.storedMany(20);
      const found: string[] = [];
      for await (const step of steps(f, { limit: 3 })) {
        found.push(...step.filter(({ userKey }) => userKey === f.userKey).map(({ id }) => id));
        await f.stored();
        const next = leaving.pop();
        if (next) await f.store.deleteById(next.id, f.end());
      }
      assert.deepEqual(found.filter((id) => staying.includes(id)).sort(), staying);
    },
  ),
  test("scan/order", "scan has the same order with another step size and at another time", async (f) => {
    await f.storedMany(9);
    const orders: string[][] = [];
    for (const limit of [2, 5, 1_000]) {
      orders.push(await ownIds(f, { limit }));
      const changed = orders[0]?.[0] ?? "";
      await f.store.update(
        changed,
        { activity: { lastSeenAt: NOW + limit, expiresAt: NOW + HOUR } },
        { now: NOW },
      );
    }
    assert.equal(orders[0]?.length, 9);
    assert.deepEqual(orders[1], orders[0]);
    assert.deepEqual(orders[2], orders[0]);
  }),
  test("scan/user", "scan with a user key returns all sessions of that user", async (f) => {
    const ids = sortedIds(await f.storedMany(3));
    await f.stored({ userKey: `${f.userKey}2` });
    assert.deepEqual((await ownIds(f, { limit: 2, filter: { userKey: f.userKey } })).sort(), ids);
  }),
  test("scan/created-at", "scan with createdAt loses no session of the range", async (f) => {
    const [, first, second, last] = [
      await f.stored({ createdAt: NOW - 3 }),
      await f.stored({ createdAt: NOW - 2 }),
      await f.stored({ createdAt: NOW - 1 }),
      await f.stored({ createdAt: NOW }),
    ];
    await assertFinds(f, { createdAt: { from: NOW - 2, before: NOW } }, [first, second]);
    await assertFinds(f, { createdAt: { from: NOW - 2 } }, [first, second, last]);
    await assertFinds(f, { createdAt: { before: NOW - 1 } }, [first]);
  }),
  test("scan/last-seen-at", "scan with lastSeenAt loses no session of the range", async (f) => {
    const first = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - 2 });
    const second = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - 1 });
    await assertFinds(f, { lastSeenAt: { from: NOW - 1 } }, [second]);
    await assertFinds(f, { lastSeenAt: { before: NOW - 1 } }, [first]);
    const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
    await f.store.update(first.id, { activity }, { now: NOW });
    await assertFinds(f, { lastSeenAt: { from: NOW - 1 } }, [first, second]);
  }),
  test(
    "scan/data",
    "scan with dataIncludes loses no session that has the texts, with any characters",
    async (f) => {
      const data = { v: 1, place: "100%_é\\", quote: "'; --", b: [1, 2] };
      const found = await f.stored({ data });
      await f.stored({ data: { v: 1, place: "100xx" } });
      const dataIncludes = [JSON.stringify(data.place), "'; --", '"b":[1,2]'];
      await assertFinds(f, { dataIncludes }, [found]);
    },
  ),
  test("scan/combined", "scan with several conditions loses no session that meets all", async (f) => {
    const record = await f.stored({ createdAt: NOW - 5, lastSeenAt: NOW - 1 });
    await assertFinds(
      f,
      {
        userKey: f.userKey,
        createdAt: { from: NOW - 6 },
        lastSeenAt: { before: NOW },
        dataIncludes: ['"v":1'],
      },
      [record],
    );
  }),
  test("scan/ended", "scan with ended returns tombstones instead of live sessions", async (f) => {
    await f.stored();
    const [first, second] = [await f.stored(), await f.stored()];
    const end = (record: SessionRecord, now: number) =>
      f.store.deleteById(record.id, f.end({ now, tombstones: LONG_TOMBSTONES }));
    await end(first, NOW - 2);
    await end(second, NOW - 1);
    assert.deepEqual((await ownIds(f, { filter: { ended: {} } })).sort(), sortedIds([first, second]));
    await assertFinds(f, { ended: { before: NOW - 1 } }, [first]);
    await assertFinds(f, { ended: { from: NOW - 1 } }, [second]);
    const [found] = (await scan(f, { filter: { ended: {}, userKey: f.userKey } })).filter(
      ({ id }) => id === first.id,
    );
    assert.deepEqual(found, await f.store.fetchById(first.id));
  }),
  test("update/tombstone", "update with isTombstone changes the data of tombstones only", async (f) => {
    const live = await f.stored();
    const ended = await f.stored();
    await f.store.deleteById(ended.id, f.end({ tombstones: LONG_TOMBSTONES }));
    const before = await f.store.fetchById(ended.id);
    const change = { data: { v: 1, less: true } };
    const options = { now: NOW, ifRevision: before?.revision ?? -1, isTombstone: true } as const;
    assert.equal(
      await f.store.update(live.id, change, { ...options, ifRevision: live.revision }),
      "not_found",
    );
    assert.equal(await f.store.update(ended.id, change, options), "updated");
    assert.equal(await f.store.update(ended.id, change, options), "conflict");
    const { data, revision, ...rest } = before ?? assert.fail("the tombstone is missing");
    assert.deepEqual(await f.store.fetchById(ended.id), {
      ...rest,
      revision: revision + 1,
      data: change.data,
    });
    assert.notDeepEqual(data, change.data);
  }),
  test(
    "delete-tombstones/user",
    "deleteTombstones removes all tombstones of the user and nothing else",
    async (f) => {
      assert.ok(f.store.deleteTombstones, "the store has no deleteTombstones: skip this test");
      const bury = async (userKey: string) => {
        const record = await f.stored({ userKey });
        await f.store.deleteById(record.id, f.end({ tombstones: LONG_TOMBSTONES }));
        return record.id;
      };
      const live = await f.stored();
      const buried = [await bury(f.userKey), await bury(f.userKey)];
      const theirs = await bury(`${f.userKey}-other`);
      assert.equal(await f.store.deleteTombstones(f.userKey), 2);
      assert.equal(await f.store.deleteTombstones(f.userKey), 0);
      assert.deepEqual(await f.store.fetchByIds(buried), [undefined, undefined]);
      assert.deepEqual(await f.store.fetchById(live.id), live);
      assert.ok((await f.store.fetchById(theirs))?.ended);
    },
  ),
  test("scan/cursor", "scan rejects a cursor that no step has returned with a TypeError", async (f) => {
    await f.stored();
    for (const cursor of ["", "nonsense", "-1", "1'; DROP TABLE x", "\u0000", "9".repeat(2_000)]) {
      // Handled at once: to workerd, a rejection that `assert.rejects` handles a little later is an unhandled one.
      const error = await f.store.scan?.({ now: NOW, limit: 1, cursor }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(
        error instanceof TypeError,
        `the cursor ${JSON.stringify(cursor.slice(0, 20))} led to ${String(error)}`,
      );
    }
  }),
  test("scan/cursor-text", "the cursor of a scan is short printable ASCII", async (f) => {
    await f.storedMany(3);
    const { cursor } = (await f.store.scan?.({ now: NOW, limit: 1 })) ?? {};
    assert.match(String(cursor), /^[!-~]{1,1024}$/);
  }),
  test("scan/copies", "a caller that changes a scanned record changes nothing in the store", async (f) => {
    const record = await f.stored();
    const [found] = (await scan(f, { filter: { userKey: f.userKey } })).filter(({ id }) => id === record.id);
    assert.ok(found);
    try {
      (found.data as { v: number }).v = 9;
    } catch {
      // Frozen.
    }
    assert.deepEqual(await f.store.fetchById(record.id), record);
  }),
  test(
    "scan/races",
    "a scan beside logins and logouts neither fails nor returns ended sessions",
    async (f) => {
      const ended = new Set<string>();
      const churn = async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const { id } = await f.stored();
          await f.store.deleteById(id, f.end());
          ended.add(id);
        }
      };
      const watch = async () => {
        for (let round = 0; round < 5; round++) {
          const before = new Set(ended);
          for (const id of await ownIds(f, { limit: 10 })) assert.ok(!before.has(id), "an ended session");
        }
      };
      await Promise.all([churn(), watch()]);
      assert.deepEqual(await ownIds(f, {}), []);
    },
  ),
  test("count/live", "count counts live sessions without claims, and says whether it is exact", async (f) => {
    assert.ok(f.store.count, "the store has no count: skip count/live, because the operation is optional");
    const before = await f.store.count(NOW);
    assert.equal(typeof before.isExact, "boolean");
    assert.ok(Number.isSafeInteger(before.count) && before.count >= 0, `the count is ${before.count}`);
    await f.storedMany(3);
    const userKey = CLAIM_PREFIX + randomText(64);
    await f.stored({ id: shardOf(userKey) + randomText(64), userKey });
    const after = await f.store.count(NOW);
    assert.ok(Number.isSafeInteger(after.count) && after.count >= 0, `the count is ${after.count}`);
    if (before.isExact && after.isExact) assert.equal(after.count, before.count + 3);
  }),
];

type Scan = { readonly limit?: number; readonly filter?: ScanFilter };

/** Yields the records of each step. */
async function* steps(
  f: StoreFixture,
  { limit = 1_000, filter = {} }: Scan,
): AsyncGenerator<readonly SessionRecord[]> {
  assert.ok(f.store.scan, "the store has no scan: skip these tests, because the operation is optional");
  let cursor: string | undefined;
  for (let step = 0; step < 100_000; step++) {
    const result = await f.store.scan({ now: NOW, limit, filter, ...(cursor !== undefined && { cursor }) });
    yield result.records;
    cursor = result.cursor;
    if (cursor === undefined) return;
  }
  assert.fail("the scan has no end");
}

async function scan(f: StoreFixture, options: Scan): Promise<SessionRecord[]> {
  const found: SessionRecord[] = [];
  for await (const records of steps(f, options)) found.push(...records);
  return found;
}

/** Asserts that these sessions are found. A store may find others, too. */
async function assertFinds(
  f: StoreFixture,
  filter: ScanFilter,
  records: readonly SessionRecord[],
): Promise<void> {
  const ids = await ownIds(f, { filter });
  for (const { id } of records) assert.ok(ids.includes(id), "a session that matches is missing");
}

/** Returns the ids of the fixture's user in the order of the scan. */
async function ownIds(f: StoreFixture, options: Scan): Promise<string[]> {
  const found = await scan(f, options);
  return found.filter(({ userKey }) => userKey === f.userKey).map(({ id }) => id);
}

function byId(records: readonly SessionRecord[]): SessionRecord[] {
  return records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
