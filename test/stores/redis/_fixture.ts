import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { type Store, shardOf } from "sessionup";
import { type RedisStoreOptions, redisStore } from "sessionup/stores/redis";
import { type RedisOptions, type RedisServer, startRedis } from "../../support/servers/redis.ts";

/** The time for which the server keeps a record after the session's end, in milliseconds. */
export const SLACK = 15 * 60_000;

/** A Redis server for one test file, with a client that inspects its keys. */
export class RedisFixture {
  readonly server: RedisServer;
  readonly client: Redis;

  private constructor(server: RedisServer) {
    this.server = server;
    this.client = new Redis(server.port, "127.0.0.1");
    // Without a listener, a test that kills the server would fill the output with connection errors.
    this.client.on("error", () => undefined);
  }

  static async start(options: RedisOptions = {}): Promise<RedisFixture> {
    return new RedisFixture(await startRedis(options));
  }

  store(options: RedisStoreOptions = {}): Store {
    return redisStore(this.client, options);
  }

  keys(pattern = "*"): Promise<string[]> {
    return this.client.keys(pattern);
  }

  /** Returns the commands that the server receives during `action`, and whether a script sent each of them. */
  async monitored(action: () => Promise<unknown>): Promise<Array<{ name: string; byScript: boolean }>> {
    const monitor = await this.client.monitor();
    const heard: Array<{ name: string; byScript: boolean }> = [];
    const end = `end-${randomBytes(6).toString("hex")}`;
    const ended = new Promise<void>((resolve) => {
      monitor.on("monitor", (_time: string, [name = "", text]: string[], source: string) => {
        if (text === end) resolve();
        else heard.push({ name: name.toUpperCase(), byScript: source === "lua" });
      });
    });
    await action();
    await this.client.echo(end);
    await ended;
    monitor.disconnect();
    return heard;
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.server.stop();
  }
}

export function newUser(): string {
  return `user-${randomBytes(6).toString("hex")}`;
}

export function indexKey(userKey: string, prefix = "sessionup:"): string {
  return `${prefix}{${shardOf(userKey)}}u:${userKey}`;
}

export function tombstonesKey(userKey: string, prefix = "sessionup:"): string {
  return `${prefix}{${shardOf(userKey)}}t:${userKey}`;
}

export function recordKey(id: string, prefix = "sessionup:"): string {
  return `${prefix}{${id.slice(0, 2)}}s:${id}`;
}

/** Runs 500 tasks at a time, because a driver is slow with a very long queue. */
export async function inBatches(count: number, task: (index: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const batch = Math.min(500, count - from);
    await Promise.all(Array.from({ length: batch }, (_, index) => task(from + index)));
  }
}

/** Polls until `ask` returns true. Returns false after the time is up. */
export async function within(milliseconds: number, ask: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!(await ask())) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
