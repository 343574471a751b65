import type {
  CreateOptions,
  CreateResult,
  End,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionCount,
  SessionPage,
  SessionRecord,
  Store,
  StoreState,
  TombstoneOptions,
  UpdateOptions,
} from "../../store.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { isClaim } from "../shared/scan.ts";
import { validateShard } from "../shared/shard.ts";
import { endInSteps, type Step } from "../shared/steps.ts";
import { type RedisConnection, toStrings, unexpectedReply } from "./connection.ts";
import type { RedisExpiry } from "./expiry.ts";
import { countSessions, inspectServers, warnOfEviction } from "./health.ts";
import { addLink, fetchByLink } from "./links.ts";
import { CREATE, DELETE_TOMBSTONES, END_MANY, END_ONE, LIST, UPDATE } from "./lua-scripts.ts";
import { parseRedisRecord, serializeRedisRecord } from "./record-format.ts";
import { scanAll, scanUser, scanUserTombstones } from "./scan.ts";
import { WALK_START, type WalkPosition, type WalkStep, walk } from "./walk.ts";

/**
 * The number of a user's sessions that one script may end, which takes the server a few milliseconds. It is the manager's
 * default limit, so one script ends all sessions of a user.
 */
const MAX_ENDED_PER_SCRIPT = 1_000;

/** The store. Each operation is one command or script on one node, or several for very many sessions of a user. */
export class RedisSessions implements Store {
  readonly #connection: RedisConnection;
  readonly #lookups: Lookups<string | undefined>;
  /** The channel of events, empty if the app wants none. */
  readonly #channel: string;
  /** `1` if expired sessions are reported. */
  readonly #reports: "1" | "";
  readonly #expiry: RedisExpiry | undefined;
  #warn: ((message: string) => void) | undefined;
  /** Only with an expiry: otherwise the server removes expired records and reports nothing. */
  readonly deleteExpired?: NonNullable<Store["deleteExpired"]>;
  readonly onExpired?: NonNullable<Store["onExpired"]>;
  readonly close?: NonNullable<Store["close"]>;

  constructor(
    connection: RedisConnection,
    warn: (message: string) => void,
    channel: string,
    expiry: RedisExpiry | undefined,
  ) {
    this.#connection = connection;
    this.#channel = channel;
    this.#reports = expiry ? "1" : "";
    this.#expiry = expiry;
    if (expiry) {
      this.deleteExpired = (now, limit) => expiry.deleteExpired(now, limit);
      this.onExpired = (listener) => expiry.cleanup.listen(listener);
      this.close = async () => expiry.cleanup.stop();
    }
    this.#lookups = new Lookups((ids) => connection.read(ids));
    this.#warn = warn;
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces = "", tombstones }: CreateOptions,
  ): Promise<CreateResult> {
    const { id, userKey, createdAt, expiresAt, ended } = record;
    // Both keys must be in one slot of a Cluster.
    validateShard(record);
    this.#expiry?.cleanup.tell(now);
    this.#expiry?.cleanup.start();
    void this.#warnOfEviction();
    if (record.link !== undefined && !ended) await addLink(this.#connection, record, now);
    const keys = [this.#connection.recordKey(id), this.#connection.indexKey(userKey)];
    const args = [
      now,
      this.#channel,
      isClaim(userKey) ? "" : this.#reports,
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
      const [outcome, ...ids] = toStrings(await this.#connection.run(CREATE, keys, args));
      evicted.push(...ids);
      if (outcome === "created" || outcome === "replaced")
        return { evicted, replaced: outcome === "replaced" };
      if (outcome === "duplicate") throw duplicateError("redisStore");
      if (outcome === "limit") throw limitError(limit?.max);
      if (outcome !== "more") throw unexpectedReply();
    }
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    const text = this.#connection.port.batches
      ? await this.#connection.readOne(id)
      : await this.#lookups.fetch(id);
    return text === undefined ? undefined : parseRedisRecord(id, text);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    if (ids.length === 0) return [];
    const texts = await this.#connection.read(ids);
    return ids.map((id, index) => {
      const text = texts[index];
      return text === undefined ? undefined : parseRedisRecord(id, text);
    });
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    const args = [now, this.#channel, this.#reports, limit, before?.createdAt ?? "", before?.id ?? ""];
    const texts = toStrings(await this.#connection.run(LIST, [this.#connection.indexKey(userKey)], args));
    const records: SessionRecord[] = [];
    for (let index = 0; index < texts.length; index += 2)
      records.push(parseRedisRecord(texts[index] ?? "", texts[index + 1] ?? ""));
    return records;
  }

  async update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision, isTombstone }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#expiry?.cleanup.tell(now);
    const moved = [activity?.lastSeenAt ?? "", activity?.expiresAt ?? ""];
    const args = [
      now,
      this.#channel,
      this.#reports,
      id,
      ifRevision ?? "",
      ...moved,
      data ? JSON.stringify(data) : "",
      isTombstone ? "tombstone" : "",
    ];
    const outcome = await this.#connection.run(UPDATE, [this.#connection.recordKey(id)], args);
    if (outcome === "updated" || outcome === "not_found" || outcome === "conflict") return outcome;
    throw unexpectedReply();
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    const { now, reason, tombstones } = end;
    this.#expiry?.cleanup.tell(now);
    const ownerJson = owner === undefined ? "" : JSON.stringify(owner);
    const args = [
      now,
      this.#channel,
      this.#reports,
      id,
      reason,
      ...tombstoneArgs(now, tombstones),
      ownerJson,
    ];
    const outcome = await this.#connection.run(END_ONE, [this.#connection.recordKey(id)], args);
    if (outcome === "deleted" || outcome === "not_found" || outcome === "not_owner") return outcome;
    throw unexpectedReply();
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    const exempt = exceptIds.length > MAX_ENDED_PER_SCRIPT ? new Set(exceptIds) : undefined;
    return endInSteps<readonly string[]>(async (before) => {
      if (!exempt) return this.#endMany(userKey, end, "but", exceptIds, before);
      // Too many exempt ids to send them with each step.
      const { ids, next } = await this.#endMany(userKey, end, "look", [], before);
      const ending = ids.filter((id) => !exempt.has(id));
      if (ending.length === 0) return { ids: [], next };
      return { ids: (await this.#endMany(userKey, end, "only", ending, before)).ids, next };
    });
  }

  async #endMany(
    userKey: string,
    { now, reason, tombstones }: End,
    mode: "but" | "look" | "only",
    ids: readonly string[],
    before: readonly string[] = ["", ""],
  ): Promise<Step<readonly string[]>> {
    this.#expiry?.cleanup.tell(now);
    const kept = tombstoneArgs(now, tombstones);
    const parts = [reason, ...kept, mode, MAX_ENDED_PER_SCRIPT, ...before, ...ids];
    const args = [now, this.#channel, this.#reports, ...parts];
    const key = this.#connection.indexKey(userKey);
    const [createdAt = "", id = "", ...ended] = toStrings(await this.#connection.run(END_MANY, [key], args));
    return { ids: ended, next: id === "" ? undefined : [createdAt, id] };
  }

  fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    return fetchByLink(this.#connection, link, limit);
  }

  async *deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    for (let position: WalkPosition | undefined = WALK_START; position; ) {
      const { buckets, next }: WalkStep = await walk(this.#connection, position, MAX_ENDED_PER_SCRIPT);
      const records = await this.#connection.readAll(buckets.flatMap(({ ids }) => ids));
      const idsByUser = new Map<string, string[]>();
      for (const record of records) {
        const { id, userKey } = record;
        if (record.ended || record.createdAt >= createdAt || isClaim(userKey)) continue;
        idsByUser.set(userKey, [...(idsByUser.get(userKey) ?? []), id]);
      }
      const users = [...idsByUser].map(([userKey, ids]) => this.#endListed(userKey, ids, end));
      yield (await Promise.all(users)).flat();
      position = next;
    }
  }

  /** Ends sessions of one user, and returns the ids that ended. */
  async #endListed(userKey: string, ids: readonly string[], end: End): Promise<readonly string[]> {
    const { ids: ended } = await this.#endMany(userKey, end, "only", ids);
    const named = new Set(ended);
    // The server may have evicted the user's index. Then only the record of a session is left.
    const others = ids.filter((id) => !named.has(id));
    const outcomes = await Promise.all(others.map((id) => this.deleteById(id, end)));
    return [...ended, ...others.filter((_, index) => outcomes[index] === "deleted")];
  }

  async deleteTombstones(userKey: string): Promise<number> {
    const key = this.#connection.tombstonesKey(userKey);
    let removed = 0;
    for (;;) {
      const args = [0, "", this.#reports, MAX_ENDED_PER_SCRIPT];
      const [count, more] = toStrings(await this.#connection.run(DELETE_TOMBSTONES, [key], args));
      removed += Number(count);
      if (!more) return removed;
    }
  }

  scan(page: ScanPage): Promise<ScanResult> {
    const { userKey, ended } = page.filter ?? {};
    if (userKey === undefined) return scanAll(this.#connection, page);
    if (ended) return scanUserTombstones(this.#connection, userKey, page);
    return scanUser((each) => this.fetchByUserKey(userKey, each), page);
  }

  count(now: number): Promise<SessionCount> {
    return countSessions(this.#connection, now);
  }

  inspect(): Promise<StoreState> {
    return inspectServers(this.#connection);
  }

  /** Warns once if the server evicts keys. */
  async #warnOfEviction(): Promise<void> {
    const warn = this.#warn;
    this.#warn = undefined;
    if (!warn) return;
    // The app may have no permission for INFO. The documentation of the store describes the policy too.
    const info = String(await this.#connection.port.send(undefined, ["INFO", "memory"]).catch(() => ""));
    for (const warning of warnOfEviction(info)) warn(`sessionup: ${warning}`);
  }
}

/** Returns the end of new tombstones and their maximum number. */
function tombstoneArgs(now: number, tombstones: TombstoneOptions | undefined): readonly (number | "")[] {
  return tombstones ? [now + tombstones.keepFor, tombstones.max] : ["", 0];
}
