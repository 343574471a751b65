import { shardOf } from "../../cookie/shard.ts";
import type {
  CreateOptions,
  CreateResult,
  End,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  TombstoneOptions,
  UpdateOptions,
} from "../../store.ts";
import type { Deadline } from "../shared/deadline.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { validateShard } from "../shared/shard.ts";
import { endInSteps } from "../shared/steps.ts";
import type { RedisPort } from "./client.ts";
import { CREATE, END_MANY, END_ONE, LIST, type RedisScript, UPDATE } from "./lua-scripts.ts";
import { parseRedisRecord, serializeRedisRecord } from "./record-format.ts";

/**
 * The number of a user's sessions that one script may end, which takes the server a few milliseconds. It is the manager's
 * default limit, so one script ends all sessions of a user.
 */
const MAX_ENDED_PER_SCRIPT = 1_000;

/** The store. Each operation is one command or script on one node, or several for very many sessions of a user. */
export class RedisSessions implements Store {
  readonly #port: RedisPort;
  readonly #prefix: string;
  readonly #deadline: Deadline;
  readonly #lookups: Lookups<string | undefined>;
  /** The channel of events, empty if the app wants none. */
  readonly #channel: string;
  #warn: ((message: string) => void) | undefined;

  constructor(
    port: RedisPort,
    prefix: string,
    deadline: Deadline,
    warn: (message: string) => void,
    channel: string,
  ) {
    this.#port = port;
    this.#prefix = escapePrefix(prefix);
    this.#channel = channel;
    this.#deadline = deadline;
    this.#lookups = new Lookups((ids) => this.#read(ids));
    this.#warn = warn;
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces = "", tombstones }: CreateOptions,
  ): Promise<CreateResult> {
    const { id, userKey, createdAt, expiresAt, ended } = record;
    // Both keys must be in one slot of a Cluster.
    validateShard(record);
    void this.#warnOfEviction();
    const keys = [this.#recordKey(id), this.#indexKey(userKey)];
    const args = [
      now,
      this.#channel,
      id,
      serializeRedisRecord(record),
      ended ? "" : createdAt,
      expiresAt,
      replaces,
      limit?.max ?? 0,
      limit?.onExceed ?? "",
      MAX_ENDED_PER_SCRIPT,
      ...tombstoneArgs(now, tombstones),
    ];
    const evicted: string[] = [];
    for (;;) {
      const [outcome, ...ids] = toStrings(await this.#run(CREATE, keys, args));
      evicted.push(...ids);
      if (outcome === "created" || outcome === "replaced")
        return { evicted, replaced: outcome === "replaced" };
      if (outcome === "duplicate") throw duplicateError("redisStore");
      if (outcome === "limit") throw limitError(limit?.max);
      if (outcome !== "more") throw unexpectedReply();
    }
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    const text = this.#port.batches ? await this.#readOne(id) : await this.#lookups.fetch(id);
    return text === undefined ? undefined : parseRedisRecord(id, text);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    const texts = await this.#read(ids);
    return ids.map((id, index) => {
      const text = texts[index];
      return text === undefined ? undefined : parseRedisRecord(id, text);
    });
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    const args = [now, this.#channel, limit, before?.createdAt ?? "", before?.id ?? ""];
    const texts = toStrings(await this.#run(LIST, [this.#indexKey(userKey)], args));
    const records: SessionRecord[] = [];
    for (let index = 0; index < texts.length; index += 2)
      records.push(parseRedisRecord(texts[index] ?? "", texts[index + 1] ?? ""));
    return records;
  }

  async update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const moved = [activity?.lastSeenAt ?? "", activity?.expiresAt ?? ""];
    const args = [now, this.#channel, id, ifRevision ?? "", ...moved, data ? JSON.stringify(data) : ""];
    const outcome = await this.#run(UPDATE, [this.#recordKey(id)], args);
    if (outcome === "updated" || outcome === "not_found" || outcome === "conflict") return outcome;
    throw unexpectedReply();
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    const { now, reason, tombstones } = end;
    const ownerJson = owner === undefined ? "" : JSON.stringify(owner);
    const args = [now, this.#channel, id, reason, ...tombstoneArgs(now, tombstones), ownerJson];
    const outcome = await this.#run(END_ONE, [this.#recordKey(id)], args);
    if (outcome === "deleted" || outcome === "not_found" || outcome === "not_owner") return outcome;
    throw unexpectedReply();
  }

  async deleteByUserKey(
    userKey: string,
    { now, reason, tombstones }: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    const keys = [this.#indexKey(userKey)];
    const exempt = exceptIds.length > MAX_ENDED_PER_SCRIPT ? new Set(exceptIds) : undefined;
    return endInSteps<readonly string[]>(async (before = ["", ""]) => {
      const step = async (mode: string, ids: readonly string[]) => {
        const args = [
          now,
          this.#channel,
          reason,
          ...tombstoneArgs(now, tombstones),
          mode,
          MAX_ENDED_PER_SCRIPT,
          ...before,
          ...ids,
        ];
        const [createdAt = "", id = "", ...ended] = toStrings(await this.#run(END_MANY, keys, args));
        return { ids: ended, next: id === "" ? undefined : [createdAt, id] };
      };
      if (!exempt) return step("but", exceptIds);
      // Too many exempt ids to send them with each step.
      const { ids, next } = await step("look", []);
      const ending = ids.filter((id) => !exempt.has(id));
      return { ids: ending.length > 0 ? (await step("only", ending)).ids : [], next };
    });
  }

  async #readOne(id: string): Promise<string | undefined> {
    const key = this.#recordKey(id);
    return toOptionalString(await this.#deadline.within(this.#port.send(key, ["GET", key])));
  }

  async #read(ids: readonly string[]): Promise<ReadonlyArray<string | undefined>> {
    if (this.#port.isCluster) return Promise.all(ids.map((id) => this.#readOne(id)));
    const keys = ids.map((id) => this.#recordKey(id));
    const replies = await this.#deadline.within(this.#port.send(keys[0], ["MGET", ...keys]));
    if (!Array.isArray(replies) || replies.length !== ids.length) throw unexpectedReply();
    return replies.map(toOptionalString);
  }

  #run(script: RedisScript, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#deadline.within(script.run(this.#port, keys, args.map(String)));
  }

  #recordKey(id: string): string {
    return `${this.#prefix}{${id.slice(0, 2)}}s:${id}`;
  }

  /** The user key is escaped as in JSON, because scripts read it from the JSON of a record. */
  #indexKey(userKey: string): string {
    return `${this.#prefix}{${shardOf(userKey)}}u:${JSON.stringify(userKey).slice(1, -1)}`;
  }

  /** Warns if the server evicts keys. Every key of the store has a TTL, so every eviction policy applies to it. */
  async #warnOfEviction(): Promise<void> {
    const warn = this.#warn;
    this.#warn = undefined;
    if (!warn) return;
    // The app may have no permission for INFO. The documentation of the store describes the policy too.
    const info = String(await this.#port.send(undefined, ["INFO", "memory"]).catch(() => ""));
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
    if (policy === "noeviction" || /^maxmemory:0\s/m.test(info)) return;
    warn(
      `sessionup: the Redis server's maxmemory-policy is ${policy}. When its memory is full, it deletes sessions, and ` +
        'lists and revokeAll may miss some. Set it to "noeviction".',
    );
  }
}

/** Returns the beginning of a store's keys. The first "{" of a key begins its hash tag, so a prefix must not contain one. */
export function escapePrefix(prefix: string): string {
  return prefix.replaceAll("%", "%25").replaceAll("{", "%7B");
}

/** Returns the end of new tombstones and their maximum number. */
function tombstoneArgs(now: number, tombstones: TombstoneOptions | undefined): readonly (number | "")[] {
  return tombstones ? [now + tombstones.keepFor, tombstones.max] : ["", 0];
}

function toStrings(reply: unknown): string[] {
  if (Array.isArray(reply) && reply.every((text) => typeof text === "string")) return reply;
  throw unexpectedReply();
}

/** Rejects replies such as QUEUED: a command that waits in a transaction of the app has not been executed. */
function toOptionalString(reply: unknown): string | undefined {
  if (reply !== null && typeof reply !== "string") throw unexpectedReply();
  return reply ?? undefined;
}

function unexpectedReply(): Error {
  return new Error(
    "redisStore: the reply does not match the command. Give the store a client on which the app opens no MULTI.",
  );
}
