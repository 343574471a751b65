import { Redis } from "ioredis";
import { programPath } from "../../../scripts/programs.mjs";
import { freePort, ServerProcess, serverFolder } from "./server.ts";

/** How a Redis of the suite's is started. */
export interface RedisOptions {
  /** Whether acknowledged writes are on the disk, each one of them: `appendfsync always`. Default: nothing is written. */
  readonly appendonly?: boolean;
  /** More of its configuration, such as `["--maxmemory", "2mb"]`. */
  readonly args?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Default: Redis. */
  readonly program?: "Redis" | "Valkey";
}

/** A Redis that the suite has started. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** To kill it, have it hang, and start it anew with what it kept. */
  readonly process: ServerProcess;
  /** Ends it for good, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a Redis, or a Valkey, on a free port, in a folder of its own. */
export async function startRedis({
  appendonly = false,
  args = [],
  port,
  program = "Redis",
}: RedisOptions = {}): Promise<RedisServer> {
  const path = await programPath(program);
  const folder = await serverFolder(program.toLowerCase());
  const at = port ?? (await freePort());
  const durable = appendonly ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
  const process = new ServerProcess(
    path,
    ["--port", `${at}`, "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...durable, ...args],
    folder,
  );
  await process.start(at);
  return { port: at, url: `redis://127.0.0.1:${at}`, process, stop: () => process.remove() };
}

/** Asks one server, by its port or URL, one thing. */
export async function askRedis(at: number | string, command: string, ...args: string[]): Promise<unknown> {
  const url = typeof at === "number" ? `redis://127.0.0.1:${at}` : at;
  const client = new Redis(url, { lazyConnect: true });
  try {
    return await client.call(command, args);
  } finally {
    client.disconnect();
  }
}
