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
import type { Session } from "../session.ts";
import type { MaybePromise } from "../store.ts";
import { type NestResponse, toNestExchange } from "./nest/exchange.ts";
import type { FastifyReplyLike } from "./shared/fastify-exchange.ts";
import type { NodeRequest, NodeResponse } from "./shared/node-exchange.ts";
import { routesMiddleware } from "./shared/node-middleware.ts";
import { parseReject } from "./shared/reject-option.ts";

/**
 * The context: the platform's response, which is Express's `res` or Fastify's `reply`. Handlers get it from
 * `@Res({ passthrough: true })`, guards, interceptors and filters from `switchToHttp().getResponse()`.
 */
export type NestContext = NestResponse | FastifyReplyLike;

/** Middleware for `app.use` and `consumer.apply`, on both platforms. Nest does not apply a global prefix to middleware. */
export type NestMiddleware = (
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** The decorator of a parameter of type `Value`. It does not compile on a parameter of another type. */
export type ParameterOf<Value> = <Target, Key extends keyof Target, Index extends number>(
  target: Target,
  key: Key,
  index: Target[Key] extends (...parameters: infer Types) => unknown
    ? [Value] extends [Types[Index]]
      ? Index
      : never
    : never,
) => void;

/** The session methods with the platform's response as their context. */
export interface NestSessions<In = undefined, Out = In>
  extends Sessions<NestContext, In, Out>,
    Mountable<NestContext, NestMiddleware> {
  /** The token under which the module provides the methods: `@Inject(sessions.token)`. Unique to these sessions. */
  readonly token: symbol;
  /**
   * Returns a global module to import once. It provides the methods, and responds to each `SessionError` that a handler throws
   * as `reject` says. Without the module, Nest responds to these errors with 500.
   */
  module(): DynamicModule;
  /**
   * Creates a guard that loads the session if there is one, and runs the handler either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public(options?: PublicOptions): CanActivate;
  /**
   * Creates a guard that runs the handler only with a session. Otherwise rejects with 401 and the reason, or with 503 when the
   * store does not answer.
   */
  auth(options?: AuthOptions): CanActivate;
  /**
   * Creates a guard for the whole app: `{ provide: APP_GUARD, useValue: sessions.appGuard() }`. It does what `auth` does,
   * except for handlers that are marked with `@sessions.Open()`.
   */
  appGuard(options?: AuthOptions): CanActivate;
  /** Marks a handler or a controller, for which `appGuard` does what `public` does. A handler's mark overrides its controller's. */
  Open(options?: PublicOptions): ClassDecorator & MethodDecorator;
  /** Passes the session to a handler's parameter, and loads it if no guard did. Rejects as `auth` does without a session. */
  CurrentSession(options?: { readonly optional?: false }): ParameterOf<Session<Out>>;
  /** Passes the session, or `undefined` without one. Rejects only when the store does not answer. */
  CurrentSession(options: { readonly optional: true }): ParameterOf<Session<Out> | undefined>;
}

/** The options of `nestSessions`. */
export interface NestSessionsOptions {
  /**
   * Returns the exception to reject a request with, for the app's filters. Default: Nest's own for 401, 403 and 503, with the
   * default JSON. `error.status` is 401, 403 for a page of another origin, or 503 when the store does not answer. Show a 503 as
   * an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, host: ArgumentsHost) => HttpException | Promise<HttpException>;
}

/**
 * Creates the sessions of a NestJS app, on Express or on Fastify. If the app has configured which proxies its platform
 * trusts, the platform determines the client's address.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { nestSessions } from "sessionup/nest";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * // In the app's module: `imports: [sessions.module()]`.
 * // On a handler with `(@sessions.CurrentSession() session: Session)`: `@UseGuards(sessions.auth())`.
 * export const sessions = nestSessions(new Manager(memoryStore()));
 * ```
 */
export function nestSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: NestSessionsOptions = {},
): NestSessions<In, Out> {
  const reject = parseReject(options, "nestSessions") ?? toException;
  const { methods, guards } = createSessions<NestContext, In, Out>(manager, toNestExchange);
  const token = Symbol("sessionup");
  const openGuards = new WeakMap<object, Guard<NestContext>>();

  async function rejectRequest(error: SessionError, host: ArgumentsHost): Promise<never> {
    const exception: unknown = await reject(error, host);
    if (!(exception instanceof HttpException)) {
      throw new TypeError("nestSessions.reject must return the HttpException to reject the request with.");
    }
    // An exception carries no headers. Filters may change all of these except Cache-Control.
    const exchange = toNestExchange(getResponse(host));
    if (exchange.blocked() === undefined) {
      for (const [name, value] of Object.entries(toErrorResponse(error).headers)) {
        if (name === "cache-control") exchange.setHeader(name, value);
        else if (name !== "content-type") exchange.setDefaultHeader(name, value);
      }
    }
    throw exception;
  }

  function nestGuard(
    guard: (response: NestContext, context: ExecutionContext) => MaybePromise<SessionError | undefined>,
  ): CanActivate {
    return {
      async canActivate(context) {
        const rejection = await guard(getResponse(context), context);
        return rejection ? rejectRequest(rejection, context) : true;
      },
    };
  }

  const interceptor: NestInterceptor = {
    intercept: (context, next) =>
      next.handle().pipe(
        catchError((error: unknown) => {
          // Errors of status 500 are the app's mistakes. Nest logs them as they are.
          if (SessionError.is(error) && error.status !== 500) return rejectRequest(error, context);
          throw error;
        }),
      ),
  };

  const currentSession = createParamDecorator(async (optional: boolean, context) => {
    try {
      const response = getResponse(context);
      const session = await methods.get(response);
      return optional ? session : methods.require(response);
    } catch (error) {
      if (SessionError.is(error)) return rejectRequest(error, context);
      throw error;
    }
  });

  return {
    ...methods,
    token,
    module: () => ({
      module: class SessionsModule {},
      global: true,
      providers: [
        { provide: token, useValue: methods },
        { provide: APP_INTERCEPTOR, useValue: interceptor },
      ],
      exports: [token],
    }),
    public: (options) => nestGuard(guards.public(options)),
    auth: (options) => nestGuard(guards.auth(options)),
    appGuard(options) {
      const auth = guards.auth(options);
      return nestGuard((response, context) => {
        const open = openGuards.get(context.getHandler()) ?? openGuards.get(context.getClass());
        return (open ?? auth)(response);
      });
    },
    Open(options) {
      const open = guards.public(options);
      return (target: object, _key?: string | symbol, descriptor?: { value?: unknown }): void => {
        openGuards.set(typeof descriptor?.value === "function" ? descriptor.value : target, open);
      };
    },
    CurrentSession: ({ optional = false } = {}) => currentSession(optional) as ParameterOf<unknown>,
    [MOUNT]: (routes) =>
      routesMiddleware((_request, response, asked) => routes(response as NestResponse, asked)),
  };
}

function getResponse(host: ArgumentsHost): NestContext {
  if (host.getType() === "http") return host.switchToHttp().getResponse();
  throw new TypeError(
    `sessionup/nest: a "${host.getType()}" context has no response that could carry a cookie. ` +
      "For GraphQL, call the session methods with the response from the GraphQL context.",
  );
}

/** Nest's own exceptions, because filters select exceptions by class. */
const EXCEPTIONS: Readonly<Record<number, new (body: object, options: { cause: unknown }) => HttpException>> =
  {
    401: UnauthorizedException,
    403: ForbiddenException,
    503: ServiceUnavailableException,
  };

function toException(error: SessionError): HttpException {
  const { status, body } = toErrorResponse(error);
  const Exception = EXCEPTIONS[status];
  const json = JSON.parse(body) as object;
  return Exception
    ? new Exception(json, { cause: error })
    : new HttpException(json, status, { cause: error });
}
