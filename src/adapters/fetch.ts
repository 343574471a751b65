import { withCookie } from "../cookie/cookie-header.ts";
import type { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { Session } from "../session.ts";
import { answered } from "./shared/answered.ts";
import { rejectionResponse, replaceCookies, responseOf, withHeaders } from "./shared/response.ts";

/** The context: one request, and what its response is to carry besides what the handler gives it. */
export interface FetchContext<Out = undefined> {
  readonly request: Request;
  /** The session as it is now: after `init` the new one, after `revoke` none. */
  readonly session: Session<Out> | undefined;
  /** Set-Cookie and Cache-Control of ours; the wrapper adds them to the response. */
  readonly headers: Headers;
}

/** The context of a handler behind `auth`. */
export interface AuthenticatedFetchContext<Out = undefined> extends FetchContext<Out> {
  readonly session: Session<Out>;
}

/** A handler of the platform, such as `Deno.serve`, `Bun.serve` or a Worker takes; `Args` is what comes after the request. */
export type FetchHandler<Args extends readonly unknown[]> = (
  request: Request,
  ...args: Args
) => Promise<Response>;

/** The ready-made routes as a handler. Resolves to `undefined` for a request to none of them. */
export type FetchRoutes = (request: Request, ...args: readonly unknown[]) => Promise<Response | undefined>;

/** The verbs with `FetchContext` as their context. */
export interface FetchSessions<In = undefined, Out = In>
  extends Sessions<FetchContext<Out>, In, Out>,
    Mountable<FetchContext<Out>, FetchRoutes> {
  /** A handler that loads the session if there is one, and runs yours without one, too; 403 to what another origin's page sends. */
  public<Args extends readonly unknown[]>(
    handler: (context: FetchContext<Out>, ...args: Args) => Response | Promise<Response>,
    options?: PublicOptions,
  ): FetchHandler<Args>;
  /** A handler that runs yours with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth<Args extends readonly unknown[]>(
    handler: (context: AuthenticatedFetchContext<Out>, ...args: Args) => Response | Promise<Response>,
    options?: AuthOptions,
  ): FetchHandler<Args>;
}

/** What the Fetch adapter can be told. */
export interface FetchSessionsOptions {
  /**
   * The address of the other end of the connection, from what the platform gives besides the request: Deno's `info`,
   * Bun's `server.requestIP(request)`, a header that your edge sets and no client can. Default: not known.
   */
  readonly peerAddress?: (request: Request, ...args: readonly never[]) => string | undefined;
  /** Answers in place of the JSON: `error.status` is 401, 403 to another origin's page, or 503 when nobody knows. Show an outage as one, never as a login. */
  readonly reject?: (error: SessionError, request: Request) => Response | Promise<Response>;
}

/**
 * Sessions for anything with `Request` and `Response`. A `SessionError` that a handler throws is answered as `reject`
 * says; any other error goes on to the platform, whose answer does not carry our cookie.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { fetchSessions } from "sessionup/fetch";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = fetchSessions(new Manager(memoryStore()));
 *
 * export default {
 *   fetch: sessions.auth(async (context) => Response.json(await sessions.fetchAll(context))),
 * };
 * ```
 */
export function fetchSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: FetchSessionsOptions = {},
): FetchSessions<In, Out> {
  checkOptionNames(options, "fetchSessions", ["peerAddress", "reject"]);
  const { peerAddress, reject = rejectionResponse } = options;
  const { verbs, guards } = createSessions<FetchContext<Out>, In, Out>(manager, exchangeOf);

  // A handler of ours inside of another one: of one request there is one context.
  const contexts = new WeakMap<Request, Context<Out>>();

  function contextOf(request: Request, args: readonly unknown[]): Context<Out> {
    const outer = contexts.get(request);
    if (outer?.enter()) return outer;
    const peer = peerAddress && (() => peerAddress(request, ...(args as unknown as never[])));
    const context = new Context<Out>(request, peer, (own) => verbs.current(own));
    contexts.set(request, context);
    return context;
  }

  function wrap<Args extends readonly unknown[]>(
    decide: Guard<FetchContext<Out>>,
    handler: (context: AuthenticatedFetchContext<Out>, ...args: Args) => Response | Promise<Response>,
  ): FetchHandler<Args> {
    return async (request, ...args) => {
      const context = contextOf(request, args);
      try {
        const response = await answered(
          decide(context),
          () => handler(context as AuthenticatedFetchContext<Out>, ...args),
          (error) => reject(error, request),
        );
        return context.finish(response);
      } finally {
        context.leave();
      }
    };
  }

  return {
    ...verbs,
    public: (handler, options) => wrap(guards.public(options), handler),
    auth: (handler, options) => wrap(guards.auth(options), handler),
    [MOUNT]:
      (routes) =>
      async (request, ...args) => {
        const context = contextOf(request, args);
        try {
          const { method, url } = request;
          const answer = await routes(context, { method, path: new URL(url).pathname });
          return answer && context.finish(responseOf(answer));
        } finally {
          context.leave();
        }
      },
  };
}

class Context<Out> implements FetchContext<Out>, Exchange {
  readonly request: Request;
  readonly headers: Headers = new Headers();
  readonly #defaults = new Map<string, string>();
  readonly #peerAddress: (() => string | undefined) | undefined;
  readonly #current: (context: FetchContext<Out>) => Session<Out> | undefined;
  /** How many handlers have it, one inside of the other. */
  #entered = 1;

  constructor(
    request: Request,
    peerAddress: (() => string | undefined) | undefined,
    current: (context: FetchContext<Out>) => Session<Out> | undefined,
  ) {
    this.request = request;
    this.#peerAddress = peerAddress;
    this.#current = current;
  }

  get session(): Session<Out> | undefined {
    return this.#current(this);
  }

  method(): string {
    return this.request.method;
  }
  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }
  /** Where the platform made the request from HTTP/2, it is in the URL alone. */
  host(): string {
    return this.header("host") ?? new URL(this.request.url).host;
  }
  isHttps(): boolean {
    return new URL(this.request.url).protocol === "https:";
  }
  peerAddress(): string | undefined {
    return this.#peerAddress?.();
  }
  blocked(): string | undefined {
    return this.#entered === 0 ? "the handler has returned its response" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    replaceCookies(this.headers, (lines) => withCookie(lines, cookie));
  }
  setHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /** Whether one more handler has it now: not when its response has left. */
  enter(): boolean {
    return this.#entered > 0 && ++this.#entered > 0;
  }
  leave(): void {
    this.#entered--;
  }
  /** The response with our headers, where it is that of the outermost handler. */
  finish(response: Response): Response {
    return this.#entered === 1 ? withHeaders(response, this.headers, this.#defaults) : response;
  }
}

function exchangeOf<Out>(context: FetchContext<Out>): Exchange {
  if (context instanceof Context) return context;
  throw new TypeError("sessionup/fetch: the context is what public() and auth() give to your handler");
}
