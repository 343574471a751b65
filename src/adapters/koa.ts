import type { SessionError } from "../errors.ts";
import type { RequestSource } from "../exchange.ts";
import { toErrorResponse } from "../http/error-response.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable, type RouteAnswer } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { toErrorObject } from "./shared/handler.ts";
import { keptHeaders } from "./shared/kept-headers.ts";
import {
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  type TrustedView,
} from "./shared/node-exchange.ts";
import { toRouteRequest } from "./shared/node-middleware.ts";
import { parseReject } from "./shared/reject-option.ts";

/** The context: Koa's `ctx`. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  readonly app: { readonly proxy: boolean };
  readonly ip: string;
  readonly protocol: string;
  readonly method: string;
  readonly originalUrl: string;
  status: number;
  body: unknown;
  set(name: string, value: string): unknown;
  /** Tells `ctx` from Koa's request and response, which lack it. */
  onerror(error: Error): unknown;
}

/** Middleware of Koa. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** The session methods with `ctx` as their context. */
export interface KoaSessions<In = undefined, Out = In>
  extends Sessions<KoaContext, In, Out>,
    Mountable<KoaContext, KoaMiddleware> {
  /**
   * Creates middleware that loads the session if there is one, and runs the following middleware either way. Rejects unsafe
   * requests from pages of other origins with 403.
   */
  public(options?: PublicOptions): KoaMiddleware;
  /**
   * Creates middleware that runs the following middleware only with a session. Otherwise rejects with 401 and the reason, or
   * with 503 when the store does not answer.
   */
  auth(options?: AuthOptions): KoaMiddleware;
}

/** The options of `koaSessions`. `Context` is Koa's type, as far as `reject` names it. */
export interface KoaSessionsOptions<Context> {
  /**
   * Responds to a rejected request in place of the default JSON: sets status and body, redirects or throws. `error.status` is
   * 401, 403 for a page of another origin, or 503 when the store does not answer. Show a 503 as an outage, never as a login
   * page.
   */
  readonly reject?: (error: SessionError, context: Context) => unknown;
}

/**
 * Creates the sessions of a Koa app. If the app has set `proxy`, the client's address is `ctx.ip`.
 *
 * @example
 * ```ts
 * import Koa from "koa";
 * import { Manager } from "sessionup";
 * import { koaSessions } from "sessionup/koa";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = koaSessions(new Manager(memoryStore()));
 * const app = new Koa();
 * app.use(sessions.auth());
 * app.use(async (ctx) => {
 *   ctx.body = await sessions.fetchAll(ctx);
 * });
 * ```
 */
export function koaSessions<In, Out extends In, Context extends KoaContext = KoaContext>(
  manager: Manager<In, Out>,
  options: KoaSessionsOptions<Context> = {},
): KoaSessions<In, Out> {
  const { methods, guards } = createSessions<KoaContext, In, Out>(manager, toExchange);
  // Koa passes its own context, so the app's function may name that type.
  const given = parseReject(options, "koaSessions") as KoaSessionsOptions<KoaContext>["reject"];
  const reject = given ?? ((error, context) => respond(context, toErrorResponse(error)));

  function guardMiddleware(guard: Guard<KoaContext>): KoaMiddleware {
    return passFailures(async (context, next) => {
      const guarded = guard(context);
      const rejection = guarded && (await guarded);
      if (rejection) await reject(rejection, context);
      else await next();
    });
  }

  return {
    ...methods,
    public: (options) => guardMiddleware(guards.public(options)),
    auth: (options) => guardMiddleware(guards.auth(options)),
    [MOUNT]: (routes) =>
      passFailures(async (context, next) => {
        const { method, url, originalUrl = context.originalUrl } = context.req;
        const answer = await routes(context, toRouteRequest({ method, url, originalUrl }));
        if (answer) respond(context, answer);
        else await next();
      }),
  };
}

/** Passes failures on in a form that Koa responds to: it never responds when `undefined` or `null` is thrown. */
function passFailures(middleware: KoaMiddleware): KoaMiddleware {
  return async (context, next) => {
    try {
      await middleware(context, next);
    } catch (error) {
      const { res } = context;
      // Koa removes all headers before it responds to an error. A private response must stay private.
      if (res.getHeader("cache-control") === "private")
        keptHeaders(res).defaults.set("cache-control", "private");
      throw error ?? toErrorObject(error);
    }
  };
}

function respond(context: KoaContext, { status, headers, body }: RouteAnswer): void {
  context.status = status;
  for (const [name, value] of Object.entries(headers)) context.set(name, value);
  if (body !== undefined) context.body = body;
  // Without a body, Koa would send the status message. It does not for HEAD and 204.
  else if (context.method !== "HEAD" && status !== 204) context.body = "";
}

class KoaExchange extends NodeExchange {
  readonly #context: KoaContext;

  constructor(context: KoaContext) {
    super(context.req, context.res);
    this.#context = context;
  }

  /** Mounts of Koa shorten `req.url`, and a server above Koa sets `req.originalUrl`. */
  override source(): RequestSource {
    const context = this.#context;
    return context.req.originalUrl === undefined ? context : context.req;
  }

  protected override trusted(): TrustedView | undefined {
    const { app, ip, protocol } = this.#context;
    // Koa's `ip` is "" when the address is unknown.
    return app.proxy ? { ip: ip || undefined, protocol } : undefined;
  }
}

function toExchange(context: KoaContext): KoaExchange {
  if (typeof context?.onerror === "function") return new KoaExchange(context);
  throw new TypeError("sessionup/koa: the context must be Koa's own. Pass `ctx`.");
}
