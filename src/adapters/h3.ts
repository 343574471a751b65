import { SessionError } from "../errors.ts";
import { findMount } from "../http/find-mount.ts";
import type { Guard } from "../http/middleware.ts";
import { MOUNT, type Mountable } from "../http/mount.ts";
import { createSessions, type Sessions } from "../http/sessions.ts";
import type { Manager } from "../manager.ts";
import type { AuthOptions, PublicOptions } from "../options/middleware-options.ts";
import { type H3Context, H3Exchange } from "./h3/exchange.ts";
import { addToError, addToErrorResponse, addToValue } from "./h3/outgoing.ts";
import { parseReject } from "./shared/reject-option.ts";

import { toRejection, toResponse } from "./shared/response.ts";

export type { H3Context } from "./h3/exchange.ts";

/**
 * Middleware of h3, for `app.use` and for `middleware` of `defineHandler`. h3 does not pass middleware the pattern of
 * `app.use("/account/**", …)`, so the ready-made routes need their whole `path` there.
 */
export type H3Middleware = (event: H3Context, next: () => unknown) => Promise<unknown>;

/** The session methods with the event as their context. */
export interface H3Sessions<In = undefined, Out = In>
  extends Sessions<H3Context, In, Out>,
    Mountable<H3Context, H3Middleware> {
  /**
   * Creates middleware that loads the session if there is one, and runs the handler either way. Rejects unsafe requests from
   * pages of other origins with 403.
   */
  public(options?: PublicOptions): H3Middleware;
  /**
   * Creates middleware that runs the handler only with a session. Otherwise rejects with 401 and the reason, or with 503 when
   * the store does not answer.
   */
  auth(options?: AuthOptions): H3Middleware;
  /**
   * Adds the session cookie to a `Response` that an error handler has made, to which h3 adds no headers. Pass it as
   * `new H3({ onError, onResponse: sessions.onResponse })`, and in Nitro, which has such an error handler, to the hook
   * `response`. A `Response` with immutable headers cannot get the cookie.
   */
  onResponse(this: void, response: Response, event: object): void;
}

/** The options of `h3Sessions`. `Event` is h3's type, as far as `reject` names it. */
export interface H3SessionsOptions<Event> {
  /**
   * Responds to a rejected request in place of the default JSON with any value that a handler may return. The response gets
   * the error's status unless you set another one: 401, 403 for a page of another origin, or 503 when the store does not
   * answer. Show a 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, event: Event) => unknown;
}

/**
 * Creates sessions for h3 2, and so for Nitro 3 and Nuxt 5. Responds to a `SessionError` that is thrown behind `public` or
 * `auth` as `reject` says. If srvx has `trustProxy`, or the preset determines the client's address, that address is used.
 *
 * @example
 * ```ts
 * import { defineHandler, H3 } from "h3";
 * import { Manager } from "sessionup";
 * import { h3Sessions } from "sessionup/h3";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = h3Sessions(new Manager(memoryStore()));
 * const devices = defineHandler({
 *   middleware: [sessions.auth()],
 *   handler: (event) => sessions.fetchAll(event),
 * });
 *
 * export const app = new H3().get("/devices", devices);
 * ```
 */
export function h3Sessions<In, Out extends In, Event extends H3Context = H3Context>(
  manager: Manager<In, Out>,
  options: H3SessionsOptions<Event> = {},
): H3Sessions<In, Out> {
  const { methods, guards } = createSessions(manager, toExchange);
  // h3 passes its own event, so the app's function may name that type.
  const reject = parseReject(options, "h3Sessions") as H3SessionsOptions<H3Context>["reject"];

  async function rejectEvent(error: SessionError, event: H3Context): Promise<unknown> {
    event.res.status = error.status;
    // h3 takes `undefined` for "run the handler".
    return (await reject?.(error, event)) ?? toRejection(error);
  }

  function middleware(guard: Guard<H3Context>): H3Middleware {
    return async (event, next) => {
      const guarded = guard(event);
      const rejection = guarded && (await guarded);
      if (rejection) return rejectEvent(rejection, event);
      try {
        const value = await next();
        addToValue(event, value);
        return value;
      } catch (error) {
        if (SessionError.is(error)) return rejectEvent(error, event);
        addToError(event, error);
        throw error;
      }
    };
  }

  return {
    ...methods,
    public: (options) => middleware(guards.public(options)),
    auth: (options) => middleware(guards.auth(options)),
    [MOUNT]: (routes) => async (event, next) => {
      const { method, url } = event.req;
      const { pathname } = event.url;
      // On Node, mounts shorten the URL of the request, too.
      const mount = findMount(event.runtime?.node?.req.url ?? new URL(url).pathname, pathname);
      const answer = await routes(event, { method, mount, path: mount + pathname });
      return answer ? toResponse(answer) : next();
    },
    onResponse: addToErrorResponse,
  };
}

function toExchange(event: H3Context): H3Exchange {
  if (event?.res?.errHeaders) return new H3Exchange(event);
  throw new TypeError(
    "sessionup/h3: the context must be the event of h3 2. Pass `event`. " +
      "For an event of h3 1 (Nitro 2, Nuxt 3 and 4), use sessionup/node with `event.node.res`.",
  );
}
