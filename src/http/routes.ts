import type { Duration } from "../duration.ts";
import { SessionError } from "../errors.ts";
import { checkOptionNames } from "../options/checks.ts";
import { needOf, type StepUpOptions } from "../options/step-up-options.ts";
import type { StepUpRequirement } from "../rules/step-up.ts";
import type { Session } from "../session.ts";
import { JSON_HEADERS, toErrorResponse } from "./error-response.ts";

/** Where the ready-made routes are, and what the user must have proved before one of them ends other sessions. */
export interface RoutesOptions extends Pick<StepUpOptions, "level"> {
  /**
   * How recently the user must have authenticated, by `init` or `reauthenticate`, to end sessions other than their current
   * one (ASVS 7.5.2). Default `"15m"`. `false` turns this off: anyone who finds the browser open can then sign the user out
   * everywhere else.
   */
  readonly maxAuthAge?: Duration | false;
  /**
   * The path before each route, as browsers see it: `"/account"` for `/account/session`. Where the framework mounts the
   * routes, as `app.use("/api", …)` does, `path` may include the mount or leave it out: `"/api/account"` and `"/account"`
   * are the same there. Default: the path of the mount, or `""` where there is none.
   */
  readonly path?: string;
}

/** A request, as far as the routes look at it. */
export interface RouteRequest {
  readonly method: string;
  /** The whole path, as browsers see it, with a query or without. */
  readonly path: string;
  /** The beginning of the path that the framework's mounts have matched, such as `"/api"`. Default `""`. */
  readonly mount?: string;
}

/** What a route answers, in nobody's words: the adapter puts it into its framework's. */
export interface RouteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; none with 204, and for HEAD. */
  readonly body?: string;
}

/** The verbs that the routes need, over a context. @internal */
export interface RouteVerbs<Context, Out> {
  /** The session, without counting as activity; throws what `auth` refuses with. */
  peek(context: Context): Promise<Session<Out>>;
  /** The same, as `auth` does it. */
  load(context: Context, need?: StepUpRequirement): Promise<Session<Out>>;
  fetchAll(context: Context): Promise<readonly Session<Out>[]>;
  revoke(context: Context): Promise<void>;
  revokeOther(context: Context): Promise<readonly string[]>;
  revokeAll(context: Context): Promise<readonly string[]>;
  revokeOwn(context: Context, id: string): Promise<boolean>;
  /** Throws for what a page of another origin sent. */
  checkOrigin(context: Context): void;
  now(): number;
}

/** Answers a request to one of the routes; `undefined` for every other one. */
export type Routes<Context> = (context: Context, request: RouteRequest) => Promise<RouteAnswer | undefined>;

/** The routes behind the prefix, for an adapter whose framework wants to know them. @internal */
export const ROUTE_PATHS = ["/session", "/sessions", "/sessions/:id", "/logout", "/logout-all"] as const;

type Endpoint<Context> = (context: Context, id: string) => Promise<{ status: number; json?: unknown }>;

/** The JSON API for front ends; `openapi.json` describes it. @internal */
export function createRoutes<Context, Out>(
  verbs: RouteVerbs<Context, Out>,
  options: RoutesOptions = {},
): Routes<Context> {
  checkOptionNames(options, "routes", ["path", "maxAuthAge", "level"]);
  const { path: prefix = "", maxAuthAge = "15m", level } = options;
  // Ending sessions other than the current one needs recent authentication (ASVS 7.5.2).
  const need = needOf(
    { ...(maxAuthAge !== false && { maxAuthAge }), ...(level !== undefined && { level }) },
    "routes",
  );
  if (typeof prefix !== "string" || !/^(\/[^/?#]+)*$/.test(prefix)) {
    throw new TypeError('routes.path: needs "" or a path such as "/account", without a slash at its end');
  }

  const endpoints: Readonly<
    Record<(typeof ROUTE_PATHS)[number], Readonly<Record<string, Endpoint<Context>>>>
  > = {
    "/session": {
      GET: async (context) => {
        const session = await verbs.peek(context);
        const expiresIn = Math.max(0, Math.floor((session.expiresAt.getTime() - verbs.now()) / 1_000));
        return { status: 200, json: { userKey: session.userKey, expiresIn, session } };
      },
    },
    "/sessions": {
      GET: async (context) => {
        await verbs.load(context);
        return { status: 200, json: { sessions: await verbs.fetchAll(context) } };
      },
      DELETE: async (context) => {
        await verbs.load(context, need);
        return { status: 200, json: { ended: await verbs.revokeOther(context) } };
      },
    },
    "/sessions/:id": {
      DELETE: async (context, id) => {
        const own = await verbs.load(context);
        if (own.id !== id) await verbs.load(context, need);
        return (await endsOwn(verbs, context, id)) ? { status: 204 } : { status: 404, json: NOT_FOUND };
      },
    },
    "/logout": {
      // Also for those who have no session any more: they wanted to be out, and are.
      POST: async (context) => {
        await verbs.revoke(context);
        return { status: 204 };
      },
    },
    "/logout-all": {
      POST: async (context) => {
        await verbs.load(context, need);
        return { status: 200, json: { ended: await verbs.revokeAll(context) } };
      },
    },
  };

  return async (context, request) => {
    const found = match(request.path, joinMount(request.mount ?? "", prefix));
    const methods = found && own(endpoints, found.route);
    // What a browser asks before a call of another origin is for the app's own CORS.
    if (!methods || request.method === "OPTIONS") return undefined;
    const endpoint = own(methods, request.method === "HEAD" ? "GET" : request.method);
    if (!endpoint) return { status: 405, headers: { ...JSON_HEADERS, allow: allowed(methods) } };
    const answer = await answerOf(async () => {
      verbs.checkOrigin(context);
      return endpoint(context, found.id);
    });
    const { status, headers } = answer;
    return request.method === "HEAD" ? { status, headers } : answer;
  };
}

/** What an endpoint comes to, refusals too. */
async function answerOf(run: () => ReturnType<Endpoint<never>>): Promise<RouteAnswer> {
  try {
    const { status, json } = await run();
    if (json === undefined) return { status, headers: { "cache-control": "no-store" } };
    return { status, headers: JSON_HEADERS, body: JSON.stringify(json) };
  } catch (error) {
    if (SessionError.is(error)) return toErrorResponse(error);
    throw error;
  }
}

/** "constructor" is a method that anybody can send. */
function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

const NOT_FOUND = { error: "not_found" };

/**
 * Where the routes begin in a mount: at exactly one place. What the path repeats of the mount's end is there once, so
 * the path may be the whole one, or what follows the mount. @internal
 */
export function joinMount(mount: string, path: string): string {
  if (mount === "") return path;
  const folded = fold(mount);
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (folded.endsWith(fold(path.slice(0, end)))) return mount + path.slice(end);
  }
  // The pattern of the mount has more of the whole path than its beginning, such as "/account/*splat" of Express.
  return path !== "" && mount.startsWith(`${path}/`) ? path : mount + path;
}

/** Frameworks find a mount in capitals and percent-encoded, too. Else such a mount would have its routes elsewhere. */
function fold(path: string): string {
  try {
    return decodeURI(path).toLowerCase();
  } catch {
    return path.toLowerCase();
  }
}

/** Which route it is, by the path behind the prefix; nothing is decoded, since no id needs it. */
function match(path: string, prefix: string): { readonly route: string; readonly id: string } | undefined {
  const [bare = ""] = path.split(/[?#]/, 1);
  if (!bare.startsWith(prefix)) return undefined;
  const rest = bare.slice(prefix.length);
  const id = /^\/sessions\/([^/]+)$/.exec(rest)?.[1];
  return id === undefined ? { route: rest, id: "" } : { route: "/sessions/:id", id };
}

/** Another user's and an unknown one answer alike: else the difference would tell which ids there are. */
async function endsOwn<Context>(
  verbs: RouteVerbs<Context, unknown>,
  context: Context,
  id: string,
): Promise<boolean> {
  try {
    return await verbs.revokeOwn(context, id);
  } catch (error) {
    if (SessionError.is(error) && error.code === "ERR_NOT_OWNER") return false;
    throw error;
  }
}

function allowed(methods: Readonly<Record<string, unknown>>): string {
  return Object.keys(methods)
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");
}
