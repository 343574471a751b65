import { type BegunSession, initBearer } from "../../bearer/init-bearer.ts";
import type { DeviceOptions } from "../../bearer/options.ts";
import type { Duration } from "../../duration.ts";
import { SessionError } from "../../errors.ts";
import type { Sessions } from "../../http/sessions.ts";
import { responseRoutes } from "./app-responses.ts";
import { type ContractRoute, requestedUser, route } from "./route.ts";

/** The login of native clients. */
export interface AppLogin<Context> {
  /** Logs a native client in, as `initBearer` of `sessionup/bearer` does. */
  logIn(context: Context, userKey: string, options: DeviceOptions): Promise<BegunSession>;
}

/** Returns the routes of the contract's app, over two managers with different cookies. */
export function contractRoutes<Context>(
  sessions: Sessions<Context>,
  admins: Sessions<Context>,
  apps: AppLogin<Context> = { logIn: (context, ...rest) => initBearer(sessions, context, ...rest) },
): readonly ContractRoute<Context>[] {
  return [
    ...loginRoutes(sessions),
    ...appRoutes(sessions, apps),
    ...guardedRoutes(sessions),
    ...bareRoutes(sessions),
    ...adminRoutes(sessions, admins),
    ...responseRoutes(sessions),
  ];
}

function loginRoutes<Context>(sessions: Sessions<Context>): readonly ContractRoute<Context>[] {
  return [
    route("POST", "/login", async (context, query) => {
      const expiresIn = query.get("expiresIn") as Duration | null;
      const { id } = await sessions.init(context, requestedUser(query), expiresIn ? { expiresIn } : {});
      return { json: { id } };
    }),
    route("POST", "/login-twice", async (context, query) => {
      const first = await sessions.init(context, requestedUser(query));
      const second = await sessions.init(context, requestedUser(query));
      return { json: [first.id, second.id] };
    }),
    route(
      "POST",
      "/callback",
      async (context, query) => ({ json: { id: (await sessions.init(context, requestedUser(query))).id } }),
      { guard: "public", options: { crossOrigin: "allow" } },
    ),
    route(
      "POST",
      "/callback-bare",
      async (context, query) => ({
        json: { id: (await sessions.init(context, requestedUser(query), { crossOrigin: "allow" })).id },
      }),
      // Used only by adapters that have no handlers without middleware.
      { options: { crossOrigin: "allow" } },
    ),
  ];
}

/** Routes for native clients. */
function appRoutes<Context>(
  sessions: Sessions<Context>,
  apps: AppLogin<Context>,
): readonly ContractRoute<Context>[] {
  return [
    route("POST", "/app/login", async (context, query) => {
      const options = { deviceName: query.get("device") };
      const { session, token } = await apps.logIn(context, requestedUser(query), options);
      return { json: { id: session.id, token } };
    }),
    route(
      "POST",
      "/app/rotate",
      async (context) => {
        await sessions.rotate(context);
        return {};
      },
      { guard: "auth" },
    ),
  ];
}

function guardedRoutes<Context>(sessions: Sessions<Context>): readonly ContractRoute<Context>[] {
  const currentUser = async (context: Context) => ({
    json: { user: sessions.current(context)?.userKey ?? null },
  });
  const requiredUser = async (context: Context) => ({ json: { user: sessions.require(context).userKey } });
  return [
    route("GET", "/public", currentUser, { guard: "public" }),
    route("GET", "/private", requiredUser, { guard: "auth" }),
    route("POST", "/act", requiredUser, { guard: "auth" }),
    route("POST", "/act-public", currentUser, { guard: "public" }),
    route(
      "GET",
      "/public/polled",
      async (context) => ({ json: { session: sessions.current(context) ?? null } }),
      { guard: "public", options: { touch: false } },
    ),
    route("GET", "/private/polled", async (context) => ({ json: { session: sessions.require(context) } }), {
      guard: "auth",
      options: { touch: false },
    }),
    route("GET", "/fresh", async (context) => ({ json: { level: sessions.require(context).level } }), {
      guard: "auth",
      options: { maxAuthAge: "10m", level: 2 },
    }),
    route(
      "GET",
      "/authenticated-at",
      async (context) => ({ json: sessions.require(context).authenticatedAt }),
      { guard: "auth" },
    ),
    route("GET", "/sessions", async (context) => ({ json: await sessions.fetchAll(context) }), {
      guard: "auth",
    }),
    route("GET", "/methods", async (context) => ({ json: await callAll(sessions, context) }), {
      guard: "public",
    }),
  ];
}

/** Routes without middleware, whose methods load the session themselves. */
function bareRoutes<Context>(sessions: Sessions<Context>): readonly ContractRoute<Context>[] {
  return [
    route("GET", "/list", async (context) => ({ json: await sessions.fetchAll(context) })),
    route("POST", "/logout", async (context) => {
      await sessions.revoke(context);
      return { json: { user: sessions.current(context)?.userKey ?? null } };
    }),
    route("POST", "/logout-others", async (context) => ({ json: await sessions.revokeOther(context) })),
    route("POST", "/logout-all", async (context) => ({ json: await sessions.revokeAll(context) })),
    route("POST", "/revoke", async (context, query) => ({
      json: await sessions.revokeOwn(context, query.get("id") ?? ""),
    })),
    route("POST", "/rotate", async (context) => {
      await sessions.rotate(context);
      return {};
    }),
    route("POST", "/reauthenticate", async (context, query) => {
      const level = query.get("level");
      const expiresIn = query.get("expiresIn") as Duration | null;
      await sessions.reauthenticate(context, {
        ...(level && { level: Number(level) }),
        ...(expiresIn && { expiresIn }),
      });
      return { json: { authenticatedAt: sessions.current(context)?.authenticatedAt } };
    }),
    route("GET", "/get-thrice", async (context) => {
      const all = await Promise.all([sessions.get(context), sessions.get(context), sessions.get(context)]);
      return { json: all.map((session) => session?.userKey ?? null) };
    }),
    route("GET", "/unloaded", async (context) => {
      try {
        return { json: sessions.current(context) };
      } catch (error) {
        return { json: { error: error instanceof TypeError ? error.message : String(error) } };
      }
    }),
    route("GET", "/wrong-context", async () => {
      const outcomes: Record<string, unknown> = {};
      for (const wrong of [undefined, null, 0, true, "request", {}])
        outcomes[String(wrong)] = await callAll(sessions, wrong as Context);
      return { json: outcomes };
    }),
  ];
}

function adminRoutes<Context>(
  sessions: Sessions<Context>,
  admins: Sessions<Context>,
): readonly ContractRoute<Context>[] {
  return [
    route("POST", "/admin/login", async (context, query) => ({
      json: { id: (await admins.init(context, requestedUser(query))).id },
    })),
    route(
      "GET",
      "/admin/both",
      async (context) => ({
        json: {
          admin: admins.require(context).userKey,
          user: (await sessions.get(context))?.userKey ?? null,
        },
      }),
      { guard: "admin" },
    ),
  ];
}

/** Calls every method, and returns its result, or the code of its error, by the method's name. */
async function callAll<Context>(
  sessions: Sessions<Context>,
  context: Context,
): Promise<Record<string, unknown>> {
  const calls: Record<string, () => unknown> = {
    current: () => sessions.current(context)?.userKey ?? null,
    require: () => sessions.require(context).userKey,
    get: () => sessions.get(context),
    fetchAll: () => sessions.fetchAll(context),
    revoke: () => sessions.revoke(context),
    revokeOther: () => sessions.revokeOther(context),
    revokeAll: () => sessions.revokeAll(context),
    revokeOwn: () => sessions.revokeOwn(context, "0".repeat(22)),
    rotate: () => sessions.rotate(context),
    reauthenticate: () => sessions.reauthenticate(context),
    updateMeta: () => sessions.updateMeta(context, (meta) => meta),
    init: () => sessions.init(context, "ann"),
  };
  const outcomes: Record<string, unknown> = {};
  for (const [method, call] of Object.entries(calls)) {
    try {
      outcomes[method] = (await call()) ?? null;
    } catch (error) {
      outcomes[method] = SessionError.is(error) ? error.code : String(error);
    }
  }
  return outcomes;
}
