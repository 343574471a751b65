import type { SessionError } from "../errors.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import {
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
  type TrustedView,
} from "./shared/node-exchange.ts";
import { guardMiddleware, routesMiddleware, sendError } from "./shared/node-middleware.ts";
import { parseReject } from "./shared/reject-option.ts";

export type { NodeResponse } from "./shared/node-exchange.ts";

/** The context: the request of Express 4 or 5, which has its response as `res`. */
export interface ExpressContext extends NodeRequest {
  readonly res?: NodeResponse | undefined;
  readonly ip?: string | undefined;
  readonly protocol?: string | undefined;
  readonly app?: { readonly settings?: Readonly<Record<string, unknown>> } | undefined;
}

/** Middleware of Express. */
export type ExpressMiddleware = (
  request: ExpressContext,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** The session methods with `req` as their context. */
export interface ExpressSessions<In = undefined, Out = In>
  extends Sessions<ExpressContext, In, Out>,
    Mountable<ExpressContext, ExpressMiddleware> {
  /**
   * Creates middleware that loads the session if there is one, and runs the handler either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public(options?: PublicOptions): ExpressMiddleware;
  /**
   * Creates middleware that runs the handler only with a session. Otherwise rejects with 401 and the reason, or with 503 when
   * the store does not answer.
   */
  auth(options?: AuthOptions): ExpressMiddleware;
}

/** The options of `expressSessions`. `Request` and `Response` are Express's types, as far as `reject` names them. */
export interface ExpressSessionsOptions<Request, Response> {
  /**
   * Responds to a rejected request in place of the default JSON. `error.status` is 401, 403 for a page of another origin, or
   * 503 when the store does not answer. Show a 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, request: Request, response: Response) => unknown;
}

/**
 * Creates the sessions of an Express 4 or 5 app. If the app has set `trust proxy`, the client's address is `req.ip`.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore()));
 * const app = express();
 * app.get("/devices", sessions.auth(), async (req, res) => {
 *   res.json(await sessions.fetchAll(req));
 * });
 * ```
 */
export function expressSessions<
  In,
  Out extends In,
  Request extends ExpressContext = ExpressContext,
  Response extends NodeResponse = NodeResponse,
>(
  manager: Manager<In, Out>,
  options: ExpressSessionsOptions<Request, Response> = {},
): ExpressSessions<In, Out> {
  const { methods, guards } = createSessions(manager, toExchange);
  // Express passes its own request and response, so the app's function may name those types.
  const given = parseReject(options, "expressSessions") as ExpressSessionsOptions<
    ExpressContext,
    NodeResponse
  >["reject"];
  const reject = given ?? ((error, _request, response) => sendError(error, response));
  return {
    ...methods,
    public: (options) => guardMiddleware(guards.public(options), reject),
    auth: (options) => guardMiddleware(guards.auth(options), reject),
    [MOUNT]: (routes) => routesMiddleware((request, _response, asked) => routes(request, asked)),
  };
}

class ExpressExchange extends NodeExchange<ExpressContext> {
  protected override trusted(): TrustedView | undefined {
    const request = this.source();
    return request.app?.settings?.["trust proxy"] ? request : undefined;
  }
}

function toExchange(request: ExpressContext): ExpressExchange {
  if (request?.res) return new ExpressExchange(request, request.res);
  throw new TypeError(
    "sessionup/express: the context must be the request of an Express app. Pass `req`. " +
      "For a bare Router use sessionup/node.",
  );
}
