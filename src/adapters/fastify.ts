import type { SessionError } from "../errors.ts";
import { toErrorResponse } from "../http/error-response.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable, type RouteAnswer, type Routes } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import { FastifyReplyExchange, type FastifyReplyLike } from "./fastify/reply-exchange.ts";
import { failureOf } from "./shared/answered.ts";

/** The context: the reply, which knows its request. Of an app over HTTP/1, HTTPS or HTTP/2. */
export interface FastifyContext extends FastifyReplyLike {
  statusCode: number;
  // A route's types say what it sends. What we send is none of it.
  send(...payload: never[]): unknown;
}

/** A hook of the form that `onRequest`, `preValidation` and `preHandler` share. */
export type FastifyHook = (
  request: FastifyContext["request"],
  reply: FastifyContext,
  done: (error?: Error) => void,
) => void;

/** What the ready-made routes use of the instance that they are registered with. */
export interface FastifyScope {
  readonly prefix: string;
  readonly supportedMethods: readonly string[];
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(contentType: string, parser: never): unknown;
  route(options: never): unknown;
}

/** A plugin for `app.register`. */
export type FastifyPlugin = (instance: FastifyScope) => Promise<void>;

/** The verbs with `reply` as their context. */
export interface FastifySessions<In = undefined, Out = In>
  extends Sessions<FastifyContext, In, Out>,
    Mountable<FastifyContext, FastifyPlugin> {
  /** A hook that loads the session if there is one; the handler runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): FastifyHook;
  /** A hook that lets the handler run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): FastifyHook;
}

/** `Request` and `Reply` are Fastify's own, as far as `reject` names them. */
export interface FastifySessionsOptions<Request, Reply> {
  /**
   * Answers in place of the JSON, as a handler does: sends, or returns what to send; what it throws goes to the app's
   * error handler. `error.status` is 401, 403 to another origin's page, or 503 when nobody knows. Show an outage as one, never as a login.
   */
  readonly reject?: (error: SessionError, request: Request, reply: Reply) => unknown;
}

/**
 * Sessions for Fastify 5. Where the app has set `trustProxy`, the client's address is `request.ip`.
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
  checkOptionNames(options, "fastifySessions", ["reject"]);
  const { verbs, guards } = createSessions<FastifyContext, In, Out>(manager, exchangeOf);
  // Whatever of Fastify's types the app's function names: it is Fastify that calls this hook.
  const reject = (options.reject ?? sendRejection) as Reject;
  return {
    ...verbs,
    public: (options) => hook(guards.public(options), reject),
    auth: (options) => hook(guards.auth(options), reject),
    [MOUNT]: (routes) => async (instance) => register(instance, routes),
  };
}

type Reject = (error: SessionError, request: FastifyContext["request"], reply: FastifyContext) => unknown;

function exchangeOf(reply: FastifyContext): FastifyReplyExchange {
  if (!reply?.raw || !reply.request) {
    throw new TypeError("sessionup/fastify: the context is the reply, which knows its request: pass `reply`");
  }
  return new FastifyReplyExchange(reply);
}

/**
 * With `done` and no promise: a hook that resolves lets the handler run unless the reply has gone by then, and it has
 * not while an `onSend` hook of the app's is at work, or when the client went away first.
 */
function hook(decide: Guard<FastifyContext>, reject: Reject): FastifyHook {
  async function admit(request: FastifyContext["request"], reply: FastifyContext): Promise<boolean> {
    const refusal = await decide(reply);
    if (!refusal) return true;
    const payload = await reject(refusal, request, reply);
    if (payload !== undefined && !reply.sent) send(reply, payload);
    return false;
  }
  return (request, reply, done) => {
    admit(request, reply).then(
      (admitted) => {
        if (admitted) done();
      },
      // To Fastify, an error is whatever is thrown.
      (error) => done(failureOf(error) as Error),
    );
  };
}

function sendRejection(error: SessionError, _request: unknown, reply: FastifyContext): void {
  sendAnswer(toErrorResponse(error), reply);
}

function sendAnswer({ status, headers, body }: RouteAnswer, reply: FastifyContext): void {
  reply.statusCode = status;
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  send(reply, body);
}

/** Around the types of the route, which know nothing of us. */
function send(reply: FastifyContext, payload: unknown): void {
  (reply.send as (payload: unknown) => unknown).call(reply, payload);
}

interface RoutesRequest {
  readonly method: string;
  readonly params: { readonly "*"?: string };
}

interface RoutesReply extends FastifyContext {
  callNotFound(): unknown;
}

/** What of Fastify's own, generic signatures is called here. */
interface RoutesScope {
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  route(options: {
    method: string[];
    url: string;
    exposeHeadRoute: boolean;
    handler: (request: RoutesRequest, reply: RoutesReply) => Promise<unknown>;
  }): unknown;
}

/**
 * Registers each route by itself, so that every other path stays the app's. They are found by Fastify's router, which
 * the app may have told of other slashes and capitals: what is answered goes by the route, not by the URL.
 */
function register(instance: FastifyScope, routes: Routes<FastifyContext>): void {
  const mount = instance.prefix.replace(/\/$/, "");
  const scope = instance as unknown as RoutesScope;
  // Bodies mean nothing here. They are left unread, so none is of a wrong type, malformed or too large.
  instance.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const method = instance.supportedMethods.filter((each) => each !== "OPTIONS");
  for (const path of routes.paths(mount)) {
    // A parameter of Fastify's has a greatest length, behind which it is another's not found.
    const pattern = path.replace(/:id$/, "*");
    scope.route({
      method,
      url: pattern.slice(mount.length),
      // HEAD is among the methods.
      exposeHeadRoute: false,
      async handler({ method, params }, reply) {
        const id = params["*"]?.replace(/[?#]/g, encodeURIComponent) ?? "";
        const found = await routes(reply, { method, mount, path: path.replace(/:id$/, () => id) });
        if (found) sendAnswer(found, reply);
        else reply.callNotFound();
        return reply;
      },
    });
  }
}
