import { type BoundSessions, bindSessions } from "../http/bound-sessions.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable, type Routes } from "../http/mount.ts";
import { createSessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { NextExchange, type NextHeaders } from "./next/exchange.ts";
import { type NextSessionsOptions, parseNextOptions } from "./next/options.ts";
import { runGuarded } from "./shared/handler.ts";
import { toRejection, toResponse } from "./shared/response.ts";

export type { NextCookieAttributes, NextCookies, NextHeaders } from "./next/exchange.ts";
export type { NextSessionsOptions } from "./next/options.ts";

/** A Route Handler. `Rest` are the arguments after the request, such as `{ params }`. */
export type NextHandler<Asked extends Request, Rest extends readonly unknown[]> = (
  request: Asked,
  ...rest: Rest
) => Promise<Response>;

/**
 * The ready-made routes as Route Handlers for a catch-all folder: the file `app/account/[...path]/route.ts` exports
 * `{ GET, HEAD, POST, DELETE }`. Their `path` leaves out the `basePath`, which Next.js does not pass to Route Handlers.
 */
export type NextRoutes = Readonly<
  Record<"GET" | "HEAD" | "POST" | "DELETE", NextHandler<Request, readonly unknown[]>>
>;

/** The session methods without a context: Next.js itself knows the current request. */
export interface NextSessions<In = undefined, Out = In>
  extends BoundSessions<In, Out>,
    Mountable<never, NextRoutes> {
  /**
   * Wraps a Route Handler: loads the session if there is one, and runs the handler either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public<Asked extends Request, Rest extends readonly unknown[]>(
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
    options?: PublicOptions,
  ): NextHandler<Asked, Rest>;
  /**
   * Wraps a Route Handler, which runs only with a session. Otherwise rejects with 401 and the reason, or with 503 when the store
   * does not answer.
   */
  auth<Asked extends Request, Rest extends readonly unknown[]>(
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
    options?: AuthOptions,
  ): NextHandler<Asked, Rest>;
}

/**
 * Creates sessions for the App Router of Next.js. Reading works everywhere. `init`, `revoke`, `revokeAll`, `rotate` and
 * `reauthenticate` set the cookie, and throw `ERR_HEADERS_SENT` in a Server Component, where Next.js allows no cookie.
 *
 * @example
 * ```ts with=next
 * import { cookies, headers } from "next/headers";
 * import { Manager } from "sessionup";
 * import { nextSessions } from "sessionup/next";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * export const sessions = nextSessions(new Manager(memoryStore()), { headers, cookies });
 *
 * // app/devices/route.ts
 * export const GET = sessions.auth(async () => Response.json(await sessions.fetchAll()));
 * ```
 */
export function nextSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: NextSessionsOptions,
): NextSessions<In, Out> {
  const { headers, cookies, peerAddress, reject = toRejection } = parseNextOptions(options);
  const { methods, guards } = createSessions(manager, (exchange: NextExchange) => exchange);
  // From the layout to the Server Action, only the headers are the same object for everything that runs for a request.
  const exchanges = new WeakMap<NextHeaders, NextExchange>();

  async function findExchange(): Promise<NextExchange> {
    const current = await headers();
    let exchange = exchanges.get(current);
    if (!exchange) {
      exchange = new NextExchange(current, peerAddress);
      exchanges.set(current, exchange);
    }
    // Next.js replaces the cookies object when it renders a page after an action.
    exchange.cookies = await cookies();
    return exchange;
  }

  function wrap<Asked extends Request, Rest extends readonly unknown[]>(
    guard: Guard<NextExchange>,
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
  ): NextHandler<Asked, Rest> {
    return async (request, ...rest) => {
      const exchange = await findExchange();
      exchange.request = request;
      const response = await runGuarded(
        () => guard(exchange),
        () => handler(request, ...rest),
        (error) => reject(error, request),
      );
      return exchange.finish(response);
    };
  }

  return {
    ...bindSessions(methods, findExchange),
    public: (handler, options) => wrap(guards.public(options), handler),
    auth: (handler, options) => wrap(guards.auth(options), handler),
    [MOUNT](routes: Routes<NextExchange>) {
      const handle: NextHandler<Request, readonly unknown[]> = async (request) => {
        const exchange = await findExchange();
        exchange.request = request;
        const { method, url } = request;
        const answer = await routes(exchange, { method, path: new URL(url).pathname });
        return answer ? exchange.finish(toResponse(answer)) : new Response(null, { status: 404 });
      };
      return { GET: handle, HEAD: handle, POST: handle, DELETE: handle };
    },
  };
}
