import { formatToken } from "../cookie/token.ts";
import type { BoundSessions } from "../http/bound-sessions.ts";
import { RequestState } from "../http/request-state.ts";
import { getInternals, INTERNALS, type Sessions } from "../http/sessions.ts";
import { beginSession } from "../lifecycle/begin.ts";
import { traceOperation } from "../lifecycle/trace.ts";
import { type InitOptions, parseInitOptions } from "../options/init-options.ts";
import { checkUserKey } from "../options/user-key.ts";
import type { Session } from "../session.ts";
import { type DeviceOptions, parseDeviceOptions } from "./options.ts";

/** The options of `initBearer`. */
export type BearerInitOptions<In = undefined> = InitOptions<In> & DeviceOptions;

/** The options of `initBearer`, which may be left out unless metadata is required. */
export type BearerInitArguments<In> = undefined extends In
  ? [options?: BearerInitOptions<In>]
  : [options: BearerInitOptions<In> & { readonly meta: In }];

/** A session that `initBearer` has begun. */
export interface BegunSession<Out = undefined> {
  readonly session: Session<Out>;
  /** The token, which only this object has. Send it to the client in the body of this response, and nowhere else. */
  readonly token: string;
}

/**
 * Logs a native client in: creates a session whose token travels in `Authorization`, and ends the session that this client held.
 * Sets no cookie, and clears one whose session it has ended. The response gets `Cache-Control: no-store`. Call it after the app
 * has checked the user's identity.
 *
 * Has the options and the errors of `init`. Throws `TypeError` if the manager has no bearer transport.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { bearer, initBearer } from "sessionup/bearer";
 * import { expressSessions } from "sessionup/express";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * declare function checkPassword(body: unknown): Promise<{ id: string }>; // the app's own
 *
 * const manager = new Manager(memoryStore(), { transports: ["cookie", bearer()] });
 * const sessions = expressSessions(manager);
 * const app = express();
 * app.post("/app/login", express.json(), async (req, res) => {
 *   const user = await checkPassword(req.body);
 *   const { token } = await initBearer(sessions, req, user.id, { deviceName: req.body.deviceName });
 *   res.json({ token });
 * });
 * ```
 */
export async function initBearer<Context, In, Out>(
  sessions: Sessions<Context, In, Out>,
  context: Context,
  userKey: string,
  ...options: BearerInitArguments<In>
): Promise<BegunSession<Out>>;
export async function initBearer<In, Out>(
  sessions: BoundSessions<In, Out>,
  userKey: string,
  ...options: BearerInitArguments<In>
): Promise<BegunSession<Out>>;
export async function initBearer(
  sessions: object,
  ...args: readonly unknown[]
): Promise<BegunSession<unknown>> {
  const { lifecycle, getState, toCarrier } = getInternals<unknown, unknown, unknown>(sessions);
  const transport = lifecycle.options.transports;
  if (!transport)
    throw new TypeError(
      'initBearer requires the bearer transport. Create the manager with transports: ["cookie", bearer()].',
    );
  const apps = transport.getApps(lifecycle);
  const bound = (sessions as BoundSessions)[INTERNALS];
  const [context, userKey, options] =
    bound && "getContext" in bound ? [await bound.getContext(), ...args] : args;
  const begin = async () => {
    checkUserKey(userKey);
    const { deviceName: given, ...rest } = (options ?? {}) as BearerInitOptions<unknown>;
    const { deviceName } = parseDeviceOptions({ deviceName: given });
    const init = parseInitOptions(rest, apps);
    const state = getState(context);
    const { exchange } = state;
    if (init.crossOrigin === "allow") state.acceptAnyOrigin();
    state.checkOrigin();
    const meta = await apps.metadata.write(init.meta);
    const { held } = await state.loadKnown();
    const jkt = await transport.dpop?.bind(exchange, apps);
    const kept = {
      kind: "app",
      ...(deviceName !== undefined && { deviceName }),
      ...(jkt !== undefined && { jkt }),
    } as const;
    const begun = await beginSession(apps.issue(kept), exchange, userKey, init, meta, held);
    const { cookie } = state.lifecycle;
    if (held.length > 0 && !cookie.isExplicit) cookie.clearIfWritable(exchange);
    // Later methods of this request use the new session and its transport.
    const next = new RequestState(apps, exchange);
    next.result = begun;
    (toCarrier(context) as Record<symbol, RequestState<unknown>>)[lifecycle.key] = next;
    return { session: begun.session, token: formatToken(begun.token) };
  };
  return traceOperation(lifecycle, "init", begin, [context, userKey]);
}
