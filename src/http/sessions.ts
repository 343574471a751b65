import { SessionError, type UnauthorizedReason } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import {
  type AuthResult,
  type LiveSession,
  type NoSession,
  type OpenedSession,
  provedBy,
} from "../lifecycle/auth-result.ts";
import type { RequestUse } from "../lifecycle/refresh.ts";
import type { InitOptions, Manager } from "../manager.ts";
import { checkOptionNames } from "../options/checks.ts";
import { neededFor, proofOf, type ReauthenticateOptions } from "../options/step-up-options.ts";
import { checkUserKey } from "../options/user-key.ts";
import { meetsRequirement, type StepUpProof, type StepUpRequirement } from "../rules/step-up.ts";
import type { Session, SessionId } from "../session.ts";
import {
  type AuthOptions,
  allowsCrossOrigin,
  authRules,
  type GuardRules,
  type PublicOptions,
  publicRules,
} from "./middleware.ts";
import { MOUNT, type Mountable, ROUTE_METHODS, type Routes } from "./mount.ts";
import { type AuthenticateFunction, RequestState } from "./request-state.ts";

/** The options of `init`: left out at will, but for metadata that must be there. */
export type InitArguments<In> = undefined extends In
  ? [options?: InitOptions<In>]
  : [options: InitOptions<In> & { readonly meta: In }];

/** The key by which `sessionup/testing` finds what an adapter's sessions were made from. @internal */
export const ORIGIN: unique symbol = Symbol("sessionup.origin");

/**
 * The verbs, the same for every framework; the context is the object by which yours stands for a request.
 *
 * Where no middleware has loaded the session, `get`, `fetchAll`, `revoke`, `revokeOther`, `revokeAll`, `revokeOwn`,
 * `rotate`, `reauthenticate` and `updateMeta` load it first; without one they do nothing. All that would have to know
 * who is asking throw `ERR_STORE` (503) when the store does not answer: a logout never lies. All that load it throw
 * `ERR_CROSS_ORIGIN` (403) for what a page of another origin sends to change something, unless the middleware before
 * allows it.
 */
export interface Sessions<Context, In = undefined, Out = In> {
  /**
   * Logs in: begins a session and sets its cookie, and ends the session that this browser held. Call it when you have
   * checked who the user is.
   *
   * Throws `TypeError` for a user key that is empty, not well-formed or over 1 kB; `ERR_META_INVALID`; `ERR_LIMIT`
   * where `maxSessions` refuses; `ERR_HEADERS_SENT` when it is too late for a cookie. Then nothing was written.
   */
  init(context: Context, userKey: string, ...options: InitArguments<In>): Promise<Session<Out>>;
  /** The session that `public` or `auth` loaded, if there is one; no I/O. `TypeError` where nothing was loaded. */
  current(context: Context): Session<Out> | undefined;
  /** The same, but throws `ERR_UNAUTHORIZED` without one: for handlers behind `auth`. */
  require(context: Context): Session<Out>;
  /**
   * The hidden field of a form of this session's, where the check of origins is not enough: another text each time, good
   * as long as the session lives. Needs a loaded session, as `require` does, and the option `keys`.
   */
  formToken(context: Context): string;
  /**
   * Throws `ERR_CROSS_ORIGIN` (403) unless that is such a text of this session's, from whatever field or header you had it
   * sent in. Needs a loaded session, as `require` does, and the option `keys`.
   */
  verifyFormToken(context: Context, text: unknown): void;
  /** Loads the session, at most once for a request: for code without the middleware. */
  get(context: Context): Promise<Session<Out> | undefined>;
  /** All live sessions of the same user, newest first, this request's own marked `current`. */
  fetchAll(context: Context): Promise<readonly Session<Out>[]>;
  /** Logs out: ends this request's session and clears the cookie. */
  revoke(context: Context): Promise<void>;
  /** Ends the user's other sessions; their ids. Call it when a password changes. */
  revokeOther(context: Context): Promise<readonly SessionId[]>;
  /** Ends all sessions of the user and clears the cookie; their ids. */
  revokeAll(context: Context): Promise<readonly SessionId[]>;
  /**
   * Ends one session of the same user by its id; whether it was there. Another user's is refused with
   * `ERR_NOT_OWNER`. Its own id logs out.
   */
  revokeOwn(context: Context, id: string): Promise<boolean>;
  /** The same session with a new secret: call it when privileges change. The old one ends after 30 seconds. */
  rotate(context: Context): Promise<void>;
  /**
   * Notes that the user has just proved who they are (check that first), and rotates: the old secret never sees it.
   * Answers nothing: it is no question. `TypeError` for wrong options.
   */
  reauthenticate(context: Context, options?: ReauthenticateOptions): Promise<void>;
  /**
   * Changes the metadata to what `update` returns; the session with it, or `undefined` without one. No change is lost:
   * `update` is called again with newer metadata if somebody else was faster.
   */
  updateMeta(context: Context, update: (meta: Out) => In | Promise<In>): Promise<Session<Out> | undefined>;
  /** @internal */
  readonly [ORIGIN]?: { readonly manager: unknown; carrierOf(context: Context): object };
}

/** What middleware does before the handler runs: the error to refuse with, or `undefined` to let it run. */
export type Guard<Context> = (context: Context) => Promise<SessionError | undefined>;

/** Makes what middleware does, once for all requests. `TypeError` for wrong options. */
export interface Guards<Context> {
  /** Of `public`: loads the session, whatever comes of it; refuses what another origin's page sends (403). */
  public(options?: PublicOptions): Guard<Context>;
  /** Of `auth`: refuses without a session (401), and when the store does not answer (503); else as `public`. */
  auth(options?: AuthOptions): Guard<Context>;
}

/** What an adapter builds on: the verbs, and what its middleware calls. */
export interface SessionsCore<Context, In, Out> {
  readonly verbs: Sessions<Context, In, Out> & Mountable<Context, Routes<Context>>;
  readonly guards: Guards<Context>;
  /** Of the loaded session, what a connection that outlives its request must know. @internal */
  opened(context: Context): OpenedSession | undefined;
}

/** Who is asking, and no more: no activity. */
const PEEK: RequestUse = { touch: false, rotate: false };
const { use: LOAD } = publicRules();
const { use: AUTH } = authRules();

/** Throws `TypeError` unless it is a `Manager`, of whatever copy of the package. */
function checkManager(manager: unknown): void {
  const { key, fetchById }: { readonly key?: unknown; readonly fetchById?: unknown } = Object(manager);
  if (typeof key === "symbol") return;
  const received = typeof fetchById === "function" ? "a store" : manager === null ? "null" : typeof manager;
  throw new TypeError(
    `The first argument must be a Manager: pass new Manager(store), not the store itself. Received ${received}.`,
  );
}

/**
 * The verbs over a port: all that a new adapter needs besides its middleware's form.
 *
 * @example
 * ```ts
 * import { createSessions, type Exchange, type Manager, type Sessions } from "sessionup";
 *
 * declare function exchangeOf(context: { request: Request }): Exchange; // the adapter's own work
 *
 * export function mySessions<In, Out extends In>(manager: Manager<In, Out>): Sessions<{ request: Request }, In, Out> {
 *   return createSessions(manager, exchangeOf).verbs;
 * }
 * ```
 */
export function createSessions<Context extends object, In, Out extends In>(
  manager: Manager<In, Out>,
  /** Throws a `TypeError` for whatever is no context, `undefined` too, which says what to pass. */
  exchangeOf: (context: Context) => Exchange,
  /** What is the same object for whatever runs for a request, where the context is copied on its way. */
  carrierOf: (context: Context) => object = (context) => context,
): SessionsCore<Context, In, Out> {
  checkManager(manager);
  const authenticate: AuthenticateFunction<Out> = (exchange, use) => manager.authenticate(exchange, use);

  // A property under a symbol of the manager's: managers keep apart, and it costs a quarter of what a WeakMap does.
  function stateOf(context: Context): RequestState<Out> {
    const carrier = carrierOf(context) as { [key: symbol]: RequestState<Out> | undefined };
    // What is no object has none, and goes on to `exchangeOf`.
    let state = carrier?.[manager.key];
    if (!state) {
      state = new RequestState(exchangeOf(context));
      carrier[manager.key] = state;
    }
    return state;
  }

  function loaded(context: Context, verb: string): AuthResult<Out> {
    const { authentication } = stateOf(context);
    if (authentication) return authentication;
    throw new TypeError(
      `${verb}: no session was loaded; let public() or auth() run before it, or await get()`,
    );
  }

  function liveIn(context: Context, verb: string): LiveSession<Out> {
    const authentication = loaded(context, verb);
    if (authentication.state === "session") return authentication;
    throw authentication.state === "failed"
      ? authentication.error
      : SessionError.unauthorized(authentication.reason);
  }

  async function find(state: RequestState<Out>, use: RequestUse): Promise<AuthResult<Out>> {
    return state.authentication ?? settle(state, await state.load(authenticate, use));
  }

  function settle(state: RequestState<Out>, loaded: AuthResult<Out>): AuthResult<Out> {
    const found = state.settle(loaded);
    // A cookie that is not accepted is reported on public routes, too.
    if (found.state === "none" && found.reason !== "no_cookie") report(state, found.reason);
    return found;
  }

  function report(state: RequestState<Out>, reason: UnauthorizedReason): void {
    if (state.reported !== reason) manager.rejected(reason);
    state.reported = reason;
  }

  /** Why nobody may know who a request is: a page of another origin sent it, to change something. */
  function crosses(state: RequestState<Out>): SessionError | undefined {
    const refused = manager.refusesOrigin(state.exchange);
    state.mayChange = !refused;
    return refused;
  }

  function checkOrigin(context: Context): void {
    const state = stateOf(context);
    const refused = state.mayChange ? undefined : crosses(state);
    if (refused) throw refused;
  }

  async function loadKnown(context: Context): Promise<LiveSession<Out> | NoSession> {
    checkOrigin(context);
    const authentication = await find(stateOf(context), LOAD);
    if (authentication.state === "failed") throw authentication.error;
    return authentication;
  }

  function over(context: Context): void {
    const state = stateOf(context);
    manager.cookie.clearAtLogout(state.exchange);
    state.authentication = { state: "none", reason: "revoked", held: [] };
  }

  async function turn(context: Context, proof?: StepUpProof): Promise<void> {
    const known = await loadKnown(context);
    if (known.state === "none") return;
    const state = stateOf(context);
    state.authentication = await manager.rotate(state.exchange, known, proof);
  }

  const verbs: Sessions<Context, In, Out> = {
    [ORIGIN]: { manager, carrierOf },
    async init(context, userKey, options: InitOptions<In> = {}) {
      checkUserKey(userKey);
      checkOptionNames(options, "init", ["meta", "expiresIn", "level", "provider", "crossOrigin"]);
      if (allowsCrossOrigin(options, "init")) stateOf(context).mayChange = true;
      if (options.provider !== undefined)
        checkOptionNames(options.provider, "init.provider", ["issuer", "sid", "expiresAt"]);
      const { held } = await loadKnown(context);
      const state = stateOf(context);
      const created = await manager.create(state.exchange, userKey, options, held);
      state.authentication = created;
      return created.session;
    },

    current(context) {
      const authentication = loaded(context, "current");
      return authentication.state === "session" ? authentication.session : undefined;
    },

    require: (context) => liveIn(context, "require").session,

    formToken: (context) => manager.formToken(liveIn(context, "formToken")),

    verifyFormToken(context, text) {
      const refused = manager.refusesForm(liveIn(context, "verifyFormToken"), text);
      if (refused) throw refused;
    },

    async get(context) {
      const authentication = await loadKnown(context);
      return authentication.state === "session" ? authentication.session : undefined;
    },

    async fetchAll(context) {
      const session = await verbs.get(context);
      return session ? manager.list(session.userKey, session.id) : [];
    },

    async revoke(context) {
      const { held } = await loadKnown(context);
      if (held.length === 0) return;
      manager.cookie.assertWritable(stateOf(context).exchange);
      for (const { id, userKey } of held) await manager.ledger.endById(id, "logout", userKey);
      over(context);
    },

    async revokeOther(context) {
      const session = await verbs.get(context);
      return session ? manager.ledger.endByUserKey(session.userKey, "revoked", [session.id]) : [];
    },

    async revokeAll(context) {
      const session = await verbs.get(context);
      if (!session) return [];
      manager.cookie.assertWritable(stateOf(context).exchange);
      const ids = await manager.ledger.endByUserKey(session.userKey, "revoked");
      over(context);
      return ids;
    },

    async revokeOwn(context, id) {
      if (typeof id !== "string") throw new TypeError("revokeOwn: needs the id of a session");
      const session = await verbs.get(context);
      if (!session) return false;
      const own = id === session.id;
      if (own) manager.cookie.assertWritable(stateOf(context).exchange);
      const outcome = await manager.ledger.endById(id, own ? "logout" : "revoked", session.userKey);
      if (outcome === "not_owner") throw new SessionError("ERR_NOT_OWNER", "the session is another user's");
      if (own) over(context);
      return outcome === "deleted";
    },

    rotate: (context) => turn(context),

    reauthenticate: async (context, options) => turn(context, proofOf(options)),

    async updateMeta(context, update) {
      if (typeof update !== "function")
        throw new TypeError("updateMeta: needs a function from metadata to metadata");
      const known = await loadKnown(context);
      if (known.state === "none") return undefined;
      const changed = await manager.updateMeta(known, update);
      stateOf(context).authentication = changed;
      return changed.session;
    },
  };

  /** The error to refuse with, if what was found is not what is needed. */
  function refusal(
    state: RequestState<Out>,
    found: AuthResult<Out>,
    need?: StepUpRequirement,
  ): SessionError | undefined {
    if (found.state === "failed") return found.error;
    if (
      found.state === "session" &&
      (!need || meetsRequirement(provedBy(found), need, found.record, manager.now()))
    )
      return undefined;
    const reason = found.state === "session" ? "stale_authentication" : found.reason;
    report(state, reason);
    return SessionError.unauthorized(reason, found.state === "session" && need ? neededFor(need) : undefined);
  }

  /** The refusal of `auth`. A response to an admitted request is for one user, so no shared cache may keep it. */
  function admission(state: RequestState<Out>, found: AuthResult<Out>, need?: StepUpRequirement) {
    const refused = refusal(state, found, need);
    if (!refused && state.exchange.blocked() === undefined)
      state.exchange.setDefaultHeader("cache-control", "private");
    return refused;
  }

  function guard({ use, need, allowsCrossOrigin }: GuardRules, judge: typeof refusal): Guard<Context> {
    return async (context) => {
      const state = stateOf(context);
      if (allowsCrossOrigin) state.mayChange = true;
      else {
        const refused = crosses(state);
        if (refused) return refused;
      }
      let found = state.authentication ?? settle(state, await state.load(authenticate, use));
      // The middleware before may have let less follow from it.
      if (found.state === "session" && state.lacks(use, manager.rotates))
        found = state.authentication = await manager.renew(state.exchange, found, use);
      return judge(state, found, need);
    };
  }

  async function admitted(
    context: Context,
    use: RequestUse,
    need?: StepUpRequirement,
  ): Promise<Session<Out>> {
    const state = stateOf(context);
    const authentication = await find(state, use);
    const refused = refusal(state, authentication, need);
    if (authentication.state === "session" && !refused) return authentication.session;
    throw refused;
  }

  return {
    verbs: {
      ...verbs,
      [ROUTE_METHODS]: {
        ...verbs,
        peek: (context) => admitted(context, PEEK),
        load: (context, need) => admitted(context, AUTH, need),
        now: () => manager.now(),
        checkOrigin,
      },
      [MOUNT]: (routes) => routes,
    },
    guards: {
      public: (options) => guard(publicRules(options), () => undefined),
      auth: (options) => guard(authRules(options), admission),
    },
    opened(context) {
      const authentication = loaded(context, "opened");
      return authentication.state === "session" ? manager.opened(authentication) : undefined;
    },
  };
}
