import { OutgoingCookies } from "../cookie/cookie-header.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { createSessions, getInternals, type InitArguments, type Sessions } from "../http/sessions.ts";
import { Manager } from "../manager.ts";
import type { InitOptions } from "../options/init-options.ts";
import { invalidOption, type Parser, parseOptions } from "../options/parsers.ts";
import type { Session } from "../session.ts";

/** The options of `signIn` and `withSession`: the options of `init`, and the client that signs in. */
export interface SignInOptions<In = undefined> extends Omit<InitOptions<In>, "crossOrigin"> {
  /** The User-Agent header of the login, from which the session's `agent` comes. Default: none. */
  readonly userAgent?: string;
  /** The address of the connection, from which the session's `ip` comes. Default: none. */
  readonly ip?: string;
}

/** The options of `signIn` and `withSession`, which may be left out unless metadata is required. */
export type SignInArguments<In> = undefined extends In
  ? [options?: SignInOptions<In>]
  : [options: SignInOptions<In> & { readonly meta: In }];

/**
 * Creates a real session for a test, without an HTTP request, and returns the `Cookie` header that authenticates as
 * this session, such as `__Host-sessionup=…`. Takes the sessions of an adapter or their manager. The session is in their
 * store, has their options, emits `created`, and ends like any other.
 *
 * Throws the errors of `init`, and `TypeError` for anything other than a manager or an adapter's sessions.
 *
 * @example
 * ```ts run
 * import assert from "node:assert/strict";
 * import { Hono } from "hono";
 * import { Manager } from "sessionup";
 * import { honoSessions } from "sessionup/hono";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { signIn } from "sessionup/testing";
 *
 * const sessions = honoSessions(new Manager(memoryStore()));
 * const app = new Hono().get("/", sessions.auth(), (c) => c.text(`Hello, ${c.var.session.userKey}`));
 *
 * const cookie = await signIn(sessions, "user-1");
 * const response = await app.request("/", { headers: { cookie } });
 * assert.equal(await response.text(), "Hello, user-1");
 * ```
 */
export async function signIn<In, Out extends In>(
  sessions: Manager<In, Out> | Sessions<never, In, Out>,
  userKey: string,
  ...[options]: SignInArguments<In>
): Promise<string> {
  const { exchange, init } = createLogin("signIn", options);
  const manager = sessions instanceof Manager ? sessions : getInternals<never, In, Out>(sessions).manager;
  const { methods } = createSessions<LoginExchange, In, Out>(manager, () => exchange);
  await methods.init(exchange, userKey, ...init);
  return exchange.cookieHeader();
}

/**
 * Creates a real session for a test, adds it to a context and returns it, so that a handler can be called as a function. The context can be as small as the handler allows: `current`, `require` and all other
 * methods work with it, and middleware lets it pass.
 *
 * The response is not changed: a cookie that the handler sets or clears is lost. To test cookies, send a request with the
 * cookie of `signIn`. Throws the errors of `init`.
 *
 * @example
 * ```ts run
 * import assert from "node:assert/strict";
 * import { Manager } from "sessionup";
 * import { type ExpressContext, expressSessions } from "sessionup/express";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { withSession } from "sessionup/testing";
 *
 * const sessions = expressSessions(new Manager(memoryStore()));
 * const greet = (req: ExpressContext) => `Hello, ${sessions.require(req).userKey}`;
 *
 * const req = { headers: {} };
 * await withSession(sessions, req, "user-1");
 * assert.equal(greet(req), "Hello, user-1");
 * ```
 */
export async function withSession<Context extends object, In, Out extends In>(
  sessions: Sessions<Context, In, Out>,
  context: Context,
  userKey: string,
  ...[options]: SignInArguments<In>
): Promise<Session<Out>> {
  const { exchange, init } = createLogin("withSession", options);
  const { manager, toCarrier } = getInternals<Context, In, Out>(sessions);
  if (typeof context !== "object" || context === null) {
    throw new TypeError("withSession: the context must be an object, such as { headers: {} }.");
  }
  // The context's state now has this exchange, so the adapter never asks it for headers or a response.
  await createSessions<Context, In, Out>(manager, () => exchange, toCarrier).methods.get(context);
  return sessions.init(context, userKey, ...init);
}

const parseText: Parser<string> = (value, name) => {
  if (typeof value === "string") return value;
  throw invalidOption(name, "a string", value);
};

/** The options of the login, which `init` parses. */
const LOGIN = { parse: (value: unknown) => value } as const;

const SIGN_IN = {
  meta: LOGIN,
  expiresIn: LOGIN,
  level: LOGIN,
  provider: LOGIN,
  userAgent: { parse: parseText },
  ip: { parse: parseText },
} as const;

function createLogin<In>(
  caller: string,
  options: SignInOptions<In> = {},
): { exchange: LoginExchange; init: InitArguments<In> } {
  const { userAgent, ip, ...init } = parseOptions(options, SIGN_IN, caller);
  // SignInArguments requires metadata exactly where InitArguments does.
  return { exchange: new LoginExchange(userAgent, ip), init: [init] as unknown as InitArguments<In> };
}

/** The request of a login that no server received, and the cookies of its response. */
class LoginExchange implements Exchange {
  readonly #userAgent: string | undefined;
  readonly #ip: string | undefined;
  readonly #cookies = new OutgoingCookies();

  constructor(userAgent: string | undefined, ip: string | undefined) {
    this.#userAgent = userAgent;
    this.#ip = ip;
  }

  method(): string {
    return "POST";
  }
  header(name: string): string | undefined {
    return name === "user-agent" ? this.#userAgent : undefined;
  }
  peerAddress(): string | undefined {
    return this.#ip;
  }
  blocked(): undefined {
    return undefined;
  }
  setCookie(cookie: SetCookie): void {
    this.#cookies.set(cookie);
  }
  setHeader(): void {
    // Nothing receives the response.
  }
  setDefaultHeader(): void {
    // Nothing receives the response.
  }

  cookieHeader(): string {
    return [...this.#cookies].map(({ name, value }) => `${name}=${value}`).join("; ");
  }
}
