import type { Duration } from "../duration.ts";
import { createSessions, getInternals, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { CookieOptions } from "../options/cookie-options.ts";
import type { ManagerOptions } from "../options/manager-options.ts";
import { isPromise } from "../rules/maybe-promise.ts";
import { typed } from "../standard-schema.ts";
import type { SessionData } from "./express-session/changes.ts";
import { type HoldableResponse, holdResponse } from "./express-session/held-response.ts";
import { type ExpressSessionOptions, parseExpressSessionOptions } from "./express-session/options.ts";
import { SessionSlot, type Sides } from "./express-session/session-slot.ts";
import { toErrorObject } from "./shared/handler.ts";
import type { NodeRequest } from "./shared/node-exchange.ts";

export type { SessionData } from "./express-session/changes.ts";
export type { HoldableResponse } from "./express-session/held-response.ts";
export type { ExpressSessionOptions } from "./express-session/options.ts";
export type {
  RequestSession,
  RequestSessionCookie,
  SessionCallback,
} from "./express-session/session-object.ts";

/** A request of Express 4 or 5, as far as it is used here. The middleware adds `session` and `sessionID`. */
export interface ExpressSessionRequest extends NodeRequest {
  readonly res?: unknown;
}

/** Middleware of Express that provides `req.session` and `req.sessionID`. */
export interface ExpressSessionMiddleware {
  (
    request: ExpressSessionRequest,
    response: HoldableResponse,
    next: (error?: unknown) => void,
  ): Promise<void>;
  /** The manager of visitors' sessions, over the same store: for its events and its `notBefore`. */
  readonly visitors: Manager<SessionData>;
}

/**
 * Creates middleware for Express 4 and 5 that provides `req.session` as express-session does, for middleware that expects it.
 *
 * The data of a signed-in user is the metadata of the session, so the manager needs the option `meta`. A visitor gets a session
 * of its own when data is set, with another cookie, which `auth` never accepts. It ends at the login. Changed properties are
 * saved by compare-and-set before the response leaves. If that fails, the response is dropped and the error goes to `next`.
 *
 * Throws `TypeError` for invalid options, for options of express-session, and for a manager without `meta`.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager, typed } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { expressSession } from "sessionup/express-session";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore(), { meta: typed<{ views?: number } | undefined>() });
 * const sessions = expressSessions(manager);
 * const app = express();
 * app.use(expressSession(sessions));
 * ```
 */
export function expressSession<Context extends ExpressSessionRequest, In, Out extends In>(
  sessions: Sessions<Context, In, Out>,
  options: ExpressSessionOptions = {},
): ExpressSessionMiddleware {
  const parsed = parseExpressSessionOptions(options);
  const users = getInternals<Context, In, Out>(sessions);
  const { attributes, base } = users.lifecycle.options.cookie;
  if (!users.lifecycle.options.meta)
    throw new TypeError(
      "expressSession requires the manager's option meta: a schema of the data, or typed<T>().",
    );
  if (parsed.name === base)
    throw new TypeError("expressSession.name must differ from the manager's cookie.name.");
  const sameSite = parsed.sameSite ?? (attributes.sameSite === "strict" ? "lax" : attributes.sameSite);
  const visitors = createVisitors(users.manager, {
    cookie: { name: parsed.name, sameSite },
    expiresIn: options.expiresIn,
  });
  const { methods } = createSessions(
    visitors,
    (context: Context) => users.getState(context).exchange,
    users.toCarrier,
  );
  const sides = { users, visitors: getInternals(methods) } as unknown as Sides<ExpressSessionRequest>;
  return Object.assign(createMiddleware(sides), { visitors });
}

/** Creates the manager of visitors. The options that concern users and their logins do not apply to visitors. */
function createVisitors<In, Out extends In>(
  manager: Manager<In, Out>,
  own: { readonly cookie: CookieOptions; readonly expiresIn: Duration | undefined },
): Manager<SessionData> {
  const off = {
    client: { ip: false, agent: false, geo: undefined, parse: undefined },
    ...{ clearSiteData: undefined, nist: undefined, recognize: undefined, tombstones: undefined },
    ...{ maxSessions: undefined, rotateEvery: undefined, validate: undefined },
  };
  // With exact optional types, an option cannot be switched off by `undefined`.
  return manager.with({
    ...off,
    ...own,
    meta: typed<SessionData>(),
  } as object as ManagerOptions<SessionData>);
}

function createMiddleware(sides: Sides<ExpressSessionRequest>) {
  return async (
    request: ExpressSessionRequest & { session?: unknown },
    response: HoldableResponse,
    next: (error?: unknown) => void,
  ): Promise<void> => {
    // As in express-session, the first middleware that provides a session wins.
    if (request.session) return next();
    const slot = new SessionSlot(sides, request, (error) => next(toErrorObject(error)));
    try {
      const loading = slot.load();
      if (isPromise(loading)) await loading;
    } catch (error) {
      return next(toErrorObject(error));
    }
    attachSlot(slot, request, response);
    return next();
  };
}

/** Defines `req.session` and `req.sessionID`. */
function attachSlot(
  slot: SessionSlot<ExpressSessionRequest>,
  request: ExpressSessionRequest,
  response: HoldableResponse,
): void {
  const get = () => slot.read();
  const prepare = () => {
    // The app has deleted or redefined the property.
    if (Object.getOwnPropertyDescriptor(request, "session")?.get !== get) slot.session = undefined;
    return slot.prepare();
  };
  const set = (value: unknown) => {
    slot.session = value;
  };
  Object.defineProperties(request, {
    session: { configurable: true, enumerable: true, get, set },
    sessionID: { configurable: true, enumerable: true, get: () => slot.id },
  });
  // At once: in `res.end(req.session.name)`, JavaScript reads `res.end` before `req.session`.
  holdResponse(response, prepare, (error) => slot.fail(error));
}
