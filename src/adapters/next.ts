import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { type BoundSessions, bindSessions } from "../http/bound-sessions.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable, type Routes } from "../http/mount.ts";
import { createSessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import { answered } from "./shared/answered.ts";
import { rejectionResponse, responseOf, withHeaders } from "./shared/response.ts";

/** What is used of what Next.js's `headers()` promises. */
export interface NextHeaders {
  get(name: string): string | null;
}

/** What is used of what Next.js's `cookies()` promises. */
export interface NextCookies {
  set(name: string, value: string, attributes: NextCookieAttributes): unknown;
  /** Never called: whether it is the same function as `set` tells where Next.js lets nobody write. */
  readonly delete: unknown;
}

/** The attributes of a cookie: Next.js has the same words for them. */
export type NextCookieAttributes = Omit<SetCookie, "name" | "value">;

/** A Route Handler; `Rest` is what comes after the request, such as `{ params }`. */
export type NextHandler<Asked extends Request, Rest extends readonly unknown[]> = (
  request: Asked,
  ...rest: Rest
) => Promise<Response>;

/**
 * The ready-made routes as Route Handlers for a catch-all folder: the file `app/account/[...path]/route.ts` exports
 * `{ GET, HEAD, POST, DELETE }`. `path` leaves out the `basePath`, which Next.js does not pass to Route Handlers.
 */
export type NextRoutes = Readonly<
  Record<"GET" | "HEAD" | "POST" | "DELETE", NextHandler<Request, readonly unknown[]>>
>;

/** The verbs: Next.js itself says which request they are about. */
export interface NextSessions<In = undefined, Out = In>
  extends BoundSessions<In, Out>,
    Mountable<never, NextRoutes> {
  /** A Route Handler that loads the session if there is one, and runs yours without one, too; 403 to what another origin's page sends. */
  public<Asked extends Request, Rest extends readonly unknown[]>(
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
    options?: PublicOptions,
  ): NextHandler<Asked, Rest>;
  /** A Route Handler that runs yours with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth<Asked extends Request, Rest extends readonly unknown[]>(
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
    options?: AuthOptions,
  ): NextHandler<Asked, Rest>;
}

/** What the adapter needs of Next.js, and what it can be told besides. */
export interface NextSessionsOptions {
  /** Next.js's own: `import { cookies, headers } from "next/headers"`. */
  readonly headers: () => Promise<NextHeaders>;
  /** Next.js's own. */
  readonly cookies: () => Promise<NextCookies>;
  /**
   * The address of the other end of the connection, which Next.js tells nobody, from a header that your edge sets and
   * no client can. Default: not known.
   */
  readonly peerAddress?: (headers: NextHeaders) => string | undefined;
  /**
   * Answers in place of the JSON where `auth` refuses: `error.status` is 401, 403 to another origin's page, or 503 when nobody knows. Show an outage
   * as one, never as a login. May call `redirect` of `next/navigation`.
   */
  readonly reject?: (error: SessionError, request: Request) => Response | Promise<Response>;
}

/**
 * Sessions for the App Router of Next.js. Reading works everywhere; `init`, `revoke`, `revokeAll`, `rotate` and
 * `reauthenticate` set the cookie, and throw `ERR_HEADERS_SENT` in a Server Component, where Next.js lets nobody.
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
  checkOptionNames(options, "nextSessions", ["headers", "cookies", "peerAddress", "reject"]);
  const { headers, cookies, peerAddress, reject = rejectionResponse } = options;
  if (typeof headers !== "function" || typeof cookies !== "function") {
    throw new TypeError(
      'nextSessions: needs Next.js\'s own functions, `import { cookies, headers } from "next/headers"`, ' +
        "as { headers, cookies }",
    );
  }
  const { verbs, guards } = createSessions(manager, (context: NextExchange) => context);
  // Next.js has the same headers for whatever runs for a request, from the layout to the action; and nothing else.
  const contexts = new WeakMap<NextHeaders, NextExchange>();

  async function contextOf(): Promise<NextExchange> {
    const own = await headers();
    let context = contexts.get(own);
    if (!context) {
      context = new NextExchange(own, peerAddress);
      contexts.set(own, context);
    }
    // These are others while a page is rendered after an action.
    context.cookies = await cookies();
    return context;
  }

  function wrap<Asked extends Request, Rest extends readonly unknown[]>(
    decide: Guard<NextExchange>,
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
  ): NextHandler<Asked, Rest> {
    return async (request, ...rest) => {
      const context = await contextOf();
      context.asked = request.method;
      const response = await answered(
        decide(context),
        () => handler(request, ...rest),
        (error) => reject(error, request),
      );
      return context.finish(response);
    };
  }

  return {
    ...bindSessions(verbs, contextOf),
    public: (handler, options) => wrap(guards.public(options), handler),
    auth: (handler, options) => wrap(guards.auth(options), handler),
    [MOUNT](routes: Routes<NextExchange>) {
      const handle: NextHandler<Request, readonly unknown[]> = async ({ method, url }) => {
        const context = await contextOf();
        context.asked = method;
        const answer = await routes(context, { method, path: new URL(url).pathname });
        return answer ? responseOf(answer) : new Response(null, { status: 404 });
      };
      return { GET: handle, HEAD: handle, POST: handle, DELETE: handle };
    },
  };
}

class NextExchange implements Exchange {
  /** What can be written to just now. */
  cookies: NextCookies | undefined;
  /** Of the request that a Route Handler of ours was given: from Next.js nobody else learns it. */
  asked: string | undefined;
  readonly #headers: NextHeaders;
  readonly #peerAddress: NextSessionsOptions["peerAddress"];
  readonly #ours: Headers = new Headers();
  readonly #defaults = new Map<string, string>();
  #finished = false;

  constructor(headers: NextHeaders, peerAddress: NextSessionsOptions["peerAddress"]) {
    this.#headers = headers;
    this.#peerAddress = peerAddress;
  }

  method(): string {
    if (this.asked !== undefined) return this.asked;
    // A Server Component only shows. Else it is a Server Action or a bare Route Handler, and a body tells it from a GET:
    // browsers give the length of one that is empty, too.
    const writes = this.blocked() === undefined && BODY.some((name) => this.header(name) !== undefined);
    return writes ? "POST" : "GET";
  }
  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }
  peerAddress(): string | undefined {
    return this.#peerAddress?.(this.#headers);
  }
  blocked(): string | undefined {
    if (this.#finished) return "the handler has returned its response";
    // Where nobody may write, one function that throws stands for every one that would.
    return this.cookies?.set === this.cookies?.delete ? READ_ONLY : undefined;
  }
  setCookie({ name, value, ...attributes }: SetCookie): void {
    try {
      this.cookies?.set(name, value, attributes);
    } catch (cause) {
      throw new SessionError("ERR_HEADERS_SENT", `the cookie cannot be set: ${READ_ONLY}`, { cause });
    }
  }
  setHeader(name: string, value: string): void {
    this.#ours.set(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  /** The response with our headers; the cookies come from Next.js. */
  finish(response: Response): Response {
    this.#finished = true;
    return withHeaders(response, this.#ours, this.#defaults);
  }
}

const BODY = ["content-type", "content-length", "transfer-encoding", "next-action"];

const READ_ONLY =
  "Next.js lets no Server Component set one, nor anything after the response; " +
  "call this in a Server Action or a Route Handler";
