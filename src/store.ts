/** JSON, and nothing that JSON would lose. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The core's part of a record: hashes, client, metadata. A store keeps it whole and gives back the same JSON; it
 * never looks inside. `v` is the version of its shape, so that a later release can read what an earlier one wrote.
 */
export interface SessionData {
  readonly v: number;
  readonly [key: string]: Json;
}

/** Why a session ended. */
export type EndReason = "logout" | "revoked" | "evicted" | "expired" | "idle" | "reused" | "client_changed";

/** What a store keeps. Times are milliseconds since 1970; everything outside `data` is the store's to index. */
export interface SessionRecord {
  /** The public handle: 4 to 128 of `[0-9A-Za-z]`, the first two of them `shardOf(userKey)`. */
  readonly id: string;
  /** Well-formed, not empty, at most 1 kB of UTF-8; any character may be in it, NUL and newline too. */
  readonly userKey: string;
  /** 0 when created, one more with each change that is not mere activity. */
  readonly revision: number;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Expired means `expiresAt <= now`. Never later than `deadline`. */
  readonly expiresAt: number;
  readonly deadline: number;
  /** A tombstone: the session is over and only its end is remembered. Never listed, changed or counted. */
  readonly ended?: { readonly at: number; readonly reason: EndReason };
  /**
   * What the session is found by besides its id and its user: opaque, 1 to 64 of `[0-9A-Za-z_-]`. Given only to a store
   * with `fetchByLink`, when the session is created.
   */
  readonly link?: string;
  readonly data: SessionData;
}

/** What `update` may change. Nothing else of a record ever changes. */
export interface SessionChange {
  /**
   * Both are taken when this `lastSeenAt` is later than the record's, else both stay as they are: time never moves
   * backwards. By itself it does not raise the revision.
   */
  readonly activity?: { readonly lastSeenAt: number; readonly expiresAt: number };
  /** Replaces the record's `data` whole, and raises the revision by one. */
  readonly data?: SessionData;
}

/** How many live sessions one user may have, and what happens at one more. */
export interface SessionLimit {
  /** How many live sessions the user may have: a whole number, at least 1. */
  readonly max: number;
  /**
   * What happens when one more session is created:
   *
   * - `evict-oldest` ends the sessions with the earliest `createdAt`. Among equal times, the lowest `id` ends first.
   * - `evict-idlest` ends the sessions with the earliest `lastSeenAt`. Among equal times, the oldest ends first.
   * - `refuse` rejects the new session with `ERR_LIMIT` and changes nothing.
   */
  readonly onExceed: "evict-oldest" | "evict-idlest" | "refuse";
}

/** How ended sessions are remembered. */
export interface TombstoneOptions {
  /** Milliseconds for which a tombstone is kept. */
  readonly keepFor: number;
  /**
   * The number of tombstones that one user has at most after the step, a whole number, at least 1. The store removes the
   * tombstones that ended first. Without this bound a user who logs in and out fills the store.
   */
  readonly max: number;
}

/** How sessions are ended. */
export interface End {
  readonly reason: EndReason;
  readonly now: number;
  /**
   * Turns each ended record into a tombstone: `ended` is set, the revision rises by one, and `expiresAt` and `deadline`
   * become `now + keepFor`. Default: the record is removed.
   */
  readonly tombstones?: TombstoneOptions;
}

/** What is known of a session that the store's cleanup removed. */
export type ExpiredSession = Pick<SessionRecord, "id" | "userKey" | "expiresAt" | "deadline">;

/** Where a page of sessions begins: behind this one. The last record of the page before will do. */
export interface SessionCursor {
  readonly createdAt: number;
  readonly id: string;
}

/** Which part of a user's sessions. */
export interface SessionPage {
  readonly now: number;
  /** A whole number, at least 1. */
  readonly limit: number;
  readonly before?: SessionCursor;
}

/** What `create` of a store is told besides the record. */
export interface CreateOptions {
  readonly now: number;
  readonly limit?: SessionLimit;
  /**
   * The id of a session of the same user that ends in the same step, before the limit counts, whether or not it has
   * expired. The id of another user's session is ignored.
   */
  readonly replaces?: string;
  /** Applies to the sessions that end in this step, as in `End`: with the reason `evicted`, or `logout` for the replaced one. */
  readonly tombstones?: TombstoneOptions;
}

/** What `update` of a store is told besides the change. */
export interface UpdateOptions {
  readonly now: number;
  /** Change only the record at this revision; else the answer is `conflict`. */
  readonly ifRevision?: number;
}

/**
 * The contract of a store; `storeContract` in `sessionup/testing` turns each sentence of it into a test.
 *
 * Each operation is one atomic step: of two that run side by side, one is wholly before the other. What an operation
 * answered is true for every later one, by whatever client. A store decides nothing: it has no policy, hashes nothing
 * and has no clock; operations on live records receive `now`. **Live** means: stored, no tombstone, and `expiresAt > now`.
 * Records come out frozen or as copies: changing what went in or came out changes nothing inside. Ids and user keys
 * are compared exactly. A failure of the engine rejects with the engine's own error; the manager wraps it.
 */
export interface Store {
  /**
   * Inserts. Rejects with `ERR_DUPLICATE_ID`, and changes nothing, if a record with the id is there, live or not. With
   * a limit the user has at most `max` live sessions afterwards, this one included; the ids of those that had to end
   * are the answer.
   */
  create(record: SessionRecord, options: CreateOptions): Promise<{ readonly evicted: readonly string[] }>;
  /** The record if it is there, expired or ended or not: the manager decides. */
  fetchById(id: string): Promise<SessionRecord | undefined>;
  /** The same for several ids, in their order, in one round trip. An empty list gives an empty list. */
  fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>>;
  /** The user's live sessions, newest first: by `createdAt`, then by `id`, both descending. */
  fetchByUserKey(userKey: string, page: SessionPage): Promise<readonly SessionRecord[]>;
  /**
   * Changes a live record that is there, at that revision if one is given. Never creates and never revives:
   * `not_found` if there is no live record with the id.
   */
  update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict">;
  /**
   * Ends a session; with an owner, only that user's. Expired sessions that are still stored end too: the caller's clock may
   * be ahead of the others', and a revocation must not depend on it. Returns `not_found` if there is no record with the id,
   * or only a tombstone.
   */
  deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner">;
  /**
   * Ends the user's sessions except those listed, expired ones included, for the same reason. Returns the ids that ended, in
   * any order.
   */
  deleteByUserKey(userKey: string, end: End, exceptIds?: readonly string[]): Promise<readonly string[]>;
  /**
   * Returns the sessions with that link that have not been ended, of any user and in any order, at most `limit`. Expired
   * sessions may be among them: the caller ends what it finds. Optional.
   */
  fetchByLink?(link: string, page: { readonly limit: number }): Promise<readonly SessionRecord[]>;
  /**
   * Ends all sessions that were created before that moment, of every user and expired ones included: for the day after a
   * breach. Optional. It is the one exception to two rules: it crosses users, and it takes many steps, each of them atomic.
   * Each step yields the ids that ended in it. Every matching session that was stored at the call has ended when the
   * iteration is complete; a caller that stops iterating stops it there.
   */
  deleteCreatedBefore?(createdAt: number, end: End): AsyncIterable<readonly string[]>;
  /**
   * Removes up to `limit` expired records and tombstones, those past their `deadline` at the latest, and never a live
   * session. Returns the number of removed records. Absent where the engine expires records by itself.
   */
  deleteExpired?(now: number, limit: number): Promise<number>;
  /**
   * Registers a listener for the expired sessions that `deleteExpired` removes, called in the background or by the app.
   * Tombstones are not reported. Each session is reported once, in the process that removed it. Returns a function that
   * removes the listener. Present where `deleteExpired` is.
   */
  onExpired?(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  /** Lets go of what the store itself opened, never of the app's client. */
  close?(): Promise<void>;
}
