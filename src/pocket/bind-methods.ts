import type { AnySessions, BoundSessions } from "../http/bound-sessions.ts";
import { INTERNALS } from "../http/sessions.ts";

/** A method of a request. */
type Method = (context: unknown, ...args: unknown[]) => unknown;

/**
 * Returns methods that take the context first, or for bound sessions the same methods without their context. Unlike
 * `withContext`, it loads no session.
 */
export function bindMethods(sessions: AnySessions, methods: object): object {
  const bound = (sessions as BoundSessions<never, unknown>)[INTERNALS];
  if (!bound || !("getContext" in bound)) return methods;
  const { getContext } = bound;
  const entries = Object.entries(methods).map(([name, method]: [string, Method]) => {
    const call = async (...args: unknown[]) => method(await getContext(), ...args);
    return [name, call] as const;
  });
  return Object.fromEntries(entries);
}
