/** What can go wrong at run time; mistakes of the program are `TypeError`s. The list is closed. */
export type SessionErrorCode =
  | "ERR_UNAUTHORIZED"
  | "ERR_NOT_OWNER"
  | "ERR_LIMIT"
  | "ERR_DUPLICATE_ID"
  | "ERR_META_INVALID"
  | "ERR_HEADERS_SENT"
  | "ERR_CROSS_ORIGIN"
  | "ERR_STORE";

/**
 * Why a request has no session.
 * - `no_cookie`: it brought none.
 * - `malformed`: what it brought cannot be ours, or names two users at once.
 * - `unknown`: no such session, or the wrong secret for it.
 * - `expired`, `idle`: it was ours, and its time is over.
 * - `revoked`, `logout`, `evicted`: it was ours, and was ended: from elsewhere, by its user, for a newer one beyond
 *   `maxSessions`. Without `tombstones` an ended session is `unknown`, unless `notBefore` refuses it.
 * - `client_changed`: `validate` refuses the browser or the address, or ended the session because of it.
 * - `reused`: an old secret came back; the session was ended.
 * - `stale_authentication`: there is one, but the user has to prove who they are again; the error says how.
 * - `meta_invalid`: the record's metadata no longer parses; it is refused and kept.
 */
export type UnauthorizedReason =
  | "no_cookie"
  | "malformed"
  | "unknown"
  | "expired"
  | "idle"
  | "revoked"
  | "logout"
  | "evicted"
  | "client_changed"
  | "reused"
  | "stale_authentication"
  | "meta_invalid";

/** What the user has to prove. RFC 9470 calls it `max_age` and `acr_values`. */
export interface NeededAuthentication {
  /** No longer ago than so many seconds. */
  readonly maxAge?: number;
  /** At this level or above. */
  readonly level?: number;
}

const STATUS: { readonly [code in SessionErrorCode]: number } = {
  ERR_UNAUTHORIZED: 401,
  ERR_NOT_OWNER: 403,
  ERR_CROSS_ORIGIN: 403,
  ERR_LIMIT: 409,
  ERR_META_INVALID: 422,
  ERR_DUPLICATE_ID: 500,
  ERR_HEADERS_SENT: 500,
  ERR_STORE: 503,
};

// In the registry of symbols, so that two copies of the package know each other's errors.
const BRAND = Symbol.for("sessionup.SessionError");

/**
 * The one error of this package. Its message holds no secret and no data of a user.
 *
 * @example
 * ```ts
 * import { SessionError } from "sessionup";
 *
 * function statusOf(error: unknown): number {
 *   return SessionError.is(error) ? error.status : 500;
 * }
 * ```
 */
export class SessionError extends Error {
  readonly code: SessionErrorCode;
  /** The HTTP status that fits: 401, 403, 409, 422, 500 or 503. */
  readonly status: number;
  /** Why there is no session; only with `ERR_UNAUTHORIZED`. */
  declare readonly reason?: UnauthorizedReason;
  /** What the user has to prove; only with the reason `stale_authentication`. */
  declare readonly needed?: NeededAuthentication;

  constructor(
    code: SessionErrorCode,
    message: string,
    options: { cause?: unknown; reason?: UnauthorizedReason; needed?: NeededAuthentication | undefined } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "SessionError";
    this.code = code;
    this.status = STATUS[code];
    if (options.reason) this.reason = options.reason;
    if (options.needed) this.needed = options.needed;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether this is a `SessionError`, of whatever copy of the package. */
  static is(error: unknown): error is SessionError {
    return typeof error === "object" && error !== null && BRAND in error;
  }

  /** @internal */
  static unauthorized(reason: UnauthorizedReason, needed?: NeededAuthentication): SessionError {
    const message = needed ? "the user has to prove again who they are" : `no session: ${reason}`;
    return new SessionError("ERR_UNAUTHORIZED", message, { reason, needed });
  }
}
