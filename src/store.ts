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
  /** A whole number, at least 1. */
  readonly max: number;
  /**
   * - `evict-oldest`: those with the earliest `createdAt` end; of one moment, those with the lowest `id`.
   * - `evict-idlest`: those with the earliest `lastSeenAt` end; of one moment, the oldest.
   * - `refuse`: the new one is refused with `ERR_LIMIT`, and nothing changes.
   */
  readonly onExceed: "evict-oldest" | "evict-idlest" | "refuse";
}

/** How sessions are ended. */
export interface End {
  readonly reason: EndReason;
  readonly now: number;
  /**
   * Keep a tombstone for that many milliseconds: the record stays, `ended` is set, its revision is one higher, and
   * `expiresAt` and `deadline` become `now + tombstone`. Unset: nothing is kept.
   */
  readonly tombstone?: number;
}

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
  /** The id of a session of the same user that ends in the same step, before the limit counts. Of another user's: ignored. */
  readonly replaces?: string;
  /** For what ends in this step, as in `End`: with the reason `evicted`, and `logout` for what is replaced. */
  readonly tombstone?: number;
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
 * and has no clock; what asks for live records is given `now`. **Live** means: there, no tombstone, `expiresAt > now`.
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
  /** Ends a live session; with an owner, only that user's. `not_found` if there is no live record with the id. */
  deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner">;
  /** Ends the user's live sessions, but for those excepted; the ids that ended, in any order. */
  deleteByUserKey(userKey: string, end: End, exceptIds?: readonly string[]): Promise<readonly string[]>;
  /**
   * Live sessions with that link, whoever's, in any order, at most `limit` of them. An ability that a store may lack.
   */
  fetchByLink?(
    link: string,
    page: { readonly now: number; readonly limit: number },
  ): Promise<readonly SessionRecord[]>;
  /**
   * Ends all live sessions that were created before that moment, whoever's: for the day after a breach. An ability that a
   * store may lack, and the one exception to two rules: it crosses users, and it is many steps, each of them atomic. After
   * each it gives the ids that ended in it. What was there when it was called, and was created before, is over when it is
   * through; who stops asking stops it there.
   */
  deleteCreatedBefore?(createdAt: number, end: End): AsyncIterable<readonly string[]>;
  /**
   * Removes up to `limit` dead records, those past their `deadline` at the latest, and never a live one; how many.
   * Absent where the engine does it by itself.
   */
  deleteExpired?(now: number, limit: number): Promise<number>;
  /** Lets go of what the store itself opened, never of the app's client. */
  close?(): Promise<void>;
}
