import { AsyncLocalStorage } from "node:async_hooks";
import { type BoundSessions, bindSessions } from "./http/bound-sessions.ts";
import type { Sessions } from "./http/sessions.ts";

/** The session methods for code without access to the request. They find the current request themselves. */
export interface ContextSessions<Context, In = undefined, Out = In> extends BoundSessions<In, Out> {
  /**
   * Runs `callback`, and everything that it starts, for this request. Returns what `callback` returns. In nested calls, the
   * methods use the innermost request.
   */
  run<Result>(context: Context, callback: () => Result): Result;
}

/**
 * Creates session methods for code without access to the request: services, templates, logging. Works with the sessions of
 * every adapter; the results of several calls are independent. Each request runs in an `AsyncLocalStorage`.
 *
 * Outside of `run`, the methods throw a `TypeError`. Work that outlives its request throws `ERR_HEADERS_SENT` when it sets a
 * cookie.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { contextSessions } from "sessionup/context";
 * import { expressSessions } from "sessionup/express";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore()));
 * export const current = contextSessions(sessions);
 *
 * const app = express();
 * app.use((req, _res, next) => current.run(req, next));
 *
 * async function greet(): Promise<string> { // far from the request
 *   return `Hello, ${(await current.get())?.userKey ?? "guest"}`;
 * }
 * app.get("/", async (_req, res) => res.send(await greet()));
 * ```
 */
export function contextSessions<Context extends object, In, Out>(
  sessions: Sessions<Context, In, Out>,
): ContextSessions<Context, In, Out> {
  const storage = new AsyncLocalStorage<Context>();
  const bound = bindSessions(sessions, async () => {
    const context = storage.getStore();
    if (context) return context;
    throw new TypeError(
      "sessionup/context: there is no current request. Call run(context, next) in the app's first middleware.",
    );
  });
  return {
    ...bound,
    run(context, callback) {
      if (typeof context !== "object" || context === null || typeof callback !== "function") {
        throw new TypeError(
          "run: context must be the adapter's context of a request, and callback a function.",
        );
      }
      return storage.run(context, callback);
    },
  };
}
