import { getInternals, type Sessions } from "../../http/sessions.ts";
import type { InitOptions } from "../../options/init-options.ts";
import type { Session } from "../../session.ts";
import type { PassportOptions } from "./options.ts";
import type { PassportInternals, PassportRequest } from "./passport-like.ts";
import { createToContext } from "./to-context.ts";

/** The functions that Passport needs of sessions. They reject when the store fails. */
export interface PassportLogin {
  /** Begins a session for the user. */
  logIn(request: PassportRequest, user: unknown, keepSessionInfo: boolean): Promise<void>;
  /** Ends the session. */
  logOut(request: PassportRequest): Promise<void>;
  /** Sets the session's user on the request. Ends the session of a user who no longer exists. */
  restoreUser(request: PassportRequest): Promise<void>;
}

/** Creates the functions over an adapter's sessions. Throws `TypeError` for anything but an adapter's sessions. */
export function createLogin<Context, In, Out extends In>(
  passport: PassportInternals,
  sessions: Sessions<Context, In, Out>,
  {
    toUserKey = (user, request) => serialize(passport, user, request),
    findUser = (userKey, _session, request) => deserialize(passport, userKey, request),
    init,
  }: PassportOptions<unknown, In, Out, PassportRequest>,
): PassportLogin {
  const { methods, getState } = getInternals<Context, In, Out>(sessions);
  const toContext = createToContext(getState);

  return {
    async logIn(request, user, keepSessionInfo) {
      const context = toContext(request);
      const userKey = await toUserKey(user, request);
      const options: InitOptions<In> = (await init?.(user, request)) ?? {};
      const previous = keepSessionInfo ? await methods.get(context) : undefined;
      await methods.init(context, userKey, keepMeta(options, userKey, previous) as never);
    },

    logOut: (request) => methods.revoke(toContext(request)),

    async restoreUser(request) {
      const context = toContext(request);
      const session = await methods.get(context);
      if (!session) return;
      const user = await findUser(session.userKey, session, request);
      if (user) request[request._userProperty || "user"] = user;
      else await methods.revoke(context);
    },
  };
}

/**
 * Adds the metadata of the session that the login replaces, if it was the same user's. Metadata of another user would show the new
 * one what the former did on this computer. Properties of the login's own metadata win.
 */
function keepMeta<In, Out extends In>(
  options: InitOptions<In>,
  userKey: string,
  previous: Session<Out> | undefined,
): InitOptions<In> {
  if (previous?.userKey !== userKey) return options;
  const { meta: kept } = previous;
  const { meta = kept } = options;
  return { ...options, meta: isPlainObject(kept) && isPlainObject(meta) ? { ...kept, ...meta } : meta };
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function serialize(
  passport: PassportInternals,
  user: unknown,
  request: PassportRequest,
): Promise<string> {
  const key = await callBack((done) => passport.serializeUser(user, request, done));
  if (typeof key === "string") return key;
  if (Number.isSafeInteger(key)) return String(key);
  throw new TypeError(
    `passport.serializeUser must give the user key, a string or an integer. Received ${typeof key}.`,
  );
}

function deserialize(
  passport: PassportInternals,
  userKey: string,
  request: PassportRequest,
): Promise<unknown> {
  return callBack((done) => passport.deserializeUser(userKey, request, done));
}

function callBack(call: (done: (error: unknown, value?: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
}
