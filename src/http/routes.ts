import { refreshSession } from "../lifecycle/refresh.ts";
import { parseRoutesOptions, type RoutesOptions } from "../options/routes-options.ts";
import type { StepUpRequirement } from "../rules/step-up.ts";
import type { Session } from "../session.ts";
import { createRoutes, type RouteMethods } from "./json-routes.ts";
import { findRejection } from "./middleware.ts";
import { MOUNT, type Mountable } from "./mount.ts";
import { getInternals, type SessionsInternals } from "./sessions.ts";

export type { RoutesOptions } from "../options/routes-options.ts";
export type { RouteAnswer, RouteRequest, Routes } from "./mount.ts";

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
  const { path, maxAuthAge, level } = parseRoutesOptions(options);
  return sessions[MOUNT](createRoutes(toRouteMethods(internals), path, { maxAuthAge, level }));
}

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
    const result = state.result ?? (await state.load({ touch, rotate: touch }));
    const error = findRejection(state, result, requirement);
    if (result.state === "session" && !error) return result.session;
    throw error;
  }
  return {
    ...methods,
    peek: (context) => load(context, false),
    load: (context, requirement) => load(context, true, requirement),
    async refresh(context) {
      const state = getState(context);
      const { result, exchange, lifecycle: own } = state;
      if (result?.state !== "session") return;
      // As by time: the old secret stays until a client presents the new one, so a lost response signs no client out.
      const due = { ...own, options: { ...own.options, rotateEvery: 0 } };
      const now = own.options.clock();
      state.result = await refreshSession(due, exchange, result, now, { touch: false, rotate: true });
    },
    checkOrigin: (context) => getState(context).checkOrigin(),
    now: lifecycle.options.clock,
  };
}
