import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programPath } from "../../../scripts/programs.mjs";
import { askRedis, type RedisServer, startRedis } from "./redis.ts";
import { freePort, isRoot, ServerProcess, serverFolder } from "./server.ts";

/** A primary, its replica, and a sentinel that watches them. */
export interface RedisSentinel {
  /** The name of the primary in the sentinel's configuration. */
  readonly name: string;
  /** The sentinel's port. */
  readonly port: number;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  stop(): Promise<void>;
}

/** Starts all three. The sentinel promotes the replica when the primary has been down for half a second. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const name = "sessions";
  const primary = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
  await replica.process.until(
    async () => String(await askRedis(replica.port, "INFO", "replication")).includes("link_status:up"),
    "The replica did not connect to the primary.",
  );
  const folder = await serverFolder("sentinel");
  const file = join(folder, "sentinel.conf");
  const port = await freePort();
  await writeFile(
    file,
    [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${primary.port} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 3000`,
    ].join("\n"),
  );
  // A sentinel writes its state into its configuration file.
  if (isRoot) await chown(file, 65_534, 65_534);
  const sentinel = new ServerProcess(await programPath("Redis"), [file, "--sentinel"], folder);
  await sentinel.start(port);
  // A sentinel that got no CPU time for two seconds would do nothing for 30 seconds.
  await askRedis(port, "SENTINEL", "DEBUG", "tilt-period", "1000");
  await sentinel.until(
    async () => String(await askRedis(port, "SENTINEL", "REPLICAS", name)).includes(`${replica.port}`),
    "The sentinel did not find the replica.",
  );
  return {
    name,
    port,
    primary,
    replica,
    stop: async () => {
      await sentinel.remove();
      await Promise.all([primary.stop(), replica.stop()]);
    },
  };
}
