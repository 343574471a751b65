import type { SessionError } from "../../errors.ts";
import { toErrorResponse } from "../../http/error-response.ts";
import type { RouteAnswer, RouteRequest } from "../../http/mount.ts";
import type { MaybePromise } from "../../store.ts";
import { toErrorObject } from "./handler.ts";
import type { NodeRequest, NodeResponse } from "./node-exchange.ts";

/**
 * Middleware of the form that `node:http` servers, connect and Express share. It resolves and rejects as `next` does, so that a
 * server that awaits the middleware catches the errors of an asynchronous handler.
 */
type Middleware<Request, Response> = (
  request: Request,
  response: Response,
  next: (error?: unknown) => unknown,
) => Promise<void>;

/** Creates middleware that calls `next` unless `guard` finds something to respond with, such as the error of a rejection. */
export function guardMiddleware<Request, Response, Reply>(
  guard: (request: Request, response: Response) => MaybePromise<Reply | undefined>,
  respond: (reply: Reply, request: Request, response: Response) => unknown,
): Middleware<Request, Response> {
  return async (request, response, next) => {
    try {
      const guarded = guard(request, response);
      // An `await` would delay a request that is admitted at once.
      const reply = guarded && (await guarded);
      if (reply) {
        await respond(reply, request, response);
        return;
      }
    } catch (error) {
      await next(toErrorObject(error));
      return;
    }
    // Errors of `next` are not caught: Express has passed them on itself.
    return next() as Promise<void>;
  };
}

/** Creates middleware that calls `next` unless one of the ready-made routes answers the request. */
export function routesMiddleware<Request extends NodeRequest, Response extends NodeResponse>(
  routes: (request: Request, response: Response, asked: RouteRequest) => Promise<RouteAnswer | undefined>,
): Middleware<Request, Response> {
  return guardMiddleware(
    (request, response) => routes(request, response, toRouteRequest(request)),
    (answer, _request, response) => send(answer, response),
  );
}

/** Describes a request to the routes: its method, its whole path and what the app's mounts have left of it. */
export function toRouteRequest({
  method = "",
  url = "",
  originalUrl = url,
}: Omit<NodeRequest, "headers">): RouteRequest {
  return { method, path: originalUrl, rest: url };
}

/** Responds to a rejected request when the app has no `reject`. */
export function sendError(error: SessionError, response: NodeResponse): void {
  send(toErrorResponse(error), response);
}

function send({ status, headers, body }: RouteAnswer, response: NodeResponse): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined) response.end();
  else response.end(body);
}
