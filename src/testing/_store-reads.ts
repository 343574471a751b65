import assert from "node:assert/strict";
import { shardOf } from "../cookie/shard.ts";
import { randomText } from "../cookie/token.ts";
import type { SessionCursor, SessionRecord } from "../store.ts";
import { AWKWARD_DATA, AWKWARD_USER_KEYS, HOUR, idsOf, NOW, type StoreFixture } from "./_store-fixture.ts";
import type { ContractTests } from "./contract.ts";

/** What comes out of a store is what went in. */
export const READS: ContractTests<StoreFixture> = {
  fetchById: {
    "gives a record back whole, to the millisecond": async (f) => {
      const record = await f.stored({
        createdAt: NOW - 999,
        lastSeenAt: NOW - 1,
        expiresAt: NOW + 7,
        deadline: NOW + 8,
      });
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
    "loses nothing that JSON can say": async (f) => {
      const { id } = await f.stored({ data: AWKWARD_DATA });
      assert.deepEqual((await f.store.fetchById(id))?.data, AWKWARD_DATA);
      assert.equal(JSON.stringify((await f.store.fetchById(id))?.data), JSON.stringify(AWKWARD_DATA));
    },
    "gives an expired record too": async (f) => {
      const record = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW - 1 });
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
    "knows nothing of an id that is not there": async (f) => {
      const { id } = await f.stored();
      assert.equal(await f.store.fetchById(shardOf(f.userKey) + randomText(20)), undefined);
      assert.equal(await f.store.fetchById(id.slice(0, -1)), undefined);
      assert.equal(await f.store.fetchById(swappedCase(id)), undefined);
    },
    "keeps what is inside apart from what went in": async (f) => {
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
    "keeps what is inside apart from what came out": async (f) => {
      const record = await f.stored({ data: { v: 1, list: ["before"] } });
      tamper(await f.store.fetchById(record.id));
      tamper((await f.store.fetchByIds([record.id]))[0]);
      tamper((await f.store.fetchByUserKey(f.userKey, { now: NOW, limit: 1 }))[0]);
      assert.deepEqual(await f.store.fetchById(record.id), record);
    },
  },

  fetchByIds: {
    "answers in the order of the question": async (f) => {
      const [a, b] = [await f.stored(), await f.stored({ userKey: `${f.userKey}-other` })];
      const missing = shardOf(f.userKey) + randomText(20);
      assert.deepEqual(await f.store.fetchByIds([b.id, missing, a.id, b.id]), [b, undefined, a, b]);
    },
    "answers nothing with nothing": async (f) => {
      assert.deepEqual(await f.store.fetchByIds([]), []);
    },
  },

  fetchByUserKey: {
    "lists live sessions, newest first": async (f) => {
      const [oldest, middle, newest] = await f.storedMany(3);
      assert.deepEqual(await f.store.fetchByUserKey(f.userKey, { now: NOW, limit: 10 }), [
        newest,
        middle,
        oldest,
      ]);
    },
    "orders those of one millisecond by id, descending": async (f) => {
      const records = [];
      for (let count = 0; count < 8; count++) records.push(await f.stored());
      assert.deepEqual(await f.liveIds(), idsOf(records).reverse());
    },
    "puts a session in its place that was stored late": async (f) => {
      const [oldest, newest] = [await f.stored({ createdAt: NOW - 2 }), await f.stored({ createdAt: NOW })];
      const late = await f.stored({ createdAt: NOW - 1 });
      assert.deepEqual(await f.liveIds(), [newest.id, late.id, oldest.id]);
    },
    "leaves out what has expired, to the millisecond": async (f) => {
      const record = await f.stored({ expiresAt: NOW + 10, deadline: NOW + HOUR });
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 9), [record.id]);
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 10), []);
      assert.deepEqual(await f.liveIds(f.userKey, NOW + 11), []);
    },
    "lists nobody else's": async (f) => {
      await f.stored({ userKey: `${f.userKey}-other` });
      assert.deepEqual(await f.liveIds(), []);
    },
    "tells any two user keys apart": async (f) => {
      const ids = new Map<string, string>();
      for (const key of AWKWARD_USER_KEYS) {
        // Without a text of the fixture's own: a collation or a pattern would show between these alone.
        await f.store.deleteByUserKey(key, f.end());
        ids.set(key, (await f.stored({ userKey: key })).id);
      }
      for (const [key, id] of ids) {
        assert.deepEqual(await f.liveIds(key), [id]);
        assert.equal((await f.store.fetchById(id))?.userKey, key);
      }
      for (const [key, id] of ids) assert.deepEqual(await f.store.deleteByUserKey(key, f.end()), [id]);
    },
    "pages through all, none twice and none left out, though many began in one millisecond": async (f) => {
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
    "fills a page with live sessions though dead ones are between": async (f) => {
      const [first, , third] = await f.storedMany(3);
      await f.stored({ createdAt: NOW - 1, lastSeenAt: NOW - 1, expiresAt: NOW });
      await f.store.deleteById(
        (await f.liveIds())[1] ?? "",
        f.end({ tombstones: { keepFor: HOUR, max: 100 } }),
      );
      const page = await f.store.fetchByUserKey(f.userKey, { now: NOW, limit: 2 });
      assert.deepEqual(page, [third, first]);
    },
  },
};

/** Tries to change what may be a copy, or frozen. */
function tamper(record: SessionRecord | undefined): void {
  assert.ok(record);
  const list = record.data.list as string[];
  for (const change of [
    () => Object.assign(record, { userKey: "somebody else" }),
    () => list.push("after"),
  ]) {
    try {
      change();
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
  }
}

function swappedCase(text: string): string {
  return [...text]
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
    .join("");
}
