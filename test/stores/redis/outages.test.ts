import { afterAll } from "vitest";
import { outageSuite } from "../../contract/outages/outages.ts";
import { failing } from "../../contract/outages/servers.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { openIoredis, openNodeRedis } from "./_outage-clients.ts";

const servers = [await startRedis({ appendonly: true }), await startRedis({ appendonly: true })] as const;
afterAll(async () => {
  for (const each of servers) await each.stop();
});

outageSuite({
  store: "redis",
  client: "ioredis",
  server: failing(servers[0], "SIGTERM"),
  connections: 1,
  open: (port) => openIoredis({ port }),
});

outageSuite({
  store: "redis",
  client: "node-redis",
  server: failing(servers[1], "SIGTERM"),
  connections: 1,
  open: openNodeRedis,
});
