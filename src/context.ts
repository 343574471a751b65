import { AsyncLocalStorage } from "node:async_hooks";
import { type BoundSessions, bindSessions } from "./http/bound-sessions.ts";
import type { Sessions } from "./http/sessions.ts";

/** The verbs for code far from the request: they find it by themselves. */
export interface ContextSessions<Context, In = undefined, Out = In> extends BoundSessions<In, Out> {
  /**
   * Runs `callback`, and whatever it starts, for this request; what it returns. Inside, the verbs are about it.
   * Where it is called twice, the inner request counts.
   */
  run<Result>(context: Context, callback: () => Result): Result;
}

/**
 * Sessions for code that is not handed the request: services, templates, log lines. Opt-in, over the verbs of any
 * adapter; what two of these are told about, they keep apart. Costs an `AsyncLocalStorage` for each request.
 *
 * Outside of `run` the verbs throw a `TypeError`. So does work that outlives its request, where it sets a cookie:
 * `ERR_HEADERS_SENT`.
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
 * async function whoDidIt(): Promise<string> { // somewhere deep
 *   return (await current.get())?.userKey ?? "nobody";
 * }
 * app.get("/", async (_req, res) => res.send(await whoDidIt()));
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
      "sessionup/context: no request is under way here; let run(context, next) be the first middleware",
    );
  });
  return {
    ...bound,
    run(context, callback) {
      if (typeof context !== "object" || context === null || typeof callback !== "function") {
        throw new TypeError("run: needs the context of a request, and a function to run for it");
      }
      return storage.run(context, callback);
    },
  };
}
