import type { AnySessions, BoundSessions } from "../http/bound-sessions.ts";
import { INTERNALS } from "../http/sessions.ts";

/** Methods of a request. Each takes the context first. */
type Methods = Readonly<Record<string, (context: never, ...args: never[]) => unknown>>;

/** Returns the methods, or for bound sessions the same methods without their context. Unlike `withContext`, loads no session. */
export function bindMethods(sessions: AnySessions, methods: Methods): object {
  const bound = (sessions as BoundSessions<never, unknown>)[INTERNALS];
  if (!bound || !("getContext" in bound)) return methods;
  const { getContext } = bound;
  const entries = Object.entries(methods).map(([name, method]) => {
    const call = async (...args: never[]) => method((await getContext()) as never, ...args);
    return [name, call] as const;
  });
  return Object.fromEntries(entries);
}
