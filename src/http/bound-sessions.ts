import type { ReauthenticateOptions } from "../options/middleware-options.ts";
import type { Session, SessionId } from "../session.ts";
import { INTERNALS, type InitArguments, type Sessions } from "./sessions.ts";

/**
 * The methods of `Sessions` without their first argument, for frameworks without a request object and for
 * `sessionup/context`. They have the same effects and errors, are all asynchronous, and load the session themselves.
 */
export interface BoundSessions<In = undefined, Out = In> {
  /** Logs in: creates a session, sets its cookie, and ends the session that this browser held. */
  init(userKey: string, ...options: InitArguments<In>): Promise<Session<Out>>;
  /** Loads the session, at most once per request. Throws `ERR_STORE` (503) when the store fails. */
  get(): Promise<Session<Out> | undefined>;
  /** Returns the session, and throws `ERR_UNAUTHORIZED` with the reason without one. */
  require(): Promise<Session<Out>>;
  /** Returns the user's live sessions, newest first, with the current one marked. */
  fetchAll(): Promise<readonly Session<Out>[]>;
  /** Logs out: ends the current session and clears the cookie. */
  revoke(): Promise<void>;
  /** Ends the user's other sessions and returns their ids. */
  revokeOther(): Promise<readonly SessionId[]>;
  /** Ends all sessions of the user, clears the cookie, and returns the ended ids. */
  revokeAll(): Promise<readonly SessionId[]>;
  /** Ends one of the user's sessions by its id. Another user's session throws `ERR_NOT_OWNER`. */
  revokeOwn(id: string): Promise<boolean>;
  /** Replaces the session's secret. Call it when privileges change. */
  rotate(): Promise<void>;
  /** Records that the user has just proved their identity (check that first), and rotates. */
  reauthenticate(options?: ReauthenticateOptions): Promise<void>;
  /** Replaces the metadata with the result of `update`. Returns the session, or `undefined` without one. */
  updateMeta(update: (meta: Out) => In | Promise<In>): Promise<Session<Out> | undefined>;
  /** @internal */
  readonly [INTERNALS]?: { readonly sessions: unknown; readonly getContext: () => Promise<unknown> };
}

/**
 * Binds the methods of `Sessions` to the context that `getContext` returns at each call.
 *
 * @example
 * ```ts
 * import { type BoundSessions, bindSessions, type Sessions } from "sessionup";
 *
 * declare const sessions: Sessions<{ request: Request }>;
 * declare function currentRequest(): { request: Request }; // the framework's own
 *
 * export const bound: BoundSessions = bindSessions(sessions, async () => currentRequest());
 * ```
 */
export function bindSessions<Context, In, Out>(
  sessions: Sessions<Context, In, Out>,
  getContext: () => Promise<Context>,
): BoundSessions<In, Out> {
  if (typeof sessions?.init !== "function")
    throw new TypeError("sessions must be the result of an adapter, such as expressSessions(manager).");
  return {
    [INTERNALS]: { sessions, getContext },
    init: async (userKey, ...options) => sessions.init(await getContext(), userKey, ...options),
    get: async () => sessions.get(await getContext()),
    async require() {
      const context = await getContext();
      await sessions.get(context);
      return sessions.require(context);
    },
    fetchAll: async () => sessions.fetchAll(await getContext()),
    revoke: async () => sessions.revoke(await getContext()),
    revokeOther: async () => sessions.revokeOther(await getContext()),
    revokeAll: async () => sessions.revokeAll(await getContext()),
    revokeOwn: async (id) => sessions.revokeOwn(await getContext(), id),
    rotate: async () => sessions.rotate(await getContext()),
    reauthenticate: async (options) => sessions.reauthenticate(await getContext(), options),
    updateMeta: async (update) => sessions.updateMeta(await getContext(), update),
  };
}

/** The sessions of an adapter, bound or not. @internal */
export type AnySessions = Sessions<never, never, unknown> | BoundSessions<never, unknown>;

/** Calls `use` with the sessions and their context. With bound sessions, loads the session first. @internal */
export function withContext<Result>(
  sessions: AnySessions,
  context: unknown,
  use: (sessions: AnySessions, context: unknown) => Result,
): Result | Promise<Result> {
  const bound = (sessions as BoundSessions<never, unknown>)?.[INTERNALS];
  if (!bound || !("getContext" in bound)) return use(sessions, context);
  return (async () => {
    const found = await bound.getContext();
    await (bound.sessions as Sessions<unknown>).get(found);
    return use(bound.sessions as AnySessions, found);
  })();
}
