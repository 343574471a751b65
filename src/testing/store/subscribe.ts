import assert from "node:assert/strict";
import type { ChangedEvent, EndedEvent, Store, StoreListener } from "../../store.ts";
import { test } from "../contract.ts";
import {
  AWKWARD_USER_KEYS,
  HOUR,
  LONG_TOMBSTONES,
  NOW,
  rejectsWith,
  type StoreFixture,
  type StoreTests,
  sorted,
  sortedIds,
} from "./fixture.ts";

/** Earlier than the sessions of all other tests, since deleteCreatedBefore ends the sessions of every user. */
const LONG_AGO = Date.UTC(1999, 0, 1);
/** The time after which an event is missing, in milliseconds. */
const PATIENCE = 20_000;

/** Tests of subscribe: another store over the same database reports what this one ends and changes. */
export const subscribeTests: StoreTests = [
  test("subscribe/status", "subscribe first reports that the channel is up", async (f) => {
    const heard = await listen(f.another);
    await heard.until(() => heard.states.length > 0);
    assert.deepEqual(heard.states, [true]);
    await heard.stop();
  }),
  test(
    "subscribe/delete-by-id",
    "subscribe reports a session that deleteById ends, to both stores",
    async (f) => {
      const listeners = [await listen(f.store), await listen(f.another)];
      const { id, userKey } = await f.stored();
      await f.store.deleteById(id, f.end({ reason: "client_changed" }), userKey);
      for (const heard of listeners) {
        await heard.untilChangeOf(f);
        assert.deepEqual(heard.endedOf(userKey), [{ ids: [id], userKey, reason: "client_changed" }]);
        await heard.stop();
      }
    },
  ),
  test("subscribe/user-keys", "subscribe reports every user key exactly", async (f) => {
    const heard = await listen(f.another);
    const ids: string[] = [];
    for (const userKey of AWKWARD_USER_KEYS) {
      const { id } = await f.stored({ userKey });
      await f.store.deleteById(id, f.end());
      ids.push(id);
    }
    await heard.untilChangeOf(f, AWKWARD_USER_KEYS);
    for (const [index, userKey] of AWKWARD_USER_KEYS.entries()) {
      const own = heard.endedOf(userKey).filter((event) => event.ids.includes(ids[index] ?? ""));
      assert.equal(own.length, 1);
    }
    await heard.stop();
  }),
  test(
    "subscribe/delete-by-user-key",
    "subscribe reports each session that deleteByUserKey ends once, and no excepted one",
    async (f) => {
      const heard = await listen(f.another);
      const [kept, ...many] = await f.storedMany(150);
      await f.store.deleteByUserKey(f.userKey, f.end(), [kept?.id ?? ""]);
      await heard.untilChangeOf(f);
      const events = heard.endedOf(f.userKey);
      assert.deepEqual(sorted(events.flatMap(({ ids }) => ids)), sortedIds(many));
      for (const { reason } of events) assert.equal(reason, "revoked");
      await heard.stop();
    },
  ),
  test(
    "subscribe/create",
    "subscribe reports the sessions that create replaces and evicts, with their reasons",
    async (f) => {
      await assertCreateIsReported(f);
    },
  ),
  test("subscribe/tombstones", "subscribe reports sessions that become tombstones alike", async (f) => {
    await assertCreateIsReported(f, { tombstones: LONG_TOMBSTONES });
    const heard = await listen(f.another);
    const [first, ...rest] = await f.storedMany(4, { userKey: `${f.userKey}-all` });
    assert.ok(first);
    const end = f.end({ tombstones: { keepFor: HOUR, max: 2 } });
    await f.store.deleteById(first.id, end);
    await f.store.deleteByUserKey(first.userKey, end);
    await heard.untilChangeOf(f, [first.userKey]);
    const [one, ...others] = heard.endedOf(first.userKey);
    assert.deepEqual(one, { ids: [first.id], userKey: first.userKey, reason: "revoked" });
    assert.deepEqual(sorted(others.flatMap(({ ids }) => ids)), sortedIds(rest));
    await heard.stop();
  }),
  test(
    "subscribe/update",
    "subscribe reports new data with its revision, and no mere activity",
    async (f) => {
      const heard = await listen(f.another);
      const { id } = await f.stored({ lastSeenAt: NOW - HOUR, deadline: NOW + HOUR, expiresAt: NOW + 1 });
      const activity = { lastSeenAt: NOW - 1, expiresAt: NOW + HOUR };
      await f.store.update(id, { activity }, { now: NOW });
      await f.store.update(id, { data: { v: 1, a: 1 } }, { now: NOW });
      await f.store.update(
        id,
        { activity: { ...activity, lastSeenAt: NOW }, data: { v: 1, a: 2 } },
        { now: NOW, ifRevision: 1 },
      );
      await heard.untilChangeOf(f);
      assert.deepEqual(heard.changesOf([id]), [
        { id, revision: 1 },
        { id, revision: 2 },
      ]);
      await heard.stop();
    },
  ),
  test(
    "subscribe/no-change",
    "subscribe reports nothing for an operation that changes nothing",
    async (f) => {
      const heard = await listen(f.another);
      const stranger = await f.stored({ userKey: `${f.userKey}-stranger` });
      const { id } = await f.stored();
      const expired = await f.stored({ createdAt: NOW - HOUR, lastSeenAt: NOW - HOUR, expiresAt: NOW });
      assert.equal(await f.store.deleteById(id, f.end(), "someone else"), "not_owner");
      assert.equal(await f.store.deleteById(f.record().id, f.end()), "not_found");
      assert.equal(await f.store.update(id, { data: { v: 1 } }, { now: NOW, ifRevision: 7 }), "conflict");
      assert.equal(await f.store.update(expired.id, { data: { v: 1 } }, { now: NOW }), "not_found");
      await f.store.deleteByUserKey(`${f.userKey}-nobody`, f.end());
      await f.store.create(f.record(), { now: NOW, replaces: stranger.id });
      const limit = { max: 1, onExceed: "reject" } as const;
      await rejectsWith("ERR_LIMIT", f.store.create(f.record(), { now: NOW, limit, replaces: expired.id }));
      await heard.untilChangeOf(f);
      for (const userKey of [f.userKey, stranger.userKey]) assert.deepEqual(heard.endedOf(userKey), []);
      assert.deepEqual(heard.changesOf([id, expired.id, stranger.id]), []);
      await heard.stop();
    },
  ),
  test(
    "subscribe/delete-created-before",
    "subscribe reports the sessions that deleteCreatedBefore ends, each with its user",
    async (f) => {
      assert.ok(
        f.store.deleteCreatedBefore,
        "the store has no deleteCreatedBefore: skip this test, because the operation is optional",
      );
      for (const tombstones of [undefined, LONG_TOMBSTONES]) {
        const heard = await listen(f.another);
        const users = [f.userKey, `${f.userKey}-other`].map((name) => `${name}-${tombstones ? 2 : 1}`);
        const stored = new Map<string, string[]>();
        for (const userKey of users)
          stored.set(userKey, sortedIds(await f.storedMany(3, { userKey, createdAt: LONG_AGO - 1 })));
        const end = f.end(tombstones && { tombstones });
        for await (const _ of f.store.deleteCreatedBefore(LONG_AGO, end));
        await heard.untilChangeOf(f, users);
        for (const [userKey, ids] of stored)
          assert.deepEqual(sorted(heard.endedOf(userKey).flatMap((event) => event.ids)), ids);
        await heard.stop();
      }
    },
  ),
  test(
    "subscribe/unsubscribe",
    "a listener whose subscription has ended is not called, and others are",
    async (f) => {
      const [gone, heard] = [await listen(f.another), await listen(f.another)];
      await gone.stop();
      await gone.stop();
      const { id } = await f.stored();
      await f.store.deleteById(id, f.end());
      await heard.untilChangeOf(f);
      assert.equal(heard.endedOf(f.userKey).length, 1);
      assert.deepEqual(gone.events, []);
      await heard.stop();
    },
  ),
];

async function assertCreateIsReported(
  f: StoreFixture,
  kept: Pick<Parameters<Store["create"]>[1], "tombstones"> = {},
) {
  const heard = await listen(f.another);
  const userKey = `${f.userKey}-creates`;
  const [first, second, third] = await f.storedMany(3, { userKey });
  assert.ok(first && second && third);
  await f.store.create(f.record({ userKey }), { now: NOW, replaces: third.id, ...kept });
  const limit = { max: 2, onExceed: "evict-oldest" } as const;
  await f.store.create(f.record({ userKey }), { now: NOW, limit, ...kept });
  await heard.untilChangeOf(f, [userKey]);
  const reasons = heard.endedOf(userKey).flatMap(({ ids, reason }) => ids.map((id) => `${id} ${reason}`));
  const expected = [`${third.id} logout`, `${first.id} evicted`, `${second.id} evicted`];
  assert.deepEqual(sorted(reasons), sorted(expected));
  await heard.stop();
}

/** A subscription that remembers its events. */
class Heard implements StoreListener {
  readonly events: (EndedEvent | ChangedEvent)[] = [];
  readonly states: boolean[] = [];
  stop: () => Promise<void> = async () => undefined;
  #check: () => void = () => undefined;

  ended(event: EndedEvent): void {
    this.events.push(event);
    this.#check();
  }

  changed(event: ChangedEvent): void {
    this.events.push(event);
    this.#check();
  }

  status(up: boolean): void {
    this.states.push(up);
    this.#check();
  }

  /** The events of ended sessions of a user. */
  endedOf(userKey: string): EndedEvent[] {
    return this.events.filter((event) => "ids" in event).filter((event) => event.userKey === userKey);
  }

  changesOf(ids: readonly string[]): ChangedEvent[] {
    return this.events.filter((event) => "id" in event).filter((event) => ids.includes(event.id));
  }

  /** Changes another session of each user and waits for those events: the users' earlier events have arrived by then. */
  async untilChangeOf(f: StoreFixture, userKeys: readonly string[] = [f.userKey]): Promise<void> {
    const ids: string[] = [];
    for (const userKey of userKeys) {
      const { id } = await f.stored({ userKey });
      await f.store.update(id, { data: { v: 1 } }, { now: NOW });
      ids.push(id);
    }
    await this.until(() => this.changesOf(ids).length === ids.length);
  }

  async until(holds: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("an event did not arrive")), PATIENCE);
      this.#check = () => {
        if (!holds()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#check();
    });
  }
}

async function listen(store: Store): Promise<Heard> {
  assert.ok(
    store.subscribe,
    "the store has no subscribe: omit the option `another`, because the operation is optional",
  );
  const heard = new Heard();
  heard.stop = await store.subscribe(heard);
  return heard;
}
