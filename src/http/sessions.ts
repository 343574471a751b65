import { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type AuthResult, type LiveSession, toNoSession } from "../lifecycle/auth-result.ts";
import { beginSession } from "../lifecycle/begin.ts";
import { logOut } from "../lifecycle/end.ts";
import { getLifecycle, type Lifecycle } from "../lifecycle/lifecycle.ts";
import { updateMetadata } from "../lifecycle/metadata.ts";
import { toUser } from "../lifecycle/repository.ts";
import { rotateSession } from "../lifecycle/rotate.ts";
import { toSessions } from "../lifecycle/session-view.ts";
import type { Manager } from "../manager.ts";
import { type InitOptions, parseInitOptions } from "../options/init-options.ts";
import { parseReauthenticateOptions, type ReauthenticateOptions } from "../options/middleware-options.ts";
import { aFunction } from "../options/parsers.ts";
import { checkUserKey } from "../options/user-key.ts";
import type { StepUpProof } from "../rules/step-up.ts";
import type { Session, SessionId } from "../session.ts";
import type { EndReason } from "../store.ts";
import { createGuards, type Guards } from "./middleware.ts";
import { MOUNT, type Mountable, type Routes } from "./mount.ts";
import { RequestState } from "./request-state.ts";

/** The options of `init`, which may be left out unless metadata is required. */
export type InitArguments<In> = undefined extends In
  ? [options?: InitOptions<In>]
  : [options: InitOptions<In> & { readonly meta: In }];

/** The key under which an adapter's sessions hold what subpaths such as `sessionup/routes` need. @internal */
export const INTERNALS: unique symbol = Symbol.for("sessionup.internals");

/** The parts of an adapter's sessions that subpaths use. @internal */
export interface SessionsInternals<Context, In, Out extends In> {
  readonly manager: Manager<In, Out>;
  readonly lifecycle: Lifecycle<In, Out>;
  readonly toCarrier: (context: Context) => object;
  readonly getState: (context: Context) => RequestState<Out>;
  readonly methods: Sessions<Context, In, Out>;
  /** Returns the loaded session. Throws where nothing was loaded or no session was found. */
  readonly requireLive: (context: Context, method: string) => LiveSession<Out>;
}

/**
 * The methods of a request, the same for every framework. The context is the object by which the framework represents a
 * request.
 *
 * Where no middleware has loaded the session, every method except `current` and `require` loads it first. Without a
 * session, every method except `init` does nothing and returns nothing or an empty list. When the store fails, methods that
 * need to know the session throw `ERR_STORE` (503): a failed logout never reports success. Methods that load the session throw
 * `ERR_CROSS_ORIGIN` (403) for an unsafe request that a page of another origin sent, unless an earlier middleware allows it.
 */
export interface Sessions<Context, In = undefined, Out = In> {
  /**
   * Logs in: creates a session, sets its cookie, and ends the session that this browser held. Call it after the app has
   * checked the user's identity.
   *
   * Throws `TypeError` for a user key that is empty, not well-formed or longer than 1 kB; `ERR_META_INVALID`; `ERR_LIMIT`
   * when `maxSessions` rejects the login; `ERR_HEADERS_SENT` when it is too late for a cookie. In each case nothing is stored.
   */
  init(context: Context, userKey: string, ...options: InitArguments<In>): Promise<Session<Out>>;
  /** Returns the session that `public` or `auth` loaded, or `undefined`. No I/O. Throws `TypeError` where nothing was loaded. */
  current(context: Context): Session<Out> | undefined;
  /** Returns the loaded session, and throws `ERR_UNAUTHORIZED` without one. For handlers behind `auth`. */
  require(context: Context): Session<Out>;
  /** Loads the session, at most once per request. For code without middleware. */
  get(context: Context): Promise<Session<Out> | undefined>;
  /** Returns the user's live sessions, newest first, with the current one marked. */
  fetchAll(context: Context): Promise<readonly Session<Out>[]>;
  /** Logs out: ends the current session and clears the cookie. */
  revoke(context: Context): Promise<void>;
  /** Ends the user's other sessions and returns their ids. Call it when the user changes the password. */
  revokeOther(context: Context): Promise<readonly SessionId[]>;
  /** Ends all sessions of the user, clears the cookie, and returns the ended ids. */
  revokeAll(context: Context): Promise<readonly SessionId[]>;
  /**
   * Ends one of the user's sessions by its id. Returns false when the session no longer exists. Another user's session throws
   * `ERR_NOT_OWNER`. The current session's id logs out.
   */
  revokeOwn(context: Context, id: string): Promise<boolean>;
  /** Replaces the session's secret. Call it when privileges change. The old secret ends after 30 seconds. */
  rotate(context: Context): Promise<void>;
  /**
   * Records that the user has just proved their identity (check that first), and rotates: the old secret gains nothing.
   * Throws `TypeError` for invalid options.
   */
  reauthenticate(context: Context, options?: ReauthenticateOptions): Promise<void>;
  /**
   * Replaces the metadata with the result of `update` and returns the session, or `undefined` without one. No change is lost:
   * `update` runs again on newer metadata when a concurrent change came first.
   */
  updateMeta(context: Context, update: (meta: Out) => In | Promise<In>): Promise<Session<Out> | undefined>;
  /** @internal */
  readonly [INTERNALS]?: unknown;
}

/** The parts of an adapter: the methods, and the guards that its middleware calls. */
export interface SessionsCore<Context, In, Out> {
  readonly methods: Sessions<Context, In, Out> & Mountable<Context, Routes<Context>>;
  readonly guards: Guards<Context>;
}

/**
 * Creates the methods and guards over an `Exchange`. A new adapter adds only its framework's form of middleware.
 *
 * @example
 * ```ts
 * import { createSessions, type Exchange, type Manager, type Sessions } from "sessionup";
 *
 * declare function toExchange(context: { request: Request }): Exchange; // the adapter's own work
 *
 * export function mySessions<In, Out extends In>(manager: Manager<In, Out>): Sessions<{ request: Request }, In, Out> {
 *   return createSessions(manager, toExchange).methods;
 * }
 * ```
 */
export function createSessions<Context extends object, In, Out extends In>(
  manager: Manager<In, Out>,
  /** Throws a `TypeError` that says what to pass for anything but a context, including `undefined`. */
  toExchange: (context: Context) => Exchange,
  /** Returns the object that stays the same for a whole request, for frameworks that copy the context. */
  toCarrier: (context: Context) => object = (context) => context,
): SessionsCore<Context, In, Out> {
  const lifecycle = getLifecycle(manager);
  const findLifecycle = lifecycle.options.transports?.connect(lifecycle);

  // A property under the manager's own symbol keeps managers apart, at a quarter of the cost of a WeakMap.
  function getState(context: Context): RequestState<Out> {
    const carrier = toCarrier(context) as { [key: symbol]: RequestState<Out> | undefined };
    // Non-objects have no state; `toExchange` throws a helpful error for them.
    let state = carrier?.[lifecycle.key];
    if (!state) {
      const exchange = toExchange(context);
      state = new RequestState(findLifecycle?.(exchange) ?? lifecycle, exchange);
      carrier[lifecycle.key] = state;
    }
    return state;
  }

  function requireLive(context: Context, method: string): LiveSession<Out> {
    const result = requireLoaded(getState(context), method);
    if (result.state === "session") return result;
    throw result.state === "failed" ? result.error : SessionError.unauthorized(result.reason);
  }

  const methods = createMethods(lifecycle, getState, requireLive);
  lifecycle.options.telemetry?.traceMethods(methods);
  const internals: SessionsInternals<Context, In, Out> = {
    manager,
    lifecycle,
    toCarrier,
    getState,
    requireLive,
    methods,
  };
  return {
    methods: { ...methods, [INTERNALS]: internals, [MOUNT]: (routes: Routes<Context>) => routes },
    guards: createGuards(getState),
  };
}

/** Returns the internals of an adapter's sessions, bound or not. Throws `TypeError` for anything else. @internal */
export function getInternals<Context, In, Out extends In>(
  sessions: unknown,
): SessionsInternals<Context, In, Out> {
  const found = (Object(sessions) as { readonly [INTERNALS]?: object })[INTERNALS];
  if (found && "sessions" in found) return getInternals(found.sessions);
  if (found) return found as SessionsInternals<Context, In, Out>;
  throw new TypeError("sessions must be the result of an adapter, such as expressSessions(manager).");
}

function requireLoaded<Out>(state: RequestState<Out>, method: string): AuthResult<Out> {
  if (state.result) return state.result;
  throw new TypeError(
    `${method} found no loaded session. Run public() or auth() before it, or await get() first.`,
  );
}

function createMethods<Context, In, Out extends In>(
  lifecycle: Lifecycle<In, Out>,
  getState: (context: Context) => RequestState<Out>,
  requireLive: (context: Context, method: string) => LiveSession<Out>,
): Sessions<Context, In, Out> {
  const { repository, metadata } = lifecycle;

  /** Loads the session's state, and the session if there is one. */
  async function load(context: Context) {
    const state = getState(context);
    const result = await state.loadKnown();
    return { state, result, session: result.state === "session" ? result.session : undefined };
  }

  async function endCurrent<Ended>(state: RequestState<Out>, end: () => Promise<Ended>): Promise<Ended> {
    const ended = await logOut(state.lifecycle, state.exchange, end);
    state.result = toNoSession("revoked");
    return ended;
  }

  async function rotate(context: Context, proof?: StepUpProof): Promise<void> {
    const { state, result } = await load(context);
    if (result.state === "session")
      state.result = await rotateSession(state.lifecycle, state.exchange, result, proof);
  }

  return {
    async init(context, userKey, options: InitOptions<In> = {}) {
      checkUserKey(userKey);
      const init = parseInitOptions(options, lifecycle);
      const state = getState(context);
      state.lifecycle.cookie.assertInit?.();
      if (init.crossOrigin === "allow") state.acceptAnyOrigin();
      state.checkOrigin();
      const meta = await metadata.write(init.meta);
      const { held } = await state.loadKnown();
      const begun = await beginSession(state.lifecycle, state.exchange, userKey, init, meta, held);
      state.result = begun;
      return begun.session;
    },

    current(context) {
      const result = requireLoaded(getState(context), "current");
      return result.state === "session" ? result.session : undefined;
    },

    require: (context) => requireLive(context, "require").session,

    get: async (context) => (await load(context)).session,

    async fetchAll(context) {
      const { session } = await load(context);
      if (!session) return [];
      return toSessions(lifecycle, await repository.readAll(session.userKey), session.id);
    },

    async revoke(context) {
      const { state, result } = await load(context);
      if (result.held.length === 0) return;
      await endCurrent(state, async () => {
        for (const { id, userKey } of result.held) await repository.endById(id, "logout", userKey);
      });
    },

    async revokeOther(context) {
      const { session } = await load(context);
      return session ? repository.endByUserKey(session.userKey, toUser(session.userKey), [session.id]) : [];
    },

    async revokeAll(context) {
      const { state, session } = await load(context);
      return session
        ? endCurrent(state, () => repository.endByUserKey(session.userKey, toUser(session.userKey)))
        : [];
    },

    async revokeOwn(context, id) {
      const { state, session } = await load(context);
      if (!session) return false;
      const end = (reason: EndReason) =>
        repository.endById(id, reason, session.userKey, toUser(session.userKey));
      const outcome = await (id === session.id ? endCurrent(state, () => end("logout")) : end("revoked"));
      if (outcome === "not_owner")
        throw new SessionError("ERR_NOT_OWNER", "The session belongs to another user.");
      return outcome === "deleted";
    },

    rotate: (context) => rotate(context),

    reauthenticate: async (context, options) => rotate(context, parseReauthenticateOptions(options)),

    async updateMeta(context, update) {
      aFunction()(update, "update");
      const { state, result } = await load(context);
      if (result.state === "none") return undefined;
      const changed = await updateMetadata(state.lifecycle, result, update);
      state.result = changed;
      return changed.session;
    },
  };
}
