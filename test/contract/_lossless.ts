import assert from "node:assert/strict";
import fc from "fast-check";
import type { End, SessionRecord, Store } from "sessionup";
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { createRecord, DAY, HOUR, NOW } from "../support/record.ts";
import { data, marked, newMark, userKey } from "./arbitraries.ts";
import type { Backend, OpenStore } from "./backend.ts";

const END = { reason: "revoked", now: NOW } as const;
const PROPERTY = { interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true } as const;

/** Zones with half hours, with tomorrow's date and with summer in either half of the year; the offset in minutes at NOW. */
const ZONES: ReadonlyArray<readonly [zone: string, offset: number]> = [
  ["America/St_Johns", 210],
  ["Pacific/Auckland", -780],
  ["Asia/Kathmandu", -345],
];
/** Hours that a zone skips or repeats, and other moments at which time handling is known to fail. */
const MOMENTS = [
  Date.UTC(2026, 2, 8, 5, 30),
  Date.UTC(2026, 9, 31, 23, 59, 59, 999),
  Date.UTC(2026, 10, 1, 4, 30),
  Date.UTC(2026, 3, 4, 13, 30, 0, 1),
  Date.UTC(2026, 8, 26, 14, 30),
  Date.UTC(2038, 0, 19, 3, 14, 8),
  Date.UTC(2028, 1, 29, 23, 59, 59, 999),
];

/** Tests that a store returns every value unchanged and leaves nothing behind after sessions end. */
export function losslessTests(backend: Backend): void {
  describe("lossless storage and complete removal", () => {
    let open: OpenStore;
    let store: Store;
    beforeAll(async () => {
      open = await backend.open();
      store = open.store;
    });
    afterAll(() => open.close());

    it("keeps any JSON and its key order across create, update and lists", async () => {
      const property = fc.asyncProperty(data, data, async (first, second) => {
        const record = createRecord({ userKey: newMark(), data: first });
        await store.create(record, { now: NOW });
        await expectSame(store, record);
        assert.equal(await store.update(record.id, { data: second }, { now: NOW, ifRevision: 0 }), "updated");
        await expectSame(store, { ...record, revision: 1, data: second });
        assert.equal(await store.deleteById(record.id, END), "deleted");
      });
      await fc.assert(property, { numRuns: 75, ...PROPERTY });
    }, 90_000);

    it("keeps a __proto__ key and the exact value of numbers", async () => {
      const awkward = JSON.parse(
        '{"v":1,"__proto__":{"admin":true},"deep":[{"__proto__":[],"constructor":{"prototype":{}}}],"empty":[[],{},""],' +
          '"numbers":[1e21,5e-324,1.7976931348623157e308,0.1,9007199254740991,9007199254740993,-1e-7,100,1.5]}',
      );
      const record = createRecord({ userKey: newMark(), data: awkward });
      await store.create(record, { now: NOW });
      await expectSame(store, record);
      const { data } = (await store.fetchById(record.id)) ?? assert.fail();
      assert.ok(Object.hasOwn(data, "__proto__"));
      assert.equal(Object.hasOwn(Object.prototype, "admin"), false);
      assert.equal(Object.getPrototypeOf(data), Object.prototype);
      assert.equal(await store.deleteById(record.id, END), "deleted");
    });

    it("keeps any user key up to 1 kB and never confuses similar keys", async () => {
      const property = fc.asyncProperty(userKey, async (key) => {
        const own = marked(key, newMark());
        const others = similarKeys(own);
        const records = [own, ...others].map((userKey) => createRecord({ userKey }));
        for (const record of records) await store.create(record, { now: NOW });
        for (const record of records) await expectSame(store, record);
        const [first, second] = records;
        assert.ok(first && second);
        assert.equal(await store.deleteById(first.id, END, second.userKey), "not_owner");
        for (const { id, userKey } of records)
          assert.deepEqual(await store.deleteByUserKey(userKey, END), [id]);
      });
      await fc.assert(property, { numRuns: 30, ...PROPERTY });
    }, 90_000);

    zoneTests(backend);

    it("close() leaves the app's client usable", async ({ skip }) => {
      const { store, ping, close } = await backend.open();
      try {
        if (!ping) return skip("this store has no client");
        await store.close?.();
        await ping();
        await store.close?.();
        await ping();
      } finally {
        await close();
      }
    });

    it("leaves no data behind after sessions end in every possible way", () =>
      expectNothingLeft(backend, store));
  });
}

/** Checks that all three fetch operations return exactly this record. */
async function expectSame(store: Store, record: SessionRecord): Promise<void> {
  const { id, userKey } = record;
  const found = [
    await store.fetchById(id),
    ...(await store.fetchByIds([id])),
    ...(await store.fetchByUserKey(userKey, { now: NOW, limit: 10 })),
  ];
  assert.deepEqual(found, [record, record, record]);
  for (const each of found) assert.equal(JSON.stringify(each?.data), JSON.stringify(record.data));
}

function zoneTests(backend: Backend): void {
  describe("time zones", () => {
    const before = process.env.TZ;
    const opened: OpenStore[] = [];
    afterEach(async () => {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
      for (const each of opened.splice(0)) await each.close();
    });

    /** Opens a store in a process whose time zone is `zone`. Drivers read the zone when they connect. */
    const openIn = async ([zone, offset]: (typeof ZONES)[number]) => {
      process.env.TZ = zone;
      assert.equal(new Date(NOW).getTimezoneOffset(), offset, `the process is not in ${zone}`);
      const open = await backend.open();
      opened.push(open);
      return open.store;
    };

    for (const zone of ZONES) {
      it(`times written in ${zone[0]} are exact to the millisecond in every zone`, async () => {
        const user = newMark();
        const records = MOMENTS.flatMap((moment) => [moment, moment + 1, moment + HOUR - 1]).map((moment) =>
          createRecord({
            userKey: user,
            createdAt: moment,
            lastSeenAt: moment + 1,
            expiresAt: moment + 2,
            deadline: moment + DAY,
          }),
        );
        const written = await openIn(zone);
        for (const record of records) await written.create(record, { now: NOW });
        const [touched, buried] = records.map(({ id }) => id);
        assert.ok(touched && buried);
        const activity = { lastSeenAt: MOMENTS[1] ?? NOW, expiresAt: (MOMENTS[1] ?? NOW) + 7 };
        assert.equal(await written.update(touched, { activity }, { now: NOW }), "updated");
        const keepFor = (MOMENTS[2] ?? NOW) - NOW;
        const end = { ...END, tombstones: { keepFor, max: 9 } };
        assert.equal(await written.deleteById(buried, end), "deleted");
        const until = NOW + keepFor;
        const ended = { at: NOW, reason: END.reason };
        const expected = records.map((record, index) => {
          if (index === 0) return { ...record, ...activity };
          return index === 1 ? { ...record, revision: 1, expiresAt: until, deadline: until, ended } : record;
        });
        const live = expected
          .filter((_, index) => index !== 1)
          .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));

        for (const other of ZONES) {
          const read = await openIn(other);
          assert.deepEqual(await read.fetchByIds(records.map(({ id }) => id)), expected);
          assert.deepEqual(await read.fetchByUserKey(user, { now: NOW, limit: 100 }), live);
          // Expiry must be exact to the millisecond, not only to the second.
          const moment = MOMENTS[0] ?? NOW;
          const livesAt = (now: number) => live.filter(({ expiresAt }) => expiresAt > now);
          for (const now of [moment + 1, moment + 2, moment + 3])
            assert.deepEqual(await read.fetchByUserKey(user, { now, limit: 100 }), livesAt(now));
        }
        await written.deleteByUserKey(user, END);
      });
    }
  });
}

async function expectNothingLeft(backend: Backend, store: Store): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await sweep(store, NOW);
    const before = await backend.left();
    await liveAndEnd(store);
    await sweep(store, NOW);
    const after = await backend.left();
    // An engine that expires records by itself may remove records of other tests meanwhile, so the count is repeated.
    if (after < before && attempt < 5) continue;
    assert.equal(after, before, "Ended sessions left data behind.");
    return;
  }
}

/** Ends sessions in every possible way. Each way has its own user, so that no way hides what another leaves behind. */
async function liveAndEnd(store: Store): Promise<void> {
  const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + HOUR };
  const create = async (
    userKey: string,
    options: Partial<Parameters<Store["create"]>[1]> = {},
    times: Partial<SessionRecord> = {},
  ) => {
    const record = createRecord({ userKey, ...times });
    await store.create(record, { now: NOW, ...options });
    return record.id;
  };
  const end = async (id: string, more: Partial<End> = {}) =>
    assert.equal(await store.deleteById(id, { ...END, ...more }), "deleted");

  const changed = await create(newMark());
  await store.update(changed, { activity, data: { v: 2 } }, { now: NOW });
  await end(changed);
  assert.equal(await store.update(changed, { activity, data: { v: 3 } }, { now: NOW }), "not_found");

  const replacing = newMark();
  const replaced = await create(replacing);
  await store.update(replaced, { activity }, { now: NOW });
  await end(await create(replacing, { replaces: replaced }));

  for (const onExceed of ["evict-oldest", "evict-idlest"] as const) {
    const evicting = newMark();
    for (let count = 0; count < 3; count++) await create(evicting);
    await end(await create(evicting, { limit: { max: 1, onExceed } }));
  }

  const refusing = newMark();
  const alone = await create(refusing);
  await assert.rejects(create(refusing, { limit: { max: 1, onExceed: "reject" } }));
  await end(alone);

  const all = newMark();
  for (let count = 0; count < 5; count++) await create(all);
  const spared = await create(all);
  assert.equal((await store.deleteByUserKey(all, END, [spared])).length, 5);
  await end(spared);
  for (let count = 0; count < 2; count++) await create(all);
  assert.equal((await store.deleteByUserKey(all, END)).length, 2);

  // The cleanup removes expired records that are still stored. An engine that expires records by itself is too slow here.
  if (!store.deleteExpired) return;
  const old = { createdAt: NOW - DAY, lastSeenAt: NOW - DAY, expiresAt: NOW - 1, deadline: NOW };
  const then = { now: NOW - DAY };
  await create(newMark(), then, old);
  await end(await create(newMark(), then), { ...then, tombstones: { keepFor: HOUR, max: 9 } });
  const buried = newMark();
  await create(buried, then);
  assert.equal(
    (await store.deleteByUserKey(buried, { ...END, ...then, tombstones: { keepFor: HOUR, max: 9 } })).length,
    1,
  );
  const moved = await create(newMark(), then, { ...old, expiresAt: NOW - HOUR });
  const later = { lastSeenAt: NOW - 2 * HOUR, expiresAt: NOW };
  assert.equal(await store.update(moved, { activity: later }, { now: NOW - 2 * HOUR }), "updated");
}

async function sweep(store: Store, now: number): Promise<void> {
  for (let turns = 0; turns < 1_000; turns++) if (!(await store.deleteExpired?.(now, 1_000))) return;
  assert.fail("deleteExpired still found expired records after 1 000 calls.");
}

/** Returns user keys that a store might confuse with this one. */
function similarKeys(key: string): string[] {
  const others = [
    `${key} `,
    `${key}\u0000`,
    key.replace("Run", "run"),
    key.normalize("NFD"),
    key.normalize("NFC"),
    key.trim(),
  ];
  return [...new Set(others)].filter((other) => other !== key && Buffer.byteLength(other) <= 1_024);
}
