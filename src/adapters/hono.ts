import type { Context, MiddlewareHandler } from "hono";
import type { SessionError } from "../errors.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { continueWith } from "../rules/maybe-promise.ts";
import type { Session } from "../session.ts";
import type { MaybePromise } from "../store.ts";
import { HonoExchange } from "./hono/exchange.ts";
import { type HonoSessionsOptions, parseHonoOptions } from "./hono/options.ts";
import { Outgoing } from "./hono/outgoing.ts";
import { toRejection, toResponse } from "./shared/response.ts";

export type { HonoSessionsOptions } from "./hono/options.ts";

/** Middleware that sets the session in `c.var`, as `session` or under the name of the option `as`. */
export type HonoMiddleware<As extends string, Value> = MiddlewareHandler<{ Variables: Record<As, Value> }>;

/** The session methods with Hono's `c` as their context. */
export interface HonoSessions<In = undefined, Out = In, As extends string = "session">
  extends Sessions<Context, In, Out>,
    Mountable<Context, MiddlewareHandler> {
  /**
   * Creates middleware that loads the session if there is one, and runs the handler either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public(options?: PublicOptions): HonoMiddleware<As, Session<Out> | undefined>;
  /**
   * Creates middleware that runs the handler only with a session. Otherwise rejects with 401 and the reason, or with 503 when
   * the store does not answer.
   */
  auth(options?: AuthOptions): HonoMiddleware<As, Session<Out>>;
}

/**
 * Creates the sessions of a Hono 4 app, on every runtime that Hono supports. `c.var.session` is the session as it is now: the
 * new one after `init`, `undefined` after `revoke`.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { Manager } from "sessionup";
 * import { honoSessions } from "sessionup/hono";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = honoSessions(new Manager(memoryStore()));
 *
 * export const app = new Hono()
 *   .get("/", sessions.auth(), (c) => c.text(`Hello, ${c.var.session.userKey}`))
 *   .get("/devices", sessions.auth(), async (c) => c.json(await sessions.fetchAll(c)));
 * ```
 */
export function honoSessions<In, Out extends In, As extends string = "session">(
  manager: Manager<In, Out>,
  options: HonoSessionsOptions<As> = {},
): HonoSessions<In, Out, As> {
  const { as, peerAddress, reject = toRejection } = parseHonoOptions(options);
  const { methods, guards } = createSessions<Context, In, Out>(manager, (c) => toExchange(c, peerAddress));

  const updateVar = (c: Context): void => c.set(as, methods.current(c));

  /** Returns the same method, which then updates `c.var`. */
  function updatingVar<Args extends readonly unknown[], Result>(
    method: (c: Context, ...args: Args) => Promise<Result>,
  ): (c: Context, ...args: Args) => Promise<Result> {
    return async (c, ...args) => {
      const result = await method(c, ...args);
      updateVar(c);
      return result;
    };
  }

  /** Creates middleware that responds with what `respond` returns, or runs the handler if that is nothing. */
  function middleware(respond: (c: Context) => MaybePromise<Response | undefined>): MiddlewareHandler {
    return (c, next) =>
      Outgoing.of(c).around(async () => {
        const responded = respond(c);
        const response = responded && (await responded);
        if (response) c.res = response;
        else await next();
      });
  }

  function guardMiddleware(guard: Guard<Context>): MiddlewareHandler {
    return middleware((c) =>
      continueWith(guard(c), (rejection) => {
        if (rejection) return respond(rejection, c);
        updateVar(c);
        return undefined;
      }),
    );
  }

  async function respond(rejection: SessionError, c: Context): Promise<Response> {
    // Hono would run the handler if an app's `reject` returned nothing.
    return (await reject(rejection, c)) ?? toRejection(rejection);
  }

  return {
    ...methods,
    init: updatingVar(methods.init),
    revoke: updatingVar(methods.revoke),
    revokeAll: updatingVar(methods.revokeAll),
    revokeOwn: updatingVar(methods.revokeOwn),
    rotate: updatingVar(methods.rotate),
    reauthenticate: updatingVar(methods.reauthenticate),
    updateMeta: updatingVar(methods.updateMeta),
    public: (options) => guardMiddleware(guards.public(options)),
    auth: (options) => guardMiddleware(guards.auth(options)),
    [MOUNT]: (routes) =>
      middleware(async (c) => {
        const path = new URL(c.req.url).pathname;
        const answer = await routes(c, { method: c.req.method, path, mount: matchedMount(c, path) });
        // An outer handler may read it afterwards.
        if (c.get(as) !== undefined) updateVar(c);
        return answer && toResponse(answer);
      }),
  };
}

function toExchange(c: Context, peerAddress: (c: Context) => string | undefined): HonoExchange {
  if (typeof c?.newResponse === "function" && typeof c.req?.header === "function")
    return new HonoExchange(c, peerAddress);
  throw new TypeError("sessionup/hono: the context must be Hono's own. Pass `c`.");
}

/**
 * Returns the path before the `*` in the pattern of the running middleware, including the paths of `app.route`. Parameters
 * in the pattern are replaced by what the request has there.
 */
function matchedMount(c: Context, path: string): string {
  const pattern = c.req.matchedRoutes[c.req.routeIndex]?.path.split("/") ?? [];
  if (pattern.pop() !== "*") return "";
  const parts = path.split("/");
  return pattern.map((part, index) => (/^[:*]/.test(part) ? (parts[index] ?? "") : part)).join("/");
}
