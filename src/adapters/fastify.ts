import type { SessionError } from "../errors.ts";
import { toErrorResponse } from "../http/error-response.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable, type RouteAnswer } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { type FastifyPlugin, routesPlugin } from "./fastify/routes-plugin.ts";
import { FastifyExchange, type FastifyReplyLike } from "./shared/fastify-exchange.ts";
import { toErrorObject } from "./shared/handler.ts";
import { parseReject } from "./shared/reject-option.ts";

export type { FastifyPlugin, FastifyScope } from "./fastify/routes-plugin.ts";

/** The context: the reply, which has its request as `request`. The app may use HTTP/1, HTTPS or HTTP/2. */
export interface FastifyContext extends FastifyReplyLike {
  statusCode: number;
  // A route's types describe the app's payloads, not those of this adapter.
  send(...payload: never[]): unknown;
}

/** A hook of the form that `onRequest`, `preValidation` and `preHandler` share. */
export type FastifyHook = (
  request: FastifyContext["request"],
  reply: FastifyContext,
  done: (error?: Error) => void,
) => void;

/** The session methods with `reply` as their context. */
export interface FastifySessions<In = undefined, Out = In>
  extends Sessions<FastifyContext, In, Out>,
    Mountable<FastifyContext, FastifyPlugin> {
  /**
   * Creates a hook that loads the session if there is one, and runs the handler either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public(options?: PublicOptions): FastifyHook;
  /**
   * Creates a hook that runs the handler only with a session. Otherwise rejects with 401 and the reason, or with 503 when the
   * store does not answer.
   */
  auth(options?: AuthOptions): FastifyHook;
}

/** The options of `fastifySessions`. `Request` and `Reply` are Fastify's types, as far as `reject` names them. */
export interface FastifySessionsOptions<Request, Reply> {
  /**
   * Responds to a rejected request in place of the default JSON, as a handler does: sends, or returns what to send. The app's
   * error handler gets what it throws. `error.status` is 401, 403 for a page of another origin, or 503 when the store does not
   * answer. Show a 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, request: Request, reply: Reply) => unknown;
}

/**
 * Creates the sessions of a Fastify 5 app. If the app has set `trustProxy`, the client's address is `request.ip`.
 *
 * @example
 * ```ts
 * import { fastify } from "fastify";
 * import { Manager } from "sessionup";
 * import { fastifySessions } from "sessionup/fastify";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = fastifySessions(new Manager(memoryStore()));
 * const app = fastify();
 * app.get("/devices", { preHandler: sessions.auth() }, (_request, reply) => sessions.fetchAll(reply));
 * ```
 */
export function fastifySessions<
  In,
  Out extends In,
  Request extends FastifyContext["request"] = FastifyContext["request"],
  Reply extends FastifyContext = FastifyContext,
>(manager: Manager<In, Out>, options: FastifySessionsOptions<Request, Reply> = {}): FastifySessions<In, Out> {
  const { methods, guards } = createSessions<FastifyContext, In, Out>(manager, toExchange);
  // Fastify passes its own request and reply, so the app's function may name those types.
  const given = parseReject(options, "fastifySessions") as FastifySessionsOptions<
    FastifyContext["request"],
    FastifyContext
  >["reject"];
  const reject = given ?? ((error, _request, reply) => sendAnswer(toErrorResponse(error), reply));

  async function run(
    guard: Guard<FastifyContext>,
    ...[request, reply, done]: Parameters<FastifyHook>
  ): Promise<void> {
    try {
      const guarded = guard(reply);
      const rejection = guarded && (await guarded);
      if (rejection) {
        const payload = await reject(rejection, request, reply);
        if (payload !== undefined && !reply.sent) send(reply, payload);
        return;
      }
    } catch (error) {
      // Fastify accepts any object as an error.
      done(toErrorObject(error) as Error);
      return;
    }
    done();
  }

  // With `done` rather than a promise: a hook that resolves lets the handler run if the reply has not been sent by then.
  // That is so while an `onSend` hook of the app is at work, or when the client disconnected first.
  function hook(guard: Guard<FastifyContext>): FastifyHook {
    return (request, reply, done) => void run(guard, request, reply, done);
  }

  return {
    ...methods,
    public: (options) => hook(guards.public(options)),
    auth: (options) => hook(guards.auth(options)),
    [MOUNT]: (routes) => routesPlugin(routes, sendAnswer),
  };
}

function toExchange(reply: FastifyContext): FastifyExchange {
  if (reply?.raw && reply.request) return new FastifyExchange(reply);
  throw new TypeError("sessionup/fastify: the context must be the reply, with its request. Pass `reply`.");
}

function sendAnswer({ status, headers, body }: RouteAnswer, reply: FastifyContext): void {
  reply.statusCode = status;
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  send(reply, body);
}

function send(reply: FastifyContext, payload: unknown): void {
  // The route's types do not describe this payload.
  (reply.send as (payload: unknown) => unknown).call(reply, payload);
}
