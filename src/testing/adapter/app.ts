import type { Duration } from "../../duration.ts";
import { SessionError } from "../../errors.ts";
import type { Sessions } from "../../http/sessions.ts";
import type { AuthOptions } from "../../options/middleware-options.ts";
import type { Store } from "../../store.ts";
import { memoryStore } from "../../stores/memory.ts";

/** What a handler of the contract's app answers; the adapter's test puts it into its framework's own words. */
export interface ContractReply {
  /** Default 200. */
  readonly status?: number;
  /** The body, as JSON. */
  readonly json?: unknown;
  /** In place of a body: a redirect with status 303. */
  readonly redirect?: string;
  /** In place of a body: text that comes bit by bit. The head of the response goes out before the first bit is asked for. */
  readonly stream?: AsyncIterable<string>;
  /** A cookie of the app's own, to be set by the framework's own means: name and value. */
  readonly cookie?: readonly [name: string, value: string];
  /** Headers of the app's own, to be set by the framework's own means. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a body: what the handler throws once the headers are set. */
  readonly failure?: Error;
}

/** A route of the contract's app, to be registered by the framework's own means. */
export interface ContractRoute<Context> {
  readonly method: "GET" | "POST";
  /** Without parameters. */
  readonly path: string;
  /**
   * Which middleware runs before the handler: `public` or `auth` of the first manager, `auth` of the second one
   * (`admin`), or `auth` of an adapter over the first manager that has the contract's `reject` (`throwing`).
   */
  readonly guard?: "public" | "auth" | "admin" | "throwing";
  /** What that middleware is told; without a guard, what `public` is where the framework's handlers need a wrapper. */
  readonly options?: AuthOptions;
  /** The handler. What it throws is to go where the framework lets thrown errors go. */
  run(context: Context, query: URLSearchParams): Promise<ContractReply>;
}

/** The routes, over the verbs of two managers with different cookies. */
export function contractRoutes<Context>(
  sessions: Sessions<Context>,
  admins: Sessions<Context>,
): readonly ContractRoute<Context>[] {
  const user = (query: URLSearchParams) => query.get("user") ?? "ann";
  return [
    {
      method: "POST",
      path: "/login",
      run: answering(async (context, query) => {
        const expiresIn = query.get("expiresIn") as Duration | null;
        const { id } = await sessions.init(context, user(query), expiresIn ? { expiresIn } : {});
        return { json: { id } };
      }),
    },
    {
      method: "GET",
      path: "/public",
      guard: "public",
      run: answering(async (context) => ({ json: { user: sessions.current(context)?.userKey ?? null } })),
    },
    {
      method: "GET",
      path: "/private",
      guard: "auth",
      run: answering(async (context) => ({ json: { user: sessions.require(context).userKey } })),
    },
    {
      method: "GET",
      path: "/public/polled",
      guard: "public",
      options: { touch: false },
      run: answering(async (context) => ({ json: { session: sessions.current(context) ?? null } })),
    },
    {
      method: "GET",
      path: "/private/polled",
      guard: "auth",
      options: { touch: false },
      run: answering(async (context) => ({ json: { session: sessions.require(context) } })),
    },
    {
      method: "GET",
      path: "/fresh",
      guard: "auth",
      options: { maxAuthAge: "10m", level: 2 },
      run: answering(async (context) => ({ json: { level: sessions.require(context).level } })),
    },
    {
      method: "POST",
      path: "/act",
      guard: "auth",
      run: answering(async (context) => ({ json: { user: sessions.require(context).userKey } })),
    },
    {
      method: "POST",
      path: "/act-public",
      guard: "public",
      run: answering(async (context) => ({ json: { user: sessions.current(context)?.userKey ?? null } })),
    },
    {
      method: "POST",
      path: "/callback",
      guard: "public",
      options: { crossOrigin: "allow" },
      run: answering(async (context, query) => ({
        json: { id: (await sessions.init(context, user(query))).id },
      })),
    },
    {
      method: "POST",
      path: "/callback-bare",
      // For those adapters alone that have no handlers without middleware.
      options: { crossOrigin: "allow" },
      run: answering(async (context, query) => ({
        json: { id: (await sessions.init(context, user(query), { crossOrigin: "allow" })).id },
      })),
    },
    {
      method: "GET",
      path: "/sessions",
      guard: "auth",
      run: answering(async (context) => ({ json: await sessions.fetchAll(context) })),
    },
    // Without middleware from here on: the verbs load the session themselves.
    {
      method: "GET",
      path: "/list",
      run: answering(async (context) => ({ json: await sessions.fetchAll(context) })),
    },
    {
      method: "POST",
      path: "/logout",
      run: answering(async (context) => {
        await sessions.revoke(context);
        return { json: { user: sessions.current(context)?.userKey ?? null } };
      }),
    },
    {
      method: "POST",
      path: "/logout-others",
      run: answering(async (context) => ({ json: await sessions.revokeOther(context) })),
    },
    {
      method: "POST",
      path: "/logout-all",
      run: answering(async (context) => ({ json: await sessions.revokeAll(context) })),
    },
    {
      method: "POST",
      path: "/revoke",
      run: answering(async (context, query) => ({
        json: await sessions.revokeOwn(context, query.get("id") ?? ""),
      })),
    },
    {
      method: "POST",
      path: "/rotate",
      run: answering(async (context) => {
        await sessions.rotate(context);
        return {};
      }),
    },
    {
      method: "POST",
      path: "/reauthenticate",
      run: answering(async (context, query) => {
        const level = query.get("level");
        const expiresIn = query.get("expiresIn") as Duration | null;
        await sessions.reauthenticate(context, {
          ...(level && { level: Number(level) }),
          ...(expiresIn && { expiresIn }),
        });
        return { json: { authenticatedAt: sessions.current(context)?.authenticatedAt } };
      }),
    },
    {
      method: "GET",
      path: "/authenticated-at",
      guard: "auth",
      run: answering(async (context) => ({ json: sessions.require(context).authenticatedAt })),
    },
    {
      method: "GET",
      path: "/get-thrice",
      run: answering(async (context) => {
        const all = await Promise.all([sessions.get(context), sessions.get(context), sessions.get(context)]);
        return { json: all.map((session) => session?.userKey ?? null) };
      }),
    },
    {
      method: "GET",
      path: "/unloaded",
      run: async (context) => {
        try {
          return { json: sessions.current(context) };
        } catch (error) {
          return { json: { error: error instanceof TypeError ? error.message : String(error) } };
        }
      },
    },
    {
      method: "GET",
      path: "/wrong-context",
      run: async () => {
        const found: Record<string, unknown> = {};
        for (const wrong of [undefined, null, 0, true, "request", {}])
          found[String(wrong)] = await outcomes(sessions, wrong as Context);
        return { json: found };
      },
    },
    {
      method: "GET",
      path: "/verbs",
      guard: "public",
      run: async (context) => ({ json: await outcomes(sessions, context) }),
    },
    {
      method: "POST",
      path: "/login-and-throw",
      run: async (context, query) => {
        await sessions.init(context, user(query));
        throw new Error("thrown after init");
      },
    },
    {
      method: "POST",
      path: "/login-and-redirect",
      run: async (context, query) => {
        await sessions.init(context, user(query));
        return { redirect: "/private" };
      },
    },
    {
      method: "POST",
      path: "/login-and-stream",
      run: async (context, query) => {
        await sessions.init(context, user(query));
        return { stream: bits("one ", "two ", "three") };
      },
    },
    {
      method: "POST",
      path: "/login-beside-cookie",
      run: async (context, query) => {
        await sessions.init(context, user(query));
        return { json: {}, cookie: ["theme", "dark"] };
      },
    },
    ...Object.entries(REPLIES).map(
      ([kind, reply]): ContractRoute<Context> => ({
        method: "POST",
        path: `/login-cached-${kind}`,
        guard: "public",
        run: async (context, query) => {
          await sessions.init(context, user(query));
          return { ...reply(), headers: CACHED };
        },
      }),
    ),
    {
      method: "GET",
      path: "/public-cached",
      guard: "public",
      run: async () => ({ json: {}, headers: CACHED }),
    },
    {
      method: "GET",
      path: "/private-cached",
      guard: "auth",
      run: async () => ({ json: {}, headers: CACHED }),
    },
    ...Object.entries(REPLIES).map(
      ([kind, reply]): ContractRoute<Context> => ({
        method: "GET",
        path: `/private-${kind}`,
        guard: "auth",
        run: async () => reply(),
      }),
    ),
    {
      method: "GET",
      path: "/reject-throws",
      guard: "throwing",
      run: async () => ({ json: "the handler ran" }),
    },
    {
      method: "GET",
      path: "/handler-throws",
      guard: "public",
      run: async () => throwUndefined(),
    },
    {
      method: "POST",
      path: "/login-twice",
      run: answering(async (context, query) => {
        const first = await sessions.init(context, user(query));
        const second = await sessions.init(context, user(query));
        return { json: [first.id, second.id] };
      }),
    },
    {
      method: "POST",
      path: "/late",
      run: async (context, query) => ({ stream: late(sessions, context, query) }),
    },
    {
      method: "POST",
      path: "/admin/login",
      run: answering(async (context, query) => ({
        json: { id: (await admins.init(context, user(query))).id },
      })),
    },
    {
      method: "GET",
      path: "/admin/both",
      guard: "admin",
      run: answering(async (context) => ({
        json: {
          admin: admins.require(context).userKey,
          user: (await sessions.get(context))?.userKey ?? null,
        },
      })),
    },
  ];
}

/** What an app sends with a response that every cache may share. */
const CACHED = { "cache-control": "public, max-age=3600" };

/** The ways in which a handler ends. */
const REPLIES: Readonly<Record<string, () => ContractReply>> = {
  json: () => ({ json: {} }),
  redirect: () => ({ redirect: "/private" }),
  stream: () => ({ stream: bits("one ", "two ", "three") }),
  error: () => ({ failure: new Error("thrown by the handler") }),
};

/** The `reject` of the guard `throwing`, and a handler that fails in the same way. */
export function throwUndefined(): never {
  throw undefined;
}

type Run<Context> = ContractRoute<Context>["run"];

/** Answers our own errors with their status and code, whatever the framework would have made of them. */
function answering<Context>(run: Run<Context>): Run<Context> {
  return async (context, query) => {
    try {
      return await run(context, query);
    } catch (error) {
      if (SessionError.is(error)) return { status: error.status, json: { code: error.code } };
      throw error;
    }
  };
}

/** What each verb comes to: a code, or what it answered. */
async function outcomes<Context>(
  sessions: Sessions<Context>,
  context: Context,
): Promise<Record<string, unknown>> {
  const attempts: Record<string, () => unknown> = {
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
  const found: Record<string, unknown> = {};
  for (const [verb, attempt] of Object.entries(attempts)) {
    try {
      found[verb] = (await attempt()) ?? null;
    } catch (error) {
      found[verb] = SessionError.is(error) ? error.code : String(error);
    }
  }
  return found;
}

async function* bits(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    yield text;
  }
}

/** Calls what sets cookies when the head of the response has gone. */
async function* late<Context>(
  sessions: Sessions<Context>,
  context: Context,
  query: URLSearchParams,
): AsyncGenerator<string> {
  yield "head ";
  await new Promise((resolve) => setTimeout(resolve, 20));
  const verb = query.get("verb") as "revoke" | "revokeAll" | "rotate" | "reauthenticate" | "init";
  try {
    await (verb === "init" ? sessions.init(context, "ann") : sessions[verb](context));
    yield "done";
  } catch (error) {
    yield SessionError.is(error) ? error.code : String(error);
  }
}
