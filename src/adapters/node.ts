import type { SessionError } from "../errors.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { NodeExchange, type NodeRequest, type NodeResponse } from "./shared/node-exchange.ts";
import { guardMiddleware, routesMiddleware, sendError } from "./shared/node-middleware.ts";
import { parseReject } from "./shared/reject-option.ts";

export type { NodeRequest, NodeResponse } from "./shared/node-exchange.ts";

/** The context: the response, which has its request as `req`. */
export interface NodeContext extends NodeResponse {
  readonly req: NodeRequest;
}

/**
 * Middleware of the form that `node:http` servers, connect and polka share. Resolves when `next` has settled or the request
 * has been rejected. Rejects when `next` throws or rejects, so a server must await the middleware and catch its errors.
 */
export type NodeMiddleware = (
  request: NodeRequest,
  response: NodeContext,
  next: (error?: unknown) => unknown,
) => Promise<void>;

/** The session methods with `ServerResponse` as their context. */
export interface NodeSessions<In = undefined, Out = In>
  extends Sessions<NodeContext, In, Out>,
    Mountable<NodeContext, NodeMiddleware> {
  /**
   * Creates middleware that loads the session if there is one, and calls `next` either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public(options?: PublicOptions): NodeMiddleware;
  /**
   * Creates middleware that calls `next` only with a session. Otherwise rejects with 401 and the reason, or with 503 when the
   * store does not answer.
   */
  auth(options?: AuthOptions): NodeMiddleware;
}

/** The options of `nodeSessions`. */
export interface NodeSessionsOptions {
  /**
   * Responds to a rejected request in place of the default JSON. `error.status` is 401, 403 for a page of another origin, or
   * 503 when the store does not answer. Show a 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, request: NodeRequest, response: NodeContext) => unknown;
}

/**
 * Creates sessions for `node:http`, `node:https` and the compatibility API of `node:http2`.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { Manager } from "sessionup";
 * import { nodeSessions } from "sessionup/node";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = nodeSessions(new Manager(memoryStore()));
 * const auth = sessions.auth();
 *
 * export const server = createServer(async (req, res) => {
 *   try {
 *     await auth(req, res, () => res.end(`Hello, ${sessions.require(res).userKey}`));
 *   } catch {
 *     res.writeHead(500).end();
 *   }
 * });
 * ```
 */
export function nodeSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: NodeSessionsOptions = {},
): NodeSessions<In, Out> {
  const reject =
    parseReject(options, "nodeSessions") ?? ((error, _request, response) => sendError(error, response));
  const { methods, guards } = createSessions(manager, toExchange);
  const middleware = (guard: Guard<NodeContext>) =>
    guardMiddleware((_request, response: NodeContext) => guard(response), reject);
  return {
    ...methods,
    public: (options) => middleware(guards.public(options)),
    auth: (options) => middleware(guards.auth(options)),
    [MOUNT]: (routes) => routesMiddleware((_request, response, asked) => routes(response, asked)),
  };
}

function toExchange(response: NodeContext): NodeExchange {
  if (typeof response?.getHeader === "function" && response.req)
    return new NodeExchange(response.req, response);
  throw new TypeError(
    "sessionup/node: the context must be the response, with its request as `req`. Pass `res`.",
  );
}
