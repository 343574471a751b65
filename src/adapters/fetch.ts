import type { Exchange } from "../exchange.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import type { Session } from "../session.ts";
import { type FetchContext, FetchExchange } from "./fetch/context.ts";
import { type FetchSessionsOptions, parseFetchOptions } from "./fetch/options.ts";
import { runGuarded } from "./shared/handler.ts";
import { toRejection, toResponse } from "./shared/response.ts";

export type { FetchContext } from "./fetch/context.ts";
export type { FetchSessionsOptions } from "./fetch/options.ts";

/** The context of a handler behind `auth`. */
export interface AuthenticatedFetchContext<Out = undefined> extends FetchContext<Out> {
  readonly session: Session<Out>;
}

/** A handler as `Deno.serve`, `Bun.serve` or a Worker takes it. `Args` are the platform's arguments after the request. */
export type FetchHandler<Args extends readonly unknown[]> = (
  request: Request,
  ...args: Args
) => Promise<Response>;

/** The ready-made routes as a handler. Resolves to `undefined` for a request to none of them. */
export type FetchRoutes = (request: Request, ...args: readonly unknown[]) => Promise<Response | undefined>;

/** The session methods with `FetchContext` as their context. */
export interface FetchSessions<In = undefined, Out = In>
  extends Sessions<FetchContext<Out>, In, Out>,
    Mountable<FetchContext<Out>, FetchRoutes> {
  /**
   * Wraps a handler: loads the session if there is one, and runs the handler either way. Rejects unsafe requests from pages of
   * other origins with 403.
   */
  public<Args extends readonly unknown[]>(
    handler: (context: FetchContext<Out>, ...args: Args) => Response | Promise<Response>,
    options?: PublicOptions,
  ): FetchHandler<Args>;
  /**
   * Wraps a handler, which runs only with a session. Otherwise rejects with 401 and the reason, or with 503 when the store does
   * not answer.
   */
  auth<Args extends readonly unknown[]>(
    handler: (context: AuthenticatedFetchContext<Out>, ...args: Args) => Response | Promise<Response>,
    options?: AuthOptions,
  ): FetchHandler<Args>;
}

/**
 * Creates sessions for every platform with `Request` and `Response`. Responds to a `SessionError` that a handler throws as
 * `reject` says. Every other error goes to the platform, whose response does not carry the session cookie.
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
  const { peerAddress, reject = toRejection } = parseFetchOptions(options);
  const { methods, guards } = createSessions<FetchContext<Out>, In, Out>(manager, toExchange);

  // Wrapped handlers inside of one another share the request's context.
  const contexts = new WeakMap<Request, FetchExchange<Out>>();

  function enterContext(request: Request, args: readonly unknown[]): FetchExchange<Out> {
    const outer = contexts.get(request);
    if (outer?.enter()) return outer;
    const peer = peerAddress && (() => peerAddress(request, ...(args as unknown as never[])));
    const context = new FetchExchange<Out>(request, peer, (context) => methods.current(context));
    contexts.set(request, context);
    return context;
  }

  function wrap<Args extends readonly unknown[]>(
    guard: Guard<FetchContext<Out>>,
    handler: (context: AuthenticatedFetchContext<Out>, ...args: Args) => Response | Promise<Response>,
  ): FetchHandler<Args> {
    return async (request, ...args) => {
      const context = enterContext(request, args);
      try {
        const response = await runGuarded(
          () => guard(context),
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
    ...methods,
    public: (handler, options) => wrap(guards.public(options), handler),
    auth: (handler, options) => wrap(guards.auth(options), handler),
    [MOUNT]:
      (routes) =>
      async (request, ...args) => {
        const context = enterContext(request, args);
        try {
          const { method, url } = request;
          const answer = await routes(context, { method, path: new URL(url).pathname });
          return answer && context.finish(toResponse(answer));
        } finally {
          context.leave();
        }
      },
  };
}

function toExchange<Out>(context: FetchContext<Out>): Exchange {
  if (context instanceof FetchExchange) return context;
  throw new TypeError(
    "sessionup/fetch: the context must be the one that public() or auth() passes to the handler.",
  );
}
