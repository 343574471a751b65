import type { PassportRequest } from "./passport-like.ts";

type ToContext = (request: PassportRequest) => unknown;

/** Koa's context, the response (NestJS, node:http), and the request itself (Express). */
const CANDIDATES: readonly ToContext[] = [({ ctx }) => ctx, ({ res }) => res, (request) => request];

/**
 * Returns a function from Passport's request to the context of an adapter: the first candidate that the adapter accepts.
 * `getState` of an adapter's sessions throws for anything but its context.
 */
export function createToContext<Context>(
  getState: (context: Context) => unknown,
): (request: PassportRequest) => Context {
  let known: ToContext | undefined;

  function accepts(context: unknown): boolean {
    try {
      getState(context as Context);
      return true;
    } catch {
      return false;
    }
  }

  return (request) => {
    known ??= CANDIDATES.find((toContext) => accepts(toContext(request)));
    if (known) return known(request) as Context;
    throw new TypeError(
      "sessionup/passport: the sessions do not belong to this app's framework. Create them with expressSessions, " +
        "koaSessions or nestSessions (on Express).",
    );
  };
}
