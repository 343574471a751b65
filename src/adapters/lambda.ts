import { OutgoingCookies, serializeCookie } from "../cookie/cookie-header.ts";
import type { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { Session } from "../session.ts";
import { checkedEvent, cookieHeaderOf, headerOf, type LambdaEvent, pathOf } from "./lambda/event.ts";
import { type LambdaResult, rejectionResult, resultOf, withOurs } from "./lambda/result.ts";
import { answered } from "./shared/answered.ts";

export type { LambdaEvent } from "./lambda/event.ts";
export type { LambdaResult } from "./lambda/result.ts";

/** The context: one request, and what its response is to carry besides what the handler gives it. */
export interface LambdaContext<Out = undefined, Event extends LambdaEvent = LambdaEvent> {
  readonly event: Event;
  /** The session as it is now: after `init` the new one, after `revoke` none. */
  readonly session: Session<Out> | undefined;
  /** The Set-Cookie lines of ours; the wrapper adds them to the result. */
  readonly cookies: readonly string[];
  /** The headers of ours, by their lower-case names; the wrapper adds them to the result. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The context of a handler behind `auth`. */
export interface AuthenticatedLambdaContext<Out = undefined, Event extends LambdaEvent = LambdaEvent>
  extends LambdaContext<Out, Event> {
  readonly session: Session<Out>;
}

/** A handler of Lambda's; `Args` is what comes after the event, such as Lambda's own context. */
export type LambdaHandler<Event extends LambdaEvent, Args extends readonly unknown[], Result> = (
  event: Event,
  ...args: Args
) => Promise<Result | LambdaResult>;

/**
 * The ready-made routes as a handler. Resolves to `undefined` for a request to none of them. The routes' path begins after
 * the stage.
 */
export type LambdaRoutes = (
  event: LambdaEvent,
  ...args: readonly unknown[]
) => Promise<LambdaResult | undefined>;

/** The verbs with `LambdaContext` as their context. */
export interface LambdaSessions<In = undefined, Out = In>
  extends Sessions<LambdaContext<Out>, In, Out>,
    Mountable<LambdaContext<Out>, LambdaRoutes> {
  /** A handler that loads the session if there is one, and runs yours without one, too; 403 to what another origin's page sends. */
  public<Event extends LambdaEvent, Args extends readonly unknown[], Result>(
    handler: (context: LambdaContext<Out, Event>, ...args: Args) => Result | Promise<Result>,
    options?: PublicOptions,
  ): LambdaHandler<Event, Args, Result>;
  /** A handler that runs yours with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth<Event extends LambdaEvent, Args extends readonly unknown[], Result>(
    handler: (context: AuthenticatedLambdaContext<Out, Event>, ...args: Args) => Result | Promise<Result>,
    options?: AuthOptions,
  ): LambdaHandler<Event, Args, Result>;
}

/** What the adapter of Lambda can be told; `Event` is the app's own type of it, as far as it names one. */
export interface LambdaSessionsOptions<Event extends LambdaEvent = LambdaEvent> {
  /**
   * The address of the other end of the connection, where something stands before the function that names the client
   * in a header which nobody else can set. Default: `requestContext.http.sourceIp`.
   */
  readonly peerAddress?: (event: Event) => string | undefined;
  /**
   * Answers in place of the JSON, with the error's status unless you set another: 401, 403, or 503 when nobody knows. Show
   * an outage as one, never as a login.
   */
  readonly reject?: (error: SessionError, event: Event) => LambdaResult | Promise<LambdaResult>;
}

/**
 * Sessions for AWS Lambda behind an HTTP API of API Gateway (payload format 2.0) or a function URL. A `SessionError`
 * that a handler throws is answered as `reject` says; any other error goes on to Lambda, whose answer does not carry
 * our cookie.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { lambdaSessions } from "sessionup/lambda";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = lambdaSessions(new Manager(memoryStore())); // a database's store where there is more than one instance
 *
 * export const handler = sessions.auth(async (context) => sessions.fetchAll(context));
 * ```
 */
export function lambdaSessions<In, Out extends In, Event extends LambdaEvent = LambdaEvent>(
  manager: Manager<In, Out>,
  options: LambdaSessionsOptions<Event> = {},
): LambdaSessions<In, Out> {
  checkOptionNames(options, "lambdaSessions", ["peerAddress", "reject"]);
  // Whatever type of event the app's functions name: it is Lambda that calls these handlers.
  const { peerAddress = sourceIp, reject = rejectionResult } = options as LambdaSessionsOptions;
  const { verbs, guards } = createSessions<LambdaContext<Out>, In, Out>(manager, exchangeOf);

  function contextOf(event: LambdaEvent): Context<Out> {
    const current = (context: LambdaContext<Out>) => verbs.current(context);
    return new Context<Out>(checkedEvent(event), peerAddress, current);
  }

  async function refuse(error: SessionError, event: LambdaEvent): Promise<LambdaResult> {
    const result = await reject(error, event);
    // Without a status AWS would say 200.
    return { ...result, statusCode: result?.statusCode ?? error.status };
  }

  function wrap<Event extends LambdaEvent, Args extends readonly unknown[], Result>(
    decide: Guard<LambdaContext<Out>>,
    handler: (context: AuthenticatedLambdaContext<Out, Event>, ...args: Args) => Result | Promise<Result>,
  ): LambdaHandler<Event, Args, Result> {
    return async (event, ...args) => {
      const context = contextOf(event);
      const own: LambdaContext<Out> = context;
      try {
        const result = await answered<Result | LambdaResult>(
          decide(context),
          () => handler(own as AuthenticatedLambdaContext<Out, Event>, ...args),
          (error) => refuse(error, event),
        );
        return context.finish(result);
      } finally {
        context.close();
      }
    };
  }

  return {
    ...verbs,
    public: (handler, options) => wrap(guards.public(options), handler),
    auth: (handler, options) => wrap(guards.auth(options), handler),
    [MOUNT]: (routes) => async (event) => {
      const context = contextOf(event);
      const { method } = event.requestContext.http;
      const answer = await routes(context, { method, path: pathOf(event) });
      return answer && context.finish(resultOf(answer));
    },
  };
}

function sourceIp(event: LambdaEvent): string | undefined {
  return event.requestContext.http.sourceIp;
}

class Context<Out> implements LambdaContext<Out>, Exchange {
  readonly event: LambdaEvent;
  readonly #peerAddress: (event: LambdaEvent) => string | undefined;
  readonly #current: (context: LambdaContext<Out>) => Session<Out> | undefined;
  readonly #cookies = new OutgoingCookies();
  readonly #headers: Record<string, string> = {};
  readonly #defaults: Record<string, string> = {};
  #closed = false;

  constructor(
    event: LambdaEvent,
    peerAddress: (event: LambdaEvent) => string | undefined,
    current: (context: LambdaContext<Out>) => Session<Out> | undefined,
  ) {
    this.event = event;
    this.#peerAddress = peerAddress;
    this.#current = current;
  }

  get session(): Session<Out> | undefined {
    return this.#current(this);
  }
  get cookies(): readonly string[] {
    return [...this.#cookies].map(serializeCookie);
  }
  get headers(): Readonly<Record<string, string>> {
    return { ...this.#headers };
  }

  method(): string {
    return this.event.requestContext.http.method;
  }
  header(name: string): string | undefined {
    return name === "cookie" ? cookieHeaderOf(this.event) : headerOf(this.event, name);
  }
  host(): string | undefined {
    return this.header("host") ?? this.event.requestContext.domainName;
  }
  peerAddress(): string | undefined {
    return this.#peerAddress(this.event);
  }
  blocked(): string | undefined {
    return this.#closed ? "the handler has returned its result" : undefined;
  }
  setCookie(cookie: SetCookie): void {
    this.#cookies.set(cookie);
  }
  setHeader(name: string, value: string): void {
    this.#headers[name.toLowerCase()] = value;
  }
  setDefaultHeader(name: string, value: string): void {
    this.#defaults[name.toLowerCase()] = value;
  }

  /** The result with our cookies and headers. */
  finish<Result>(result: Result): Result | LambdaResult {
    return withOurs(result, this.#cookies, this.#headers, this.#defaults);
  }

  /** What would set a cookie from now on would set none. */
  close(): void {
    this.#closed = true;
  }
}

function exchangeOf<Out>(context: LambdaContext<Out>): Exchange {
  if (context instanceof Context) return context;
  throw new TypeError(
    "sessionup/lambda: the context is what public() and auth() give to your handler, neither the event nor Lambda's own",
  );
}
