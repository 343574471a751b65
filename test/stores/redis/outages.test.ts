import { outageSuite } from "../../contract/outages/outages.ts";
import { failing } from "../../contract/outages/servers.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { openIoredis, openNodeRedis } from "./_outage-clients.ts";

const start = async () => failing(await startRedis({ appendonly: true }), "SIGTERM");

outageSuite({
  store: "redis",
  client: "ioredis",
  start,
  connections: 1,
  open: (port) => openIoredis({ port }),
});

outageSuite({ store: "redis", client: "node-redis", start, connections: 1, open: openNodeRedis });
