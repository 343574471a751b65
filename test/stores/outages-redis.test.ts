import { afterAll } from "vitest";
import { startRedis } from "../support/servers/redis.ts";
import { openIoredis, openNodeRedis } from "./_outage-clients.ts";
import { failing } from "./_outage-servers.ts";
import { outageSuite } from "./_outages.ts";

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
