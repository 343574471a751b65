import { shardOf } from "../../cookie/shard.ts";
import type { SessionRecord } from "../../store.ts";
import type { Deadline } from "../shared/deadline.ts";
import type { RedisPort } from "./client.ts";
import type { RedisScript } from "./lua-scripts.ts";
import { parseRedisRecord } from "./record-format.ts";

/** The number of keys that one MGET reads: the reply is then built in a millisecond. */
const MAX_READ = 500;

/** The store's keys on a server, and the commands that access them, each within the store's time limit. */
export class RedisConnection {
  readonly port: RedisPort;
  readonly #prefix: string;
  readonly #deadline: Deadline;

  constructor(port: RedisPort, prefix: string, deadline: Deadline) {
    this.port = port;
    this.#prefix = escapePrefix(prefix);
    this.#deadline = deadline;
  }

  run(script: RedisScript, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#deadline.within(script.run(this.port, keys, args.map(String)));
  }

  send(key: string | undefined, args: string[]): Promise<unknown> {
    return this.#deadline.within(this.port.send(key, args));
  }

  async readOne(id: string): Promise<string | undefined> {
    const key = this.recordKey(id);
    return toOptionalString(await this.send(key, ["GET", key]));
  }

  /** Returns the stored records as texts, in the order of the ids. */
  async read(ids: readonly string[]): Promise<ReadonlyArray<string | undefined>> {
    if (this.port.isCluster) return Promise.all(ids.map((id) => this.readOne(id)));
    const keys = ids.map((id) => this.recordKey(id));
    const replies = await this.send(keys[0], ["MGET", ...keys]);
    if (!Array.isArray(replies) || replies.length !== ids.length) throw unexpectedReply();
    return replies.map(toOptionalString);
  }

  /** Returns the records of any number of ids, in the order of the ids and without the missing ones. */
  async readAll(ids: readonly string[]): Promise<readonly SessionRecord[]> {
    const records: SessionRecord[] = [];
    for (let from = 0; from < ids.length; from += MAX_READ) {
      const some = ids.slice(from, from + MAX_READ);
      for (const [index, text] of (await this.read(some)).entries())
        if (text !== undefined) records.push(parseRedisRecord(some[index] ?? "", text));
    }
    return records;
  }

  recordKey(id: string): string {
    return this.shardKey(id.slice(0, 2), `s:${id}`);
  }

  /** The user key is escaped as in JSON, because scripts read it from the JSON of a record. */
  indexKey(userKey: string): string {
    return this.shardKey(shardOf(userKey), `u:${JSON.stringify(userKey).slice(1, -1)}`);
  }

  tombstonesKey(userKey: string): string {
    return this.shardKey(shardOf(userKey), `t:${JSON.stringify(userKey).slice(1, -1)}`);
  }

  linkKey(link: string): string {
    return `${this.#prefix}{${link}}l:`;
  }

  /** Returns a key whose hash tag is a shard. Every script derives the keys of the shard from it. */
  shardKey(shard: string, name: string): string {
    return `${this.#prefix}{${shard}}${name}`;
  }
}

/** Returns the beginning of a store's keys. The first "{" of a key begins its hash tag, so a prefix must not contain one. */
export function escapePrefix(prefix: string): string {
  return prefix.replaceAll("%", "%25").replaceAll("{", "%7B");
}

export function toStrings(reply: unknown): string[] {
  if (Array.isArray(reply) && reply.every((text) => typeof text === "string")) return reply;
  throw unexpectedReply();
}

/** Rejects replies such as QUEUED: a command that waits in a transaction of the app has not been executed. */
function toOptionalString(reply: unknown): string | undefined {
  if (reply !== null && typeof reply !== "string") throw unexpectedReply();
  return reply ?? undefined;
}

export function unexpectedReply(): Error {
  return new Error(
    "redisStore: the reply does not match the command. Give the store a client on which the app opens no MULTI.",
  );
}
