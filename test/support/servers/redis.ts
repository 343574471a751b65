import { Redis } from "ioredis";
import { programPath } from "../../../scripts/programs.mjs";
import { freePort, ServerProcess, serverFolder } from "./server.ts";

/** Options of `startRedis`. */
export interface RedisOptions {
  /** Whether every acknowledged write is on the disk (`appendfsync always`). Default: nothing is written to the disk. */
  readonly appendonly?: boolean;
  /** Further arguments, such as `["--maxmemory", "2mb"]`. */
  readonly args?: readonly string[];
  /** The port. Default: a free port. */
  readonly port?: number;
  /** The program. Default: Redis. */
  readonly program?: "Redis" | "Valkey";
}

/** A running Redis or Valkey server. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** The server's process, which a test can kill, suspend and restart with its data. */
  readonly process: ServerProcess;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

/** Starts Redis or Valkey in its own folder. */
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

/** Sends one command to the server with this port or URL. */
export async function askRedis(at: number | string, command: string, ...args: string[]): Promise<unknown> {
  const url = typeof at === "number" ? `redis://127.0.0.1:${at}` : at;
  const client = new Redis(url, { lazyConnect: true });
  try {
    return await client.call(command, args);
  } finally {
    client.disconnect();
  }
}
