import { Redis } from "ioredis";
import { createClient, createSentinel } from "redis";
import type { EndedEvent } from "sessionup";
import { type RedisSubscriber, redisPush, redisStore } from "sessionup/stores/redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushOutages } from "../../contract/push-outages.ts";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { newUser, RedisFixture } from "./_fixture.ts";

const SUBSCRIBERS: Readonly<Record<string, (port: number) => RedisSubscriber>> = {
  ioredis: (port) => new Redis(port, "127.0.0.1"),
  "ioredis without an offline queue, connected lazily": (port) =>
    new Redis(port, "127.0.0.1", { enableOfflineQueue: false, lazyConnect: true, maxRetriesPerRequest: 0 }),
  "node-redis": (port) =>
    createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }).on(
      "error",
      () => undefined,
    ),
};

for (const [title, subscriber] of Object.entries(SUBSCRIBERS))
  pushOutages({
    title,
    subscriber: "redis",
    start: () => startRedis(),
    async open(port, eventPort) {
      const client = new Redis(port, "127.0.0.1").on("error", () => undefined);
      const push = redisPush(() => subscriber(eventPort), { heartbeat: "1s" });
      return { store: redisStore(client, { push }), close: async () => client.disconnect() };
    },
  });

describe("push of redisStore", () => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start();
  });
  afterAll(() => redis.stop());
  const end = { reason: "revoked", now: NOW } as const;
  const push = () => redisPush(() => redis.client.duplicate());

  it("is part of the script, without a further round trip, and absent unless the option is set", async () => {
    for (const [option, count] of [
      [false, 0],
      [true, 1],
      [push(), 1],
    ] as const) {
      const store = redis.store({ push: option, onWarning: () => undefined });
      const [a, b] = [createRecord(), createRecord()];
      const [c, d] = [createRecord({ userKey: newUser() }), createRecord({ userKey: newUser() })];
      for (const record of [a, b, c, d]) await store.create(record, { now: NOW });
      // Loads the scripts, so that loading is not counted.
      await store.update(a.id, {}, { now: NOW });
      await store.deleteById(b.id, end);
      await store.deleteByUserKey(newUser(), end);
      const operations = [
        () => store.update(a.id, { data: { v: 1 } }, { now: NOW }),
        () => store.deleteById(a.id, end),
        () => store.deleteByUserKey(c.userKey, end),
        () => store.create(createRecord({ userKey: d.userKey }), { now: NOW, replaces: d.id }),
      ];
      for (const operation of operations) {
        const heard = await redis.monitored(operation);
        expect(heard.filter(({ byScript }) => !byScript)).toEqual([{ name: "EVALSHA", byScript: false }]);
        expect(heard.filter(({ name }) => name === "PUBLISH")).toHaveLength(count);
      }
      expect(typeof store.subscribe).toBe(typeof option === "boolean" ? "undefined" : "function");
    }
  });

  it("ignores messages of others, and the events of another prefix", async () => {
    const [ours, theirs] = [redis.store({ push: push() }), redis.store({ push: true, prefix: "other:" })];
    const events: EndedEvent[] = [];
    const changed: unknown[] = [];
    await ours.subscribe?.({
      ended: (event) => void events.push(event),
      changed: (event) => void changed.push(event),
      status: () => undefined,
    });
    for (const text of [
      "",
      "no JSON",
      "{}",
      "null",
      "[]",
      "[1]",
      '["revoked"]',
      '["revoked","u",1]',
      "[null]",
    ])
      await redis.client.publish("sessionup:push", text);
    const [other, own] = [createRecord({ userKey: newUser() }), createRecord({ userKey: newUser() })];
    for (const [store, record] of [
      [theirs, other],
      [ours, own],
    ] as const) {
      await store.create(record, { now: NOW });
      await store.deleteById(record.id, end);
    }
    await expect.poll(() => events.length).toBeGreaterThan(0);
    expect(events).toEqual([{ ids: [own.id], userKey: own.userKey, reason: "revoked" }]);
    expect(changed).toEqual([]);
    await ours.close?.();
  });

  it.each([1, "redis", null, {}, () => undefined])("throws a TypeError for %s as push", (value) => {
    expect(() => redis.store({ push: value as never })).toThrow(TypeError);
  });

  it("throws a TypeError for invalid arguments of redisPush", () => {
    expect(() => redisPush(redis.client as never)).toThrow("open must be a function that returns a client");
    expect(() => redisPush(() => redis.client, { heartbeat: "soon" as never })).toThrow("heartbeat");
    expect(() => redisPush(() => redis.client, { heartbeats: "1s" } as never)).toThrow("heartbeats");
  });

  it("rejects with a TypeError for a connection that cannot subscribe", async () => {
    const store = redis.store({ push: redisPush(() => ({}) as never) });
    await expect(store.subscribe?.({ ended() {}, changed() {}, status() {} })).rejects.toThrow(TypeError);
  });

  it("rejects createSentinel, and names the client to open instead", async () => {
    const open = () => createSentinel({ name: "sessions", sentinelRootNodes: [{ host: "::1", port: 1 }] });
    const store = redis.store({ push: redisPush(open as never) });
    await expect(store.subscribe?.(new HeardEvents())).rejects.toThrow("getMasterNode()");
  });
});
