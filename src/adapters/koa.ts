import type { SessionError } from "../errors.ts";
import type { SetCookie } from "../exchange.ts";
import type { AuthOptions, PublicOptions } from "../guards.ts";
import { known } from "../known-options.ts";
import type { Manager } from "../manager.ts";
import type { RouteAnswer, RoutesOptions } from "../routes.ts";
import { createSessions, type Guard, type Sessions } from "../sessions.ts";
import { OutgoingCookies } from "../wire/cookie.ts";
import { rejectionOf } from "../wire/rejection.ts";
import { NodeExchange, type NodeRequest, type NodeResponse } from "./_node-exchange.ts";

/** The context: Koa's `ctx`. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly res: NodeResponse & { writeHead: (...given: never[]) => unknown };
  readonly app: { readonly proxy: boolean };
  readonly ip: string;
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
export interface KoaSessions<In = undefined, Out = In> extends Sessions<KoaContext, In, Out> {
  /** Loads the session if there is one; what comes behind it runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): KoaMiddleware;
  /** Lets what comes behind it run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): KoaMiddleware;
  /** The ready-made routes for front ends: `app.use(sessions.routes({ path: "/account" }))`. */
  routes(options?: RoutesOptions): KoaMiddleware;
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
 * Sessions for Koa 3. Where the app has set `proxy`, the client's address is `ctx.ip`.
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
  known(options, "koaSessions", ["reject"]);
  const { verbs, guards, routes } = createSessions<KoaContext, In, Out>(manager, exchangeOf);
  // Whatever of Koa's types the app's function names: it is Koa that calls this middleware.
  const own = options.reject as KoaSessionsOptions<KoaContext>["reject"];
  const reject = own ?? ((error, context) => answer(context, rejectionOf(error)));

  function guard(decide: Guard<KoaContext>): KoaMiddleware {
    return async (context, next) => {
      const refusal = await decide(context);
      if (refusal) await reject(refusal, context);
      else await next();
    };
  }

  return {
    ...verbs,
    public: (options) => guard(guards.public(options)),
    auth: (options) => guard(guards.auth(options)),
    routes(options) {
      const find = routes(options);
      return async (context, next) => {
        const { method, url, originalUrl = context.originalUrl } = context.req;
        const found = await find(context, routeRequestOf({ method, url, originalUrl }));
        if (found) answer(context, found);
        else await next();
      };
    },
  };
}

/**
 * Koa takes every header off a response when something is thrown, and a `Response` as its body, or `ctx.set`, puts other
 * cookies in the place of ours. So they are there again when the head is written. Not by the `headers` of what is thrown:
 * an error that the app throws for every request would carry one user's cookie to the next.
 */
class KoaExchange extends NodeExchange {
  readonly #context: KoaContext;
  readonly #cookies = new OutgoingCookies();
  readonly #headers = new Map<string, string>();
  #kept = false;

  constructor(context: KoaContext) {
    super(context.req, context.res);
    this.#context = context;
  }

  clientAddress(): string | undefined {
    const { app, ip } = this.#context;
    return app.proxy && ip ? ip : undefined;
  }

  override setCookie(cookie: SetCookie): void {
    super.setCookie(cookie);
    this.#cookies.set(cookie);
    this.#keep();
  }

  override setHeader(name: string, value: string): void {
    super.setHeader(name, value);
    this.#headers.set(name, value);
    this.#keep();
  }

  #keep(): void {
    if (this.#kept) return;
    this.#kept = true;
    const { res } = this.#context;
    const { writeHead } = res;
    res.writeHead = (...given) => {
      this.#bringBack(res);
      return writeHead.apply(res, given);
    };
  }

  #bringBack(response: NodeResponse): void {
    for (const cookie of this.#cookies) super.setCookie(cookie);
    for (const [name, value] of this.#headers) {
      if (response.getHeader(name) === undefined) super.setHeader(name, value);
    }
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
