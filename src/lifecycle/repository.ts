import { shardOf } from "../cookie/shard.ts";
import { isSessionId } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Resolved } from "../options/options.ts";
import { findEndReason } from "../rules/expiry.ts";
import type { RecordData } from "../rules/record.ts";
import type { SecretMatch, SecretProof } from "../rules/rotation.ts";
import { type AcceptedToken, verifyToken } from "../rules/verify-token.ts";
import type { SessionId } from "../session.ts";
import type { End, EndReason, SessionChange, SessionPage, SessionRecord, Store } from "../store.ts";
import { GuardedStore } from "./guarded-store.ts";

/** So many sessions are read at a time unless a caller asks for fewer or more. */
export const PAGE = 1_000;
const ID_ATTEMPTS = 5;
const CHANGE_ATTEMPTS = 1_000;

/** What happens to records, whoever asks for it, and the telling of it. @internal */
export class Ledger {
  readonly #store: GuardedStore;
  readonly #options: Resolved<unknown, unknown>;
  readonly #events: Events;
  /** Stops reporting the expired sessions that the store's cleanup removes. */
  readonly ignoreCleanup: () => void;

  constructor(store: Store, options: Resolved<unknown, unknown>, events: Events) {
    this.#options = options;
    this.#events = events;
    this.#store = new GuardedStore(store, (error) => events.emit("error", { error, at: options.clock() }));
    this.ignoreCleanup = this.#store.onExpired((sessions) => {
      for (const { id, userKey, expiresAt, deadline } of sessions) {
        const reason = expiresAt < deadline ? "idle" : "expired";
        events.emit("ended", { ids: [id as SessionId], userKey, reason, at: expiresAt });
      }
    });
  }

  /** For the usual request: what it throws is the engine's own, and for `failure`. */
  read(id: string): Promise<SessionRecord | undefined> {
    return this.#store.read(id);
  }

  failure(cause: unknown): SessionError {
    return this.#store.failure(cause);
  }

  fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    return this.#store.fetchByIds(ids);
  }

  page(userKey: string, page: Omit<SessionPage, "now">): Promise<readonly SessionRecord[]> {
    return this.#store.fetchByUserKey(userKey, { ...page, now: this.#options.clock() });
  }

  /** All live sessions of a user, newest first. */
  async list(userKey: string): Promise<readonly SessionRecord[]> {
    const records: SessionRecord[] = [];
    for (;;) {
      const before = records.at(-1);
      const page = await this.page(userKey, { limit: PAGE, ...(before && { before }) });
      records.push(...page);
      if (page.length < PAGE) return records;
    }
  }

  /** Inserts under an id of its own making, within the user's limit; `replaced` ends in the same step. */
  async insert(
    draft: Omit<SessionRecord, "id">,
    replaced: SessionRecord | undefined,
  ): Promise<SessionRecord> {
    const { limit, generateId, tombstones } = this.#options;
    const options = {
      now: draft.createdAt,
      limit,
      ...(replaced && { replaces: replaced.id }),
      ...(tombstones && { tombstones }),
    };
    const shard = shardOf(draft.userKey);
    for (let attempt = 1; ; attempt++) {
      const record = { id: shard + generateId(), ...draft };
      try {
        const { evicted } = await this.#store.create(record, options);
        if (replaced) this.#ended([replaced.id], draft.userKey, "logout");
        this.#ended(evicted, draft.userKey, "evicted");
        return record;
      } catch (error) {
        if (!SessionError.is(error) || attempt === ID_ATTEMPTS) throw error;
        if (
          error.code === "ERR_LIMIT"
            ? !(await this.#endRefused(draft.userKey))
            : error.code !== "ERR_DUPLICATE_ID"
        )
          throw error;
      }
    }
  }

  /** Ends what the store counts as live and the options refuse: nobody is kept out by it. Whether there was any. */
  async #endRefused(userKey: string): Promise<boolean> {
    let ended = false;
    for (const record of await this.list(userKey)) {
      const reason = findEndReason(record, this.#options.clock(), this.#options.lifetime);
      if (reason && (await this.endById(record.id, reason, userKey)) === "deleted") ended = true;
    }
    return ended;
  }

  /** Takes back an insert of which nobody will ever have the cookie. If that fails too, the session ends in its time. */
  async undo({ id, userKey }: SessionRecord): Promise<void> {
    await this.endById(id, "logout", userKey).catch(() => undefined);
  }

  /**
   * Writes what a request is due to write: activity, a secret that has come back or is to be sent, all in one. It is
   * conditional, so that it revives nothing and undoes nothing; a lost one is no error.
   */
  async note(
    { id, revision }: SessionRecord,
    change: SessionChange,
  ): Promise<"updated" | "not_found" | "lost"> {
    try {
      const options = { now: this.#options.clock(), ifRevision: revision };
      const outcome = await this.#store.update(id, change, options);
      return outcome === "conflict" ? "lost" : outcome;
    } catch {
      // The guard has told of it, and the session itself was read.
      return "lost";
    }
  }

  /**
   * Compare and set, again with what is there by then whenever somebody else was faster: no change of others is lost,
   * and nothing is written to a session that is over. `next` returns the same data to change nothing.
   */
  async change(
    before: AcceptedToken,
    proof: SecretProof,
    next: (data: RecordData, match: SecretMatch) => RecordData | Promise<RecordData>,
  ): Promise<AcceptedToken> {
    let found = before;
    for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
      const { record, match } = found;
      const data = await next(found.data, match);
      if (data === found.data) return found;
      const options = { now: this.#options.clock(), ifRevision: record.revision };
      const outcome = await this.#store.update(record.id, { data }, options);
      if (outcome === "updated") {
        return { admitted: true, record: { ...record, revision: record.revision + 1, data }, data, match };
      }
      const again = verifyToken(
        await this.#store.fetchById(record.id),
        proof,
        this.#options.clock(),
        this.#options,
      );
      if (!again.admitted)
        throw SessionError.unauthorized(again.reason === "unknown" ? "revoked" : again.reason);
      found = again;
    }
    throw new SessionError(
      "ERR_STORE",
      "the session was changed by others each time that a change was tried",
    );
  }

  /** Ends one session; with an owner, only theirs. What cannot be an id is never asked of the store. */
  async endById(
    id: string,
    reason: EndReason,
    owner?: string,
  ): Promise<"deleted" | "not_found" | "not_owner"> {
    if (!isSessionId(id)) return "not_found";
    const outcome = await this.#store.deleteById(id, this.#end(reason), owner);
    if (outcome === "deleted") this.#ended([id], owner, reason);
    return outcome;
  }

  /** Ends the sessions of a user in one step. */
  async endByUserKey(
    userKey: string,
    reason: EndReason,
    except?: readonly string[],
  ): Promise<readonly SessionId[]> {
    const ids = await this.#store.deleteByUserKey(userKey, this.#end(reason), except);
    this.#ended(ids, userKey, reason);
    return ids as readonly SessionId[];
  }

  /** Whether the store can find sessions by a link. */
  get links(): boolean {
    return this.#store.links;
  }

  /** Throws `TypeError` where it cannot. */
  assertLinks(verb: string): void {
    if (!this.links)
      throw new TypeError(`${verb}: the store has no fetchByLink; all but Redis and Durable Objects have it`);
  }

  /** Ends the sessions with that link which are meant, whoever's; their ids. */
  async endByLink(
    link: string,
    reason: EndReason,
    meant: (record: SessionRecord) => boolean,
  ): Promise<readonly SessionId[]> {
    const ended: SessionId[] = [];
    for (;;) {
      const page = { limit: PAGE };
      const found = (await this.#store.fetchByLink(link, page)).filter(meant);
      const before = ended.length;
      for (const { id, userKey } of found)
        if ((await this.endById(id, reason, userKey)) === "deleted") ended.push(id as SessionId);
      // More than fit a page, or none that is still there.
      if (found.length < PAGE || ended.length === before) return ended;
    }
  }

  /** Ends everyone's sessions that began before that moment, in steps; how many. */
  async endCreatedBefore(createdAt: number, reason: EndReason): Promise<number> {
    const steps = this.#store.deleteCreatedBefore(createdAt, this.#end(reason));
    if (!steps)
      throw new TypeError(
        "revokeAllBefore: the store has no deleteCreatedBefore; set notBefore until the oldest session is over",
      );
    let count = 0;
    for await (const ids of steps) {
      count += ids.length;
      this.#ended(ids, undefined, reason);
    }
    return count;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #end(reason: EndReason): End {
    const { clock, tombstones } = this.#options;
    return { reason, now: clock(), ...(tombstones && { tombstones }) };
  }

  #ended(ids: readonly string[], userKey: string | undefined, reason: EndReason): void {
    if (ids.length === 0) return;
    const told = { ids: ids as readonly SessionId[], ...(userKey !== undefined && { userKey }) };
    this.#events.emit("ended", { ...told, reason, at: this.#options.clock() });
  }
}
