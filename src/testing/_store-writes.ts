import assert from "node:assert/strict";
import { shardOf } from "../cookie/shard.ts";
import { randomText } from "../cookie/token.ts";
import type { End, ExpiredSession, SessionRecord } from "../store.ts";
import { HOUR, idsOf, NOW, rejectsWith, type StoreFixture, sorted } from "./_store-fixture.ts";
import type { ContractTests } from "./contract.ts";

const OLDEST = "evict-oldest";
/** Tombstones for half a second, and for an hour. */
const BRIEF = { keepFor: 500, max: 100 } as const;
const LONG = { keepFor: HOUR, max: 100 } as const;
/** Before what any other test creates: these end everybody's. */
const LONG_AGO = Date.UTC(2000, 0, 1);

/** What changes a store, one operation at a time. */
export const WRITES: ContractTests<StoreFixture> = {
  create: {
    "refuses an id that is there, and changes nothing": async (f) => {
      const record = await f.stored();
      await rejectsWith(
        "ERR_DUPLICATE_ID",
        f.store.create({ ...record, data: { v: 1, other: true } }, { now: NOW }),
      );
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
    "refuses the id of an expired session and of a tombstone": async (f) => {
      const expired = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW - 1 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG }));
      for (const { id } of [expired, ended]) {
        await rejectsWith("ERR_DUPLICATE_ID", f.store.create(f.record({ id }), { now: NOW }));
      }
    },
    "refuses the id of another user's session": async (f) => {
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      // Knowing the id is knowing the shard: a record under another user's shard does not happen.
      const record = { ...f.record({ userKey: theirs.userKey }), id: theirs.id };
      await rejectsWith("ERR_DUPLICATE_ID", f.store.create(record, { now: NOW }));
    },
    "ends the oldest beyond the limit": async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const record = f.record();
      const { evicted } = await f.store.create(record, { now: NOW, limit: { max: 3, onExceed: OLDEST } });
      assert.deepEqual(evicted, [a?.id]);
      assert.deepEqual(await f.liveIds(), [record.id, c?.id, b?.id]);
      assert.equal(await f.store.fetchById(a?.id ?? ""), undefined);
    },
    "ends as many as a lowered limit asks for": async (f) => {
      const many = await f.storedMany(6);
      const record = f.record();
      const { evicted } = await f.store.create(record, { now: NOW, limit: { max: 2, onExceed: OLDEST } });
      assert.deepEqual(sorted(evicted), idsOf(many.slice(0, 5)));
      assert.deepEqual(await f.liveIds(), [record.id, many[5]?.id]);
    },
    "ends the idlest beyond the limit": async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + HOUR };
      await f.store.update(a?.id ?? "", { activity }, { now: NOW });
      await f.store.update(c?.id ?? "", { activity }, { now: NOW });
      const limit = { max: 3, onExceed: "evict-idlest" } as const;
      assert.deepEqual((await f.store.create(f.record(), { now: NOW, limit })).evicted, [b?.id]);
    },
    "ends those with the lowest ids of the oldest of one moment": async (f) => {
      const ids = idsOf([await f.stored(), await f.stored(), await f.stored(), await f.stored()]);
      const { evicted } = await f.store.create(f.record(), { now: NOW, limit: { max: 3, onExceed: OLDEST } });
      assert.deepEqual(sorted(evicted), ids.slice(0, 2));
    },
    "ends the oldest of the idlest of one moment": async (f) => {
      await f.stored({ lastSeenAt: NOW });
      const older = { createdAt: NOW - 1_000, lastSeenAt: NOW };
      const limit = { max: 3, onExceed: "evict-idlest" } as const;
      for (const id of idsOf([await f.stored(older), await f.stored(older)])) {
        const record = f.record({ lastSeenAt: NOW + 1 });
        assert.deepEqual((await f.store.create(record, { now: NOW, limit })).evicted, [id]);
      }
    },
    "refuses one beyond the limit, and changes nothing": async (f) => {
      const many = await f.storedMany(2);
      const record = f.record();
      const limit = { max: 2, onExceed: "refuse" } as const;
      await rejectsWith("ERR_LIMIT", f.store.create(record, { now: NOW, limit }));
      assert.deepEqual(sorted(await f.liveIds()), idsOf(many));
      assert.equal(await f.store.fetchById(record.id), undefined);
    },
    "counts the user's own live sessions only": async (f) => {
      await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW });
      await f.stored({ userKey: `${f.userKey}-other` });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG }));
      const live = await f.stored();
      const limit = { max: 2, onExceed: "refuse" } as const;
      assert.deepEqual((await f.store.create(f.record(), { now: NOW, limit })).evicted, []);
      assert.ok((await f.liveIds()).includes(live.id));
    },
    "ends the replaced session before the limit counts": async (f) => {
      const [a, b] = await f.storedMany(2);
      const record = f.record();
      const limit = { max: 2, onExceed: "refuse" } as const;
      const { evicted } = await f.store.create(record, { now: NOW, limit, replaces: b?.id ?? "" });
      assert.deepEqual(evicted, []);
      assert.deepEqual(await f.liveIds(), [record.id, a?.id]);
    },
    "keeps tombstones of what ends by it, if it is told to": async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const record = f.record();
      const limit = { max: 2, onExceed: OLDEST } as const;
      const { evicted } = await f.store.create(record, {
        now: NOW,
        limit,
        replaces: c?.id ?? "",
        tombstones: BRIEF,
      });
      assert.deepEqual(evicted, [a?.id]);
      const [first, second] = await f.store.fetchByIds([a?.id ?? "", c?.id ?? ""]);
      assert.deepEqual(first?.ended, { at: NOW, reason: "evicted" });
      assert.deepEqual(second?.ended, { at: NOW, reason: "logout" });
      for (const each of [first, second])
        assert.deepEqual([each?.revision, each?.expiresAt, each?.deadline], [1, NOW + 500, NOW + 500]);
      assert.deepEqual(await f.liveIds(), [record.id, b?.id]);
      // Neither counts.
      const next = f.record();
      const again = await f.store.create(next, { now: NOW, limit: { max: 3, onExceed: "refuse" } });
      assert.deepEqual(again.evicted, []);
    },
    "keeps the tombstone of what is replaced without a limit": async (f) => {
      const old = await f.stored();
      await f.store.create(f.record(), { now: NOW, replaces: old.id, tombstones: BRIEF });
      assert.deepEqual((await f.store.fetchById(old.id))?.ended, { at: NOW, reason: "logout" });
      assert.equal((await f.liveIds()).length, 1);
    },
    "keeps no more tombstones of a user than max, of what a login ends": async (f) => {
      const tombstones = { keepFor: HOUR, max: 2 };
      const ids: string[] = [];
      for (let index = 0; index < 5; index++) {
        const record = f.record({ createdAt: NOW + index });
        const limit = { max: 1, onExceed: OLDEST } as const;
        await f.store.create(record, { now: NOW + index, limit, tombstones });
        ids.push(record.id);
      }
      const ends = (await f.store.fetchByIds(ids)).map((record) => record?.ended?.at);
      assert.deepEqual(ends, [undefined, undefined, NOW + 3, NOW + 4, undefined]);
      assert.deepEqual(await f.liveIds(), [ids[4]]);
    },
    "replaces a session that only the caller's fast clock considers expired": async (f) => {
      const old = await f.stored({ expiresAt: NOW + 10 });
      const ahead = NOW + 90_000;
      const record = f.record({ createdAt: ahead, lastSeenAt: ahead, expiresAt: ahead + HOUR });
      const limit = { max: 1, onExceed: "refuse" } as const;
      await f.store.create(record, { now: ahead, limit, replaces: old.id });
      assert.equal(await f.store.fetchById(old.id), undefined);
      assert.deepEqual(await f.liveIds(), [record.id]);
    },
    "replaces without a limit too": async (f) => {
      const old = await f.stored();
      const record = f.record();
      await f.store.create(record, { now: NOW, replaces: old.id });
      assert.deepEqual(await f.liveIds(), [record.id]);
    },
    "keeps the session to be replaced where the new one is refused": async (f) => {
      const [old] = await f.storedMany(3);
      const limit = { max: 2, onExceed: "refuse" } as const;
      await rejectsWith(
        "ERR_LIMIT",
        f.store.create(f.record(), { now: NOW, limit, replaces: old?.id ?? "" }),
      );
      assert.ok((await f.liveIds()).includes(old?.id ?? ""));
    },
    "replaces no session of another user, and none that is not there": async (f) => {
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      await f.store.create(f.record(), { now: NOW, replaces: theirs.id });
      await f.store.create(f.record(), { now: NOW, replaces: shardOf(f.userKey) + randomText(20) });
      assert.deepEqual(await f.store.fetchById(theirs.id), theirs);
      assert.equal((await f.liveIds()).length, 2);
    },
  },

  update: {
    "replaces the data whole and raises the revision": async (f) => {
      const record = await f.stored({ data: { v: 1, a: 1, b: 2 } });
      assert.equal(await f.store.update(record.id, { data: { v: 1, b: 3 } }, { now: NOW }), "updated");
      assert.deepEqual(await f.store.fetchById(record.id), { ...record, revision: 1, data: { v: 1, b: 3 } });
    },
    "moves activity without raising the revision": async (f) => {
      const record = await f.stored({ expiresAt: NOW + 10, deadline: NOW + HOUR });
      const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + 15 };
      assert.equal(await f.store.update(record.id, { activity }, { now: NOW + 5, ifRevision: 0 }), "updated");
      assert.deepEqual(await f.store.fetchById(record.id), { ...record, ...activity });
    },
    "moves the end that lists go by": async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 10, deadline: NOW + HOUR });
      await f.store.update(id, { activity: { lastSeenAt: NOW + 5, expiresAt: NOW + 15 } }, { now: NOW + 5 });
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 14), [id]);
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 15), []);
      await f.store.update(id, { activity: { lastSeenAt: NOW + 6, expiresAt: NOW + 12 } }, { now: NOW + 6 });
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 12), []);
    },
    "never moves time backwards": async (f) => {
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
    "changes data and activity in one step": async (f) => {
      const record = await f.stored();
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + 2 };
      await f.store.update(record.id, { activity, data: { v: 1 } }, { now: NOW + 1, ifRevision: 0 });
      assert.deepEqual(await f.store.fetchById(record.id), {
        ...record,
        ...activity,
        revision: 1,
        data: { v: 1 },
      });
    },
    "changes nothing at another revision": async (f) => {
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
    },
    "never creates": async (f) => {
      const id = shardOf(f.userKey) + randomText(20);
      assert.equal(await f.store.update(id, { data: { v: 1 } }, { now: NOW }), "not_found");
      assert.equal(await f.store.fetchById(id), undefined);
    },
    "never revives": async (f) => {
      const expired = await f.stored({ expiresAt: NOW + 10 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG }));
      const tombstone = await f.store.fetchById(ended.id);
      const change = { activity: { lastSeenAt: NOW + 10, expiresAt: NOW + HOUR }, data: { v: 1 } };
      assert.equal(await f.store.update(expired.id, change, { now: NOW + 10 }), "not_found");
      assert.equal(await f.store.update(ended.id, change, { now: NOW }), "not_found");
      assert.deepEqual(await f.store.fetchById(expired.id), expired);
      assert.deepEqual(await f.store.fetchById(ended.id), tombstone);
    },
    "keeps what is inside apart from what went in": async (f) => {
      const { id } = await f.stored();
      const data = { v: 1, list: ["before"] };
      await f.store.update(id, { data }, { now: NOW });
      data.list.push("after");
      assert.deepEqual((await f.store.fetchById(id))?.data, { v: 1, list: ["before"] });
    },
  },

  deleteById: {
    "ends a session": async (f) => {
      const { id } = await f.stored();
      assert.equal(await f.store.deleteById(id, f.end()), "deleted");
      assert.equal(await f.store.fetchById(id), undefined);
      assert.deepEqual(await f.liveIds(), []);
      assert.equal(await f.store.deleteById(id, f.end()), "not_found");
    },
    "ends the owner's session for the owner": async (f) => {
      const { id } = await f.stored();
      assert.equal(await f.store.deleteById(id, f.end(), f.userKey), "deleted");
    },
    "leaves another user's session alone": async (f) => {
      const record = await f.stored();
      assert.equal(await f.store.deleteById(record.id, f.end(), `${f.userKey}-other`), "not_owner");
      assert.equal(await f.store.deleteById(record.id, f.end(), ""), "not_owner");
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
    "finds no session under an unknown id": async (f) => {
      assert.equal(await f.store.deleteById(shardOf(f.userKey) + randomText(20), f.end()), "not_found");
    },
    "ends a session that only the caller's fast clock considers expired": async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 10 });
      const ahead = f.end({ now: NOW + 90_000 });
      assert.equal(await f.store.deleteById(id, ahead, `${f.userKey}-other`), "not_owner");
      assert.equal(await f.store.deleteById(id, ahead, f.userKey), "deleted");
      assert.equal(await f.store.fetchById(id), undefined);
      assert.deepEqual(await f.liveIds(), []);
    },
    "keeps the tombstone of a session that only the caller's fast clock considers expired": async (f) => {
      const { id } = await f.stored({ expiresAt: NOW + 10 });
      const ahead = NOW + 90_000;
      assert.equal(await f.store.deleteById(id, f.end({ now: ahead, tombstones: BRIEF })), "deleted");
      assert.deepEqual((await f.store.fetchById(id))?.ended, { at: ahead, reason: "revoked" });
    },
    "keeps no more tombstones of a user than max, the latest ones": async (f) => {
      const ids: string[] = [];
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      for (let index = 0; index < 6; index++) {
        // Ended in another order than they were created in.
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
    "keeps a tombstone that says when and why": async (f) => {
      const record = await f.stored();
      assert.equal(
        await f.store.deleteById(record.id, f.end({ reason: "reused", tombstones: BRIEF })),
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
  },

  deleteByUserKey: {
    "ends all of a user's sessions": async (f) => {
      const many = await f.storedMany(5);
      const theirs = await f.stored({ userKey: `${f.userKey}-other` });
      assert.deepEqual(sorted(await f.store.deleteByUserKey(f.userKey, f.end())), idsOf(many));
      assert.deepEqual(await f.liveIds(), []);
      const left = await f.store.fetchByIds(many.map(({ id }) => id));
      assert.ok(left.every((record) => record === undefined));
      assert.deepEqual(await f.store.fetchById(theirs.id), theirs);
    },
    "leaves those out that are excepted": async (f) => {
      const [a, b, c] = await f.storedMany(3);
      const unknown = shardOf(f.userKey) + randomText(20);
      const ended = await f.store.deleteByUserKey(f.userKey, f.end(), [b?.id ?? "", unknown]);
      assert.deepEqual(sorted(ended), sorted([a?.id ?? "", c?.id ?? ""]));
      assert.deepEqual(await f.liveIds(), [b?.id]);
    },
    "names only those that it ended": async (f) => {
      const { id } = await f.stored();
      await f.store.deleteById(id, f.end({ tombstones: LONG }));
      assert.deepEqual(await f.store.deleteByUserKey(f.userKey, f.end()), []);
      assert.deepEqual(await f.store.deleteByUserKey(`${f.userKey}-nobody`, f.end()), []);
    },
    "ends sessions that only the caller's fast clock considers expired": async (f) => {
      const [a, b, c] = await f.storedMany(3, { expiresAt: NOW + 10 });
      const ahead = f.end({ now: NOW + 90_000 });
      const ended = await f.store.deleteByUserKey(f.userKey, ahead, [b?.id ?? ""]);
      assert.deepEqual(sorted(ended), sorted([a?.id ?? "", c?.id ?? ""]));
      assert.deepEqual(await f.liveIds(), [b?.id]);
    },
    "ends many hundreds at once": async (f) => {
      const ids: string[] = [];
      for (let count = 0; count < 700; count++) ids.push((await f.stored()).id);
      const kept = ids.slice(0, 300);
      assert.deepEqual(
        sorted(await f.store.deleteByUserKey(f.userKey, f.end(), kept)),
        sorted(ids.slice(300)),
      );
      assert.deepEqual(sorted(await f.liveIds()), sorted(kept));
    },
    "keeps tombstones": async (f) => {
      const many = await f.storedMany(2);
      await f.store.deleteByUserKey(f.userKey, f.end({ reason: "logout", tombstones: BRIEF }));
      for (const record of await f.store.fetchByIds(many.map(({ id }) => id))) {
        assert.deepEqual(record?.ended, { at: NOW, reason: "logout" });
        assert.equal(record?.deadline, NOW + 500);
      }
    },
    "keeps no more tombstones of a user than max, whatever ended at once": async (f) => {
      const before = await f.stored();
      await f.store.deleteById(before.id, f.end({ now: NOW - 1, tombstones: { keepFor: HOUR, max: 3 } }));
      const many = await f.storedMany(5);
      const ended = await f.store.deleteByUserKey(
        f.userKey,
        f.end({ tombstones: { keepFor: HOUR, max: 3 } }),
      );
      assert.deepEqual(sorted(ended), idsOf(many));
      const left = (await f.store.fetchByIds(many.map(({ id }) => id))).filter(
        (record) => record !== undefined,
      );
      assert.equal(left.length, 3);
      assert.ok(left.every(({ ended }) => ended?.at === NOW));
      assert.equal(await f.store.fetchById(before.id), undefined);
    },
  },

  fetchByLink: {
    "finds the sessions with a link that have not ended, expired or not, of every user": async (f) => {
      const link = randomText(43);
      const own = [await f.stored({ link }), await f.stored({ link, userKey: `${f.userKey}-other` })];
      await f.stored();
      await f.stored({ link: randomText(43) });
      // By a clock that is ahead: another process may still consider it live.
      own.push(await f.stored({ link, createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW }));
      const [deleted, ended] = [await f.stored({ link }), await f.stored({ link })];
      await f.store.deleteById(deleted.id, f.end());
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG }));
      const found = await linked(f, link);
      assert.deepEqual(idsOf(found), idsOf(own));
      for (const record of own) {
        assert.deepEqual(
          found.find(({ id }) => id === record.id),
          record,
        );
        assert.deepEqual(await f.store.fetchById(record.id), record);
      }
      assert.equal((await linked(f, link, 1)).length, 1);
      assert.deepEqual(await linked(f, randomText(43)), []);
    },
    "keeps the link through changes, within limits, and tells capitals apart": async (f) => {
      const link = `-_${randomText(61)}a`;
      await f.stored({ link: `${link.slice(0, -1)}A` });
      const record = f.record({ link });
      await f.store.create(record, { now: NOW, limit: { max: 5, onExceed: OLDEST } });
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
      await f.store.update(record.id, { data: { v: 1 }, activity }, { now: NOW });
      assert.deepEqual(await linked(f, link), [{ ...record, ...activity, revision: 1, data: { v: 1 } }]);
    },
  },

  deleteCreatedBefore: {
    "ends everyone's sessions that were created before, and no other": async (f) => {
      const other = `${f.userKey}-other`;
      const old = [
        await f.stored({ createdAt: LONG_AGO - 1 }),
        await f.stored({ createdAt: LONG_AGO - HOUR }),
        await f.stored({ createdAt: LONG_AGO - 1, userKey: other }),
      ];
      const young = [await f.stored({ createdAt: LONG_AGO }), await f.stored({ userKey: other })];
      const ended = await endedBefore(f, LONG_AGO, f.end());
      for (const id of idsOf(old)) assert.ok(ended.includes(id), "an old session was not named");
      for (const id of idsOf(young)) assert.ok(!ended.includes(id), "a young session was named");
      assert.deepEqual(await f.store.fetchByIds(old.map(({ id }) => id)), [undefined, undefined, undefined]);
      assert.deepEqual(await f.store.fetchByIds(young.map(({ id }) => id)), young);
      assert.deepEqual(sorted([...(await f.liveIds()), ...(await f.liveIds(other))]), idsOf(young));
    },
    "names nobody else's end, and none twice": async (f) => {
      const ended = await f.stored({ createdAt: LONG_AGO - 1 });
      await f.store.deleteById(ended.id, f.end({ tombstones: LONG }));
      const live = await f.stored({ createdAt: LONG_AGO - 1 });
      const own = async () =>
        (await endedBefore(f, LONG_AGO, f.end())).filter((id) => id.startsWith(shardOf(f.userKey)));
      assert.deepEqual(await own(), [live.id]);
      assert.deepEqual(await own(), []);
    },
    "ends sessions that only the caller's fast clock considers expired, of every user": async (f) => {
      const { id } = await f.stored({ createdAt: LONG_AGO - 1, expiresAt: NOW + 10 });
      const ended = await endedBefore(f, LONG_AGO, f.end({ now: NOW + 90_000 }));
      assert.ok(ended.includes(id));
      assert.equal(await f.store.fetchById(id), undefined);
    },
    "keeps no more tombstones of a user than max, whatever a breach ends": async (f) => {
      const many = await f.storedMany(4, { createdAt: LONG_AGO - 1 });
      await endedBefore(f, LONG_AGO, f.end({ tombstones: { keepFor: 500, max: 2 } }));
      const left = await f.store.fetchByIds(many.map(({ id }) => id));
      assert.equal(left.filter((record) => record?.ended).length, 2);
      assert.equal(left.filter((record) => record === undefined).length, 2);
    },
    "keeps tombstones of everyone's too": async (f) => {
      const { id } = await f.stored({ createdAt: LONG_AGO - 1 });
      await endedBefore(f, LONG_AGO, f.end({ tombstones: BRIEF }));
      const record = await f.store.fetchById(id);
      assert.deepEqual(record?.ended, { at: NOW, reason: "revoked" });
      assert.deepEqual([record?.revision, record?.expiresAt, record?.deadline], [1, NOW + 500, NOW + 500]);
      assert.deepEqual(await f.liveIds(), []);
    },
    "ends everyone's in steps": async (f) => {
      const ids: string[] = [];
      for (let count = 0; count < 2_500; count += 50) {
        const some = Array.from({ length: 50 }, () => f.stored({ createdAt: LONG_AGO - 1 }));
        ids.push(...idsOf(await Promise.all(some)));
      }
      const ended = await endedBefore(f, LONG_AGO, f.end());
      assert.equal(new Set(ended).size, ended.length, "one was named twice");
      for (const id of ids) assert.ok(ended.includes(id));
      assert.deepEqual(await f.liveIds(), []);
    },
  },

  deleteExpired: {
    "removes what is past its deadline, and nothing that lives": async (f) => {
      const dead = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW });
      const live = await f.stored({ expiresAt: NOW + 1 });
      const ended = await f.stored();
      await f.store.deleteById(ended.id, f.end({ tombstones: BRIEF }));
      await sweep(f, NOW);
      assert.deepEqual(await f.store.fetchByIds([dead.id, live.id]), [undefined, live]);
      assert.ok(await f.store.fetchById(ended.id));
      await sweep(f, NOW + 500);
      assert.equal(await f.store.fetchById(ended.id), undefined);
      await rejectsNothingLeft(f);
    },
    "finds a session whose end has moved outwards when its time has come": async (f) => {
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
    "removes no more at once than it is told to": async (f) => {
      const old = { createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW - 5 };
      await sweep(f, NOW);
      for (let count = 0; count < 5; count++) await f.stored(old);
      const removed = await f.store.deleteExpired?.(NOW, 2);
      assert.ok(removed !== undefined && removed <= 2, `removed ${removed} of at most 2`);
      await sweep(f, NOW);
      await rejectsNothingLeft(f);
    },
  },

  onExpired: {
    "reports the expired sessions that deleteExpired removes, once and without tombstones": async (f) => {
      assert.ok(
        f.store.onExpired,
        "there is no onExpired: skip this test with the reason that the engine expires by itself",
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
      const told = ({ id, userKey, expiresAt, deadline }: ExpiredSession) => ({
        id,
        userKey,
        expiresAt,
        deadline,
      });
      const byId = (a: ExpiredSession, b: ExpiredSession) => (a.id < b.id ? -1 : 1);
      assert.deepEqual(reported.sort(byId), [told(expired), told(idle)].sort(byId));
      assert.deepEqual(removed, [], "a listener that was removed was called");
    },
  },

  close: {
    "can be called twice": async (f) => {
      await f.store.close?.();
      await f.store.close?.();
      // The runner closes once more. A store without it has nothing to let go.
      assert.ok(f.store.close === undefined || typeof f.store.close === "function");
    },
  },
};

async function linked(f: StoreFixture, link: string, limit = 10): Promise<readonly SessionRecord[]> {
  assert.ok(
    f.store.fetchByLink,
    "there is no fetchByLink: skip these tests with the reason that it is an ability a store may lack",
  );
  return f.store.fetchByLink(link, { limit });
}

/** The ids of all steps. */
async function endedBefore(f: StoreFixture, moment: number, end: End): Promise<string[]> {
  assert.ok(
    f.store.deleteCreatedBefore,
    "there is no deleteCreatedBefore: skip these tests with the reason that it is an ability a store may lack",
  );
  const ended: string[] = [];
  for await (const ids of f.store.deleteCreatedBefore(moment, end)) ended.push(...ids);
  return ended;
}

/** Until nothing is removed any more. */
async function sweep(f: StoreFixture, now: number): Promise<void> {
  assert.ok(
    f.store.deleteExpired,
    "there is no deleteExpired: skip these tests with the reason that the engine expires by itself",
  );
  for (let turns = 0; turns < 1_000; turns++) if ((await f.store.deleteExpired(now, 100)) === 0) return;
  assert.fail("deleteExpired never came to an end");
}

/** The user's key can be used anew: what was removed left nothing behind that would count. */
async function rejectsNothingLeft(f: StoreFixture): Promise<void> {
  const ended = await f.store.deleteByUserKey(f.userKey, f.end({ now: NOW - 2 * HOUR }));
  assert.ok(ended.length <= 1, "dead records are still in the user's index");
}
