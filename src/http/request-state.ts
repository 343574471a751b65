import { type NeededAuthentication, SessionError, type UnauthorizedReason } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { AuthResult, LiveSession, NoSession } from "../lifecycle/auth-result.ts";
import { authenticate, toFailedLookup } from "../lifecycle/authenticate.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { type RequestUse, refreshSession } from "../lifecycle/refresh.ts";
import { isCrossOrigin, isSafe } from "../rules/cross-origin.ts";
import { continueWith, isPromise } from "../rules/maybe-promise.ts";
import type { MaybePromise } from "../store.ts";

/** The use that the methods make of a session that no middleware has loaded. */
const METHOD_USE: RequestUse = { touch: true, rotate: false };

/** The state of one request for one manager. Its fields are private, so that a logged context shows no hash. @internal */
export class RequestState<Out> {
  readonly #lifecycle: Lifecycle<unknown, Out>;
  readonly #exchange: Exchange;
  #result: AuthResult<Out> | undefined;
  #loading: MaybePromise<AuthResult<Out>> | undefined;
  /** The use that the first caller allowed. */
  #use: RequestUse | undefined;
  #isOriginAccepted = false;
  #reported: UnauthorizedReason | "cross_origin" | undefined;

  constructor(lifecycle: Lifecycle<unknown, Out>, exchange: Exchange) {
    this.#lifecycle = lifecycle;
    this.#exchange = exchange;
  }

  /** The lifecycle of the transport by which the request arrived. */
  get lifecycle(): Lifecycle<unknown, Out> {
    return this.#lifecycle;
  }

  get exchange(): Exchange {
    return this.#exchange;
  }

  /** The result of authentication, once it is known. */
  get result(): AuthResult<Out> | undefined {
    return this.#result;
  }
  set result(result: AuthResult<Out>) {
    this.#result = result;
  }

  /**
   * Authenticates the request once, however many callers ask at the same time. Afterwards does what `use` allows and earlier
   * callers did not allow.
   */
  load(use: RequestUse): MaybePromise<AuthResult<Out>> {
    this.#use ??= use;
    let loading = this.#result ?? this.#loading;
    if (!loading) {
      const run = () => authenticate(this.#lifecycle, this.#exchange, use);
      loading = this.#lifecycle.options.telemetry?.trace("authenticate", run) ?? run();
      this.#loading = loading;
    }
    return isPromise(loading)
      ? loading.then(
          (loaded) => this.#settle(loaded, use),
          (error) => this.#settle(toFailedLookup(error), use),
        )
      : this.#settle(loading, use);
  }

  #settle(loaded: AuthResult<Out>, use: RequestUse): MaybePromise<AuthResult<Out>> {
    if (!this.#result) {
      this.#result = loaded;
      // A cookie that is not accepted is reported on public routes, too.
      if (loaded.state === "none" && loaded.reason !== "no_cookie") this.reportRejection(loaded.reason);
    }
    const result = this.#result;
    const more = { touch: use.touch && !this.#use?.touch, rotate: use.rotate && !this.#use?.rotate };
    if (result.state !== "session" || !(more.touch || more.rotate)) return result;
    const now = this.#lifecycle.options.clock();
    return continueWith(refreshSession(this.#lifecycle, this.#exchange, result, now, more), (refreshed) => {
      this.#result = refreshed;
      return refreshed;
    });
  }

  /** Loads the session, for callers that need to know whether there is one. Throws `ERR_CROSS_ORIGIN` and `ERR_STORE`. */
  async loadKnown(): Promise<LiveSession<Out> | NoSession> {
    this.checkOrigin();
    const result = this.#result ?? (await this.load(METHOD_USE));
    if (result.state === "failed") throw result.error;
    return result;
  }

  acceptAnyOrigin(): void {
    this.#isOriginAccepted = true;
  }

  /** Returns the error for an unsafe request that a page of another origin sent. */
  rejectCrossOrigin(): SessionError | undefined {
    const exchange = this.#exchange;
    // A WebSocket begins with a GET, but its messages can change anything, and CORS does not cover it.
    const method = exchange.header("upgrade") ? "CONNECT" : exchange.method();
    this.#isOriginAccepted =
      this.#lifecycle.cookie.isExplicit ||
      isSafe(method) ||
      !isCrossOrigin(
        {
          method,
          origin: exchange.header("origin"),
          site: exchange.header("sec-fetch-site"),
          host: exchange.host ? exchange.host() : exchange.header("host"),
          isHttps: exchange.isHttps?.(),
        },
        this.#lifecycle.options.trustedOrigins,
      );
    if (this.#isOriginAccepted) return undefined;
    this.reportRejection("cross_origin");
    return new SessionError("ERR_CROSS_ORIGIN", "A page of another origin sent this request.");
  }

  /** Throws `ERR_CROSS_ORIGIN`, unless a middleware or an option has accepted the request's origin. */
  checkOrigin(): void {
    const error = this.#isOriginAccepted ? undefined : this.rejectCrossOrigin();
    if (error) throw error;
  }

  /** Reports a rejection and returns its error. */
  reject(reason: UnauthorizedReason, needed?: NeededAuthentication): SessionError {
    this.reportRejection(reason);
    this.#lifecycle.options.transports?.challenge(this, reason, needed);
    return SessionError.unauthorized(reason, needed);
  }

  /** Emits `rejected`, once for each reason. */
  reportRejection(reason: UnauthorizedReason | "cross_origin"): void {
    const { options, events } = this.#lifecycle;
    if (this.#reported !== reason) events.emit("rejected", { reason, at: options.clock() });
    this.#reported = reason;
  }
}
