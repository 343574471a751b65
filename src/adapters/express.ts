import type { SessionError } from "../errors.ts";
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
  type TrustedView,
} from "./shared/node-exchange.ts";

export type { NodeResponse } from "./shared/node-exchange.ts";

/** The context: the request of Express 4 or 5, which knows its response. */
export interface ExpressContext extends NodeRequest {
  readonly res?: NodeResponse | undefined;
  readonly ip?: string | undefined;
  readonly protocol?: string | undefined;
  readonly app?: { readonly settings?: Readonly<Record<string, unknown>> } | undefined;
}

/** Express's middleware. */
export type ExpressMiddleware = (
  request: ExpressContext,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** The verbs with `req` as their context. */
export interface ExpressSessions<In = undefined, Out = In>
  extends Sessions<ExpressContext, In, Out>,
    Mountable<ExpressContext, ExpressMiddleware> {
  /** Loads the session if there is one; the handler runs without one, too; 403 to what another origin's page sends. */
  public(options?: PublicOptions): ExpressMiddleware;
  /** Lets the handler run with a session only; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): ExpressMiddleware;
}

/** `Request` and `Response` are Express's own, as far as `reject` names them. */
export interface ExpressSessionsOptions<Request, Response> {
  /** Answers in place of the JSON: `error.status` is 401, 403 to another origin's page, or 503 when nobody knows. Show an outage as one, never as a login. */
  readonly reject?: (error: SessionError, request: Request, response: Response) => unknown;
}

/**
 * Sessions for Express 4 and 5. Where the app has set `trust proxy`, the client's address is `req.ip`.
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
  checkOptionNames(options, "expressSessions", ["reject"]);
  const { verbs, guards } = createSessions(manager, exchangeOf);
  // Whatever of Express's types the app's function names: it is Express that calls this middleware.
  const own = options.reject as ExpressSessionsOptions<ExpressContext, NodeResponse>["reject"];
  const reject = own ?? ((error, _request, response) => sendRejection(error, response));
  return {
    ...verbs,
    public: (options) => middleware(guards.public(options), reject),
    auth: (options) => middleware(guards.auth(options), reject),
    [MOUNT]: (routes) => routesMiddleware((request) => routes(request, routeRequestOf(request))),
  };
}

class ExpressExchange extends NodeExchange {
  readonly #request: ExpressContext;

  constructor(request: ExpressContext, response: NodeResponse) {
    super(request, response);
    this.#request = request;
  }

  protected override trusted(): TrustedView | undefined {
    return this.#request.app?.settings?.["trust proxy"] ? this.#request : undefined;
  }
}

function exchangeOf(request: ExpressContext): ExpressExchange {
  if (!request?.res) {
    throw new TypeError(
      "sessionup/express: the context is the request of an Express app, which knows its response: pass `req`. " +
        "A bare Router under node:http has none: use sessionup/node there",
    );
  }
  return new ExpressExchange(request, request.res);
}
