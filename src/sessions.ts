import type { Authentication, Failed, Live, None } from "./authentication.ts";
import type { Use } from "./authenticator.ts";
import { SessionError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { known } from "./known-options.ts";
import type { InitOptions, Manager } from "./manager.ts";
import { createRoutes, type Routes, type RoutesOptions } from "./routes.ts";
import type { Session, SessionId } from "./session.ts";
import { checkUserKey } from "./user-key.ts";

/** The options of `init`: left out at will, but for metadata that must be there. */
export type InitArguments<In> = undefined extends In
  ? [options?: InitOptions<In>]
  : [options: InitOptions<In> & { readonly meta: In }];

/**
 * The verbs, the same for every framework; the context is the object by which yours stands for a request.
 *
 * Where no middleware has loaded the session, `get`, `fetchAll`, `revoke`, `revokeOther`, `revokeAll`, `revokeOwn`,
 * `rotate`, `reauthenticate` and `updateMeta` load it first; without one they do nothing. All that would have to know
 * who is asking throw `ERR_STORE` (503) when the store does not answer: a logout never lies.
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
  /** Notes that the user has just proved who they are (check that first), and rotates. Answers nothing: it is no question. */
  reauthenticate(context: Context): Promise<void>;
  /**
   * Changes the metadata to what `update` returns; the session with it, or `undefined` without one. No change is lost:
   * `update` is called again with newer metadata if somebody else was faster.
   */
  updateMeta(context: Context, update: (meta: Out) => In | Promise<In>): Promise<Session<Out> | undefined>;
}

/** What an adapter builds on: the verbs, and what its middleware calls. */
export interface SessionsCore<Context, In, Out> {
  readonly verbs: Sessions<Context, In, Out>;
  /** What `public` does before the handler runs, whatever comes of it: there is never an error to refuse with. */
  load(context: Context): Promise<undefined>;
  /** What `auth` does: the error to refuse with (401 or 503), or `undefined` to let the handler run. */
  authorize(context: Context): Promise<SessionError | undefined>;
  /** The ready-made routes: what each adapter's `routes` answers with. `TypeError` for wrong options. */
  routes(options?: RoutesOptions): Routes<Context>;
}

type Authenticate<Out> = (exchange: Exchange, use: Use) => Promise<Authentication<Out>>;

/** Who is asking, and no more: no activity. */
const PEEK: Use = { touch: false, rotate: false };
const LOAD: Use = { touch: true, rotate: false };
const AUTH: Use = { touch: true, rotate: true };

/** What is known of one request. Private fields: whoever logs the context must see no hash. */
class RequestState<Out> {
  readonly #exchange: Exchange;
  #authentication: Authentication<Out> | undefined;
  #loading: Promise<Authentication<Out>> | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }
  get exchange(): Exchange {
    return this.#exchange;
  }
  get authentication(): Authentication<Out> | undefined {
    return this.#authentication;
  }
  set authentication(authentication: Authentication<Out>) {
    this.#authentication = authentication;
  }

  /** Loads at most once, however many ask at the same time; whoever has waited for it hands it to `settle`. */
  load(authenticate: Authenticate<Out>, use: Use): Promise<Authentication<Out>> {
    this.#loading ??= authenticate(this.#exchange, use);
    return this.#loading;
  }

  /** What was found, unless a verb has come to know better since. */
  settle(found: Authentication<Out>): Authentication<Out> {
    this.#authentication ??= found;
    return this.#authentication;
  }
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
  const authenticate: Authenticate<Out> = (exchange, use) => manager.authenticate(exchange, use);

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

  function loaded(context: Context, verb: string): Authentication<Out> {
    const { authentication } = stateOf(context);
    if (authentication) return authentication;
    throw new TypeError(
      `${verb}: no session was loaded; let public() or auth() run before it, or await get()`,
    );
  }

  async function find(context: Context, use: Use): Promise<Authentication<Out>> {
    const state = stateOf(context);
    return state.authentication ?? state.settle(await state.load(authenticate, use));
  }

  async function loadKnown(context: Context): Promise<Live<Out> | None> {
    const authentication = await find(context, LOAD);
    if (authentication.state === "failed") throw authentication.error;
    return authentication;
  }

  function over(context: Context): void {
    const state = stateOf(context);
    manager.cookie.clear(state.exchange);
    state.authentication = { state: "none", reason: "revoked", held: [] };
  }

  async function turn(context: Context, elevate: boolean): Promise<void> {
    const known = await loadKnown(context);
    if (known.state === "none") return;
    const state = stateOf(context);
    state.authentication = await manager.rotate(state.exchange, known, elevate);
  }

  const verbs: Sessions<Context, In, Out> = {
    async init(context, userKey, options: InitOptions<In> = {}) {
      checkUserKey(userKey);
      known(options, "init", ["meta", "expiresIn"]);
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

    require(context) {
      const authentication = loaded(context, "require");
      if (authentication.state === "session") return authentication.session;
      throw authentication.state === "failed"
        ? authentication.error
        : SessionError.unauthorized(authentication.reason);
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

    rotate: (context) => turn(context, false),

    reauthenticate: (context) => turn(context, true),

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

  function refusal(authentication: Failed | None): SessionError {
    if (authentication.state === "failed") return authentication.error;
    manager.rejected(authentication.reason);
    return SessionError.unauthorized(authentication.reason);
  }

  async function admitted(context: Context, use: Use): Promise<Session<Out>> {
    const authentication = await find(context, use);
    if (authentication.state === "session") return authentication.session;
    throw refusal(authentication);
  }

  const routeVerbs = {
    peek: (context: Context) => admitted(context, PEEK),
    load: (context: Context) => admitted(context, AUTH),
    now: () => manager.now(),
    checkOrigin(context: Context, method: string) {
      const refused = manager.refusesOrigin(stateOf(context).exchange, method);
      if (refused) throw refused;
    },
  };

  return {
    verbs,
    async load(context) {
      const state = stateOf(context);
      if (!state.authentication) state.settle(await state.load(authenticate, LOAD));
      return undefined;
    },
    async authorize(context) {
      const state = stateOf(context);
      let { authentication } = state;
      if (!authentication) authentication = state.settle(await state.load(authenticate, AUTH));
      else if (manager.rotates && authentication.state === "session")
        authentication = state.authentication = await manager.renew(state.exchange, authentication);
      return authentication.state === "session" ? undefined : refusal(authentication);
    },
    routes: (options) => createRoutes({ ...verbs, ...routeVerbs }, options),
  };
}
