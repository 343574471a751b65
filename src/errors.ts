/** The codes of run-time errors. The list is closed. Programmer mistakes are `TypeError`s. */
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
 * - `no_cookie`: the request has no session cookie, and no bearer token.
 * - `malformed`: the cookie or the bearer token is not a valid token, the cookies belong to sessions of two users, or the request
 *   has both a bearer token and a session cookie.
 * - `unknown`: the session does not exist, or the secret is wrong.
 * - `expired`, `idle`: the session passed its deadline, or its idle timeout.
 * - `revoked`, `logout`, `evicted`: the session was revoked, its user logged out, or a newer session exceeded `maxSessions`.
 *   Without `tombstones` an ended session is `unknown`, unless `notBefore` rejects it.
 * - `client_changed`: `validate` rejected the browser or the address, or ended the session because of it.
 * - `reused`: the client presented an old secret, and the session was ended.
 * - `stale_authentication`: the session is valid, but the user must re-authenticate. The error's `needed` says how.
 * - `meta_invalid`: the metadata does not match the schema. The request is rejected and the record is kept.
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

/** The authentication that the user must provide, `max_age` and `acr_values` in RFC 9470. */
export interface NeededAuthentication {
  /** The highest age of the authentication, in seconds. */
  readonly maxAge?: number;
  /** The lowest level. */
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

// A registered symbol, so that two copies of the package recognize each other's errors.
const BRAND = Symbol.for("sessionup.SessionError");

/**
 * The error that this package throws at run time. Its message contains no secret and no user data.
 *
 * @example
 * ```ts
 * import { SessionError } from "sessionup";
 *
 * function toStatus(error: unknown): number {
 *   return SessionError.is(error) ? error.status : 500;
 * }
 * ```
 */
export class SessionError extends Error {
  readonly code: SessionErrorCode;
  /** The matching HTTP status: 401, 403, 409, 422, 500 or 503. */
  readonly status: number;
  /** Why the request has no session. Only with `ERR_UNAUTHORIZED`. */
  declare readonly reason?: UnauthorizedReason;
  /** The authentication that is needed. Only with the reason `stale_authentication`. */
  declare readonly needed?: NeededAuthentication;

  constructor(
    code: SessionErrorCode,
    message: string,
    options: { cause?: unknown; reason?: UnauthorizedReason; needed?: NeededAuthentication | undefined } = {},
  ) {
    // `Error` reads only `cause`, if there is one.
    super(message, options);
    this.name = "SessionError";
    this.code = code;
    this.status = STATUS[code];
    if (options.reason) this.reason = options.reason;
    if (options.needed) this.needed = options.needed;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether an error is a `SessionError`, even of another copy of the package. */
  static is(error: unknown): error is SessionError {
    return typeof error === "object" && error !== null && BRAND in error;
  }

  /** @internal */
  static unauthorized(reason: UnauthorizedReason, needed?: NeededAuthentication): SessionError {
    const message = needed ? "The user must re-authenticate." : `The request has no session: ${reason}.`;
    return new SessionError("ERR_UNAUTHORIZED", message, { reason, needed });
  }
}
