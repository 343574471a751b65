import { SessionError } from "../errors.ts";
import type { StepUpRequirement } from "../rules/step-up.ts";
import type { Session } from "../session.ts";
import { JSON_HEADERS, toErrorResponse } from "./error-response.ts";
import { findMount } from "./find-mount.ts";
import type { RouteAnswer, Routes } from "./mount.ts";

/** The methods that the routes call. @internal */
export interface RouteMethods<Context> {
  /** Returns the session without counting as activity. Throws what `auth` rejects with. */
  peek(context: Context): Promise<Session<unknown>>;
  /** Returns the session as `auth` loads it. Throws what `auth` rejects with. */
  load(context: Context, requirement?: StepUpRequirement): Promise<Session<unknown>>;
  fetchAll(context: Context): Promise<readonly Session<unknown>[]>;
  revoke(context: Context): Promise<void>;
  revokeOther(context: Context): Promise<readonly string[]>;
  revokeAll(context: Context): Promise<readonly string[]>;
  revokeOwn(context: Context, id: string): Promise<boolean>;
  /** Issues a new secret, unless the last one was issued a moment ago. */
  refresh(context: Context): Promise<void>;
  /** Throws `ERR_CROSS_ORIGIN` for an unsafe request from a page of another origin. */
  checkOrigin(context: Context): void;
  now(): number;
}

type Endpoint<Context> = (context: Context, id: string) => Promise<{ status: number; json?: unknown }>;

/**
 * Creates the function that answers requests to the routes. Ending sessions other than the current one needs an
 * authentication that meets `requirement`.
 *
 * @internal
 */
export function createRoutes<Context>(
  methods: RouteMethods<Context>,
  prefix: string,
  requirement: StepUpRequirement,
): Routes<Context> {
  const endpoints = createEndpoints(methods, requirement);

  const respond: Respond<Context> = async (context, request) => {
    const { path, rest, mount = findMount(path, rest) } = request;
    const found = match(path, joinMount(mount, prefix));
    const byMethod = found && ownValue(endpoints, found.route);
    // CORS preflights are for the app's own CORS middleware.
    if (!byMethod || request.method === "OPTIONS") return undefined;
    const endpoint = ownValue(byMethod, request.method === "HEAD" ? "GET" : request.method);
    if (!endpoint) return { status: 405, headers: { ...JSON_HEADERS, allow: allowedMethods(byMethod) } };
    const answer = await toAnswer(async () => {
      methods.checkOrigin(context);
      return endpoint(context, found.id);
    });
    const { status, headers } = answer;
    return request.method === "HEAD" ? { status, headers } : answer;
  };
  return Object.assign(respond, {
    paths: (mount: string) => Object.keys(endpoints).map((route) => joinMount(mount, prefix) + route),
  });
}

type Respond<Context> = (...given: Parameters<Routes<Context>>) => ReturnType<Routes<Context>>;

/** Returns the endpoints by the path behind the prefix and by method. */
function createEndpoints<Context>(
  methods: RouteMethods<Context>,
  requirement: StepUpRequirement,
): Readonly<Record<string, Readonly<Record<string, Endpoint<Context>>>>> {
  return {
    "/session": {
      GET: async (context) => {
        const session = await methods.peek(context);
        const expiresIn = Math.max(0, Math.floor((session.expiresAt.getTime() - methods.now()) / 1_000));
        return { status: 200, json: { userKey: session.userKey, expiresIn, session } };
      },
    },
    "/session/refresh": {
      POST: async (context) => {
        await methods.load(context);
        await methods.refresh(context);
        return { status: 204 };
      },
    },
    "/sessions": {
      GET: async (context) => {
        await methods.load(context);
        return { status: 200, json: { sessions: await methods.fetchAll(context) } };
      },
      DELETE: async (context) => {
        await methods.load(context, requirement);
        return { status: 200, json: { ended: await methods.revokeOther(context) } };
      },
    },
    "/sessions/:id": {
      DELETE: async (context, id) => {
        const current = await methods.load(context);
        if (current.id !== id) await methods.load(context, requirement);
        return (await endsOwn(methods, context, id))
          ? { status: 204 }
          : { status: 404, json: { error: "not_found" } };
      },
    },
    "/logout": {
      // A client without a session gets 204, too: it is logged out already.
      POST: async (context) => {
        await methods.revoke(context);
        return { status: 204 };
      },
    },
    "/logout-all": {
      POST: async (context) => {
        await methods.load(context, requirement);
        return { status: 200, json: { ended: await methods.revokeAll(context) } };
      },
    },
  };
}

/** Ends the session. Returns false for another user's as for an unknown id: a difference would tell which ids exist. */
async function endsOwn<Context>(
  methods: RouteMethods<Context>,
  context: Context,
  id: string,
): Promise<boolean> {
  try {
    return await methods.revokeOwn(context, id);
  } catch (error) {
    if (SessionError.is(error) && error.code === "ERR_NOT_OWNER") return false;
    throw error;
  }
}

/** Runs an endpoint and answers a `SessionError` that it throws. */
async function toAnswer(run: () => ReturnType<Endpoint<never>>): Promise<RouteAnswer> {
  try {
    const { status, json } = await run();
    if (json === undefined) return { status, headers: { "cache-control": "no-store" } };
    return { status, headers: JSON_HEADERS, body: JSON.stringify(json) };
  } catch (error) {
    if (SessionError.is(error)) return toErrorResponse(error);
    throw error;
  }
}

/** Reads a table by a key that the client sent, such as the method "constructor". */
function ownValue<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function allowedMethods(byMethod: Readonly<Record<string, unknown>>): string {
  return Object.keys(byMethod)
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");
}

/** Finds the route by the path behind the prefix. Ids need no percent-encoding, so nothing is decoded. */
function match(path: string, prefix: string): { readonly route: string; readonly id: string } | undefined {
  const [bare = ""] = path.split(/[?#]/, 1);
  if (!bare.startsWith(prefix)) return undefined;
  const rest = bare.slice(prefix.length);
  const id = /^\/sessions\/([^/]+)$/.exec(rest)?.[1];
  return id === undefined ? { route: rest, id: "" } : { route: "/sessions/:id", id };
}

/**
 * Returns where the routes begin in a mount. A beginning of `path` that repeats the end of the mount counts once, so
 * `path` may be the whole path or only what follows the mount.
 */
function joinMount(mount: string, path: string): string {
  if (mount === "") return path;
  const folded = fold(mount);
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (folded.endsWith(fold(path.slice(0, end)))) return mount + path.slice(end);
  }
  // A pattern such as "/account/*splat" of Express matches more of the path than its beginning.
  return path !== "" && mount.startsWith(`${path}/`) ? path : mount + path;
}

/** Normalizes a path for comparison: frameworks also match a mount in capitals and percent-encoded. */
function fold(path: string): string {
  try {
    return decodeURI(path).toLowerCase();
  } catch {
    return path.toLowerCase();
  }
}
