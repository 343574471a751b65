import { Redis } from "ioredis";
import { cached } from "sessionup/cache";
import { redisPush, redisStore } from "sessionup/stores/redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisBackends, stopServers } from "../stores/redis/_backends.ts";
import { createRecord, NOW } from "../support/record.ts";
import { type RedisServer, startRedis } from "../support/servers/redis.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { cacheSuite } from "./_servers.ts";

afterAll(stopServers);
for (const backend of redisBackends) if (backend.client === "ioredis, push") cacheSuite(backend);

describe("a cache whose connection for events is silent", () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  beforeAll(async () => {
    server = await startRedis();
    proxy = await new TcpProxy(server.port).start();
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  it("asks the store from the next heartbeat on, and again keeps sessions after the connection was replaced", async () => {
    const client = new Redis(server.port, "127.0.0.1");
    const push = redisPush(() => new Redis(proxy.port, "127.0.0.1"), { heartbeat: "1s" });
    // An hour, so that only the state of the connection can be the reason.
    const cache = cached(redisStore(client, { push }), { maxAge: "1h" });
    const other = redisStore(client, { push: true });
    const isHit = async (id: string) => {
      const found = cache.fetchById(id);
      await found;
      return !(found instanceof Promise);
    };
    const [a, b] = [createRecord(), createRecord()];
    for (const record of [a, b]) await other.create(record, { now: NOW });
    await expect.poll(() => isHit(a.id)).toBe(true);
    proxy.silence();
    await other.deleteById(a.id, { reason: "revoked", now: NOW });
    // The event is lost.
    await expect.poll(() => cache.fetchById(a.id)).toBeUndefined();
    await expect.poll(() => isHit(b.id)).toBe(true);
    await cache.close?.();
    client.disconnect();
  });
});
