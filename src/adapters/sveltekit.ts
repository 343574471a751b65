import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import type { Session } from "../session.ts";
import { toRejection, toResponse } from "./shared/response.ts";
import { SvelteKitExchange, type SvelteKitRequest } from "./sveltekit/exchange.ts";
import { parseSvelteKitOptions, type SvelteKitSessionsOptions } from "./sveltekit/options.ts";

export type { SvelteKitSessionsOptions } from "./sveltekit/options.ts";

/** The context: SvelteKit's `event` of a hook, an endpoint, a form action, a server `load` or `getRequestEvent()`. */
export interface SvelteKitContext extends SvelteKitRequest {
  readonly locals: object;
}

/** The `handle` hook of SvelteKit. */
export type SvelteKitHandle = <Event extends SvelteKitContext>(input: {
  readonly event: Event;
  resolve(event: Event): Response | Promise<Response>;
}) => Promise<Response>;

/** The session methods with `event` as their context. */
export interface SvelteKitSessions<In = undefined, Out = In>
  extends Sessions<SvelteKitContext, In, Out>,
    Mountable<SvelteKitContext, SvelteKitHandle> {
  /**
   * Creates a `handle` that loads the session into `event.locals.session` if there is one, and resolves the request either way.
   * Rejects unsafe requests from pages of other origins with 403.
   */
  public(options?: PublicOptions): SvelteKitHandle;
  /**
   * Creates a `handle` that resolves the request only with a session. Otherwise rejects with 401 and the reason, or with 503
   * when the store does not answer.
   */
  auth(options?: AuthOptions): SvelteKitHandle;
  /**
   * Returns the session for a server `load`, a form action or an endpoint, and loads it if no `handle` did. Without a session
   * it calls the option `reject`, which must throw SvelteKit's own `error` or `redirect`. Throws `TypeError` without that
   * option.
   */
  guard(event: SvelteKitContext, options?: AuthOptions): Promise<Session<Out>>;
}

/**
 * Creates sessions for SvelteKit. The app declares the session in `App.Locals` itself: `session: Session | undefined`.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { svelteKitSessions } from "sessionup/sveltekit";
 *
 * export const sessions = svelteKitSessions(new Manager(memoryStore()));
 *
 * // src/hooks.server.ts
 * export const handle = sessions.public();
 * ```
 */
export function svelteKitSessions<In, Out extends In, Event extends SvelteKitContext = SvelteKitContext>(
  manager: Manager<In, Out>,
  options: SvelteKitSessionsOptions<Event> = {},
): SvelteKitSessions<In, Out> {
  const { as, ...parsed } = parseSvelteKitOptions(options);
  // SvelteKit passes its own event, so the app's function may name that type.
  const reject = parsed.reject as SvelteKitSessionsOptions<SvelteKitContext>["reject"];

  // SvelteKit copies the event for each hook and each load, but the cookies object stays the same.
  const exchanges = new WeakMap<object, SvelteKitExchange>();
  const { methods, guards } = createSessions(manager, toExchange, findCookies);
  const defaultGuard = guards.auth();

  function toExchange(event: SvelteKitContext): SvelteKitExchange {
    const cookies = findCookies(event);
    let exchange = exchanges.get(cookies);
    if (!exchange) {
      exchange = new SvelteKitExchange(event);
      exchanges.set(cookies, exchange);
    }
    return exchange;
  }

  function handle(guard: Guard<SvelteKitContext>): SvelteKitHandle {
    return async ({ event, resolve }) => {
      const exchange = toExchange(event);
      const rejection = await guard(event);
      if (rejection) return exchange.finish(await (reject ?? toRejection)(rejection, event));
      const get = () => methods.current(event);
      Object.defineProperty(event.locals, as, { get, enumerable: true, configurable: true });
      return exchange.finish(await resolve(event));
    };
  }

  return {
    ...methods,
    public: (options) => handle(guards.public(options)),
    auth: (options) => handle(guards.auth(options)),
    async guard(event, options) {
      if (!reject) throw new TypeError(`svelteKitSessions.reject is required by guard(). ${MUST_THROW}`);
      const rejection = await (options ? guards.auth(options) : defaultGuard)(event);
      if (!rejection) return methods.require(event);
      await reject(rejection, event);
      throw new TypeError(`svelteKitSessions.reject returned to guard(). ${MUST_THROW}`);
    },
    [MOUNT]:
      (routes) =>
      async ({ event, resolve }) => {
        const exchange = toExchange(event);
        const { method, url } = event.request;
        const answer = await routes(event, { method, path: new URL(url).pathname });
        return exchange.finish(answer ? toResponse(answer) : await resolve(event));
      },
  };
}

const MUST_THROW = "There it must throw SvelteKit's error() or redirect().";

function findCookies(event: SvelteKitContext): object {
  if (typeof event?.cookies?.set === "function" && typeof event.request?.url === "string")
    return event.cookies;
  throw new TypeError(
    "sessionup/sveltekit: the context must be the event of a hook, an endpoint, an action or a server load. Pass `event`.",
  );
}
