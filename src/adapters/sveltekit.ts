import type { SessionError } from "../errors.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { Session } from "../session.ts";
import { rejectionResponse, responseOf } from "./shared/response.ts";
import { SvelteKitExchange, type SvelteKitRequest } from "./sveltekit/exchange.ts";

/** The context: SvelteKit's `event`, of a hook, an endpoint, a form action, a server `load` or `getRequestEvent()`. */
export interface SvelteKitContext extends SvelteKitRequest {
  readonly locals: object;
}

/** SvelteKit's `handle`. */
export type SvelteKitHandle = <Event extends SvelteKitContext>(input: {
  readonly event: Event;
  resolve(event: Event): Response | Promise<Response>;
}) => Promise<Response>;

/** The verbs with `event` as their context. */
export interface SvelteKitSessions<In = undefined, Out = In>
  extends Sessions<SvelteKitContext, In, Out>,
    Mountable<SvelteKitContext, SvelteKitHandle> {
  /** A `handle` that loads the session if there is one, as `event.locals.session`, for all that is behind it. */
  public(options?: PublicOptions): SvelteKitHandle;
  /** A `handle` that lets pass who has a session; else 401 with the reason, or 503 when the store does not answer. */
  auth(options?: AuthOptions): SvelteKitHandle;
  /**
   * The session, for a server `load`, a form action or an endpoint; loaded if no `handle` did. Without one it calls
   * `reject`, which must throw SvelteKit's own `error` or `redirect`: `TypeError` where there is no such option.
   */
  guard(event: SvelteKitContext, options?: AuthOptions): Promise<Session<Out>>;
}

/** `Event` is SvelteKit's own, as far as `reject` names it. */
export interface SvelteKitSessionsOptions<Event> {
  /**
   * Throws SvelteKit's `error` or `redirect` where `auth` and `guard` refuse; for `auth` it may return a `Response` as
   * well. `error.status` is 401, 403 to another origin's page, or 503 when nobody knows: show an outage as one, never as a login. Default: JSON.
   */
  readonly reject?: (error: SessionError, event: Event) => Response | Promise<Response>;
  /** The name under `event.locals` of what `public` and `auth` load: another for each manager. Default `"session"`. */
  readonly as?: string;
}

/**
 * Sessions for SvelteKit. The app declares what is in `App.Locals` itself: `session: Session | undefined`.
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
  checkOptionNames(options, "svelteKitSessions", ["reject", "as"]);
  const { as = "session" } = options;
  if (typeof as !== "string" || as === "") throw new TypeError("svelteKitSessions.as: needs a name");
  // Whatever of SvelteKit's types the app's function names: it is SvelteKit that calls these hooks.
  const reject = options.reject as SvelteKitSessionsOptions<SvelteKitContext>["reject"];

  // Each hook and each load gets a copy of the event; the cookies are the same in all of them.
  const exchanges = new WeakMap<object, SvelteKitExchange>();
  const { verbs, guards } = createSessions(manager, exchangeOf, cookiesOf);

  const authorize = guards.auth();

  function exchangeOf(event: SvelteKitContext): SvelteKitExchange {
    const cookies = cookiesOf(event);
    let exchange = exchanges.get(cookies);
    if (!exchange) {
      exchange = new SvelteKitExchange(event);
      exchanges.set(cookies, exchange);
    }
    return exchange;
  }

  function hook(decide: Guard<SvelteKitContext>): SvelteKitHandle {
    return async ({ event, resolve }) => {
      const exchange = exchangeOf(event);
      const refusal = await decide(event);
      if (refusal) return exchange.finish(await (reject ?? rejectionResponse)(refusal, event));
      const get = () => verbs.current(event);
      Object.defineProperty(event.locals, as, { get, enumerable: true, configurable: true });
      return exchange.finish(await resolve(event));
    };
  }

  return {
    ...verbs,
    public: (options) => hook(guards.public(options)),
    auth: (options) => hook(guards.auth(options)),
    async guard(event, options) {
      if (!reject) throw new TypeError(`svelteKitSessions.reject: guard needs it, ${MUST_THROW}`);
      const refusal = await (options ? guards.auth(options) : authorize)(event);
      if (!refusal) return verbs.require(event);
      await reject(refusal, event);
      throw new TypeError(`svelteKitSessions.reject: returned where ${MUST_THROW}`);
    },
    [MOUNT]:
      (routes) =>
      async ({ event, resolve }) => {
        const exchange = exchangeOf(event);
        const { method, url } = event.request;
        const answer = await routes(event, { method, path: new URL(url).pathname });
        return exchange.finish(answer ? responseOf(answer) : await resolve(event));
      },
  };
}

const MUST_THROW = "and it must throw SvelteKit's error() or redirect()";

function cookiesOf(event: SvelteKitContext): object {
  if (typeof event?.cookies?.set === "function" && typeof event.request?.url === "string")
    return event.cookies;
  throw new TypeError(
    "sessionup/sveltekit: the context is the event of a hook, an endpoint, an action or a server load: pass `event`",
  );
}
