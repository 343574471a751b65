import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import type { Redis } from "ioredis";
import * as ioredis6 from "ioredis";
import * as ioredis5 from "ioredis5";
import * as iovalkey from "iovalkey";
import * as redis6 from "redis";
import * as redis5 from "redis5";
import { type SessionRecord, type Store, shardOf } from "sessionup";
import { type IoRedisClient, redisPush, redisStore } from "sessionup/stores/redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRecord, HOUR, NOW } from "../../support/record.ts";
import { askRedis } from "../../support/servers/redis.ts";
import { type RedisCluster, startRedisCluster } from "../../support/servers/redis-cluster.ts";
import { indexKey, newUser, RedisFixture } from "./_fixture.ts";

let redis: RedisFixture;
let cluster: RedisCluster;
const open: Array<() => unknown> = [];
beforeAll(async () => {
  redis = await RedisFixture.start();
  cluster = await startRedisCluster(3);
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});
afterAll(async () => {
  await redis.stop();
  await cluster.stop();
});

const ports = () => cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port }));
const end = { reason: "revoked", now: NOW } as const;

/** Options of ioredis that change what it sends or returns. */
interface IoRedisOptions {
  readonly keyPrefix?: string;
  readonly stringNumbers?: boolean;
  readonly enableAutoPipelining?: boolean;
  readonly showFriendlyErrorStack?: boolean;
  readonly lazyConnect?: boolean;
  readonly enableReadyCheck?: boolean;
  readonly role?: "slave";
  readonly username?: string;
  readonly password?: string;
}
interface IoClusterOptions extends IoRedisOptions {
  readonly scaleReads?: "slave" | "all" | (() => undefined);
  readonly redisOptions?: IoRedisOptions;
}
type IoClient = IoRedisClient & { disconnect(): void };

/** A version of ioredis, or iovalkey, which has the same API. */
interface IoLibrary {
  readonly Redis: new (port: number, host: string, options: IoRedisOptions) => IoClient;
  readonly Cluster: new (nodes: Array<{ host: string; port: number }>, options: IoClusterOptions) => IoClient;
}
const ioLibraries: ReadonlyArray<readonly [string, IoLibrary]> = [
  ["ioredis 6", ioredis6],
  ["ioredis 5", ioredis5],
  ["iovalkey", iovalkey],
];

function ioredis(options: IoRedisOptions, library: IoLibrary = ioredis6): IoClient {
  const client = new library.Redis(redis.server.port, "127.0.0.1", options);
  open.push(() => client.disconnect());
  return client;
}

function ioredisCluster(options: IoClusterOptions = {}, library: IoLibrary = ioredis6): IoClient {
  const client = new library.Cluster(ports(), options);
  open.push(() => client.disconnect());
  return client;
}

async function nodeRedisCluster() {
  const client = redis6.createCluster({ rootNodes: ports().map((socket) => ({ socket })) });
  await client.connect();
  open.push(() => client.close());
  return client;
}

/** Runs every operation of the store and checks its results. */
async function expectToWork(store: Store, user: string = newUser()): Promise<void> {
  const records = Array.from({ length: 3 }, (_, index) =>
    createRecord({ userKey: user, createdAt: NOW + index }),
  );
  for (const record of records) await store.create(record, { now: NOW });
  const [a, b, c] = records as [SessionRecord, SessionRecord, SessionRecord];
  const limit = { max: 3, onExceed: "evict-oldest" } as const;
  const d = createRecord({ userKey: user, createdAt: NOW + 3 });
  expect(await store.create(d, { now: NOW, limit })).toEqual({ evicted: [a.id], replaced: false });
  expect(await store.fetchById(b.id)).toEqual(b);
  expect(await store.fetchByIds([c.id, a.id])).toEqual([c, undefined]);
  expect(await store.update(c.id, { data: { v: 7 } }, { now: NOW, ifRevision: 0 })).toBe("updated");
  const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + 2 * HOUR };
  expect(await store.update(d.id, { activity }, { now: NOW })).toBe("updated");
  expect(await store.fetchByUserKey(user, { now: NOW, limit: 9 })).toEqual([
    { ...d, ...activity },
    { ...c, revision: 1, data: { v: 7 } },
    b,
  ]);
  expect(await store.deleteById(b.id, end, `${user}-other`)).toBe("not_owner");
  const tombstones = { keepFor: HOUR, max: 1 };
  expect(await store.deleteById(b.id, { ...end, tombstones }, user)).toBe("deleted");
  expect((await store.fetchById(b.id))?.ended).toEqual({ at: NOW, reason: "revoked" });
  expect(await store.deleteByUserKey(user, { ...end, tombstones }, [c.id])).toEqual([d.id]);
  expect(await store.fetchById(b.id)).toBeUndefined();
  expect(await store.deleteByUserKey(user, end)).toEqual([c.id]);
}

describe("redisStore over the app's client", () => {
  describe.each(ioLibraries)("%s", (_title, library) => {
    it.each([
      ["keyPrefix", { keyPrefix: "app}:" }],
      ["stringNumbers", { stringNumbers: true }],
      ["enableAutoPipelining", { enableAutoPipelining: true }],
      ["showFriendlyErrorStack", { showFriendlyErrorStack: true }],
    ] as const)("works with the client option %s", async (_name, options) => {
      await expectToWork(redisStore(ioredis(options, library)));
      await expectToWork(redisStore(ioredisCluster({ ...options, redisOptions: options }, library)));
    });

    it("is rejected when the client would read from replicas", () => {
      for (const scaleReads of ["slave", "all", () => undefined] as const) {
        const nodes = ioredisCluster({ scaleReads, lazyConnect: true }, library);
        expect(() => redisStore(nodes)).toThrow(/^client must .*scaleReads/);
      }
      const replica = ioredis({ role: "slave", lazyConnect: true }, library);
      expect(() => redisStore(replica)).toThrow(/^client must .*role/);
    });

    it("is rejected when the client's keyPrefix would replace the hash tag", () => {
      const client = ioredis({ keyPrefix: "{app}:", lazyConnect: true }, library);
      expect(() => redisStore(client)).toThrow(/^client must .*keyPrefix/);
      const nodes = ioredisCluster({ keyPrefix: "{", lazyConnect: true }, library);
      expect(() => redisStore(nodes)).toThrow(/^client must .*keyPrefix/);
    });

    it("does not leak the record into the error of a failing command", async () => {
      const user = newUser();
      await redis.client.set(indexKey(user), "something else");
      const record = createRecord({ userKey: user, data: { v: 1, hash: "0123456789abcdef" } });
      const failure = redisStore(ioredis({}, library)).create(record, { now: NOW });
      const error = await failure.catch((error: unknown) => error);
      expect(String(error)).toContain("WRONGTYPE");
      expect(inspect(error, { depth: 9 })).not.toContain("0123456789abcdef");
    });
  });

  it("works with ioredis 6 that maps RESP3 replies to objects and numbers", async () => {
    const client = new ioredis6.Redis(redis.server.port, "127.0.0.1", { protocol: 3, replyMapping: "resp3" });
    open.push(() => client.disconnect());
    await expectToWork(redisStore(client));
  });

  const mapping = (types: { readonly BLOB_STRING: 36 }) => ({
    url: redis.server.url,
    RESP: 3 as const,
    commandOptions: { typeMapping: { [types.BLOB_STRING]: Buffer } },
  });
  it.each([
    ["node-redis 6", () => redis6.createClient(mapping(redis6.RESP_TYPES))],
    ["node-redis 5", () => redis5.createClient(mapping(redis5.RESP_TYPES))],
  ])("works with %s and the app's own type mapping", async (_title, make) => {
    const client = make();
    await client.connect();
    open.push(() => client.close());
    await expectToWork(redisStore(client));
  });

  it("needs no more ACL rights than docs/stores/redis.md lists", async () => {
    const page = await readFile(new URL("../../../docs/stores/redis.md", import.meta.url), "utf8");
    const rights = /needs `([^`]+)`/.exec(page)?.[1]?.split(" ") ?? [];
    await redis.client.call("ACL", ["SETUSER", "app", "on", ">secret", "~sessionup:*", ...rights]);
    const user = { username: "app", password: "secret" };
    const client = redis6.createClient({ url: redis.server.url, ...user });
    await client.connect();
    open.push(() => client.close());
    const warnings: string[] = [];
    await expectToWork(redisStore(client, { onWarning: (message) => warnings.push(message) }));
    expect(warnings).toEqual([]);
    for (const [, library] of ioLibraries)
      await expectToWork(redisStore(ioredis({ ...user, enableReadyCheck: false }, library)));
  });

  it("needs the further ACL rights for push that docs/stores/redis.md lists", async () => {
    const page = await readFile(new URL("../../../docs/stores/redis.md", import.meta.url), "utf8");
    const rights = /needs `(\+get [^`]+)`/.exec(page)?.[1]?.split(" ") ?? [];
    const [publish = "", channel = ""] =
      /also needs `(\+publish)` and the channels `([^`]+)`/.exec(page)?.slice(1) ?? [];
    const subscribe = /subscribes needs `(\+subscribe[^`]*)`/.exec(page)?.[1]?.split(" ") ?? [];
    const set = (name: string, ...given: string[]) =>
      redis.client.call("ACL", ["SETUSER", name, "on", ">secret", "resetchannels", ...given]);
    await set("publisher", "~sessionup:*", ...rights, publish, channel);
    await set("subscriber", ...subscribe, channel);
    const url = redis.server.url;
    const client = redis6.createClient({ url, username: "publisher", password: "secret" });
    await client.connect();
    open.push(() => client.close());
    const push = redisPush(() => redis6.createClient({ url, username: "subscriber", password: "secret" }));
    const store = redisStore(client, { push, onWarning: () => undefined });
    const ids: string[] = [];
    await store.subscribe?.({
      ended: (event) => void ids.push(...event.ids),
      changed: () => undefined,
      status: () => undefined,
    });
    await expectToWork(store);
    await expect.poll(() => ids.length).toBeGreaterThan(0);
    await store.close?.();
  });

  it("needs the further ACL rights for links, operators and reports that docs/stores/redis.md lists", async () => {
    const page = await readFile(new URL("../../../docs/stores/redis.md", import.meta.url), "utf8");
    const rights = /needs `(\+get [^`]+)`/.exec(page)?.[1]?.split(" ") ?? [];
    const further = (what: RegExp) => what.exec(page)?.[1]?.split(" ") ?? [];
    const links = further(/Links also need `([^`]+)`/);
    const operators = further(/Scans, `count` and `inspect` also need `([^`]+)`/);
    const reports = further(/`reportExpired` also needs `([^`]+)`/);
    const all = [...rights, ...links, ...operators, ...reports];
    // The client itself needs these.
    const own = ["+cluster|slots", "+ping", "+readonly"];
    const at = [redis.server.port, ...cluster.masters.map(({ port }) => port)];
    for (const port of at)
      await askRedis(port, "ACL", "SETUSER", "operator", "on", ">secret", "~sessionup:*", ...all, ...own);
    const user = { username: "operator", password: "secret", enableReadyCheck: false };
    for (const client of [ioredis(user), ioredisCluster({ enableReadyCheck: false, redisOptions: user })]) {
      const store = redisStore(client, { reportExpired: true, cleanupEvery: false });
      await expectToWork(store);
      const userKey = newUser();
      const record = createRecord({ userKey, link: "a-link" });
      await store.create(record, { now: NOW });
      expect(await store.fetchByLink?.("a-link", { limit: 9 })).toEqual([record]);
      for (let cursor: string | undefined; ; ) {
        const step = await store.scan?.({ now: NOW, limit: 99, ...(cursor && { cursor }) });
        cursor = step?.cursor;
        if (!cursor) break;
      }
      expect((await store.count?.(NOW))?.count).toBeGreaterThan(0);
      expect((await store.inspect?.())?.warnings).toHaveLength(1);
      await store.deleteById(record.id, { ...end, tombstones: { keepFor: HOUR, max: 2 } });
      const filter = { userKey, ended: {} };
      expect((await store.scan?.({ now: NOW, limit: 9, filter }))?.records).toHaveLength(1);
      expect(await store.fetchByLink?.("a-link", { limit: 9 })).toEqual([]);
      await store.create(createRecord({ userKey, expiresAt: NOW + 1 }), { now: NOW });
      // A session and two tombstones.
      expect(await store.deleteExpired?.(NOW + HOUR, 9)).toBe(3);
    }
    await redis.client.flushall();
  });

  it("throws a TypeError for a value that is not a supported client", () => {
    const legacy = redis6.createClient({ url: redis.server.url }).legacy();
    for (const client of [
      undefined,
      null,
      {},
      legacy,
      { call: 1 },
      { sendCommand: () => undefined },
      "redis://",
    ]) {
      const attempt = () => redisStore(client as unknown as Redis);
      expect(attempt).toThrow(TypeError);
      expect(attempt).toThrow("client must be a Redis or Cluster of ioredis");
    }
  });
});

describe("the options of redisStore", () => {
  it("throw a TypeError that names an invalid option", () => {
    const attempt = (options: object) => () => redisStore(redis.client, options);
    expect(attempt({ prefx: "a" })).toThrow(/"prefx"/);
    expect(attempt({ prefix: 7 })).toThrow(/^prefix must be /);
    expect(attempt({ prefix: "\ud800" })).toThrow(/^prefix must be /);
    expect(attempt({ timeout: "soon" })).toThrow(/^timeout must be /);
    expect(attempt({ onWarning: true })).toThrow(/^onWarning must be /);
    expect(attempt({ reportExpired: "yes" })).toThrow(/^reportExpired must be /);
    expect(attempt({ cleanupEvery: 60 })).toThrow(/^cleanupEvery must be /);
  });
});

describe("redisStore prefixes with special characters", () => {
  const prefixes = [
    "",
    "a",
    "a%",
    "a%25",
    "{",
    "}",
    "{}",
    "{a}",
    "{a}:",
    "%7Ba}:",
    "a b\n",
    "é😀",
    "*?[",
    "\u0000",
  ];

  it("separate stores on a single server and on a cluster", async () => {
    for (const client of [redis.client, ioredisCluster(), await nodeRedisCluster()]) {
      const user = newUser();
      const stores = prefixes.map((prefix) => redisStore(client, { prefix }));
      const records = prefixes.map(() => createRecord({ userKey: user }));
      for (const [index, store] of stores.entries())
        await store.create(records[index] ?? createRecord({ userKey: user }), { now: NOW });
      for (const [index, store] of stores.entries())
        expect(await store.fetchByUserKey(user, { now: NOW, limit: 99 })).toEqual([records[index]]);
      for (const store of stores) {
        await expectToWork(store, newUser());
        expect(await store.deleteByUserKey(user, end)).toHaveLength(1);
      }
    }
  });

  it("never replace the hash tag", async () => {
    for (const prefix of prefixes) {
      const store = redis.store({ prefix });
      const user = newUser();
      await store.create(createRecord({ userKey: user }), { now: NOW });
    }
    const keys = await redis.keys();
    expect(keys.length).toBeGreaterThanOrEqual(2 * prefixes.length);
    for (const key of keys) expect(key).toMatch(/^[^{]*\{[0-9A-Za-z]{2}\}[sut]:/);
  });
});

describe("redisStore with special characters in user keys", () => {
  it.each(["é中😀", '"\\"]', "{a}", "}{", "\u0000\n\u2028", "[1,0,0]", "ü".repeat(512)])(
    "supports every operation for the user key %j",
    async (user) => {
      for (const client of [redis.client, ioredisCluster()]) await expectToWork(redisStore(client), user);
    },
  );
});

describe("redisStore on a cluster", () => {
  it("stores a user's sessions on one node and spreads users over all nodes", async () => {
    const store = redisStore(ioredisCluster(), { prefix: "spread:" });
    const users = Array.from({ length: 60 }, newUser);
    for (const user of users) await store.create(createRecord({ userKey: user }), { now: NOW });
    for (const { port } of cluster.masters) {
      const keys = (await askRedis(port, "KEYS", "spread:*")) as string[];
      expect(keys.length).toBeGreaterThan(10);
      const shards = new Set(keys.map((key) => key.slice(8, 10)));
      const here = users.filter((user) => shards.has(shardOf(user)));
      expect(keys.length).toBe(2 * here.length);
    }
  });

  it("fetchByIds finds sessions on all nodes and returns them in order", async () => {
    for (const client of [ioredisCluster(), await nodeRedisCluster()]) {
      const store = redisStore(client);
      const records = Array.from({ length: 40 }, () => createRecord({ userKey: newUser() }));
      for (const record of records) await store.create(record, { now: NOW });
      const ids = records.map(({ id }) => id);
      expect(await store.fetchByIds([...ids, "00nobody"])).toEqual([...records, undefined]);
      expect(await Promise.all(ids.map((id) => store.fetchById(id)))).toEqual(records);
    }
  });

  it("keeps working while slots move to another node", async () => {
    const stores = [redisStore(ioredisCluster()), redisStore(await nodeRedisCluster())];
    const user = newUser();
    for (const store of stores) await expectToWork(store, user);
    const slot = Number(await askRedis(ports()[0]?.port ?? 0, "CLUSTER", "KEYSLOT", `{${shardOf(user)}}`));
    const nodes = await Promise.all(
      cluster.masters.map(async ({ port }) => ({
        port,
        id: String(await askRedis(port, "CLUSTER", "MYID")),
      })),
    );
    let owner = nodes.findIndex((_, index) => slot < Math.floor(((index + 1) * 16_384) / nodes.length));
    for (let turn = 0; turn < nodes.length; turn++) {
      const from = nodes[owner];
      owner = (owner + 1) % nodes.length;
      const to = nodes[owner];
      if (!from || !to) throw new Error("The cluster must have three nodes.");
      // A node gives up a slot only when it holds no keys of the slot, so the remaining tombstones are deleted.
      const left = (await askRedis(from.port, "CLUSTER", "GETKEYSINSLOT", `${slot}`, "100")) as string[];
      if (left.length > 0) await askRedis(from.port, "DEL", ...left);
      // The importing node claims the slot under a newer epoch. Otherwise the other nodes' older claims would win.
      await askRedis(to.port, "CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", from.id);
      await askRedis(from.port, "CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", to.id);
      for (const { port } of [to, ...nodes.filter((node) => node !== to)])
        await askRedis(port, "CLUSTER", "SETSLOT", `${slot}`, "NODE", to.id);
      for (const store of stores) await expectToWork(store, user);
    }
  });
});
