import type { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import type { Session } from "../session.ts";
import { type LambdaContext, LambdaExchange } from "./lambda/context.ts";
import { checkEvent, type LambdaEvent, readPath } from "./lambda/event.ts";
import { type LambdaSessionsOptions, parseLambdaOptions } from "./lambda/options.ts";
import { type LambdaResult, toErrorResult, toResult } from "./lambda/result.ts";
import { runGuarded } from "./shared/handler.ts";

export type { LambdaContext } from "./lambda/context.ts";
export type { LambdaEvent } from "./lambda/event.ts";
export type { LambdaSessionsOptions } from "./lambda/options.ts";
export type { LambdaResult } from "./lambda/result.ts";

/** The context of a handler behind `auth`. */
export interface AuthenticatedLambdaContext<Out = undefined, Event extends LambdaEvent = LambdaEvent>
  extends LambdaContext<Out, Event> {
  readonly session: Session<Out>;
}

/** A Lambda handler. `Args` are the arguments after the event, such as Lambda's own context. */
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

/** The session methods with `LambdaContext` as their context. */
export interface LambdaSessions<In = undefined, Out = In>
  extends Sessions<LambdaContext<Out>, In, Out>,
    Mountable<LambdaContext<Out>, LambdaRoutes> {
  /**
   * Wraps a handler: loads the session if there is one, and runs the handler either way. Rejects unsafe requests from pages of
   * other origins with 403.
   */
  public<Event extends LambdaEvent, Args extends readonly unknown[], Result>(
    handler: (context: LambdaContext<Out, Event>, ...args: Args) => Result | Promise<Result>,
    options?: PublicOptions,
  ): LambdaHandler<Event, Args, Result>;
  /**
   * Wraps a handler, which runs only with a session. Otherwise rejects with 401 and the reason, or with 503 when the store does
   * not answer.
   */
  auth<Event extends LambdaEvent, Args extends readonly unknown[], Result>(
    handler: (context: AuthenticatedLambdaContext<Out, Event>, ...args: Args) => Result | Promise<Result>,
    options?: AuthOptions,
  ): LambdaHandler<Event, Args, Result>;
}

/**
 * Creates sessions for AWS Lambda behind an HTTP API of API Gateway (payload format 2.0) or a function URL. Responds to a
 * `SessionError` that a handler throws as `reject` says. Every other error goes to Lambda, whose response does not carry the
 * session cookie.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { lambdaSessions } from "sessionup/lambda";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = lambdaSessions(new Manager(memoryStore())); // use a database's store with more than one instance
 *
 * export const handler = sessions.auth(async (context) => sessions.fetchAll(context));
 * ```
 */
export function lambdaSessions<In, Out extends In, Event extends LambdaEvent = LambdaEvent>(
  manager: Manager<In, Out>,
  options: LambdaSessionsOptions<Event> = {},
): LambdaSessions<In, Out> {
  // Lambda passes its own event, so the app's functions may name that type.
  const { peerAddress, reject = toErrorResult } = parseLambdaOptions(options as LambdaSessionsOptions);
  const { methods, guards } = createSessions<LambdaContext<Out>, In, Out>(manager, toExchange);

  function createContext(event: LambdaEvent): LambdaExchange<Out> {
    checkEvent(event);
    return new LambdaExchange<Out>(event, peerAddress, (context) => methods.current(context));
  }

  async function rejectEvent(error: SessionError, event: LambdaEvent): Promise<LambdaResult> {
    const result = await reject(error, event);
    // AWS would respond with 200 to a result without a status.
    return { ...result, statusCode: result?.statusCode ?? error.status };
  }

  function wrap<Event extends LambdaEvent, Args extends readonly unknown[], Result>(
    guard: Guard<LambdaContext<Out>>,
    handler: (context: AuthenticatedLambdaContext<Out, Event>, ...args: Args) => Result | Promise<Result>,
  ): LambdaHandler<Event, Args, Result> {
    return async (event, ...args) => {
      const context = createContext(event);
      const own: LambdaContext<Out> = context;
      try {
        const result = await runGuarded<Result | LambdaResult>(
          () => guard(context),
          () => handler(own as AuthenticatedLambdaContext<Out, Event>, ...args),
          (error) => rejectEvent(error, event),
        );
        return context.finish(result);
      } finally {
        context.close();
      }
    };
  }

  return {
    ...methods,
    public: (handler, options) => wrap(guards.public(options), handler),
    auth: (handler, options) => wrap(guards.auth(options), handler),
    [MOUNT]: (routes) => async (event) => {
      const context = createContext(event);
      const { method } = event.requestContext.http;
      const answer = await routes(context, { method, path: readPath(event) });
      return answer && context.finish(toResult(answer));
    },
  };
}

function toExchange<Out>(context: LambdaContext<Out>): Exchange {
  if (context instanceof LambdaExchange) return context;
  throw new TypeError(
    "sessionup/lambda: the context must be the one that public() or auth() passes to the handler. " +
      "Neither the event nor Lambda's own context is.",
  );
}
