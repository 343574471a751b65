import assert from "node:assert/strict";
import { SessionError } from "../../errors.ts";
import { test } from "../contract.ts";
import { HOUR, NOW, ROUNDS, type StoreTests, sorted, sortedIds } from "./fixture.ts";

/** Tests of concurrent operations: each one is wholly before or wholly after the other. */
export const raceTests: StoreTests = [
  test("races/create-same-id", "of 20 concurrent creates with one id, exactly one succeeds", async (f) => {
    const drafts = Array.from({ length: 20 }, (_, index) => ({ ...f.record(), data: { v: 1, index } }));
    const id = drafts[0]?.id ?? "";
    const outcomes = await Promise.allSettled(
      drafts.map((draft) => f.store.create({ ...draft, id }, { now: NOW })),
    );
    const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.equal(errorCode(outcome.reason), "ERR_DUPLICATE_ID");
    }
    assert.equal(winners.length, 1);
    assert.equal((await f.store.fetchById(id))?.data.index, winners[0]);
  }),
  test("races/create-many", "50 concurrent creates of one user are all stored and listed", async (f) => {
    const drafts = Array.from({ length: 50 }, () => f.record());
    await Promise.all(drafts.map((draft) => f.store.create(draft, { now: NOW })));
    assert.deepEqual(sorted(await f.liveIds()), sortedIds(drafts));
  }),
  test(
    "races/limit-evict-oldest",
    "50 concurrent creates with evict-oldest never exceed the limit",
    async (f) => {
      const limit = { max: 5, onExceed: "evict-oldest" } as const;
      const drafts = Array.from({ length: 50 }, (_, index) => f.record({ createdAt: NOW + index }));
      let most = 0;
      const results = await Promise.all(
        drafts.map(async (draft) => {
          const result = await f.store.create(draft, { now: NOW, limit });
          most = Math.max(most, (await f.liveIds()).length);
          return result;
        }),
      );
      const evicted = results.flatMap((result) => result.evicted);
      assert.ok(most <= 5, `${most} were live at once`);
      assert.equal(new Set(evicted).size, evicted.length, "a session was evicted twice");
      assert.deepEqual(sorted([...evicted, ...(await f.liveIds())]), sortedIds(drafts));
      assert.equal(evicted.length, 45);
    },
  ),
  test("races/limit-reject", "50 concurrent creates with reject never exceed the limit", async (f) => {
    const limit = { max: 5, onExceed: "reject" } as const;
    const drafts = Array.from({ length: 50 }, () => f.record());
    const outcomes = await Promise.allSettled(
      drafts.map((draft) => f.store.create(draft, { now: NOW, limit })),
    );
    const stored = drafts.filter((_, index) => outcomes[index]?.status === "fulfilled");
    for (const outcome of outcomes)
      if (outcome.status === "rejected") assert.equal(errorCode(outcome.reason), "ERR_LIMIT");
    assert.equal(stored.length, 5);
    assert.deepEqual(sorted(await f.liveIds()), sortedIds(stored));
  }),
  test(
    "races/create-replaces",
    "two concurrent creates that replace one session end it and are both stored",
    async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const old = await f.stored();
        const drafts = [f.record(), f.record()];
        const results = await Promise.all(
          drafts.map((draft) => f.store.create(draft, { now: NOW, replaces: old.id })),
        );
        assert.equal(results.filter(({ replaced }) => replaced).length, 1, "both report the end, or neither");
        assert.deepEqual(sorted(await f.store.deleteByUserKey(f.userKey, f.end())), sortedIds(drafts));
      }
    },
  ),
  test(
    "races/update-same-revision",
    "of 20 concurrent updates at one revision, exactly one succeeds",
    async (f) => {
      const { id } = await f.stored();
      const updates = Array.from({ length: 20 }, (_, index) =>
        f.store.update(id, { data: { v: 1, index } }, { now: NOW, ifRevision: 0 }),
      );
      const outcomes = await Promise.all(updates);
      assert.equal(outcomes.filter((outcome) => outcome === "updated").length, 1);
      assert.equal(outcomes.filter((outcome) => outcome === "conflict").length, 19);
      const record = await f.store.fetchById(id);
      assert.equal(record?.revision, 1);
      assert.equal(record?.data.index, outcomes.indexOf("updated"));
    },
  ),
  test(
    "races/update-any-revision",
    "each of 20 concurrent unconditional updates raises the revision",
    async (f) => {
      const { id } = await f.stored();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => f.store.update(id, { data: { v: 1, index } }, { now: NOW })),
      );
      assert.equal((await f.store.fetchById(id))?.revision, 20);
    },
  ),
  test("races/update-activity", "concurrent updates with activity leave the latest activity", async (f) => {
    const { id } = await f.stored({ lastSeenAt: NOW - HOUR });
    const moments = Array.from({ length: 20 }, (_, index) => NOW + ((index * 7) % 20));
    await Promise.all(
      moments.map((lastSeenAt) =>
        f.store.update(
          id,
          { activity: { lastSeenAt, expiresAt: lastSeenAt + 100 } },
          { now: NOW, ifRevision: 0 },
        ),
      ),
    );
    const record = await f.store.fetchById(id);
    assert.deepEqual([record?.lastSeenAt, record?.expiresAt], [NOW + 19, NOW + 119]);
  }),
  test("races/delete-same-id", "of 20 concurrent deletes of one session, exactly one ends it", async (f) => {
    const { id } = await f.stored();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => f.store.deleteById(id, f.end(), f.userKey)),
    );
    assert.equal(outcomes.filter((outcome) => outcome === "deleted").length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === "not_found").length, 19);
  }),
  test("races/update-delete", "an update concurrent with deleteById never revives the session", async (f) => {
    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await f.stored();
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
      const update = () => f.store.update(id, { activity, data: { v: 1 } }, { now: NOW });
      const remove = () => f.store.deleteById(id, f.end());
      const [, deleted] = await Promise.all(startAll(round, [update, remove, update]));
      assert.ok(deleted, "deleteById returned no result");
      assert.equal(await f.store.fetchById(id), undefined);
      assert.deepEqual(await f.liveIds(), []);
    }
  }),
  test(
    "races/delete-all-create",
    "deleteByUserKey concurrent with create ends earlier sessions and lists or ends each new one",
    async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const before = await f.storedMany(3);
        const drafts = Array.from({ length: 3 }, () => f.record());
        const creates = drafts.map((draft) => () => f.store.create(draft, { now: NOW }));
        let ended: readonly string[] = [];
        const removeAll = async () => {
          ended = await f.store.deleteByUserKey(f.userKey, f.end());
        };
        await Promise.all(startAll(round, [...creates, removeAll]));
        const live = await f.liveIds();
        for (const { id } of before)
          assert.ok(ended.includes(id) && !live.includes(id), "an earlier session was not ended");
        assert.deepEqual(sorted([...ended, ...live]), sortedIds([...before, ...drafts]));
        await f.store.deleteByUserKey(f.userKey, f.end());
      }
    },
  ),
  test(
    "races/delete-all-update",
    "an update concurrent with deleteByUserKey never revives a session",
    async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const before = await f.storedMany(4);
        const changes = before.map(({ id }, index) => async () => {
          const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
          await f.store.update(id, index % 2 ? { activity } : { data: { v: 1, round } }, {
            now: NOW,
            ifRevision: 0,
          });
        });
        let ended: readonly string[] = [];
        const removeAll = async () => {
          ended = await f.store.deleteByUserKey(f.userKey, f.end());
        };
        await Promise.all(startAll(round, [...changes, removeAll, ...changes]));
        assert.deepEqual(sorted(ended), sortedIds(before));
        assert.deepEqual(await f.liveIds(), []);
      }
    },
  ),
  test(
    "races/delete-others-delete",
    "deleteByUserKey concurrent with deleteById of the excepted session ends each session once",
    async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const [own, ...others] = await f.storedMany(3);
        const id = own?.id ?? "";
        let named: readonly string[] = [];
        const removeOthers = async () => {
          named = await f.store.deleteByUserKey(f.userKey, f.end(), [id]);
        };
        await Promise.all(startAll(round, [removeOthers, () => f.store.deleteById(id, f.end())]));
        assert.deepEqual(sorted(named), sortedIds(others));
        assert.deepEqual(await f.liveIds(), []);
      }
    },
  ),
];

/** Starts all tasks at once, beginning with another task in each round. */
function startAll(round: number, tasks: ReadonlyArray<() => Promise<unknown>>): Promise<unknown>[] {
  const first = round % tasks.length;
  return [...tasks.slice(first), ...tasks.slice(0, first)].map((task) => task());
}

function errorCode(error: unknown): string {
  return SessionError.is(error) ? error.code : String(error);
}
