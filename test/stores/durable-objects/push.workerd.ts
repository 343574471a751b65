/** Runs push of the Durable Objects store inside Cloudflare's runtime. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type SessionRecord, type Store, shardOf } from "sessionup";
import { durableObjectPush, durableObjectStore } from "sessionup/stores/durable-objects";
import { storeContract } from "sessionup/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OwnHub, Subscriber } from "../../runtimes/workerd/_worker.ts";
import { HeardEvents } from "../../support/heard-events.ts";
import { skip } from "./_skip.ts";
import { sparse } from "./_sparse.ts";

const HOUR = 3_600_000;
const HEARTBEAT = { heartbeat: "1s" } as const;
let count = 0;

function createRecord(userKey: string): SessionRecord {
  const id = `${shardOf(userKey)}pushed${String(count++).padStart(14, "0")}`;
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + HOUR, deadline: now + HOUR };
  return { id, userKey, revision: 0, ...times, data: { v: 1 } };
}

/** Creates a session and ends it. Returns its id. */
async function endOne(store: Store, userKey: string): Promise<string> {
  const record = createRecord(userKey);
  await store.create(record, { now: Date.now() });
  await store.deleteById(record.id, { reason: "revoked", now: Date.now() });
  return record.id;
}

const getObject = (userKey: string) => env.OWN_PUSHED.get(env.OWN_PUSHED.idFromName(shardOf(userKey)));
const getHub = () => env.OWN_HUB.get(env.OWN_HUB.idFromName("hub"));

/** Returns the messages that an object has not reported, and the time of its alarm. */
function inside(userKey: string) {
  return runInDurableObject(getObject(userKey), async (_object, { storage }) => {
    const [row] = storage.sql.exec("SELECT count(*) - 1 AS pending FROM sessionup_sessions_events").toArray();
    return { pending: Number(row?.pending), alarm: await storage.getAlarm() };
  });
}

function inHub<Answer>(use: (hub: OwnHub, state: DurableObjectState) => Answer | Promise<Answer>) {
  return runInDurableObject(getHub(), (hub, state) => use(hub as unknown as OwnHub, state));
}

/** Ends an object at once, as a crash does: nothing in its memory is kept, and its requests fail. */
async function crash(stub: DurableObjectStub): Promise<void> {
  const crashing = runInDurableObject(stub, (_object, state) => state.abort("crash"));
  await expect(crashing).rejects.toThrow("crash");
}

describe("durable-objects × Cloudflare, push", () => {
  let sessions = sparse(env.PUSHED);
  const openStore = () =>
    durableObjectStore(sessions, {
      // On a busy machine, an operation over all objects may keep the heartbeat waiting, and events in between would be lost.
      push: durableObjectPush(env.SESSIONS_HUB, { heartbeat: "60s" }),
    });
  const slow = {
    reason: "a hub changes nothing in them, and they run without one",
    tests: [
      "delete-created-before/many",
      "scan/all-users",
      "scan/live-only",
      "scan/once",
      "scan/order",
      "scan/created-at",
      "scan/last-seen-at",
      "scan/data",
      "scan/ended",
      "scan/races",
    ],
  };
  storeContract(
    { describe, it },
    {
      skip: [...skip, slow],
      create() {
        sessions = sparse(env.PUSHED);
        return openStore();
      },
      another: () => openStore(),
    },
  );
});

describe("push of durableObjectStore", () => {
  const stores: Store[] = [];
  const open = () => {
    const store = durableObjectStore(env.OWN_PUSHED, { push: durableObjectPush(env.OWN_HUB, HEARTBEAT) });
    stores.push(store);
    return store;
  };
  async function subscribed() {
    const store = open();
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    return { store, heard };
  }
  beforeEach(() => inHub((hub) => void Object.assign(hub, { mode: "pass" })));
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close?.();
    vi.useRealTimers();
  });

  it("reports the events of a user in order, and forgets those that the hub confirmed", async () => {
    const { store, heard } = await subscribed();
    const ids: string[] = [];
    for (let round = 0; round < 5; round++) ids.push(await endOne(store, "ann"));
    await expect.poll(() => heard.ids).toEqual(ids);
    await expect.poll(async () => (await inside("ann")).pending).toBe(0);
  });

  it.each(["fail", "hang"] as const)(
    "an operation succeeds while the hub does not confirm, and the alarm reports its event again (%s)",
    async (mode) => {
      const user = `bob ${mode}`;
      const { store, heard } = await subscribed();
      await inHub((hub) => void Object.assign(hub, { mode }));
      const ids = [await endOne(store, user), await endOne(store, user)];
      const { pending, alarm } = await inside(user);
      expect(pending).toBe(2);
      expect(alarm).toBeLessThan(Date.now() + 60_000);
      expect(heard.ids).toEqual([]);
      await crash(getObject(user));
      await inHub((hub) => void Object.assign(hub, { mode: "pass" }));
      expect(await runDurableObjectAlarm(getObject(user))).toBe(true);
      await expect.poll(() => heard.ids).toEqual(ids);
      expect((await inside(user)).pending).toBe(0);
      expect(heard.states).toEqual([true]);
    },
  );

  it("the alarm comes again while the hub fails, and later goes back to the expired records", async () => {
    // Nothing subscribes: to a subscriber, a clock that jumps means that its process was suspended.
    const store = open();
    const kept = createRecord("cat");
    await store.create(kept, { now: Date.now() });
    const before = await inside("cat");
    await inHub((hub) => void Object.assign(hub, { mode: "fail" }));
    const id = await endOne(store, "cat");
    for (let round = 0; round < 3; round++) {
      vi.setSystemTime((await inside("cat")).alarm ?? 0);
      await runDurableObjectAlarm(getObject("cat"));
      const { pending, alarm } = await inside("cat");
      expect(pending).toBe(1);
      expect(alarm).toBeGreaterThan(Date.now());
      expect(alarm).toBeLessThan(before.alarm ?? 0);
    }
    await inHub((hub) => void Object.assign(hub, { mode: "pass" }));
    await runDurableObjectAlarm(getObject("cat"));
    expect(await inside("cat")).toEqual({ pending: 0, alarm: before.alarm });
    expect(await inHub((hub) => hub.reports.at(-1))).toContain(id);
  });

  it("the cleanup of expired records keeps old events that the hub has not confirmed", async () => {
    const { store, heard } = await subscribed();
    await inHub((hub) => void Object.assign(hub, { mode: "fail" }));
    const ids = [await endOne(store, "dan"), await endOne(store, "dan"), await endOne(store, "dan")];
    const age = "UPDATE sessionup_sessions_events SET at = 1";
    await runInDurableObject(getObject("dan"), (_object, { storage }) => storage.sql.exec(age).toArray());
    await runDurableObjectAlarm(getObject("dan"));
    await inHub((hub) => void Object.assign(hub, { mode: "pass" }));
    await runDurableObjectAlarm(getObject("dan"));
    await expect.poll(() => heard.ids).toEqual(ids);
  });

  it("operations that end and change nothing report nothing", async () => {
    const { store } = await subscribed();
    const reports = await inHub((hub) => hub.reports.length);
    const record = createRecord("eve");
    await store.create(record, { now: Date.now() });
    await store.update(record.id, {}, { now: Date.now() });
    await store.deleteById(record.id, { reason: "revoked", now: Date.now() }, "someone else");
    expect(await inHub((hub) => hub.reports.length)).toBe(reports);
  });

  it("the hub forwards events after the platform removed it from memory", async () => {
    const { store, heard } = await subscribed();
    await evictDurableObject(getHub());
    const id = await endOne(store, "fay");
    await expect.poll(() => heard.ids).toEqual([id]);
    expect(heard.states).toEqual([true]);
  });

  it("a broken connection is reported and replaced", async () => {
    const { store, heard } = await subscribed();
    await inHub((_hub, state) => {
      for (const socket of state.getWebSockets()) socket.close(1012, "restart");
    });
    await expect.poll(() => heard.states).toEqual([true, false, true]);
    const id = await endOne(store, "gus");
    await expect.poll(() => heard.ids).toEqual([id]);
  });

  it("the heartbeat notices a hub that does not answer", async () => {
    const { heard } = await subscribed();
    await inHub((_hub, state) => state.setWebSocketAutoResponse());
    await expect.poll(() => heard.states.slice(0, 2)).toEqual([true, false]);
    await evictDurableObject(getHub());
    await expect.poll(() => heard.states.at(-1)).toBe(true);
  });

  it("closes its connection when the last subscription ends", async () => {
    const store = open();
    const stops = [await store.subscribe?.(new HeardEvents()), await store.subscribe?.(new HeardEvents())];
    const connections = () => inHub((_hub, state) => state.getWebSockets().length);
    expect(await connections()).toBe(1);
    for (const stop of stops) await stop?.();
    await expect.poll(connections).toBe(0);
  });

  it("a Durable Object of the app subscribes", async () => {
    const subscriber = env.SUBSCRIBER.get(env.SUBSCRIBER.idFromName("room"));
    await (await subscriber.fetch("https://room.internal/")).text();
    const id = await endOne(open(), "hal");
    const hears = () =>
      runInDurableObject(subscriber, (object) => (object as unknown as Subscriber).heard.ids);
    await expect.poll(hears).toEqual([id]);
  });

  it("subscribe rejects when the objects have no hub", async () => {
    const store = durableObjectStore(env.OBJECTS, { push: durableObjectPush(env.OWN_HUB, HEARTBEAT) });
    await expect(store.subscribe?.(new HeardEvents())).rejects.toThrow("SESSIONS_HUB");
  });

  it("subscribe rejects when the objects report to another hub, or the hub fails", async () => {
    const store = durableObjectStore(env.PUSHED, { push: durableObjectPush(env.OWN_HUB, HEARTBEAT) });
    await expect(store.subscribe?.(new HeardEvents())).rejects.toThrow("did not arrive");
    const broken = durableObjectStore(env.OWN_PUSHED, { push: durableObjectPush(env.BROKEN, HEARTBEAT) });
    await expect(broken.subscribe?.(new HeardEvents())).rejects.toThrow("status 500");
  });

  it("has no subscribe without the option, and throws a TypeError for invalid arguments", () => {
    expect(durableObjectStore(env.OWN_PUSHED).subscribe).toBeUndefined();
    for (const push of [true, null, {}])
      expect(() => durableObjectStore(env.OWN_PUSHED, { push: push as never })).toThrow(/^push must be/);
    expect(() => durableObjectPush(undefined as never)).toThrow(/^hub must be the binding/);
    expect(() => durableObjectPush(env.OWN_HUB, { heartbeat: "soon" as never })).toThrow("heartbeat");
  });
});
