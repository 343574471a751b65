import type { ReauthenticateOptions } from "../options/step-up-options.ts";
import type { Session, SessionId } from "../session.ts";
import type { InitArguments, Sessions } from "./sessions.ts";

/**
 * The verbs without their first argument, where a framework has no object that stands for a request, and in
 * `sessionup/context`. They do what those of `Sessions` do, throw what they throw, and load the session themselves.
 */
export interface BoundSessions<In = undefined, Out = In> {
  /** Logs in: begins a session and sets its cookie, and ends the session that this browser held. */
  init(userKey: string, ...options: InitArguments<In>): Promise<Session<Out>>;
  /** The session, if there is one; loaded at most once for a request. `ERR_STORE` (503) when nobody knows. */
  get(): Promise<Session<Out> | undefined>;
  /** The same, but throws `ERR_UNAUTHORIZED` with the reason when there is none. */
  require(): Promise<Session<Out>>;
  /** The hidden field of a form of this session's. Needs the option `keys`. */
  formToken(): Promise<string>;
  /** Throws `ERR_CROSS_ORIGIN` (403) unless that is such a text of this session's. Never forget its `await`. */
  verifyFormToken(text: unknown): Promise<void>;
  /** All live sessions of the same user, newest first, this request's own marked `current`. */
  fetchAll(): Promise<readonly Session<Out>[]>;
  /** Logs out: ends this request's session and clears the cookie. */
  revoke(): Promise<void>;
  /** Ends the user's other sessions; their ids. */
  revokeOther(): Promise<readonly SessionId[]>;
  /** Ends all sessions of the user and clears the cookie; their ids. */
  revokeAll(): Promise<readonly SessionId[]>;
  /** Ends one session of the same user by its id; whether it was there. `ERR_NOT_OWNER` for another user's. */
  revokeOwn(id: string): Promise<boolean>;
  /** The same session with a new secret: call it when privileges change. */
  rotate(): Promise<void>;
  /** Notes that the user has just proved who they are (check that first), and rotates. */
  reauthenticate(options?: ReauthenticateOptions): Promise<void>;
  /** Changes the metadata to what `update` returns; the session with it, or `undefined` without one. */
  updateMeta(update: (meta: Out) => In | Promise<In>): Promise<Session<Out> | undefined>;
}

/**
 * Binds the verbs to the context that `contextOf` finds at each call.
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
  contextOf: () => Promise<Context>,
): BoundSessions<In, Out> {
  if (typeof sessions?.init !== "function")
    throw new TypeError("sessions must be what an adapter returns, such as expressSessions(manager).");
  return {
    init: async (userKey, ...options) => sessions.init(await contextOf(), userKey, ...options),
    get: async () => sessions.get(await contextOf()),
    async require() {
      const context = await contextOf();
      await sessions.get(context);
      return sessions.require(context);
    },
    async formToken() {
      const context = await contextOf();
      await sessions.get(context);
      return sessions.formToken(context);
    },
    async verifyFormToken(text) {
      const context = await contextOf();
      await sessions.get(context);
      sessions.verifyFormToken(context, text);
    },
    fetchAll: async () => sessions.fetchAll(await contextOf()),
    revoke: async () => sessions.revoke(await contextOf()),
    revokeOther: async () => sessions.revokeOther(await contextOf()),
    revokeAll: async () => sessions.revokeAll(await contextOf()),
    revokeOwn: async (id) => sessions.revokeOwn(await contextOf(), id),
    rotate: async () => sessions.rotate(await contextOf()),
    reauthenticate: async (options) => sessions.reauthenticate(await contextOf(), options),
    updateMeta: async (update) => sessions.updateMeta(await contextOf(), update),
  };
}
