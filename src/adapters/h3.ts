import { OutgoingCookies, serializeCookie, setsCookie, withCookie } from "../cookie/cookie-header.ts";
import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import { mountOf } from "./shared/mount.ts";
import { rejectionResponse, replaceCookies, responseOf } from "./shared/response.ts";

/** The context: the event of h3 2. */
export interface H3Context {
  readonly req: {
    readonly method: string;
    readonly url: string;
    readonly headers: { get(name: string): string | null };
    readonly ip?: string | undefined;
    /** May have `clientAddress`. Not named here: Nitro's types name others alone, and would not fit. */
    readonly context?: object | undefined;
  };
  readonly url: { readonly host: string; readonly pathname: string; readonly protocol: string };
  readonly res: { status?: number; readonly headers: Headers; readonly errHeaders: Headers };
  /** What srvx tells of Node, where it runs on it. */
  readonly runtime?:
    | {
        readonly node?:
          | {
              readonly req: {
                readonly url?: string | undefined;
                readonly socket?: { readonly remoteAddress?: string | undefined };
              };
              readonly res?: { readonly headersSent: boolean } | undefined;
            }
          | undefined;
      }
    | undefined;
}

/** Middleware of h3: for `app.use`, and for `middleware` of `defineHandler`. */
export type H3Middleware = (event: H3Context, next: () => unknown) => Promise<unknown>;

/** The verbs with the event as their context. */
export interface H3Sessions<In = undefined, Out = In>
  extends Sessions<H3Context, In, Out>,
    Mountable<H3Context, H3Middleware> {
  /** Loads the session if there is one; the handler runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): H3Middleware;
  /** Lets the handler run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): H3Middleware;
  /**
   * Puts our cookie onto a `Response` that an error handler has made, to which h3 adds no headers:
   * `new H3({ onError, onResponse: sessions.onResponse })`, and in Nitro, which has such an error handler, the hook
   * `response`. Not onto one that cannot be changed.
   */
  onResponse(this: void, response: Response, event: object): void;
}

/** What the adapter of h3 can be told; `Event` is h3's own, as far as `reject` names it. */
export interface H3SessionsOptions<Event> {
  /**
   * Answers in place of the JSON with whatever a handler may return, and the error's status unless you set another:
   * 401, 403 to another origin's page, or 503 when nobody knows. Show an outage as one, never as a login.
   */
  readonly reject?: (error: SessionError, event: Event) => unknown;
}

/**
 * Sessions for h3 2, and so for Nitro 3 and Nuxt 5. A `SessionError` that is thrown behind `public` or `auth` is
 * answered as `reject` says. The client's address is what h3 takes for it where srvx has
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
 * export const app = new H3().get("/devices", devices);
 * ```
 */
export function h3Sessions<In, Out extends In, Event extends H3Context = H3Context>(
  manager: Manager<In, Out>,
  options: H3SessionsOptions<Event> = {},
): H3Sessions<In, Out> {
  checkOptionNames(options, "h3Sessions", ["reject"]);
  const { verbs, guards } = createSessions(manager, exchangeOf);
  // Whatever of h3's types the app's function names: it is h3 that calls this middleware.
  const reject = options.reject as H3SessionsOptions<H3Context>["reject"];

  async function refuse(error: SessionError, event: H3Context): Promise<unknown> {
    event.res.status = error.status;
    // To h3, nothing would mean that the handler is to run.
    return (await reject?.(error, event)) ?? rejectionResponse(error);
  }

  function guard(decide: Guard<H3Context>): H3Middleware {
    return async (event, next) => {
      const refusal = await decide(event);
      if (refusal) return refuse(refusal, event);
      try {
        return settled(await next(), event);
      } catch (error) {
        if (SessionError.is(error)) return refuse(error, event);
        complete(carrierOf(event)[OURS], event.res.errHeaders, error);
        throw error;
      }
    };
  }

  return {
    ...verbs,
    public: (options) => guard(guards.public(options)),
    auth: (options) => guard(guards.auth(options)),
    [MOUNT]: (routes) => async (event, next) => {
      const { method, url } = event.req;
      const { pathname } = event.url;
      // On Node, the URL of the request is what mounts left of it, too.
      const mount = mountOf(event.runtime?.node?.req.url ?? new URL(url).pathname, pathname);
      const answer = await routes(event, { method, mount, path: mount + pathname });
      return answer ? responseOf(answer) : next();
    },
    onResponse,
  };
}

const OURS = Symbol("sessionup/h3");

/** What of ours a response is to carry, whichever manager's. */
interface Ours {
  readonly cookies: OutgoingCookies;
  readonly headers: Map<string, string>;
  /** Where the response has none of that name. */
  readonly defaults: Map<string, string>;
}

const carrierOf = (event: object): { [OURS]?: Ours } => event;

function oursOf(event: object): Ours {
  const carrier = carrierOf(event);
  carrier[OURS] ??= { cookies: new OutgoingCookies(), headers: new Map(), defaults: new Map() };
  return carrier[OURS];
}

function onResponse(response: Response, event: object): void {
  const ours = carrierOf(event)[OURS];
  if (!ours) return;
  const { cookies } = ours;
  const lines = response.headers.getSetCookie();
  for (const cookie of cookies) {
    if (!lines.some((line) => setsCookie(line, cookie)))
      response.headers.append("set-cookie", serializeCookie(cookie));
  }
  complete(ours, response.headers, undefined);
}

/** What the handler answered, when we have had the last word on it. */
function settled(value: unknown, event: H3Context): unknown {
  const ours = carrierOf(event)[OURS];
  if (!ours) return value;
  const { cookies } = ours;
  const theirs = value instanceof Response ? value.headers.getSetCookie() : [];
  for (const cookie of cookies) {
    // A Response with a cookie of ours is that of a mounted app, which had the request after us.
    if (theirs.some((line) => setsCookie(line, cookie)))
      replaceAll(event, (lines) => lines.filter((line) => !setsCookie(line, cookie)));
  }
  complete(ours, event.res.headers, value);
  return value;
}

/** Sets our headers on what h3 makes of a value or an error, which may have headers of its own. */
function complete(ours: Ours | undefined, prepared: Headers, made: unknown): void {
  if (!ours) return;
  // A handler whose answers are cached says "public", also where a cookie goes with one of them.
  for (const [name, value] of ours.headers) prepared.set(name, value);
  const { headers }: { readonly headers?: unknown } = Object(made);
  const own = headers instanceof Headers ? headers : undefined;
  for (const [name, value] of ours.defaults) {
    if (own?.has(name) || prepared.has(name)) continue;
    try {
      // Where headers are prepared, h3 copies a Response: then no server knows the length of its body.
      (own ?? prepared).set(name, value);
    } catch {
      prepared.set(name, value);
    }
  }
}

/** Both, since an error's response has headers of its own. */
function replaceAll({ res }: H3Context, change: (lines: readonly string[]) => readonly string[]): void {
  for (const headers of [res.headers, res.errHeaders]) replaceCookies(headers, change);
}

class H3Exchange implements Exchange {
  readonly #event: H3Context;
  readonly #res: H3Context["res"];

  constructor(event: H3Context) {
    this.#event = event;
    this.#res = event.res;
  }

  method(): string {
    return this.#event.req.method;
  }
  header(name: string): string | undefined {
    return this.#event.req.headers.get(name) ?? undefined;
  }
  /** Where the platform made the request from HTTP/2, it is in the URL alone. */
  host(): string {
    return this.header("host") ?? this.#event.url.host;
  }
  isHttps(): boolean {
    return this.#event.url.protocol === "https:";
  }
  peerAddress(): string | undefined {
    return this.#event.req.ip;
  }
  clientAddress(): string | undefined {
    const { context, ip } = this.#event.req;
    const { clientAddress }: { readonly clientAddress?: unknown } = context ?? {};
    if (typeof clientAddress === "string" && clientAddress) return clientAddress;
    // What srvx made of the socket's, with its trustProxy.
    const socket = this.#event.runtime?.node?.req.socket?.remoteAddress;
    return socket !== undefined && ip !== socket ? ip : undefined;
  }
  blocked(): string | undefined {
    const { res, runtime } = this.#event;
    // h3 takes a new one when it has made the response.
    if (res === this.#res && !runtime?.node?.res?.headersSent) return undefined;
    return "the response has been made";
  }
  setCookie(cookie: SetCookie): void {
    oursOf(this.#event).cookies.set(cookie);
    replaceAll(this.#event, (lines) => withCookie(lines, cookie));
  }
  setHeader(name: string, value: string): void {
    oursOf(this.#event).headers.set(name, value);
    this.#event.res.headers.set(name, value);
    this.#event.res.errHeaders.set(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    oursOf(this.#event).defaults.set(name, value);
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
