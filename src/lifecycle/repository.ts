import { shardOf } from "../cookie/shard.ts";
import { hashToken, isSessionId, type Token } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { ResolvedOptions } from "../options/manager-options.ts";
import { findEndReason } from "../rules/expiry.ts";
import { isPromise } from "../rules/maybe-promise.ts";
import type { RecordData } from "../rules/record.ts";
import type { SecretMatch } from "../rules/rotation.ts";
import { type AcceptedToken, verifyToken } from "../rules/verify-token.ts";
import type { SessionId } from "../session.ts";
import {
  type Actor,
  CLAIM_PREFIX,
  type End,
  type EndReason,
  type MaybePromise,
  type SessionChange,
  type SessionPage,
  type SessionRecord,
  type Store,
} from "../store.ts";

/** How many sessions are read at a time unless a caller asks for another number. @internal */
export const PAGE_SIZE = 1_000;
const MAX_ID_ATTEMPTS = 5;
const MAX_CHANGE_ATTEMPTS = 1_000;

/** The methods that a store must have. @internal */
export const STORE_METHODS = [
  "create",
  "fetchById",
  "fetchByIds",
  "fetchByUserKey",
  "update",
  "deleteById",
  "deleteByUserKey",
] as const;

/** Wraps the store: its failures become `ERR_STORE` here and nowhere else, and every end is emitted as `ended`. @internal */
export class Repository {
  /** Only for the abilities that subpaths use: every other call goes through the methods of this class. */
  readonly store: Store;
  readonly #options: ResolvedOptions;
  readonly #events: Events;
  /** Stops emitting `ended` for the expired sessions that the store's cleanup removes. */
  readonly ignoreCleanup: () => void;

  constructor(store: Store, options: ResolvedOptions, events: Events) {
    const missing = STORE_METHODS.find((method) => typeof store?.[method] !== "function");
    if (missing) throw new TypeError(`store must have the method ${missing}, as memoryStore() does.`);
    this.store = store;
    this.#options = options;
    this.#events = events;
    this.ignoreCleanup =
      store.onExpired?.((sessions) => {
        for (const { id, userKey, expiresAt, deadline } of sessions)
          if (!userKey?.startsWith(CLAIM_PREFIX))
            this.emitEnded([id], userKey, expiresAt < deadline ? "idle" : "expired", undefined, expiresAt);
      }) ?? (() => undefined);
  }

  /**
   * Reads records by their ids, in order. A single one comes without a promise if the store answers at once, and may come from
   * a cache unless `isCurrent`.
   */
  read(
    ids: readonly string[],
    isCurrent: boolean = ids.length !== 1,
  ): MaybePromise<ReadonlyArray<SessionRecord | undefined>> {
    if (isCurrent) return this.ask(() => this.store.fetchByIds(ids));
    let found: MaybePromise<SessionRecord | undefined>;
    try {
      found = this.store.fetchById(ids[0] as string);
    } catch (cause) {
      found = Promise.reject(cause);
    }
    return isPromise(found) ? this.ask(async () => [await found]) : [found];
  }

  readPage(userKey: string, page: Omit<SessionPage, "now">): Promise<readonly SessionRecord[]> {
    return this.ask(() => this.store.fetchByUserKey(userKey, { ...page, now: this.#options.clock() }));
  }

  /** Reads all live sessions of a user, newest first. */
  async readAll(userKey: string): Promise<readonly SessionRecord[]> {
    const records: SessionRecord[] = [];
    for (;;) {
      const before = records.at(-1);
      const page = await this.readPage(userKey, { limit: PAGE_SIZE, ...(before && { before }) });
      records.push(...page);
      if (page.length < PAGE_SIZE) return records;
    }
  }

  /** Stores a new session under a generated id, within the user's limit. `replaced` ends in the same step. */
  async insert(
    draft: Omit<SessionRecord, "id">,
    replaced: SessionRecord | undefined,
    by: Actor,
  ): Promise<SessionRecord> {
    const { maxSessions: limit, generateId, tombstones } = this.#options;
    const { userKey, createdAt: now } = draft;
    const options = { now, limit, replaces: replaced?.id, tombstones, by };
    const shard = shardOf(userKey);
    for (let attempt = 1; ; attempt++) {
      const record = { id: shard + generateId(), ...draft };
      try {
        const { evicted, replaced: hasReplaced } = await this.ask(() => this.store.create(record, options));
        if (replaced && hasReplaced) this.emitEnded([replaced.id], userKey, "logout");
        this.emitEnded(evicted, userKey, "evicted");
        return record;
      } catch (error) {
        if (attempt === MAX_ID_ATTEMPTS || !(await this.#canRetry(error, userKey))) throw error;
      }
    }
  }

  /** Whether `create` can succeed after this error: with another id, or with room for one more session. */
  async #canRetry(error: unknown, userKey: string): Promise<boolean> {
    const code = SessionError.is(error) && error.code;
    if (code !== "ERR_LIMIT") return code === "ERR_DUPLICATE_ID";
    // The store counts sessions that only this manager's options end. They must not keep the user out.
    let hasEnded = false;
    for (const record of await this.readAll(userKey)) {
      const reason = findEndReason(record, this.#options.clock(), this.#options.lifetime);
      if (reason && (await this.endById(record.id, reason, userKey)) === "deleted") hasEnded = true;
    }
    return hasEnded;
  }

  /**
   * Writes the activity and the secrets of one request. The write is conditional: it revives nothing and overwrites no
   * other change. Losing it is not an error.
   */
  async writeIfUnchanged(
    { id, revision }: SessionRecord,
    change: SessionChange,
    entry?: string,
  ): Promise<"updated" | "not_found" | "lost"> {
    try {
      const outcome = await this.#update(id, change, revision, entry);
      return outcome === "conflict" ? "lost" : outcome;
    } catch {
      // The failure has been emitted, and the session itself was read.
      return "lost";
    }
  }

  /**
   * Changes a session's data by compare-and-set: `compute` runs again on the stored data when a concurrent change came
   * first, so no change is lost and no ended session is revived. `compute` returns the same data to change nothing.
   */
  async change(
    before: AcceptedToken,
    token: Token,
    compute: (data: RecordData, match: SecretMatch) => RecordData | Promise<RecordData>,
    entry?: string,
  ): Promise<AcceptedToken> {
    const proof = hashToken(token);
    let found = before;
    for (let attempt = 0; attempt < MAX_CHANGE_ATTEMPTS; attempt++) {
      const { record, match } = found;
      const data = await compute(found.data, match);
      if (data === found.data) return found;
      if ((await this.#update(record.id, { data }, record.revision, entry)) === "updated")
        return { ...found, record: { ...record, revision: record.revision + 1, data }, data };
      const stored = await this.ask(() => this.store.fetchById(record.id));
      const verdict = verifyToken(stored, proof, this.#options.clock(), this.#options);
      if (!verdict.admitted)
        throw SessionError.unauthorized(verdict.reason === "unknown" ? "revoked" : verdict.reason);
      found = verdict;
    }
    throw new SessionError("ERR_STORE", "Another client always changed the session first.");
  }

  #update(
    id: string,
    change: SessionChange,
    ifRevision: number,
    entry?: string,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const options = { now: this.#options.clock(), ifRevision, entry };
    return this.ask(() => this.store.update(id, change, options));
  }

  /** Ends one session. With an owner, ends only that user's. The store is never asked for an impossible id. */
  async endById(
    id: string,
    reason: EndReason,
    owner?: string,
    by?: Actor,
  ): Promise<"deleted" | "not_found" | "not_owner"> {
    if (typeof id !== "string") throw new TypeError(`id must be a string. Received ${typeof id}.`);
    if (!isSessionId(id)) return "not_found";
    const outcome = await this.ask(() => this.store.deleteById(id, this.toEnd(reason, by), owner));
    if (outcome === "deleted") this.emitEnded([id], owner, reason, by);
    return outcome;
  }

  /** Ends the sessions of a user in one step, except those listed. Returns the ended ids. */
  async endByUserKey(userKey: string, by?: Actor, except?: readonly string[]): Promise<readonly SessionId[]> {
    const ids = await this.ask(() => this.store.deleteByUserKey(userKey, this.toEnd("revoked", by), except));
    this.emitEnded(ids, userKey, "revoked", by);
    return ids as readonly SessionId[];
  }

  /** Asks the store. Its failure, thrown or rejected, becomes `ERR_STORE`. */
  async ask<Answer>(operation: () => MaybePromise<Answer>): Promise<Answer> {
    try {
      return await operation();
    } catch (cause) {
      throw this.toStoreError(cause);
    }
  }

  /** Wraps a failure of the store and emits it as `error`. `ERR_DUPLICATE_ID` and `ERR_LIMIT` are answers, not failures. */
  toStoreError(cause: unknown): SessionError {
    const isOurs = SessionError.is(cause);
    if (isOurs && (cause.code === "ERR_DUPLICATE_ID" || cause.code === "ERR_LIMIT")) return cause;
    const error = isOurs
      ? cause
      : new SessionError("ERR_STORE", "The session store failed. The cause has the store's error.", {
          cause,
        });
    this.#events.emit("error", { error, at: this.#options.clock() });
    return error;
  }

  /** Returns the store's form of an end, now. */
  toEnd(reason: EndReason, by?: Actor): End {
    const { clock, tombstones } = this.#options;
    return { reason, now: clock(), tombstones, by };
  }

  /** Emits `ended`. Without `by`, the reason decides about the party. */
  emitEnded(
    ids: readonly string[],
    userKey: string | undefined,
    reason: EndReason,
    by: Actor = reason === "logout" ? toUser(userKey) : { kind: reason === "revoked" ? "system" : "policy" },
    at: number = this.#options.clock(),
  ): void {
    const ended = {
      ids: ids as readonly SessionId[],
      ...(userKey !== undefined && { userKey }),
      reason,
      at,
      by,
    };
    if (ids.length > 0) this.#events.emit("ended", ended);
  }
}

/** Returns a user as the party that caused an event. @internal */
export function toUser(userKey: string | undefined): Actor {
  return { kind: "user", id: userKey };
}
