import type { Context, MiddlewareHandler } from "hono";
import { OutgoingCookies, serializeCookie, setsCookie, withCookie } from "../cookie/cookie-header.ts";
import type { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { Session } from "../session.ts";
import { rejectionResponse, responseOf } from "./shared/response.ts";

/** Middleware after which `c.var` has the session: as `session`, or as the option `as` names it. */
export type HonoMiddleware<As extends string, Value> = MiddlewareHandler<{ Variables: Record<As, Value> }>;

/** The verbs with Hono's `c` as their context. */
export interface HonoSessions<In = undefined, Out = In, As extends string = "session">
  extends Sessions<Context, In, Out>,
    Mountable<Context, MiddlewareHandler> {
  /** Loads the session if there is one; the handler runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): HonoMiddleware<As, Session<Out> | undefined>;
  /** Lets the handler run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): HonoMiddleware<As, Session<Out>>;
}

/** What the adapter of Hono can be told. */
export interface HonoSessionsOptions<As extends string = "session"> {
  /** The name under which `c.var` has the session. Default `"session"`; a second manager needs one of its own. */
  readonly as?: As;
  /**
   * The address of the other end of the connection: `(c) => getConnInfo(c).remote.address`, with the `getConnInfo` of
   * your runtime, or a header that your edge sets and no client can. Default: the socket's on `@hono/node-server`,
   * elsewhere not known.
   */
  readonly peerAddress?: (c: Context) => string | undefined;
  /** Answers in place of the JSON: `error.status` is 401, 403 to another origin's page, or 503 when nobody knows. Show an outage as one, never as a login. */
  readonly reject?: (error: SessionError, c: Context) => Response | Promise<Response>;
}

/**
 * Sessions for Hono 4, on every runtime that it runs on. `c.var.session` is the session as it is now: after `init` the
 * new one, after `revoke` none.
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
  checkOptionNames(options, "honoSessions", ["as", "peerAddress", "reject"]);
  const { peerAddress = socketAddress, reject = rejectionResponse } = options;
  const as: string = options.as ?? "session";
  if (typeof as !== "string" || as === "") throw new TypeError("as: needs a name for c.var");
  const { verbs, guards } = createSessions<Context, In, Out>(manager, (c) => exchangeOf(c, peerAddress));

  const show = (c: Context): void => c.set(as, verbs.current(c));

  /** The same verb, after which `c.var` is up to date. */
  function shown<Args extends readonly unknown[], Result>(
    verb: (c: Context, ...args: Args) => Promise<Result>,
  ): (c: Context, ...args: Args) => Promise<Result> {
    return async (c, ...args) => {
      const result = await verb(c, ...args);
      show(c);
      return result;
    };
  }

  /** Puts our headers onto what comes back, whether `decide` answers or the handler. */
  function middleware(decide: (c: Context) => Promise<Response | undefined>): MiddlewareHandler {
    return async (c, next) => {
      const outgoing = Outgoing.of(c);
      outgoing.enter();
      try {
        const response = await decide(c);
        if (response) c.res = response;
        else await next();
      } finally {
        outgoing.leave();
      }
    };
  }

  function guard(decide: Guard<Context>): MiddlewareHandler {
    return middleware(async (c) => {
      const refusal = await decide(c);
      // With nothing to answer, Hono would let the handler run.
      if (refusal) return (await reject(refusal, c)) ?? rejectionResponse(refusal);
      show(c);
      return undefined;
    });
  }

  return {
    ...verbs,
    init: shown(verbs.init),
    revoke: shown(verbs.revoke),
    revokeAll: shown(verbs.revokeAll),
    revokeOwn: shown(verbs.revokeOwn),
    rotate: shown(verbs.rotate),
    reauthenticate: shown(verbs.reauthenticate),
    updateMeta: shown(verbs.updateMeta),
    public: (options) => guard(guards.public(options)),
    auth: (options) => guard(guards.auth(options)),
    [MOUNT]: (routes) =>
      middleware(async (c) => {
        const path = new URL(c.req.url).pathname;
        const found = await routes(c, { method: c.req.method, path, mount: mountIn(c, path) });
        // An outer handler may look at it afterwards.
        if (c.get(as) !== undefined) show(c);
        return found && responseOf(found);
      }),
  };
}

/**
 * What the pattern of the middleware that runs now has before its `*`, with the path of the app that `app.route` mounts.
 * Parameters in it are what the request has in their place.
 */
function mountIn(c: Context, path: string): string {
  const pattern = c.req.matchedRoutes[c.req.routeIndex]?.path.split("/") ?? [];
  if (pattern.pop() !== "*") return "";
  const parts = path.split("/");
  return pattern.map((part, index) => (/^[:*]/.test(part) ? (parts[index] ?? "") : part)).join("/");
}

const OUTGOING = Symbol("sessionup/hono");

/** What of ours the response is to carry, whoever makes it. One for each request, for all managers. */
class Outgoing {
  readonly #c: Context;
  readonly #cookies = new OutgoingCookies();
  readonly #headers = new Map<string, string>();
  readonly #defaults = new Map<string, string>();
  /** The lines that are in Hono's headers already. */
  readonly #written = new Set<string>();
  #depth = 0;

  private constructor(c: Context) {
    this.#c = c;
  }

  static of(c: Context): Outgoing {
    const carrier = c as { [OUTGOING]?: Outgoing };
    carrier[OUTGOING] ??= new Outgoing(c);
    return carrier[OUTGOING];
  }

  setCookie(cookie: SetCookie): void {
    this.#cookies.set(cookie);
    if (this.#depth === 0) this.#write();
  }

  setHeader(name: string, value: string): void {
    this.#headers.set(name, value);
    if (this.#depth === 0) this.#c.header(name, value);
  }

  setDefaultHeader(name: string, value: string): void {
    this.#defaults.set(name, value);
  }

  enter(): void {
    this.#depth++;
  }

  /**
   * Not before the outermost of our middlewares ends: Hono takes the cookies of a handler's own Response away where
   * there were others before it.
   */
  leave(): void {
    if (--this.#depth > 0 || this.#cookies.size + this.#defaults.size === 0) return;
    if (isBare(this.#c)) return;
    if (this.#cookies.size > 0) this.#write();
    for (const [name, value] of this.#headers) this.#c.header(name, value);
    for (const [name, value] of this.#defaults) this.#complete(name, value);
  }

  /** In place, as Hono's own middleware does it, unless the response is immutable: `c.header` would copy it. */
  #complete(name: string, value: string): void {
    const c = this.#c;
    if (!c.finalized || c.res.headers.has(name)) return;
    try {
      c.res.headers.set(name, value);
    } catch {
      c.header(name, value);
    }
  }

  #write(): void {
    const c = this.#c;
    // A look at the headers so far; `c.res` would be changed by it.
    let lines = c.newResponse(null, 200).headers.getSetCookie();
    for (const cookie of this.#cookies) {
      const others = lines.filter((line) => !this.#written.has(line));
      // Of a mounted app with the same manager, which had the request after us.
      if (others.some((line) => setsCookie(line, cookie))) continue;
      lines = withCookie(lines, cookie);
      this.#written.add(serializeCookie(cookie));
    }
    c.header("set-cookie", undefined);
    for (const line of lines) c.header("set-cookie", line, { append: true });
  }
}

class HonoExchange implements Exchange {
  readonly #c: Context;
  readonly #peerAddress: (c: Context) => string | undefined;

  constructor(c: Context, peerAddress: (c: Context) => string | undefined) {
    this.#c = c;
    this.#peerAddress = peerAddress;
  }

  method(): string {
    return this.#c.req.method;
  }
  header(name: string): string | undefined {
    return this.#c.req.header(name);
  }
  /** Where the runtime made the request from HTTP/2, it is in the URL alone. */
  host(): string {
    return this.header("host") ?? new URL(this.#c.req.url).host;
  }
  isHttps(): boolean {
    return new URL(this.#c.req.url).protocol === "https:";
  }
  peerAddress(): string | undefined {
    return this.#peerAddress(this.#c);
  }
  blocked(): string | undefined {
    if (isSent(this.#c)) return "the headers of the response have been sent";
    return isBare(this.#c) ? "the response is one that carries no headers" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    Outgoing.of(this.#c).setCookie(cookie);
  }
  setHeader(name: string, value: string): void {
    Outgoing.of(this.#c).setHeader(name, value);
  }
  setDefaultHeader(name: string, value: string): void {
    Outgoing.of(this.#c).setDefaultHeader(name, value);
  }
}

function exchangeOf(c: Context, peerAddress: (c: Context) => string | undefined): HonoExchange {
  if (typeof c?.newResponse !== "function" || typeof c.req?.header !== "function") {
    throw new TypeError("sessionup/hono: the context is Hono's own: pass `c`");
  }
  return new HonoExchange(c, peerAddress);
}

/** What `@hono/node-server` puts into `c.env`. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  readonly outgoing?: { readonly headersSent?: boolean };
}

function socketAddress(c: Context): string | undefined {
  const env: NodeBindings | undefined = c.env;
  return env?.incoming?.socket?.remoteAddress;
}

/** Hono does not say it: Node does, and elsewhere the body that is being read. */
function isSent(c: Context): boolean {
  const env: NodeBindings | undefined = c.env;
  if (env?.outgoing?.headersSent) return true;
  if (!c.finalized) return false;
  try {
    return c.res.bodyUsed || c.res.body?.locked === true;
  } catch {
    // The Response of @hono/node-server is made when it is looked at, which a body in use refuses.
    return true;
  }
}

/** Response.error() and a WebSocket's 101 cannot be copied. */
function isBare(c: Context): boolean {
  return c.finalized && c.res.status < 200;
}
