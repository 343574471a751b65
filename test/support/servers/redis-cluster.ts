import { askRedis, type RedisServer, startRedis } from "./redis.ts";
import { freePort } from "./server.ts";

const SLOTS = 16_384;

/** A running Redis or Valkey cluster. */
export interface RedisCluster {
  /** The masters, each with a part of the slots. */
  readonly masters: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Starts a cluster of `count` masters. */
export async function startRedisCluster(
  count = 3,
  program: "Redis" | "Valkey" = "Redis",
): Promise<RedisCluster> {
  const masters = await Promise.all(Array.from({ length: count }, () => startNode(program)));
  const [first] = masters;
  if (!first) throw new Error("count must be at least 1.");
  for (const [index, { port }] of masters.entries()) {
    await askRedis(port, "CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`);
    const from = Math.floor((index * SLOTS) / count);
    const to = Math.floor(((index + 1) * SLOTS) / count) - 1;
    await askRedis(port, "CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to}`);
    const bus = String(await askRedis(first.port, "CONFIG", "GET", "cluster-port")).split(",")[1];
    if (port !== first.port) await askRedis(port, "CLUSTER", "MEET", "127.0.0.1", `${first.port}`, `${bus}`);
  }
  for (const { port, process } of masters)
    await process.until(async () => isWhole(port, count), "The cluster did not form.");
  return {
    masters,
    stop: async () => {
      await Promise.all(masters.map((each) => each.stop()));
    },
  };
}

async function startNode(program: "Redis" | "Valkey"): Promise<RedisServer> {
  // The default bus port is 10 000 above the port, which may exceed the largest port.
  const bus = await freePort();
  return startRedis({ program, args: ["--cluster-enabled", "yes", "--cluster-port", `${bus}`] });
}

async function isWhole(port: number, count: number): Promise<boolean> {
  const info = String(await askRedis(port, "CLUSTER", "INFO"));
  return info.includes("cluster_state:ok") && info.includes(`cluster_size:${count}`);
}
