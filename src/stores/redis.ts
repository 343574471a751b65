import { shardOf } from "../cookie/shard.ts";
import type { Duration } from "../duration.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type {
  CreateOptions,
  End,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  TombstoneOptions,
  UpdateOptions,
} from "../store.ts";
import { portOf, type RedisClient, type RedisPort } from "./redis/client.ts";
import { warnOfEviction } from "./redis/eviction.ts";
import { recordOf, storedOf } from "./redis/records.ts";
import type { Script } from "./redis/script.ts";
import { CREATE, END_MANY, END_ONE, LIST, UPDATE } from "./redis/scripts.ts";
import { Deadline } from "./shared/deadline.ts";
import { duplicateError, limitError } from "./shared/errors.ts";
import { Lookups } from "./shared/lookups.ts";
import { validateShard } from "./shared/shard.ts";
import { endInSteps } from "./shared/steps.ts";

export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from "./redis/client.ts";

/** What a redis store can be told. */
export interface RedisStoreOptions {
  /** What all keys begin with; any characters. Default: `sessionup:`. Stores with different ones know nothing of each other. */
  readonly prefix?: string;
  /** How long an answer is waited for; then the operation fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Hears, once, that the server may throw sessions away when its memory is full: a user's sessions could then escape
   * their list and `revokeAll`. Default: `console.warn`.
   */
  readonly onWarning?: (message: string) => void;
}

/**
 * So many sessions of a user end in one script, which takes the server some milliseconds. As many as the manager lets a
 * user have unless it is told otherwise: then ending them all is one step.
 */
const MOST = 1_000;

/**
 * Keeps sessions in Redis 7 or Valkey: one server, Sentinel or Cluster. Takes the app's own client: a `Redis` or `Cluster` of
 * ioredis 5 or 6 or of iovalkey 0.4, or what `createClient`, `createClientPool`, `createCluster` or `createSentinel` of
 * node-redis 5 or 6 return.
 *
 * Throws `TypeError` for wrong options and for clients that would read from replicas.
 *
 * @example
 * ```ts
 * import { createClient } from "redis";
 * import { Manager } from "sessionup";
 * import { redisStore } from "sessionup/stores/redis";
 *
 * const options = { url: "redis://localhost:6379", disableOfflineQueue: true };
 * const client = await createClient(options).on("error", console.error).connect();
 * const manager = new Manager(redisStore(client));
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  checkOptionNames(options, "redisStore", ["prefix", "timeout", "onWarning"]);
  const { prefix = "sessionup:", timeout, onWarning = console.warn } = options;
  if (typeof prefix !== "string" || !prefix.isWellFormed())
    throw new TypeError('prefix: needs well-formed text, such as "sessionup:"');
  if (typeof onWarning !== "function") throw new TypeError("onWarning: needs a function");
  return new RedisStore(portOf(client), prefix, new Deadline(timeout), onWarning);
}

// Each operation is one command or script on one node; what goes through very many sessions of a user is several.
class RedisStore implements Store {
  readonly #port: RedisPort;
  readonly #prefix: string;
  readonly #deadline: Deadline;
  readonly #lookups: Lookups<string | undefined>;
  #warn: ((message: string) => void) | undefined;

  constructor(port: RedisPort, prefix: string, deadline: Deadline, warn: (message: string) => void) {
    this.#port = port;
    // The first "{" of a key begins its hash tag: that has to be the store's.
    this.#prefix = prefix.replaceAll("%", "%25").replaceAll("{", "%7B");
    this.#deadline = deadline;
    this.#lookups = new Lookups((ids) => this.#read(ids));
    this.#warn = warn;
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces = "", tombstones }: CreateOptions,
  ): Promise<{ readonly evicted: readonly string[] }> {
    const { id, userKey, createdAt, expiresAt, ended } = record;
    // Both keys have to be in one slot of a cluster.
    validateShard(record);
    this.#warnOnce();
    const keys = [this.#recordKey(id), this.#indexKey(userKey)];
    const args = [
      now,
      id,
      storedOf(record),
      ended ? "" : createdAt,
      expiresAt,
      replaces,
      limit?.max ?? 0,
      limit?.onExceed ?? "",
      MOST,
      ...tombstoneArgs(now, tombstones),
    ];
    const evicted: string[] = [];
    for (;;) {
      const [outcome, ...ids] = textsOf(await this.#run(CREATE, keys, args));
      evicted.push(...ids);
      if (outcome === "created") return { evicted };
      if (outcome === "duplicate") throw duplicateError("redisStore");
      if (outcome === "limit") throw limitError(limit?.max);
      if (outcome !== "more") throw unexpected();
    }
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    const text = this.#port.gathers ? await this.#readOne(id) : await this.#lookups.fetch(id);
    return text === undefined ? undefined : recordOf(id, text);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    const texts = await this.#read(ids);
    return ids.map((id, index) => {
      const text = texts[index];
      return text === undefined ? undefined : recordOf(id, text);
    });
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    const args = [now, limit, before?.createdAt ?? "", before?.id ?? ""];
    const texts = textsOf(await this.#run(LIST, [this.#indexKey(userKey)], args));
    const records: SessionRecord[] = [];
    for (let index = 0; index < texts.length; index += 2)
      records.push(recordOf(texts[index] ?? "", texts[index + 1] ?? ""));
    return records;
  }

  async update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const moved = [activity?.lastSeenAt ?? "", activity?.expiresAt ?? ""];
    const args = [now, id, ifRevision ?? "", ...moved, data ? JSON.stringify(data) : ""];
    const outcome = await this.#run(UPDATE, [this.#recordKey(id)], args);
    if (outcome === "updated" || outcome === "not_found" || outcome === "conflict") return outcome;
    throw unexpected();
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    const { now, reason, tombstones } = end;
    const theirs = owner === undefined ? "" : JSON.stringify(owner);
    const args = [now, id, reason, ...tombstoneArgs(now, tombstones), theirs];
    const outcome = await this.#run(END_ONE, [this.#recordKey(id)], args);
    if (outcome === "deleted" || outcome === "not_found" || outcome === "not_owner") return outcome;
    throw unexpected();
  }

  async deleteByUserKey(
    userKey: string,
    { now, reason, tombstones }: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    const keys = [this.#indexKey(userKey)];
    const spared = exceptIds.length > MOST ? new Set(exceptIds) : undefined;
    return endInSteps<readonly string[]>(async (before = ["", ""]) => {
      const step = async (mode: string, ids: readonly string[]) => {
        const args = [now, reason, ...tombstoneArgs(now, tombstones), mode, MOST, ...before, ...ids];
        const [createdAt = "", id = "", ...named] = textsOf(await this.#run(END_MANY, keys, args));
        return { ids: named, next: id === "" ? undefined : [createdAt, id] };
      };
      if (!spared) return step("but", exceptIds);
      // Too many to be sent again and again.
      const { ids, next } = await step("look", []);
      const ending = ids.filter((id) => !spared.has(id));
      return { ids: ending.length > 0 ? (await step("only", ending)).ids : [], next };
    });
  }

  async #readOne(id: string): Promise<string | undefined> {
    const key = this.#recordKey(id);
    return textOrNone(await this.#deadline.within(this.#port.send(key, ["GET", key])));
  }

  async #read(ids: readonly string[]): Promise<ReadonlyArray<string | undefined>> {
    if (this.#port.isCluster) return Promise.all(ids.map((id) => this.#readOne(id)));
    const keys = ids.map((id) => this.#recordKey(id));
    const replies = await this.#deadline.within(this.#port.send(keys[0], ["MGET", ...keys]));
    if (!Array.isArray(replies) || replies.length !== ids.length) throw unexpected();
    return replies.map(textOrNone);
  }

  #run(script: Script, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#deadline.within(script.run(this.#port, keys, args.map(String)));
  }

  #recordKey(id: string): string {
    return `${this.#prefix}{${id.slice(0, 2)}}s:${id}`;
  }

  /** The user key as scripts find it in a record: as JSON has it, without the quotes. */
  #indexKey(userKey: string): string {
    return `${this.#prefix}{${shardOf(userKey)}}u:${JSON.stringify(userKey).slice(1, -1)}`;
  }

  #warnOnce(): void {
    const warn = this.#warn;
    this.#warn = undefined;
    if (warn) void warnOfEviction(this.#port, warn);
  }
}

/** When the tombstones end, and how many of them a user has at most. */
function tombstoneArgs(now: number, tombstones: TombstoneOptions | undefined): readonly (number | "")[] {
  return tombstones ? [now + tombstones.keepFor, tombstones.max] : ["", 0];
}

function textsOf(reply: unknown): string[] {
  if (Array.isArray(reply) && reply.every((text) => typeof text === "string")) return reply;
  throw unexpected();
}

/** Such as QUEUED: a command that waits in somebody's transaction has not happened. */
function textOrNone(reply: unknown): string | undefined {
  if (reply !== null && typeof reply !== "string") throw unexpected();
  return reply ?? undefined;
}

function unexpected(): Error {
  return new Error(
    "redisStore: not a reply to what was asked; give it a client on which the app opens no MULTI",
  );
}
