import { shardOf } from "../cookie/shard.ts";
import type { Duration } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type {
  CreateOptions,
  CreateResult,
  End,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  StoreState,
  UpdateOptions,
} from "../store.ts";
import { endInShards, scanShards } from "./durable-objects/all-shards.ts";
import { isLinked, toLinkEntry, toLinkedId, toLinkKey } from "./durable-objects/links.ts";
import { parseDurableObjectsOptions } from "./durable-objects/options.ts";
import type { DurableObjectPush } from "./durable-objects/push.ts";
import type { ObjectAnswer, ObjectMethod } from "./durable-objects/sessions-object.ts";
import { Deadline } from "./shared/deadline.ts";
import { orderByIds } from "./shared/rows.ts";
import { parseShard, validateShard } from "./shared/shard.ts";

export type { HubClient, HubNamespace, HubStub } from "./durable-objects/hub.ts";
export { type DurableObjectPush, durableObjectPush } from "./durable-objects/push.ts";
export { type HubSocket, type HubState, SessionsHub } from "./durable-objects/sessions-hub.ts";
export {
  type ObjectEnv,
  type ObjectState,
  type ObjectStorage,
  SessionsObject,
} from "./durable-objects/sessions-object.ts";
export type { PushOptions } from "./shared/push-channel.ts";

/** The method of an object that the store calls. */
export interface SessionsStub {
  fetch(
    url: string,
    request: { method: string; body: string },
  ): Promise<{ readonly ok: boolean; readonly status: number; json(): Promise<unknown> }>;
}

/** The methods of the binding to the class that the store calls. */
export interface SessionsNamespace<Id> {
  idFromName(name: string): Id;
  get(id: Id): SessionsStub;
}

/** Options of `durableObjectStore`. */
export interface DurableObjectStoreOptions {
  /** How long an operation waits for an object before it fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * The result of `durableObjectPush`, which gives the store `subscribe`. It needs the class `SessionsHub`, to which the
   * objects report by themselves. Default: the store does not subscribe.
   */
  readonly push?: DurableObjectPush;
}

/** The number of a link's entries that are read at a time. */
const ENTRIES_PER_READ = 100;

/**
 * Keeps sessions in Cloudflare's Durable Objects. All sessions of a user are in one of 3 844 objects, and each object has its
 * own SQLite database. Takes the binding to the class `SessionsObject`, also for one jurisdiction
 * (`env.SESSIONS.jurisdiction("eu")`). The objects create their tables and remove expired records by themselves.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { durableObjectStore, type SessionsNamespace } from "sessionup/stores/durable-objects";
 *
 * export { SessionsObject } from "sessionup/stores/durable-objects";
 *
 * export default {
 *   async fetch(request: Request, env: { SESSIONS: SessionsNamespace<object> }): Promise<Response> {
 *     const manager = new Manager(durableObjectStore(env.SESSIONS));
 *     return Response.json(await manager.fetchByUserKey("ann"));
 *   },
 * };
 * ```
 */
export function durableObjectStore<Id>(
  namespace: SessionsNamespace<Id>,
  options: DurableObjectStoreOptions = {},
): Store {
  if (typeof namespace?.idFromName !== "function" || typeof namespace.get !== "function")
    throw new TypeError("namespace must be the binding to the class SessionsObject, such as env.SESSIONS.");
  const { timeout, push } = parseDurableObjectsOptions(options);
  const store = new DurableObjectStore(namespace, new Deadline(timeout));
  return push ? push.attach(store, () => store.probe()) : store;
}

class DurableObjectStore<Id> implements Store {
  readonly #namespace: SessionsNamespace<Id>;
  readonly #deadline: Deadline;

  constructor(namespace: SessionsNamespace<Id>, deadline: Deadline) {
    this.#namespace = namespace;
    this.#deadline = deadline;
  }

  async create(record: SessionRecord, options: CreateOptions): Promise<CreateResult> {
    const shard = validateShard(record);
    // First: a session that a revocation by its link does not find would be worse than an entry without a session.
    if (record.link !== undefined) await this.#addLink(toLinkEntry(record, record.link, options.now));
    return await this.#call(shard, "create", record, options);
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    return await this.#call(parseShard(id), "fetchById", id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    const shards = new Set(ids.map(parseShard));
    const asked = [...shards].map((shard) => {
      const members = ids.filter((id) => parseShard(id) === shard);
      return this.#call<Array<SessionRecord | null>>(shard, "fetchByIds", members);
    });
    const found = (await Promise.all(asked)).flat().filter((record) => record !== null);
    return orderByIds(ids, found);
  }

  async fetchByUserKey(userKey: string, page: SessionPage): Promise<readonly SessionRecord[]> {
    return await this.#call(shardOf(userKey), "fetchByUserKey", userKey, page);
  }

  async update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    return await this.#call(parseShard(id), "update", id, change, options);
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    return await this.#call(parseShard(id), "deleteById", id, end, owner);
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds?: readonly string[],
  ): Promise<readonly string[]> {
    return await this.#call(shardOf(userKey), "deleteByUserKey", userKey, end, exceptIds);
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    const userKey = toLinkKey(link);
    const found: SessionRecord[] = [];
    for (let before: SessionRecord | undefined; ; ) {
      const page = { now: 0, limit: ENTRIES_PER_READ, ...(before && { before }) };
      const entries = await this.fetchByUserKey(userKey, page);
      const records = await this.fetchByIds(entries.map(toLinkedId));
      found.push(...records.filter((record) => isLinked(record, link)));
      const stale = entries.filter((_, index) => !isLinked(records[index], link)).map(({ id }) => id);
      if (stale.length > 0) await this.#call(shardOf(userKey), "unlink", stale);
      before = entries.at(-1);
      if (entries.length < ENTRIES_PER_READ || found.length >= limit) return found.slice(0, limit);
    }
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    return endInShards((shard, after) => this.#call(shard, "endStep", createdAt, end, after));
  }

  async deleteTombstones(userKey: string): Promise<number> {
    return await this.#call(shardOf(userKey), "deleteTombstones", userKey);
  }

  async scan(page: ScanPage): Promise<ScanResult> {
    return await scanShards(page, (shard, inner) => this.#call(shard, "scan", inner));
  }

  async inspect(): Promise<StoreState> {
    return await this.#call(shardOf(""), "inspect");
  }

  /** Makes an object report an empty message to the hub. */
  async probe(): Promise<void> {
    await this.#call(shardOf(""), "probe");
  }

  async #addLink(entry: SessionRecord): Promise<void> {
    try {
      await this.#call(shardOf(entry.userKey), "create", entry, { now: entry.createdAt });
    } catch (error) {
      // An earlier attempt to create the session has added the entry.
      if (!SessionError.is(error) || error.code !== "ERR_DUPLICATE_ID") throw error;
    }
  }

  async #call<Value>(shard: string, method: ObjectMethod, ...args: readonly unknown[]): Promise<Value> {
    // A new stub for each call: after a failure the old one may no longer work.
    const object = this.#namespace.get(this.#namespace.idFromName(shard));
    const body = JSON.stringify([method, ...args]);
    const answer = await this.#deadline.within(reply(object, body));
    if (answer.error) throw new SessionError(answer.error.code, answer.error.message);
    return answer.value as Value;
  }
}

async function reply(object: SessionsStub, body: string): Promise<ObjectAnswer> {
  // The platform requires a complete URL, but the object ignores it.
  const response = await object.fetch("https://sessions.internal/", { method: "POST", body });
  if (!response.ok) throw new Error(`The object answered with status ${response.status}.`);
  return (await response.json()) as ObjectAnswer;
}
