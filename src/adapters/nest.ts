import {
  type ArgumentsHost,
  type CanActivate,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  ForbiddenException,
  HttpException,
  type NestInterceptor,
  ServiceUnavailableException,
  UnauthorizedException,
} from "@nestjs/common";
import { APP_INTERCEPTOR } from "@nestjs/core";
import { catchError } from "rxjs";
import { SessionError } from "../errors.ts";
import { toErrorResponse } from "../http/error-response.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { Session } from "../session.ts";
import type { FastifyReplyLike } from "./fastify/reply-exchange.ts";
import { exchangeOf, type NestResponse } from "./nest/exchange.ts";
import {
  type NodeRequest,
  type NodeResponse,
  routeRequestOf,
  routesMiddleware,
} from "./shared/node-exchange.ts";

/**
 * The context: the response of the platform below, Express's `res` or Fastify's `reply`. Handlers get it by
 * `@Res({ passthrough: true })`, all others by `switchToHttp().getResponse()`.
 */
export type NestContext = NestResponse | FastifyReplyLike;

/** Middleware for `app.use` and `consumer.apply`, on both platforms. */
export type NestMiddleware = (
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** The decorator of a parameter that takes `Value`: on one of another type it does not compile. */
export type ParameterOf<Value> = <Target, Key extends keyof Target, Index extends number>(
  target: Target,
  key: Key,
  index: Target[Key] extends (...parameters: infer Types) => unknown
    ? [Value] extends [Types[Index]]
      ? Index
      : never
    : never,
) => void;

/** The verbs with the platform's response as their context. */
export interface NestSessions<In = undefined, Out = In>
  extends Sessions<NestContext, In, Out>,
    Mountable<NestContext, NestMiddleware> {
  /** Under which the module provides the verbs: `@Inject(sessions.token)`. One of its own for each manager. */
  readonly token: symbol;
  /**
   * A global module, to be imported once: provides the verbs, and answers every `SessionError` that a handler throws
   * as `reject` says. Without it Nest answers those with 500.
   */
  module(): DynamicModule;
  /** A guard that loads the session if there is one; the handler runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): CanActivate;
  /** A guard that lets the handler run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): CanActivate;
  /** `auth` for all that is not marked by `@sessions.Open()`: `{ provide: APP_GUARD, useValue: sessions.appGuard() }`. */
  appGuard(options?: AuthOptions): CanActivate;
  /** Marks a handler, or all of a controller: there `appGuard` does what `public` does. A handler's own mark wins. */
  Open(options?: PublicOptions): ClassDecorator & MethodDecorator;
  /** The session, for a parameter of a handler; loaded if no guard did. Without one it refuses as `auth` does. */
  CurrentSession(options?: { readonly optional?: false }): ParameterOf<Session<Out>>;
  /** The same, or `undefined` without one. Refuses only when the store does not answer. */
  CurrentSession(options: { readonly optional: true }): ParameterOf<Session<Out> | undefined>;
}

/** What the Nest adapter can be told. */
export interface NestSessionsOptions {
  /**
   * The exception to refuse with, for your filters. Default: Nest's own for 401, 403 and 503, with our JSON. `error.status`
   * is 401, 403 to another origin's page, or 503 when nobody knows: show an outage as one, never as a login.
   */
  readonly reject?: (error: SessionError, host: ArgumentsHost) => HttpException | Promise<HttpException>;
}

/**
 * Sessions for NestJS, on Express and on Fastify. Where the app has told its platform which proxies to trust, the
 * client's address is the platform's.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { nestSessions } from "sessionup/nest";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * // `imports: [sessions.module()]` in the app's module, and `@UseGuards(sessions.auth())` before a handler with
 * // `(@sessions.CurrentSession() session: Session)`.
 * export const sessions = nestSessions(new Manager(memoryStore()));
 * ```
 */
export function nestSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: NestSessionsOptions = {},
): NestSessions<In, Out> {
  checkOptionNames(options, "nestSessions", ["reject"]);
  const { reject = exceptionOf } = options;
  const { verbs, guards } = createSessions<NestContext, In, Out>(manager, exchangeOf);
  const token = Symbol("sessionup");
  const open = new WeakMap<object, Guard<NestContext>>();

  async function refuse(error: SessionError, host: ArgumentsHost): Promise<never> {
    const exception: unknown = await reject(error, host);
    if (!(exception instanceof HttpException)) {
      throw new TypeError("nestSessions.reject: must return the HttpException to refuse with");
    }
    // An exception carries no headers. A filter may change all of these but Cache-Control.
    const exchange = exchangeOf(responseOf(host));
    if (exchange.blocked() === undefined) {
      for (const [name, value] of Object.entries(toErrorResponse(error).headers)) {
        if (name === "cache-control") exchange.setHeader(name, value);
        else if (name !== "content-type") exchange.setDefaultHeader(name, value);
      }
    }
    throw exception;
  }

  function guard(
    decide: (response: NestContext, context: ExecutionContext) => Promise<SessionError | undefined>,
  ): CanActivate {
    return {
      async canActivate(context) {
        const refusal = await decide(responseOf(context), context);
        return refusal ? refuse(refusal, context) : true;
      },
    };
  }

  const interceptor: NestInterceptor = {
    intercept: (context, next) =>
      next.handle().pipe(
        catchError((error: unknown) => {
          // What the app has done wrong stays what it is, so that Nest logs it.
          if (SessionError.is(error) && error.status !== 500) return refuse(error, context);
          throw error;
        }),
      ),
  };

  const current = createParamDecorator(async (optional: boolean, context) => {
    try {
      const response = responseOf(context);
      const session = await verbs.get(response);
      return optional ? session : verbs.require(response);
    } catch (error) {
      return SessionError.is(error) ? refuse(error, context) : Promise.reject(error);
    }
  });

  return {
    ...verbs,
    token,
    module: () => ({
      module: class SessionsModule {},
      global: true,
      providers: [
        { provide: token, useValue: verbs },
        { provide: APP_INTERCEPTOR, useValue: interceptor },
      ],
      exports: [token],
    }),
    public: (options) => guard(guards.public(options)),
    auth: (options) => guard(guards.auth(options)),
    appGuard(options) {
      const authorize = guards.auth(options);
      return guard((response, context) => {
        const load = open.get(context.getHandler()) ?? open.get(context.getClass());
        return (load ?? authorize)(response);
      });
    },
    Open(options) {
      const load = guards.public(options);
      return (target: object, _key?: string | symbol, descriptor?: { value?: unknown }): void => {
        open.set(typeof descriptor?.value === "function" ? descriptor.value : target, load);
      };
    },
    CurrentSession: ({ optional = false } = {}) => current(optional) as ParameterOf<unknown>,
    [MOUNT]: (routes) =>
      routesMiddleware((request, response) => routes(response as NestResponse, routeRequestOf(request))),
  };
}

function responseOf(host: ArgumentsHost): NestContext {
  if (host.getType() === "http") return host.switchToHttp().getResponse();
  throw new TypeError(
    `sessionup/nest: "${host.getType()}" has no response that could carry a cookie; for GraphQL call the verbs with ` +
      "the response in its context",
  );
}

/** Nest's own exceptions, since filters are for their classes. */
const EXCEPTIONS: Readonly<Record<number, new (body: object, options: { cause: unknown }) => HttpException>> =
  {
    401: UnauthorizedException,
    403: ForbiddenException,
    503: ServiceUnavailableException,
  };

function exceptionOf(error: SessionError): HttpException {
  const { status, body } = toErrorResponse(error);
  const Exception = EXCEPTIONS[status];
  const json = JSON.parse(body) as object;
  return Exception
    ? new Exception(json, { cause: error })
    : new HttpException(json, status, { cause: error });
}
