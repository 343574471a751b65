import type { TrailStore } from "./audit/trail-store.ts";

/** A value, or a promise of it. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** A value that JSON can express without loss. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The core's part of a record: hashes, client, metadata. A store keeps `data` whole, returns the same JSON and never reads
 * it. `v` is the version of its format, so that a later release can read the data of an earlier one.
 */
export interface SessionData {
  readonly v: number;
  readonly [key: string]: Json;
}

/** The reason for which a session ended. */
export type EndReason = "logout" | "revoked" | "evicted" | "expired" | "idle" | "reused" | "client_changed";

/**
 * A session as a store keeps it. Times are milliseconds since 1970. A store may index every property except those inside
 * `data`.
 */
export interface SessionRecord {
  /** The public handle: 4 to 128 characters of `[0-9A-Za-z]`, of which the first two are `shardOf(userKey)`. */
  readonly id: string;
  /** Well-formed text, not empty, at most 1 kB of UTF-8. It may contain any character, including NUL and newline. */
  readonly userKey: string;
  /** 0 when created. Each change except mere activity raises it by one. */
  readonly revision: number;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Expired means `expiresAt <= now`. Never later than `deadline`. */
  readonly expiresAt: number;
  readonly deadline: number;
  /** Marks a tombstone: the session is over, and only its end is remembered. Never listed, changed or counted. */
  readonly ended?: { readonly at: number; readonly reason: EndReason };
  /**
   * A third way to find the session, besides its id and its user key: opaque, 1 to 64 characters of `[0-9A-Za-z_-]`. Passed
   * only to a store with `fetchByLink`, when the session is created.
   */
  readonly link?: string;
  readonly data: SessionData;
}

/** The properties that `update` may change. No other property of a record ever changes. */
export interface SessionChange {
  /**
   * Both values are stored if this `lastSeenAt` is later than the record's. Otherwise both stay as they are: time never
   * moves backwards. Activity alone does not raise the revision.
   */
  readonly activity?: { readonly lastSeenAt: number; readonly expiresAt: number };
  /** Replaces the record's `data` as a whole, and raises the revision by one. */
  readonly data?: SessionData;
}

/** The number of live sessions that one user may have, and the effect of one more. */
export interface SessionLimit {
  /** The number of live sessions: a whole number, at least 1. */
  readonly max: number;
  /**
   * The effect of one more session:
   *
   * - `evict-oldest` ends the sessions with the earliest `createdAt`. Among equal times, the lowest `id` ends first.
   * - `evict-idlest` ends the sessions with the earliest `lastSeenAt`. Among equal times, the oldest ends first.
   * - `reject` rejects the new session with `ERR_LIMIT` and changes nothing.
   */
  readonly onExceed: "evict-oldest" | "evict-idlest" | "reject";
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

/** The party that caused an event. */
export interface Actor {
  /**
   * - `user`: the user of the session.
   * - `admin`: a person who may act on the sessions of others, such as support.
   * - `system`: a program, such as a job or an identity provider's notice. Also the default.
   * - `policy`: a rule of the manager, such as a timeout or a limit.
   */
  readonly kind: "user" | "admin" | "system" | "policy";
  /** The user key of a user, or the app's own name for the party. At most 1 kB. */
  readonly id?: string | undefined;
}

/** How sessions are ended. */
export interface End {
  readonly reason: EndReason;
  readonly now: number;
  /**
   * Turns each ended record into a tombstone: `ended` is set, the revision rises by one, and `expiresAt` and `deadline`
   * become `now + keepFor`. Default: the record is removed.
   */
  readonly tombstones?: TombstoneOptions | undefined;
  /** The party that ends the sessions, if it is not the one that the reason implies. Only stores with `audit` read it. */
  readonly by?: Actor | undefined;
}

/** A session that the store's cleanup removed. */
export interface ExpiredSession extends Pick<SessionRecord, "id" | "expiresAt" | "deadline"> {
  /** Absent if `deleteTombstones` was called for the user before the session was reported. */
  readonly userKey?: string;
}

/** Sessions of one user that ended in one step. */
export interface EndedEvent {
  readonly ids: readonly string[];
  readonly userKey: string;
  readonly reason: EndReason;
}

/** A session whose `data` was replaced. */
export interface ChangedEvent {
  readonly id: string;
  /** The revision that the change led to. */
  readonly revision: number;
}

/**
 * The functions that a store with `subscribe` calls. Events hold ids, never data. A store calls a listener after the step
 * that the event describes. An error that a listener throws is uncaught, and does not affect the step.
 */
export interface StoreListener {
  /** Sessions were ended, by any process. The reason is the one that the ending operation received. */
  ended(event: EndedEvent): void;
  /** A session's `data` was replaced, by any process. Mere activity is not reported. */
  changed(event: ChangedEvent): void;
  /**
   * Whether the channel is up. The first call is `true`. `false` follows as soon as a loss is known, at the latest after the
   * store's heartbeat. The store reconnects by itself and calls `true` again: events in between are lost, so the listener
   * has to treat what it knows as outdated.
   */
  status(up: boolean): void;
}

/** A position in a user's list: the page begins after this session. The last record of the previous page is a cursor. */
export interface SessionCursor {
  readonly createdAt: number;
  readonly id: string;
}

/** One page of a user's sessions. */
export interface SessionPage {
  readonly now: number;
  /** A whole number, at least 1. */
  readonly limit: number;
  readonly before?: SessionCursor;
}

/**
 * Begins the user keys of records that are no sessions: the manager's claims, such as used one-time values. `count` leaves them
 * out.
 */
export const CLAIM_PREFIX = "\0claim ";

/** A range of times: `from` belongs to it, `before` does not. Without a limit it is open. */
export interface TimeRange {
  readonly from?: number;
  readonly before?: number;
}

/**
 * The sessions that a scan looks for. The filter only saves work: a store may return sessions that do not match it, because the
 * caller leaves them out. `ended` alone decides what a store returns.
 */
export interface ScanFilter {
  readonly userKey?: string;
  readonly createdAt?: TimeRange;
  readonly lastSeenAt?: TimeRange;
  /** Texts that are all in `JSON.stringify(data)`. */
  readonly dataIncludes?: readonly string[];
  /** Looks for tombstones instead of live sessions: those whose session ended in this range. */
  readonly ended?: TimeRange;
}

/** One step of a scan. */
export interface ScanPage {
  readonly now: number;
  /** The largest number of records: a whole number, at least 1. */
  readonly limit: number;
  readonly filter?: ScanFilter;
  /** The `cursor` of the previous step. Absent for the first one. */
  readonly cursor?: string;
}

/** The answer to one step of a scan. */
export interface ScanResult {
  /** May be fewer than the limit, and even none, although more follow. */
  readonly records: readonly SessionRecord[];
  /** Continues the scan with the same filter. Absent at the end. At most 1 kB of printable ASCII. */
  readonly cursor?: string;
}

/** The number of live sessions. */
export interface SessionCount {
  readonly count: number;
  /** Whether the number is exact. Otherwise it is an estimate, or expired sessions may be among them. */
  readonly isExact: boolean;
}

/** An engine's own description of its state. */
export interface StoreState {
  /** The engine's clock, in milliseconds since 1970. Absent if it has none, or the process's own. */
  readonly clock?: number;
  /** The version of the tables, and the version that this release needs. 0 stands for no tables. Absent if there are no tables. */
  readonly schema?: { readonly found: number; readonly needed: number };
  /** The same for the tables of the audit trail. Absent for a store without `audit`. */
  readonly auditSchema?: { readonly found: number; readonly needed: number };
  /** Settings of the engine that endanger sessions, in sentences. Absent if there are none. */
  readonly warnings?: readonly string[];
}

/** The answer of a store's `create`. */
export interface CreateResult {
  /** The ids of the sessions that ended because of the limit. */
  readonly evicted: readonly string[];
  /** Whether the session that `replaces` names ended in this step. */
  readonly replaced: boolean;
}

/** The options of a store's `create`. */
export interface CreateOptions {
  readonly now: number;
  readonly limit?: SessionLimit;
  /**
   * The id of a session of the same user that ends in the same step, before the limit counts, whether or not it has
   * expired. The id of another user's session is ignored.
   */
  readonly replaces?: string | undefined;
  /** Applies to the sessions that end in this step, as in `End`: with the reason `evicted`, or `logout` for the replaced one. */
  readonly tombstones?: TombstoneOptions | undefined;
  /** The party that begins the session, for the trail of a store with `audit`. Default: the user. */
  readonly by?: Actor | undefined;
}

/** The options of a store's `update`. */
export interface UpdateOptions {
  readonly now: number;
  /** Changes the record only at this revision. At another revision the result is `conflict`. */
  readonly ifRevision?: number;
  /** Changes the data of a tombstone instead of a live session. Only for stores with `scan`. Publishes no event. */
  readonly isTombstone?: true;
  /**
   * What the change is, for the trail of a store with `audit`: `rotated`, `rotated time`, `moved`, or `elevated` with a space and
   * the level. Other stores ignore it. A change without it is not recorded.
   */
  readonly entry?: string | undefined;
}

/**
 * The contract of a store. `storeContract` in `sessionup/testing` turns each sentence of it into a test.
 *
 * Each operation is one atomic step: of two concurrent operations, one happens completely before the other. Every later
 * operation, by any client, sees the effects of an operation that has been answered. A store decides nothing: it has no
 * policy, hashes nothing and has no clock. Operations on live records receive `now`. **Live** means: stored, not a
 * tombstone, and `expiresAt > now`.
 *
 * Returned records are frozen or copies. A caller that changes a record, passed or returned, changes nothing in the store.
 * Ids and user keys are compared exactly. A failure of the engine rejects with the engine's own error, and the manager wraps
 * it.
 */
export interface Store {
  /**
   * How old a record of `fetchById` may be, in milliseconds. Every other operation is current. The manager reads such a record
   * again with `fetchByIds` before it rejects a session because of it. Absent if `fetchById` is current too. Optional.
   */
  readonly maxStaleness?: number;
  /**
   * Inserts a record. Rejects with `ERR_DUPLICATE_ID`, and changes nothing, if a record with the id is stored, live or not.
   * With a limit the user has at most `max` live sessions afterwards, this one included. Returns the sessions that ended in
   * this step: of two steps that would end the same session, only one returns it.
   */
  create(record: SessionRecord, options: CreateOptions): Promise<CreateResult>;
  /**
   * Returns the stored record, also if it has expired or ended: the manager decides. A store that has the record in memory
   * returns it without a promise: the request then continues synchronously. With `maxStaleness`, the record may be out of
   * date.
   */
  fetchById(id: string): MaybePromise<SessionRecord | undefined>;
  /** Returns the records of several ids, in the order of the ids, in one round trip. An empty list returns an empty list. */
  fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>>;
  /** Returns the user's live sessions, newest first: by `createdAt`, then by `id`, both descending. */
  fetchByUserKey(userKey: string, page: SessionPage): Promise<readonly SessionRecord[]>;
  /**
   * Changes a stored live record, at a given revision if stated. Never creates and never revives: returns `not_found` if
   * there is no live record with the id.
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
   * sessions may be among them: the caller ends the sessions that it receives. Optional.
   */
  fetchByLink?(link: string, page: { readonly limit: number }): Promise<readonly SessionRecord[]>;
  /**
   * Ends all sessions that were created before that moment, of every user and expired ones included, and no claims: for the day
   * after a breach. Optional. It is the one exception to two rules: it crosses users, and it takes many steps, each of them atomic.
   * Each step yields the ids that ended in it. Every matching session that was stored at the call has ended when the
   * iteration is complete; a caller that stops iterating stops it there.
   */
  deleteCreatedBefore?(createdAt: number, end: End): AsyncIterable<readonly string[]>;
  /**
   * Removes the user's tombstones, and returns their number: for data-protection requests. Optional. Also removes the user key
   * from the user's expired sessions that still wait to be reported to listeners of `onExpired`.
   */
  deleteTombstones?(userKey: string): Promise<number>;
  /**
   * Returns live sessions of all users, or tombstones, one step of a scan: for operators, not for requests. Optional. A scan has
   * many steps and is no snapshot. A session that lives from the first step to the last is in one of them, and in no second one
   * unless the store's page says otherwise. The order depends neither on the time nor on the step size. It is newest first where
   * the engine has such an order. A step looks at a bounded number of records, however few of them match. Rejects with a
   * `TypeError` for a cursor that no step has returned.
   */
  scan?(page: ScanPage): Promise<ScanResult>;
  /** Returns the number of live sessions of all users. Estimates it where the engine would have to read all of them. Optional. */
  count?(now: number): Promise<SessionCount>;
  /** Asks the engine for its clock, its tables and its settings, for health checks. Takes a few round trips. Optional. */
  inspect?(): Promise<StoreState>;
  /**
   * Removes up to `limit` expired records and tombstones, those past their `deadline` at the latest, and never a live
   * session. Returns the number of removed records. Absent where the engine expires records by itself.
   */
  deleteExpired?(now: number, limit: number): Promise<number>;
  /**
   * Registers a listener for the sessions that expired before an operation ended them. Tombstones are not reported. Each session
   * is reported at least once. It is reported again only if a process dies between taking the session and having reported it:
   * then another process reports the session. A session that an operation has ended is not reported, and no operation ends a
   * reported one. Returns a function that removes the listener. Absent where the engine removes records by itself and reports
   * nothing.
   */
  onExpired?(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  /**
   * Reports sessions that end or change, in this process or in another, to a listener. Resolves when the listener receives
   * every event from now on, and returns a function that ends the subscription: after it resolves, the listener is not
   * called. Rejects if the first connection fails. Optional.
   *
   * The step that ends or changes a session also publishes the event: `create` for the replaced and the evicted sessions,
   * `deleteById`, `deleteByUserKey`, each step of `deleteCreatedBefore`, and `update` with `data`. An operation that changes
   * nothing publishes nothing. Events of one user arrive in the order of the steps. Several events may describe one step. If two
   * operations end a session at the same moment, both may report it. Expired records that the store or its engine removes are
   * not reported.
   */
  subscribe?(listener: StoreListener): Promise<() => Promise<void>>;
  /**
   * The trail that the store writes. Each step that begins, changes or ends sessions also writes a row, in the same transaction,
   * and so does the cleanup. Claims are not recorded. `sessionup/audit` reads the trail. Optional.
   */
  readonly audit?: TrailStore;
  /** Releases the resources that the store itself opened, never the app's client. Subscriptions end. */
  close?(): Promise<void>;
}
