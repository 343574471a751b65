import { type Duration, parseDuration } from "../duration.ts";
import { parseLevel, type StepUpOptions } from "../options/middleware-options.ts";
import { invalidOption, type Parser, parseOptions } from "../options/parsers.ts";
import type { StepUpRequirement } from "../rules/step-up.ts";
import type { Session } from "../session.ts";
import { createRoutes, type RouteMethods } from "./json-routes.ts";
import { findRejection } from "./middleware.ts";
import { MOUNT, type Mountable } from "./mount.ts";
import { getInternals, type SessionsInternals } from "./sessions.ts";

export type { RouteAnswer, RouteRequest, Routes } from "./mount.ts";

/** The options of `sessionRoutes`. */
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

/**
 * Creates a JSON API by which front ends list and end the user's sessions; `openapi.json` describes it. Returns what the
 * adapter's framework mounts: middleware, a plugin, a hook or a handler. For the methods of `createSessions` it returns the
 * routes themselves. Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { sessionRoutes } from "sessionup/routes";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore()));
 * const app = express();
 * app.use(sessionRoutes(sessions, { path: "/account" }));
 * ```
 */
export function sessionRoutes<Context, Mounted>(
  sessions: Mountable<Context, Mounted>,
  options: RoutesOptions = {},
): Mounted {
  const internals = getInternals<Context, never, never>(sessions);
  const { path, maxAuthAge, level } = parseOptions(options, ROUTES_OPTIONS, "sessionRoutes");
  return sessions[MOUNT](createRoutes(toRouteMethods(internals), path, { maxAuthAge, level }));
}

const parsePath: Parser<string> = (value, name) => {
  if (typeof value === "string" && /^(\/[^/?#]+)*$/.test(value)) return value;
  throw invalidOption(name, '"" or a path such as "/account", without a trailing slash', value);
};

const ROUTES_OPTIONS = {
  path: { parse: parsePath, default: "" },
  // Ending sessions other than the current one needs recent authentication (ASVS 7.5.2).
  maxAuthAge: {
    parse: (value: unknown, name: string) => (value === false ? undefined : parseDuration(value, name)),
    default: "15m",
  },
  level: { parse: parseLevel, default: 1 },
} as const;

function toRouteMethods<Context>({
  lifecycle,
  getState,
  methods,
}: SessionsInternals<Context, never, never>): RouteMethods<Context> {
  async function load(
    context: Context,
    touch: boolean,
    requirement?: StepUpRequirement,
  ): Promise<Session<unknown>> {
    const state = getState(context);
    const result = state.result ?? state.settle(await state.load({ touch, rotate: touch }));
    const error = findRejection(lifecycle, state, result, requirement);
    if (result.state === "session" && !error) return result.session;
    throw error;
  }
  return {
    ...methods,
    peek: (context) => load(context, false),
    load: (context, requirement) => load(context, true, requirement),
    checkOrigin: (context) => getState(context).checkOrigin(),
    now: lifecycle.options.clock,
  };
}
