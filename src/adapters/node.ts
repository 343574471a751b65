import type { SessionError } from "../errors.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import {
  middleware,
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  routeRequestOf,
  routesMiddleware,
  sendRejection,
} from "./shared/node-exchange.ts";

export type { NodeRequest, NodeResponse } from "./shared/node-exchange.ts";

/** The context: the response, which knows its request. */
export interface NodeContext extends NodeResponse {
  readonly req: NodeRequest;
}

/** Middleware of the form that `node:http` servers, connect and polka share. Resolves when `next` has been called, or the request refused. */
export type NodeMiddleware = (
  request: NodeRequest,
  response: NodeContext,
  next: (error?: unknown) => void,
) => Promise<void>;

/** The verbs with `ServerResponse` as their context. */
export interface NodeSessions<In = undefined, Out = In>
  extends Sessions<NodeContext, In, Out>,
    Mountable<NodeContext, NodeMiddleware> {
  /** Loads the session if there is one, and calls `next` without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): NodeMiddleware;
  /** Calls `next` with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): NodeMiddleware;
}

/** What the adapter of `node:http` can be told. */
export interface NodeSessionsOptions {
  /** Answers in place of the JSON: `error.status` is 401, 403 to another origin's page, or 503 when nobody knows. Show an outage as one, never as a login. */
  readonly reject?: (error: SessionError, request: NodeRequest, response: NodeContext) => unknown;
}

/**
 * Sessions for `node:http`, `node:https` and the compatible API of `node:http2`.
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
 * export const server = createServer((req, res) => {
 *   auth(req, res, () => res.end(`Hello, ${sessions.require(res).userKey}`));
 * });
 * ```
 */
export function nodeSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: NodeSessionsOptions = {},
): NodeSessions<In, Out> {
  checkOptionNames(options, "nodeSessions", ["reject"]);
  const { reject = (error, _request, response) => sendRejection(error, response) } = options;
  const { verbs, guards } = createSessions(manager, exchangeOf);
  const guard = (decide: Guard<NodeContext>) =>
    middleware((_, response: NodeContext) => decide(response), reject);
  return {
    ...verbs,
    public: (options) => guard(guards.public(options)),
    auth: (options) => guard(guards.auth(options)),
    [MOUNT]: (routes) => routesMiddleware((request, response) => routes(response, routeRequestOf(request))),
  };
}

function exchangeOf(response: NodeContext): NodeExchange {
  if (typeof response?.getHeader !== "function" || !response.req) {
    throw new TypeError("sessionup/node: the context is the response, which knows its request: pass `res`");
  }
  return new NodeExchange(response.req, response);
}
