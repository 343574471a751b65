import { randomBytes } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import { type RedisClient, redisStore } from "sessionup/stores/redis";
import type { ContractSkip } from "sessionup/testing";
import { askRedis, startRedis } from "../support/servers/redis.ts";
import { startRedisCluster } from "../support/servers/redis-cluster.ts";
import { startRedisSentinel } from "../support/servers/redis-sentinel.ts";
import type { Backend } from "./_backend.ts";

/** What a client is made for: where its servers are. */
interface Servers {
  readonly url: string;
  readonly ports: readonly number[];
  readonly sentinel?: { readonly name: string; readonly port: number };
  stop(): Promise<void>;
}

interface Connected {
  readonly client: RedisClient;
  ping(): Promise<unknown>;
  close(): Promise<unknown>;
}

const SKIP: ContractSkip = {
  reason: "the server removes dead records by itself; redis-lifetime.test.ts shows that it does",
  tests: [
    "removes what is past its deadline, and nothing that lives",
    "finds a session whose end has moved outwards when its time has come",
    "removes no more at once than it is told to",
    "reports the expired sessions that deleteExpired removes, once and without tombstones",
  ],
};

const NO_BULK: ContractSkip = {
  reason: "it cannot list what is of everyone's but by going through all keys of all servers",
  tests: [
    "ends everyone's sessions that were created before, and no other",
    "names nobody else's end, and none twice",
    "ends sessions that only the caller's fast clock considers expired, of every user",
    "keeps no more tombstones of a user than max, whatever a breach ends",
    "keeps tombstones of everyone's too",
    "ends everyone's in steps",
  ],
};

const NO_LINK: ContractSkip = {
  reason: "it cannot find sessions by a link",
  tests: [
    "finds the sessions with a link that have not ended, expired or not, of every user",
    "keeps the link through changes, within limits, and tells capitals apart",
  ],
};

/** The server that the environment names, or one of the suite's own. */
async function standalone(): Promise<Servers> {
  const theirs = process.env.REDIS_URL;
  if (theirs) return { url: theirs, ports: [], stop: async () => undefined };
  const server = await startRedis();
  return { url: server.url, ports: [server.port], stop: () => server.stop() };
}

async function valkey(): Promise<Servers> {
  const { url, port, stop } = await startRedis({ program: "Valkey" });
  return { url, ports: [port], stop };
}

const cluster = () => clusterOf("Redis");
const valkeyCluster = () => clusterOf("Valkey");
async function clusterOf(program: "Redis" | "Valkey"): Promise<Servers> {
  const { masters, stop } = await startRedisCluster(3, program);
  return { url: "", ports: masters.map(({ port }) => port), stop };
}

async function sentinel(): Promise<Servers> {
  const { name, port, primary, stop } = await startRedisSentinel();
  return { url: primary.url, ports: [primary.port], sentinel: { name, port }, stop };
}

function ioredis({ url }: Servers): Connected {
  const client = new Redis(url);
  return { client, ping: () => client.get("ping"), close: () => client.quit() };
}

function ioredisCluster({ ports }: Servers): Connected {
  const client = new Cluster(ports.map((port) => ({ host: "127.0.0.1", port })));
  return { client, ping: () => client.get("ping"), close: () => client.quit() };
}

function ioredisSentinel({ sentinel: { name, port } = { name: "", port: 0 } }: Servers): Connected {
  const client = new Redis({ sentinels: [{ host: "127.0.0.1", port }], name });
  return { client, ping: () => client.get("ping"), close: () => client.quit() };
}

async function nodeRedis({ url }: Servers): Promise<Connected> {
  const client = await createClient({ url }).on("error", console.error).connect();
  return { client, ping: () => client.get("ping"), close: () => client.close() };
}

async function nodeRedisPool({ url }: Servers): Promise<Connected> {
  const client = createClientPool({ url, RESP: 3 }, { maximum: 4 });
  client.on("error", console.error);
  await client.connect();
  return { client, ping: () => client.get("ping"), close: () => client.close() };
}

async function nodeRedisCluster({ ports }: Servers): Promise<Connected> {
  const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
  client.on("error", console.error);
  await client.connect();
  return { client, ping: () => client.get("ping"), close: () => client.close() };
}

async function nodeRedisSentinel({
  sentinel: { name, port } = { name: "", port: 0 },
}: Servers): Promise<Connected> {
  const client = createSentinel({ name, sentinelRootNodes: [{ host: "127.0.0.1", port }] });
  client.on("error", console.error);
  await client.connect();
  return { client, ping: () => client.get("ping"), close: () => client.close() };
}

function backend(
  title: string,
  start: () => Promise<Servers>,
  connect: (servers: Servers) => Connected | Promise<Connected>,
): Backend {
  const prefix = `sessionup-${randomBytes(6).toString("hex")}:`;
  let servers: Servers | undefined;
  const started = () => {
    if (!servers) throw new Error(`${title} is not started`);
    return servers;
  };
  return {
    store: "redis",
    client: title,
    skip: [SKIP, NO_BULK, NO_LINK],
    start: async () => {
      servers = await start();
    },
    stop: async () => servers?.stop(),
    open: async () => {
      const { client, ping, close } = await connect(started());
      return { store: redisStore(client, { prefix }), ping, close: async () => void (await close()) };
    },
    version: async () => {
      const { url, ports } = started();
      const info = String(await askRedis(ports[0] ?? url, "INFO", "server"));
      const [, redis] = /^redis_version:(\S+)/m.exec(info) ?? [];
      const [, valkey] = /^valkey_version:(\S+)/m.exec(info) ?? [];
      return valkey ? `Valkey ${valkey}` : `Redis ${redis}`;
    },
    left: async () => {
      const { url, ports } = started();
      const at = ports.length > 0 ? ports : [url];
      const keys = await Promise.all(at.map((each) => askRedis(each, "KEYS", `${prefix}*`)));
      return keys.flat().length;
    },
  };
}

/** Every client that the store knows, on what it is made for, and Valkey. */
export const redisBackends: readonly Backend[] = [
  backend("ioredis", standalone, ioredis),
  backend("ioredis Cluster, 3 masters", cluster, ioredisCluster),
  backend("ioredis, Sentinel", sentinel, ioredisSentinel),
  backend("node-redis", standalone, nodeRedis),
  backend("node-redis pool, RESP3", standalone, nodeRedisPool),
  backend("node-redis cluster, 3 masters", cluster, nodeRedisCluster),
  backend("node-redis sentinel", sentinel, nodeRedisSentinel),
  backend("ioredis on Valkey", valkey, ioredis),
  backend("node-redis on Valkey", valkey, nodeRedis),
  backend("ioredis Cluster on Valkey, 3 masters", valkeyCluster, ioredisCluster),
];
