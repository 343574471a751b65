import { describe, expect, it } from "vitest";
import { END, isHit, openCache } from "../../test/cache/_open-cache.ts";
import { hearMessages } from "../../test/support/heard-messages.ts";
import { createRecord, HOUR, NOW } from "../../test/support/record.ts";

const MINUTE = 60_000;
/** A session that began a minute ago and ends after half an hour without use. */
const USED = { lastSeenAt: NOW - MINUTE, expiresAt: NOW + 29 * MINUTE, deadline: NOW + HOUR };

/** The activity of a request at this moment. */
function at(lastSeenAt: number) {
  return { activity: { lastSeenAt, expiresAt: lastSeenAt + 30 * MINUTE } };
}

describe("activity", () => {
  it("is answered at once, shown by reads of this instance, and written once per interval", async () => {
    const { cache, store, clock, kept } = await openCache();
    const record = await kept(USED);
    expect(await cache.update(record.id, at(NOW), { now: NOW, ifRevision: 0 })).toBe("updated");
    expect(cache.fetchById(record.id)).toEqual({ ...record, ...at(NOW).activity });
    await clock.pass(4_000);
    expect(await cache.update(record.id, at(NOW + 4_000), { now: NOW + 4_000, ifRevision: 0 })).toBe(
      "updated",
    );
    await clock.pass(5_999);
    expect(store.calls).toEqual([]);
    await clock.pass(1);
    expect(store.calls).toEqual(["update"]);
    expect(await store.fetchById(record.id)).toEqual({ ...record, ...at(NOW + 4_000).activity });
    expect(clock.timers).toBe(0);
  });

  it("is added to a record that is read again before it was written", async () => {
    const { cache, clock, kept } = await openCache({ maxAge: "5s" });
    const record = await kept(USED);
    await cache.update(record.id, at(NOW), { now: NOW, ifRevision: 0 });
    await clock.pass(5_000);
    expect(isHit(cache.fetchById(record.id))).toBe(false);
    expect(await cache.fetchById(record.id)).toEqual({ ...record, ...at(NOW).activity });
  });

  it("is added to a record whose read began before it was written", async () => {
    const { cache, store, clock, kept } = await openCache({ maxAge: "5s" });
    const record = await kept(USED);
    await cache.update(record.id, at(NOW), { now: NOW, ifRevision: 0 });
    await clock.pass(5_000);
    const stale = await store.fetchById(record.id);
    let answer: () => void = () => undefined;
    const { fetchById } = store;
    store.fetchById = () => new Promise((resolve) => (answer = () => resolve(stale)));
    const reading = cache.fetchById(record.id);
    store.fetchById = fetchById;
    await clock.pass(5_000);
    expect(await store.fetchById(record.id)).toMatchObject({ lastSeenAt: NOW });
    answer();
    expect(await reading).toMatchObject({ lastSeenAt: NOW });
  });

  it("is written with the time that has passed, so that it prolongs no session that expired meanwhile", async () => {
    const { cache, store, clock, kept } = await openCache({ writeEvery: "5s" });
    const record = await kept(USED);
    await cache.update(record.id, at(NOW), { now: NOW, ifRevision: 0 });
    // The machine was suspended.
    clock.turn(29 * MINUTE);
    await clock.pass(5_000);
    expect(store.calls).toEqual(["update"]);
    expect(await store.fetchById(record.id)).toEqual(record);
  });

  it.each([
    ["is not later than the known activity", NOW - MINUTE],
    ["is earlier", NOW - 2 * MINUTE],
  ])("changes nothing when it %s", async (_, lastSeenAt) => {
    const { cache, store, clock, kept } = await openCache();
    const record = await kept(USED);
    expect(
      await cache.update(record.id, { activity: { ...at(NOW).activity, lastSeenAt } }, { now: NOW }),
    ).toBe("updated");
    expect(cache.fetchById(record.id)).toEqual(record);
    expect(clock.timers).toBe(0);
    expect(store.calls).toEqual([]);
  });

  it.each([
    [
      "the session would end within two intervals",
      { ...USED, expiresAt: NOW + 19_999 },
      { lastSeenAt: NOW, expiresAt: NOW + 30_000 },
    ],
    ["half of the idle timeout has passed", { ...USED, expiresAt: NOW + 15 * MINUTE - 1 }, at(NOW).activity],
    ["it brings the end of the session forward", USED, { lastSeenAt: NOW, expiresAt: USED.expiresAt - 1 }],
  ])("is written at once when %s", async (_, times, activity) => {
    const { cache, store, kept } = await openCache();
    const record = await kept(times);
    expect(await cache.update(record.id, { activity }, { now: NOW, ifRevision: 0 })).toBe("updated");
    expect(store.calls).toEqual(["update"]);
    expect(await cache.fetchById(record.id)).toEqual({ ...record, ...activity });
  });

  it("is written at once when writeEvery is false, without an entry, with an old one, and at another revision", async () => {
    for (const [writeEvery, age, ifRevision, outcome] of [
      [false, 0, 0, "updated"],
      ["10s", 10_000, 0, "updated"],
      ["10s", 0, 1, "conflict"],
    ] as const) {
      const { cache, store, clock, create, kept } = await openCache({ writeEvery });
      const { id } = await kept(USED);
      await clock.pass(age);
      expect(await cache.update(id, at(NOW), { now: NOW, ifRevision })).toBe(outcome);
      const other = await create(USED);
      expect(await cache.update(other.id, at(NOW), { now: NOW })).toBe("updated");
      expect(store.calls).toEqual(["update"]);
    }
  });

  it("of more than maxEntries sessions is written at once", async () => {
    const { cache, store, kept } = await openCache({ maxEntries: 1 });
    for (const expected of [[], ["update"]]) {
      const { id } = await kept(USED);
      await cache.update(id, at(NOW), { now: NOW });
      expect(store.calls).toEqual(expected);
    }
  });

  it("is written before an operation that depends on it", async () => {
    const operations = {
      fetchByIds: (open, id) => open.cache.fetchByIds([id]),
      fetchByUserKey: (open) => open.cache.fetchByUserKey("ann", { now: NOW, limit: 10 }),
      create: (open) => open.cache.create(createRecord({ userKey: "ann" }), { now: NOW }),
      update: (open, id) => open.cache.update(id, { data: { v: 1 } }, { now: NOW, ifRevision: 0 }),
      close: (open) => open.cache.close(),
    } satisfies Record<string, (open: Awaited<ReturnType<typeof openCache>>, id: string) => Promise<unknown>>;
    for (const [name, operation] of Object.entries(operations)) {
      const open = await openCache();
      const [{ id }, other] = [await open.kept(USED), await open.kept({ ...USED, userKey: "ben" })];
      for (const each of [id, other.id]) await open.cache.update(each, at(NOW), { now: NOW, ifRevision: 0 });
      await operation(open, id);
      expect(await open.store.fetchById(id)).toMatchObject({ lastSeenAt: NOW });
      const isLast = name === "close";
      expect((await open.store.fetchById(other.id))?.lastSeenAt).toBe(isLast ? NOW : USED.lastSeenAt);
    }
  });

  it("all of it is written before deleteExpired, which then keeps the sessions", async () => {
    const { cache, kept } = await openCache();
    const { id } = await kept(USED);
    await cache.update(id, at(NOW), { now: NOW });
    await cache.deleteExpired?.(USED.expiresAt, 10);
    expect(await cache.fetchById(id)).toMatchObject({ lastSeenAt: NOW });
  });

  it.each(["deleteById", "deleteByUserKey", "an event"] as const)(
    "of a session that ended by %s is not written",
    async (how) => {
      const { cache, store, clock, kept } = await openCache();
      const { id, userKey } = await kept(USED);
      await cache.update(id, at(NOW), { now: NOW });
      if (how === "deleteById") await cache.deleteById(id, END);
      else if (how === "deleteByUserKey") await cache.deleteByUserKey(userKey, END);
      else store.push((listener) => listener.ended({ ids: [id], userKey, reason: "revoked" }));
      await clock.pass(10_000);
      expect(store.calls).not.toContain("update");
    },
  );

  it("survives an attempt of another user to end the session", async () => {
    const { cache, store, clock, kept } = await openCache();
    const { id } = await kept(USED);
    await cache.update(id, at(NOW), { now: NOW });
    expect(await cache.deleteById(id, END, "ben")).toBe("not_owner");
    await clock.pass(10_000);
    expect(await store.fetchById(id)).toMatchObject({ lastSeenAt: NOW });
  });

  it("drops the entry of a session that another instance has changed meanwhile", async () => {
    const { cache, store, clock, kept } = await openCache({ writeEvery: "5s" });
    const { id } = await kept(USED);
    await cache.update(id, at(NOW), { now: NOW, ifRevision: 0 });
    await store.update(id, { data: { v: 1, new: true } }, { now: NOW });
    await clock.pass(5_000);
    expect(isHit(cache.fetchById(id))).toBe(false);
    expect(await cache.fetchById(id)).toMatchObject({ data: { new: true }, lastSeenAt: USED.lastSeenAt });
  });

  it("that could not be written is reported once and written at the next interval", async () => {
    const { cache, store, clock, errors, kept } = await openCache();
    const ids = [(await kept(USED)).id, (await kept(USED)).id];
    for (const id of ids) await cache.update(id, at(NOW), { now: NOW });
    const error = new Error("down");
    for (const _ of ids) store.fail("update", error);
    await clock.pass(10_000);
    expect(errors).toEqual([error]);
    await clock.pass(10_000);
    for (const id of ids) expect(await store.fetchById(id)).toMatchObject({ lastSeenAt: NOW });
    expect(errors).toEqual([error]);
    expect(clock.timers).toBe(0);
  });

  it("is published when it is deferred, and when it is or cannot be written", async () => {
    const { cache, store, clock, kept } = await openCache();
    const { id } = await kept(USED);
    const messages = hearMessages("sessionup:cache");
    store.fail("update");
    await cache.update(id, at(NOW), { now: NOW });
    await cache.update(id, at(NOW + 1), { now: NOW + 1 });
    await clock.pass(10_000);
    await clock.pass(10_000);
    const touches = ["deferred", "deferred", "failed", "written"];
    expect(messages).toEqual(touches.map((touch) => ({ touch })));
  });

  it("is written at once when earlier activity could not be written for half of the idle timeout", async () => {
    const { cache, store, clock, kept } = await openCache({ maxAge: "1h" });
    const { id } = await kept(USED);
    const outage = () => store.fail("update");
    const outcomes: unknown[] = [];
    for (let time = 0; time < 15 * MINUTE; time += MINUTE) {
      outcomes.push(
        await cache.update(id, at(NOW + time), { now: NOW + time }).catch((error) => error.message),
      );
      for (let count = 0; count < 6; count++) {
        outage();
        await clock.pass(10_000);
      }
    }
    outage();
    // The store still has the end from before: 29 minutes after the beginning.
    expect(outcomes).toEqual(Array.from({ length: 15 }, () => "updated"));
    const now = NOW + 15 * MINUTE;
    await expect(cache.update(id, at(now), { now })).rejects.toThrow("connection reset");
  });

  it("that arrives while earlier activity is being written is written later", async () => {
    const { cache, store, clock, kept } = await openCache({ writeEvery: "5s" });
    const { id } = await kept(USED);
    await cache.update(id, at(NOW), { now: NOW });
    const gate = store.hold("update");
    await clock.pass(5_000);
    await cache.update(id, at(NOW + 5_000), { now: NOW + 5_000 });
    gate.open();
    await clock.pass(4_999);
    expect(await store.fetchById(id)).toMatchObject({ lastSeenAt: NOW });
    await clock.pass(1);
    expect(await store.fetchById(id)).toMatchObject({ lastSeenAt: NOW + 5_000 });
  });

  it("of many sessions is written in parallel, sixteen at a time", async () => {
    const { cache, store, clock, kept } = await openCache();
    for (let count = 0; count < 20; count++) await cache.update((await kept(USED)).id, at(NOW), { now: NOW });
    store.calls.length = 0;
    const gates = Array.from({ length: 20 }, () => store.hold("update"));
    await clock.pass(10_000);
    expect(store.calls).toHaveLength(16);
    for (const gate of gates) gate.open();
    await expect.poll(() => store.calls).toHaveLength(20);
  });
});
