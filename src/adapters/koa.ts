import type { SessionError } from "../errors.ts";
import { toErrorResponse } from "../http/error-response.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable, type RouteAnswer } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import { failureOf } from "./shared/answered.ts";
import { keptOf } from "./shared/kept-headers.ts";
import {
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  routeRequestOf,
  type TrustedView,
} from "./shared/node-exchange.ts";

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
  /** Of all that Koa hands around, `ctx` alone has it. */
  onerror(error: Error): unknown;
}

/** Koa's middleware. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** The verbs with `ctx` as their context. */
export interface KoaSessions<In = undefined, Out = In>
  extends Sessions<KoaContext, In, Out>,
    Mountable<KoaContext, KoaMiddleware> {
  /** Loads the session if there is one; what comes behind it runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): KoaMiddleware;
  /** Lets what comes behind it run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): KoaMiddleware;
}

/** `Context` is Koa's own, as far as `reject` names it. */
export interface KoaSessionsOptions<Context> {
  /**
   * Answers in place of the JSON: sets status and body, redirects or throws. `error.status` is 401, 403, or 503 when nobody
   * knows. Show an outage as one, never as a login.
   */
  readonly reject?: (error: SessionError, context: Context) => unknown;
}

/**
 * Sessions for Koa. Where the app has set `proxy`, the client's address is `ctx.ip`.
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
  checkOptionNames(options, "koaSessions", ["reject"]);
  const { verbs, guards } = createSessions<KoaContext, In, Out>(manager, exchangeOf);
  // Whatever of Koa's types the app's function names: it is Koa that calls this middleware.
  const own = options.reject as KoaSessionsOptions<KoaContext>["reject"];
  const reject = own ?? ((error, context) => answer(context, toErrorResponse(error)));

  function guard(decide: Guard<KoaContext>): KoaMiddleware {
    return middleware(async (context, next) => {
      const refusal = await decide(context);
      if (refusal) await reject(refusal, context);
      else await next();
    });
  }

  return {
    ...verbs,
    public: (options) => guard(guards.public(options)),
    auth: (options) => guard(guards.auth(options)),
    [MOUNT]: (routes) =>
      middleware(async (context, next) => {
        const { method, url, originalUrl = context.originalUrl } = context.req;
        const found = await routes(context, routeRequestOf({ method, url, originalUrl }));
        if (found) answer(context, found);
        else await next();
      }),
  };
}

/** Tells Koa of a failure in a form that it answers: where `undefined` or `null` is thrown, it never answers. */
function middleware(run: KoaMiddleware): KoaMiddleware {
  return async (context, next) => {
    try {
      await run(context, next);
    } catch (error) {
      const { res } = context;
      // Koa removes all headers before it answers an error. What is private stays so.
      const name = "cache-control";
      if (res.getHeader(name) === "private") keptOf(res).defaults.set(name, "private");
      throw error ?? failureOf(error);
    }
  };
}

class KoaExchange extends NodeExchange {
  readonly #context: KoaContext;

  constructor(context: KoaContext) {
    super(context.req, context.res);
    this.#context = context;
  }

  protected override trusted(): TrustedView | undefined {
    const { app, ip, protocol } = this.#context;
    // Koa says "" where it knows no address.
    return app.proxy ? { ip: ip || undefined, protocol } : undefined;
  }
}

function exchangeOf(context: KoaContext): KoaExchange {
  if (typeof context?.onerror !== "function") {
    throw new TypeError(
      "sessionup/koa: the context is Koa's own, which knows request and response: pass `ctx`",
    );
  }
  return new KoaExchange(context);
}

function answer(context: KoaContext, { status, headers, body }: RouteAnswer): void {
  context.status = status;
  for (const [name, value] of Object.entries(headers)) context.set(name, value);
  if (body !== undefined) context.body = body;
  // Else Koa says the status in words; of HEAD it asks for nothing, and 204 has no body.
  else if (context.method !== "HEAD" && status !== 204) context.body = "";
}
