import assert from "node:assert/strict";
import { SessionError } from "../errors.ts";
import { HOUR, idsOf, NOW, ROUNDS, type StoreFixture, sorted } from "./_store-fixture.ts";
import type { ContractTests } from "./contract.ts";

/** Operations side by side: each is wholly before or wholly after the other. */
export const RACES: ContractTests<StoreFixture> = {
  races: {
    "create against create: one id is stored once": async (f) => {
      const drafts = Array.from({ length: 20 }, (_, index) => ({ ...f.record(), data: { v: 1, index } }));
      const id = drafts[0]?.id ?? "";
      const outcomes = await Promise.allSettled(
        drafts.map((draft) => f.store.create({ ...draft, id }, { now: NOW })),
      );
      const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") assert.equal(codeOf(outcome.reason), "ERR_DUPLICATE_ID");
      }
      assert.equal(winners.length, 1);
      assert.equal((await f.store.fetchById(id))?.data.index, winners[0]);
    },
    "50 creates of one user are all stored and all listed": async (f) => {
      const drafts = Array.from({ length: 50 }, () => f.record());
      await Promise.all(drafts.map((draft) => f.store.create(draft, { now: NOW })));
      assert.deepEqual(sorted(await f.liveIds()), idsOf(drafts));
    },
    "50 creates never pass a limit that evicts": async (f) => {
      const limit = { max: 5, onExceed: "evict-oldest" } as const;
      const drafts = Array.from({ length: 50 }, (_, index) => f.record({ createdAt: NOW + index }));
      let most = 0;
      const answers = await Promise.all(
        drafts.map(async (draft) => {
          const answer = await f.store.create(draft, { now: NOW, limit });
          most = Math.max(most, (await f.liveIds()).length);
          return answer;
        }),
      );
      const evicted = answers.flatMap((answer) => answer.evicted);
      assert.ok(most <= 5, `${most} were live at once`);
      assert.equal(new Set(evicted).size, evicted.length, "one session was evicted twice");
      assert.deepEqual(sorted([...evicted, ...(await f.liveIds())]), idsOf(drafts));
      assert.equal(evicted.length, 45);
    },
    "50 creates never pass a limit that refuses": async (f) => {
      const limit = { max: 5, onExceed: "refuse" } as const;
      const drafts = Array.from({ length: 50 }, () => f.record());
      const outcomes = await Promise.allSettled(
        drafts.map((draft) => f.store.create(draft, { now: NOW, limit })),
      );
      const stored = drafts.filter((_, index) => outcomes[index]?.status === "fulfilled");
      for (const outcome of outcomes)
        if (outcome.status === "rejected") assert.equal(codeOf(outcome.reason), "ERR_LIMIT");
      assert.equal(stored.length, 5);
      assert.deepEqual(sorted(await f.liveIds()), idsOf(stored));
    },
    "two creates that replace one session leave two, and it is gone": async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const old = await f.stored();
        const drafts = [f.record(), f.record()];
        await Promise.all(drafts.map((draft) => f.store.create(draft, { now: NOW, replaces: old.id })));
        assert.deepEqual(sorted(await f.store.deleteByUserKey(f.userKey, f.end())), idsOf(drafts));
      }
    },
    "of 20 updates at one revision one is made": async (f) => {
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
    "of 20 unconditional updates each raises the revision": async (f) => {
      const { id } = await f.stored();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => f.store.update(id, { data: { v: 1, index } }, { now: NOW })),
      );
      assert.equal((await f.store.fetchById(id))?.revision, 20);
    },
    "activity beside activity leaves the latest": async (f) => {
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
    },
    "of 20 deletes of one session one finds it": async (f) => {
      const { id } = await f.stored();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => f.store.deleteById(id, f.end(), f.userKey)),
      );
      assert.equal(outcomes.filter((outcome) => outcome === "deleted").length, 1);
      assert.equal(outcomes.filter((outcome) => outcome === "not_found").length, 19);
    },
    "update against delete: what was deleted stays so": async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const { id } = await f.stored();
        const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
        const update = () => f.store.update(id, { activity, data: { v: 1 } }, { now: NOW });
        const remove = () => f.store.deleteById(id, f.end());
        const [, deleted] = await Promise.all(inTurn(round, [update, remove, update]));
        assert.ok(deleted, "the delete was not asked for");
        assert.equal(await f.store.fetchById(id), undefined);
        assert.deepEqual(await f.liveIds(), []);
      }
    },
    "delete-all against create: what was there is dead, what is new is listed or named": async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const before = await f.storedMany(3);
        const drafts = Array.from({ length: 3 }, () => f.record());
        const creates = drafts.map((draft) => () => f.store.create(draft, { now: NOW }));
        let ended: readonly string[] = [];
        const removeAll = async () => {
          ended = await f.store.deleteByUserKey(f.userKey, f.end());
        };
        await Promise.all(inTurn(round, [...creates, removeAll]));
        const live = await f.liveIds();
        for (const { id } of before) assert.ok(ended.includes(id) && !live.includes(id), "one was missed");
        assert.deepEqual(sorted([...ended, ...live]), idsOf([...before, ...drafts]));
        await f.store.deleteByUserKey(f.userKey, f.end());
      }
    },
    "delete-all against activity and updates: nothing comes back": async (f) => {
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
        await Promise.all(inTurn(round, [...changes, removeAll, ...changes]));
        assert.deepEqual(sorted(ended), idsOf(before));
        assert.deepEqual(await f.liveIds(), []);
      }
    },
    "delete-all but one against a delete of that one: each session ends once": async (f) => {
      for (let round = 0; round < ROUNDS; round++) {
        const [own, ...others] = await f.storedMany(3);
        const id = own?.id ?? "";
        let named: readonly string[] = [];
        const removeOthers = async () => {
          named = await f.store.deleteByUserKey(f.userKey, f.end(), [id]);
        };
        await Promise.all(inTurn(round, [removeOthers, () => f.store.deleteById(id, f.end())]));
        assert.deepEqual(sorted(named), idsOf(others));
        assert.deepEqual(await f.liveIds(), []);
      }
    },
  },
};

/** Starts all at the same time, another one first in each round. */
function inTurn(round: number, tasks: ReadonlyArray<() => Promise<unknown>>): Promise<unknown>[] {
  const first = round % tasks.length;
  return [...tasks.slice(first), ...tasks.slice(0, first)].map((task) => task());
}

function codeOf(error: unknown): string {
  return SessionError.is(error) ? error.code : String(error);
}
