import { Cluster, Redis } from "ioredis";
import { Manager, type Store } from "sessionup";
import { providerLogin, revokeByProviderSession } from "sessionup/federation";
import { type IoRedisClient, redisStore } from "sessionup/stores/redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../support/browser.ts";
import { createRecord, DAY, HOUR, NOW } from "../../support/record.ts";
import { type RedisCluster, startRedisCluster } from "../../support/servers/redis-cluster.ts";
import { newUser, RedisFixture, recordKey } from "./_fixture.ts";

const GRACE = 15 * 60_000;

let redis: RedisFixture;
let cluster: RedisCluster;
beforeAll(async () => {
  redis = await RedisFixture.start();
  cluster = await startRedisCluster(3);
});
afterEach(() => redis.client.flushall());
afterAll(async () => {
  await redis.stop();
  await cluster.stop();
});

const linkKey = (link: string) => `sessionup:{${link}}l:`;
const find = (store: Store, link: string) => store.fetchByLink?.(link, { limit: 10 });
/** Moves the entries of a link back in time, as the test cannot move the server's clock. */
async function age(link: string, milliseconds: number): Promise<void> {
  for (const id of await redis.client.zrange(linkKey(link), "0", "-1"))
    await redis.client.zincrby(linkKey(link), -milliseconds, id);
}

/** Returns a store whose client runs `between` after the step for the link and before the login's own. */
function interrupted(between: () => Promise<unknown>): Store {
  let commands = 0;
  const client: IoRedisClient = {
    isCluster: false,
    pipeline: (list) => redis.client.pipeline(list),
    call: async (command, args) => {
      // A script that the server does not know yet is sent twice.
      if (command !== "INFO" && args[1] === "2" && commands++ === 0) await between();
      return redis.client.call(command, args);
    },
  };
  return redisStore(client, { onWarning: () => undefined });
}

describe("the index of a link in Redis", () => {
  it("has an entry without a session when a process dies during a login, and loses it when it is found later", async () => {
    const link = "a-link";
    const record = createRecord({ userKey: newUser(), link });
    const dying = interrupted(() => Promise.reject(new Error("the process dies")));
    await expect(dying.create(record, { now: NOW })).rejects.toThrow("dies");
    expect(await redis.client.exists(recordKey(record.id))).toBe(0);
    const store = redis.store();
    expect(await find(store, link)).toEqual([]);
    expect(await redis.client.zcard(linkKey(link))).toBe(1);
    await age(link, GRACE + 60_000);
    expect(await find(store, link)).toEqual([]);
    expect(await redis.client.exists(linkKey(link))).toBe(0);
  });

  it("keeps the entry of a session that is about to begin", async () => {
    const link = "a-link";
    const record = createRecord({ userKey: newUser(), link });
    const found: unknown[] = [];
    const slow = interrupted(async () => found.push(await find(redis.store(), link)));
    await slow.create(record, { now: NOW });
    expect(found).toEqual([[]]);
    expect(await find(redis.store(), link)).toEqual([record]);
  });

  it("loses the entries of ended sessions, and keeps those of live ones", async () => {
    const store = redis.store();
    const link = "a-link";
    const records = Array.from({ length: 4 }, () => createRecord({ userKey: newUser(), link }));
    for (const record of records) await store.create(record, { now: NOW });
    await age(link, GRACE + 60_000);
    const [a, b, c, d] = records;
    await store.deleteById(a?.id ?? "", { reason: "revoked", now: NOW });
    const tombstones = { keepFor: HOUR, max: 5 };
    await store.deleteById(b?.id ?? "", { reason: "revoked", now: NOW, tombstones });
    expect((await store.fetchById(b?.id ?? ""))?.link).toBe(link);
    expect((await find(store, link))?.map(({ id }) => id).sort()).toEqual([c?.id, d?.id].sort());
    expect((await redis.client.zrange(linkKey(link), "0", "-1")).sort()).toEqual([c?.id, d?.id].sort());
  });

  it("stays as long as the session with the latest deadline, by the caller's clock", async () => {
    const store = redis.store();
    const link = "a-link";
    const create = (expiresAt: number, deadline: number) =>
      store.create(createRecord({ userKey: newUser(), link, expiresAt, deadline }), { now: NOW });
    await create(NOW + HOUR, NOW + 9 * DAY);
    expect(await redis.client.pttl(linkKey(link))).toBeGreaterThan(9 * DAY);
    await create(NOW + HOUR, NOW + DAY);
    expect(await redis.client.pttl(linkKey(link))).toBeGreaterThan(9 * DAY);
  });

  it("may have the name of a shard", async () => {
    const store = redis.store();
    const record = createRecord({ userKey: "ann", link: "00" });
    await store.create(record, { now: NOW });
    expect(await find(store, "00")).toEqual([record]);
    expect((await store.scan?.({ now: NOW, limit: 9 }))?.records).toEqual([record]);
  });
});

describe.each(["one server", "a Cluster"])("a provider's logout with redisStore on %s", (where) => {
  it("ends the sessions of every user that began with the provider's session", async () => {
    const nodes = cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port }));
    const client = where === "a Cluster" ? new Cluster(nodes) : new Redis(redis.server.port, "127.0.0.1");
    const store = redisStore(client, { prefix: "federation:" });
    const manager = new Manager(store);
    const sessions = testSessions(manager);
    const provider = { issuer: "https://login.example", sid: "s1" };
    const login = async (userKey: string, sid: string) => {
      const browser = new Browser();
      const option = providerLogin({ ...provider, sid });
      const { id } = await browser.visit((request) => sessions.init(request, userKey, { provider: option }));
      return { id, browser };
    };
    const [a, b] = [await login(newUser(), "s1"), await login(newUser(), "s1")];
    const other = await login(newUser(), "s2");
    const ended = await revokeByProviderSession(manager, provider);
    expect([...ended].sort()).toEqual([a.id, b.id].sort());
    expect(await sessions.authorize(a.browser.request())).toBe("unknown");
    expect(await sessions.authorize(other.browser.request())).toBeUndefined();
    client.disconnect();
  });
});
