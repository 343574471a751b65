import { afterAll } from "vitest";
import { outageSuite } from "../../contract/outages/outages.ts";
import { failing } from "../../contract/outages/servers.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { openIoredis, openNodeRedis } from "./_outage-clients.ts";

const redis = await startRedis({ appendonly: true });
afterAll(() => redis.stop());
const server = failing(redis, "SIGTERM");

outageSuite({
  store: "redis",
  client: "ioredis",
  server,
  connections: 1,
  open: (port) => openIoredis({ port }),
});

outageSuite({ store: "redis", client: "node-redis", server, connections: 1, open: openNodeRedis });
