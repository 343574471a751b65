import type { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { known } from "../known-options.ts";
import type { Manager } from "../manager.ts";
import type { RoutesOptions } from "../routes.ts";
import { createSessions, type Sessions } from "../sessions.ts";
import { withCookie } from "../wire/cookie.ts";
import { rejectionResponse, responseOf } from "./_response.ts";

/** The context: the event of h3 2. */
export interface H3Context {
  readonly req: {
    readonly method: string;
    readonly headers: { get(name: string): string | null };
    readonly ip?: string | undefined;
    readonly context?: { readonly clientAddress?: string | undefined } | undefined;
  };
  readonly url: { readonly host: string; readonly pathname: string };
  readonly res: { status?: number; readonly headers: Headers; readonly errHeaders: Headers };
  /** What srvx tells of Node, where it runs on it. */
  readonly runtime?:
    | {
        readonly node?:
          | {
              readonly req: { readonly socket?: { readonly remoteAddress?: string | undefined } };
              readonly res?: { readonly headersSent: boolean } | undefined;
            }
          | undefined;
      }
    | undefined;
}

/** Middleware of h3: for `app.use`, and for `middleware` of `defineHandler`. */
export type H3Middleware = (event: H3Context, next: () => unknown) => Promise<unknown>;

/** The verbs with the event as their context. */
export interface H3Sessions<In = undefined, Out = In> extends Sessions<H3Context, In, Out> {
  /** Loads the session if there is one; the handler runs in any case. */
  public(): H3Middleware;
  /** Lets the handler run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(): H3Middleware;
  /**
   * The ready-made routes for front ends: `app.use(sessions.routes({ path: "/account" }))`. In a mounted app the path is
   * what follows the prefix of the mount: more h3 does not tell.
   */
  routes(options?: RoutesOptions): H3Middleware;
}

/** What the adapter of h3 can be told; `Event` is h3's own, as far as `reject` names it. */
export interface H3SessionsOptions<Event> {
  /**
   * Answers in place of the JSON with whatever a handler may return, and the error's status unless you set another:
   * 401, or 503 when nobody knows. Show an outage as one, never as a login.
   */
  readonly reject?: (error: SessionError, event: Event) => unknown;
}

/**
 * Sessions for h3 2, and so for Nitro 3 and Nuxt 5. The client's address is what h3 takes for it where srvx has
 * `trustProxy`, or the preset a notion of its own.
 *
 * @example
 * ```ts
 * import { defineHandler, H3 } from "h3";
 * import { Manager } from "sessionup";
 * import { h3Sessions } from "sessionup/h3";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = h3Sessions(new Manager(memoryStore()));
 * const devices = defineHandler({
 *   middleware: [sessions.auth()],
 *   handler: (event) => sessions.fetchAll(event),
 * });
 *
 * export const app = new H3().use(sessions.routes({ path: "/account" })).get("/devices", devices);
 * ```
 */
export function h3Sessions<In, Out extends In, Event extends H3Context = H3Context>(
  manager: Manager<In, Out>,
  options: H3SessionsOptions<Event> = {},
): H3Sessions<In, Out> {
  known(options, "h3Sessions", ["reject"]);
  const { verbs, load, authorize, routes } = createSessions(manager, exchangeOf);
  // Whatever of h3's types the app's function names: it is h3 that calls this middleware.
  const reject = options.reject as H3SessionsOptions<H3Context>["reject"];

  async function refuse(error: SessionError, event: H3Context): Promise<unknown> {
    event.res.status = error.status;
    // To h3, nothing would mean that the handler is to run.
    return (await reject?.(error, event)) ?? rejectionResponse(error);
  }

  function guard(decide: (event: H3Context) => Promise<SessionError | undefined>): H3Middleware {
    return async (event, next) => {
      const refusal = await decide(event);
      return refusal ? refuse(refusal, event) : yieldTo(await next(), event);
    };
  }

  return {
    ...verbs,
    public: () => guard(load),
    auth: () => guard(authorize),
    routes(options) {
      const answer = routes(options);
      return async (event, next) => {
        const found = await answer(event, { method: event.req.method, path: event.url.pathname });
        return found ? responseOf(found) : next();
      };
    },
  };
}

const COOKIES = Symbol("sessionup/h3");

/** The names of the cookies that are ours, whichever manager's. */
function ourCookies(event: H3Context): Set<string> {
  const carrier = event as { [COOKIES]?: Set<string> };
  carrier[COOKIES] ??= new Set();
  return carrier[COOKIES];
}

/** A Response with a cookie of ours is that of a mounted app, which had the request after us: its line is to stay the last. */
function yieldTo(value: unknown, event: H3Context): unknown {
  if (!(value instanceof Response)) return value;
  const theirs = value.headers.getSetCookie();
  for (const name of ourCookies(event)) {
    if (theirs.some((line) => line.startsWith(`${name}=`))) {
      replaceCookies(event, (lines) => lines.filter((line) => !line.startsWith(`${name}=`)));
    }
  }
  return value;
}

/** Both, since an error's response has headers of its own. */
function replaceCookies({ res }: H3Context, change: (lines: string[]) => string[]): void {
  for (const headers of [res.headers, res.errHeaders]) {
    const lines = change(headers.getSetCookie());
    headers.delete("set-cookie");
    for (const line of lines) headers.append("set-cookie", line);
  }
}

class H3Exchange implements Exchange {
  readonly #event: H3Context;
  readonly #res: H3Context["res"];

  constructor(event: H3Context) {
    this.#event = event;
    this.#res = event.res;
  }

  header(name: string): string | undefined {
    const value = this.#event.req.headers.get(name);
    // Where the platform made the request from HTTP/2, the host is in the URL alone.
    return value ?? (name === "host" ? this.#event.url.host : undefined);
  }
  peerAddress(): string | undefined {
    return this.#event.req.ip;
  }
  clientAddress(): string | undefined {
    const { context, ip } = this.#event.req;
    // What srvx made of the socket's, with its trustProxy.
    const socket = this.#event.runtime?.node?.req.socket?.remoteAddress;
    return context?.clientAddress || (socket !== undefined && ip !== socket ? ip : undefined);
  }
  blocked(): string | undefined {
    const { res, runtime } = this.#event;
    // h3 takes a new one when it has made the response.
    if (res === this.#res && !runtime?.node?.res?.headersSent) return undefined;
    return "the response has been made";
  }
  setCookie(cookie: SetCookie): void {
    ourCookies(this.#event).add(cookie.name);
    replaceCookies(this.#event, (lines) => withCookie(lines, cookie));
  }
  setHeader(name: string, value: string): void {
    this.#event.res.headers.set(name, value);
    this.#event.res.errHeaders.set(name, value);
  }
}

function exchangeOf(event: H3Context): H3Exchange {
  if (!event?.res?.errHeaders) {
    throw new TypeError(
      "sessionup/h3: the context is the event of h3 2: pass `event`. " +
        "That of h3 1 (Nitro 2, Nuxt 3 and 4) is another: use sessionup/node with `event.node.res` there",
    );
  }
  return new H3Exchange(event);
}
