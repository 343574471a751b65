import { randomBytes } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import * as ioredis5 from "ioredis5";
import * as iovalkey from "iovalkey";
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import * as redis5 from "redis5";
import {
  type IoRedisClient,
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
  type RedisClient,
  type RedisSubscriber,
  redisPush,
  redisStore,
} from "sessionup/stores/redis";
import type { ContractSkip } from "sessionup/testing";
import type { Backend, Group } from "../../contract/backend.ts";
import { askRedis, startRedis } from "../../support/servers/redis.ts";
import { startRedisCluster } from "../../support/servers/redis-cluster.ts";
import { startRedisSentinel } from "../../support/servers/redis-sentinel.ts";

/** The addresses of the servers that a client connects to. */
interface Servers {
  readonly url: string;
  readonly ports: readonly number[];
  readonly sentinel?: { readonly name: string; readonly port: number };
  stop(): Promise<void>;
}

interface Connected {
  readonly client: RedisClient;
  /** Opens a connection that receives events. Absent where the store does not push. */
  readonly subscriber?: () => RedisSubscriber;
  ping(): Promise<unknown>;
  close(): Promise<unknown>;
}

/**
 * Without reports the server alone removes expired records, which lifetime.test.ts covers. A step of the cleanup asks 3 844
 * shards, so the reports run once for each way in which commands reach a server.
 */
const NO_REPORTS: ContractSkip = {
  reason: "the store does not report expired sessions",
  tests: ["delete-expired", "on-expired"],
};

/** A scan goes through the keys of all tests. */
const NO_SCANS: ContractSkip = {
  reason: "scans run once for each way in which commands reach a server",
  tests: ["scan"],
};

/** Each operation is one atomic script, which neither the client nor its version changes. */
const NO_RACES: ContractSkip = {
  reason: "races and thousands of sessions run once for each way in which commands reach a server",
  tests: ["races", "delete-created-before/many"],
};

const RACES: readonly Group[] = ["races", "ended once"];
/** Groups that use operations of the contract, one after another. */
const LOGIC: readonly Group[] = ["operators", "ends", "timeouts", "limits", "model"];

/** Starts servers once for all backends of a file. A prefix separates the backends' keys. */
function shared(start: () => Promise<Servers>): () => Promise<Servers> {
  let started: Promise<Servers> | undefined;
  return () => {
    started ??= start().then((servers) => {
      running.push(servers);
      return servers;
    });
    return started;
  };
}

const running: Servers[] = [];

export async function stopServers(): Promise<void> {
  await Promise.all(running.splice(0).map(({ stop }) => stop()));
}

/** The server at REDIS_URL, or a new one. */
const standalone = shared(async () => {
  const theirs = process.env.REDIS_URL;
  if (theirs) return { url: theirs, ports: [], stop: async () => undefined };
  const server = await startRedis();
  return { url: server.url, ports: [server.port], stop: () => server.stop() };
});

const valkey = shared(async () => {
  const { url, port, stop } = await startRedis({ program: "Valkey" });
  return { url, ports: [port], stop };
});

const cluster = shared(() => startCluster("Redis"));
const valkeyCluster = shared(() => startCluster("Valkey"));
async function startCluster(program: "Redis" | "Valkey"): Promise<Servers> {
  const { masters, stop } = await startRedisCluster(3, program);
  return { url: "", ports: masters.map(({ port }) => port), stop };
}

const sentinel = shared(async () => {
  const { name, port, primary, stop } = await startRedisSentinel();
  return { url: primary.url, ports: [primary.port], sentinel: { name, port }, stop };
});

/** A client of ioredis or iovalkey, in any supported major version. */
interface IoRedisLike extends IoRedisClient {
  get(key: string): Promise<unknown>;
  quit(): Promise<unknown>;
}

/** A client of node-redis, in any supported major version. */
type NodeRedisLike = (NodeRedisClient | NodeRedisCluster | NodeRedisSentinel) & {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  get(key: string): Promise<unknown>;
  close(): unknown;
};

function io(client: IoRedisLike): Connected {
  return { client, ping: () => client.get("ping"), close: () => client.quit() };
}

async function node(client: NodeRedisLike): Promise<Connected> {
  client.on("error", console.error);
  await client.connect();
  return { client, ping: () => client.get("ping"), close: async () => client.close() };
}

function withSubscriber(client: IoRedisLike & { duplicate(): RedisSubscriber }): Connected {
  return { ...io(client), subscriber: () => client.duplicate() };
}

async function withNodeSubscriber(
  client: NodeRedisLike & { duplicate(): RedisSubscriber },
): Promise<Connected> {
  return { ...(await node(client)), subscriber: () => client.duplicate() };
}

const toNodes = ({ ports }: Servers) => ports.map((port) => ({ host: "127.0.0.1", port }));
const toRootNodes = ({ ports }: Servers) => ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));

/** Returns the options for `new Redis` of ioredis and `createSentinel` of node-redis. */
function toSentinelOptions({ sentinel: { name, port } = { name: "", port: 0 } }: Servers) {
  const sentinels = [{ host: "127.0.0.1", port }];
  return { ioredis: { sentinels, name }, nodeRedis: { sentinelRootNodes: sentinels, name } };
}

/** The tests that run on some backends only. */
interface Runs {
  /** Whether the store reports expired sessions. Default: false. */
  readonly reports?: boolean;
  /** Whether the tests of scans run. Default: `reports`. */
  readonly scans?: boolean;
}

function backend(
  title: string,
  start: () => Promise<Servers>,
  connect: (servers: Servers) => Connected | Promise<Connected>,
  { reports = false, scans = reports }: Runs = {},
): Backend {
  const prefix = `sessionup-${randomBytes(6).toString("hex")}:`;
  let servers: Servers | undefined;
  const started = () => {
    if (!servers) throw new Error(`The servers of ${title} have not been started.`);
    return servers;
  };
  return {
    store: "redis",
    client: title,
    skip: [...(reports ? [] : [NO_REPORTS]), ...(scans ? [] : [NO_SCANS])],
    start: async () => {
      servers = await start();
    },
    stop: async () => {},
    open: async () => {
      const { client, subscriber, ping, close } = await connect(started());
      const another = () =>
        redisStore(client, {
          prefix,
          reportExpired: reports,
          ...(subscriber && { push: redisPush(subscriber) }),
        });
      const store = another();
      return {
        store,
        another,
        ping,
        close: async () => {
          await store.close?.();
          await close();
        },
      };
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
      // The mark of the process that cleans up belongs to no session.
      return keys.flat().filter((key) => key !== `${prefix}{00}c:`).length;
    },
  };
}

/**
 * Every supported client on Redis and Valkey. Each operation is one atomic script whatever the client, so the whole suite runs
 * with one client. The others run the store contract, and what the way in which their commands reach a server can break.
 */
export const redisBackends: readonly Backend[] = [
  backend("ioredis", standalone, ({ url }) => io(new Redis(url)), { reports: true }),
  partly(
    { ioredis: ["timeouts", "limits", "model"] },
    "ioredis Cluster, 3 masters",
    cluster,
    (servers) => io(new Cluster(toNodes(servers))),
    { reports: true },
  ),
  partly(
    { ioredis: ["operators", "ended once", "timeouts", "limits", "model"] },
    "node-redis pool, RESP3",
    standalone,
    ({ url }) => node(createClientPool({ url, RESP: 3 }, { maximum: 4 })),
    { reports: true },
  ),
  partly({ "node-redis pool, RESP3": RACES, ioredis: LOGIC }, "node-redis", standalone, ({ url }) =>
    node(createClient({ url })),
  ),
  partly(
    { "ioredis Cluster, 3 masters": RACES, ioredis: LOGIC },
    "node-redis cluster, 3 masters",
    cluster,
    (servers) => node(createCluster({ rootNodes: toRootNodes(servers) })),
    { scans: true },
  ),
  partly({ ioredis: [...RACES, ...LOGIC] }, "ioredis, Sentinel", sentinel, (servers) =>
    io(new Redis(toSentinelOptions(servers).ioredis)),
  ),
  partly(
    { "node-redis pool, RESP3": RACES, ioredis: LOGIC, "node-redis": ["lossless"] },
    "node-redis sentinel",
    sentinel,
    (servers) => node(createSentinel(toSentinelOptions(servers).nodeRedis)),
  ),
  partly({ ioredis: LOGIC }, "iovalkey on Valkey", valkey, ({ url }) => io(new iovalkey.Redis(url))),
  pushed("ioredis", standalone, ({ url }) => withSubscriber(new Redis(url, { keyPrefix: "app:" }))),
  pushed("ioredis Cluster, 3 masters", cluster, (servers) => ({
    ...io(new Cluster(toNodes(servers))),
    subscriber: () => new Redis(servers.ports[0] ?? 0, "127.0.0.1"),
  })),
  ...[
    pushed("node-redis", standalone, async ({ url }) => withNodeSubscriber(createClient({ url }))),
    pushed("ioredis 5", standalone, ({ url }) => withSubscriber(new ioredis5.Redis(url))),
    pushed("node-redis 5", standalone, async ({ url }) => withNodeSubscriber(redis5.createClient({ url }))),
    pushed("iovalkey on Valkey", valkey, ({ url }) => withSubscriber(new iovalkey.Redis(url))),
    pushed("node-redis cluster, 3 masters", cluster, async (servers) => ({
      ...(await node(createCluster({ rootNodes: toRootNodes(servers) }))),
      subscriber: () => createClient({ url: `redis://127.0.0.1:${servers.ports[1]}` }),
    })),
    contractOnly("node-redis on Valkey", valkey, ({ url }) => node(createClient({ url }))),
    contractOnly("ioredis Cluster on Valkey, 3 masters", valkeyCluster, (servers) =>
      io(new Cluster(toNodes(servers))),
    ),
    contractOnly("ioredis 5", standalone, ({ url }) => io(new ioredis5.Redis(url))),
    contractOnly("ioredis 5 Cluster, 3 masters", cluster, (servers) =>
      io(new ioredis5.Cluster(toNodes(servers))),
    ),
    contractOnly("node-redis 5", standalone, ({ url }) => node(redis5.createClient({ url }))),
    contractOnly("node-redis 5 pool, RESP3", standalone, ({ url }) =>
      node(redis5.createClientPool({ url, RESP: 3 }, { maximum: 4 })),
    ),
    contractOnly("node-redis 5 cluster, 3 masters", cluster, (servers) =>
      node(redis5.createCluster({ rootNodes: toRootNodes(servers) })),
    ),
    contractOnly("node-redis 5 sentinel", sentinel, (servers) =>
      node(redis5.createSentinel(toSentinelOptions(servers).nodeRedis)),
    ),
  ].map(withoutRaces),
];

/** The contract with push. The other backends have none, so both forms of each script run. */
function pushed(
  title: string,
  ...args: Parameters<typeof backend> extends [string, ...infer Rest] ? Rest : never
): Backend {
  return { ...contractOnly(`${title}, push`, ...args), subscribes: true };
}

function contractOnly(...args: Parameters<typeof backend>): Backend {
  return { ...backend(...args), contractOnly: true };
}

/** Skips groups, by the client with which they run. */
function partly(
  elsewhere: Readonly<Record<string, readonly Group[]>>,
  ...args: Parameters<typeof backend>
): Backend {
  const titles = Object.entries(elsewhere).map(([client, groups]) => [`redis × ${client}`, groups]);
  return { ...backend(...args), elsewhere: Object.fromEntries(titles) };
}

function withoutRaces(backend: Backend): Backend {
  return { ...backend, skip: [...(backend.skip ?? []), NO_RACES] };
}
