import type { Exchange } from "../exchange.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { AppLifecycle, BearerTransport } from "../options/bearer-transport.ts";
import type { DpopError } from "../options/dpop-proofs.ts";
import { createAppLifecycle } from "./app-lifecycle.ts";
import { readCredentials } from "./authorization.ts";
import { toChallenge } from "./challenge.ts";
import { type BearerOptions, parseBearerOptions } from "./options.ts";

export type { BearerTransport } from "../options/bearer-transport.ts";
export type { DpopProofs } from "../options/dpop-proofs.ts";
export {
  type BearerInitArguments,
  type BearerInitOptions,
  type BegunSession,
  initBearer,
} from "./init-bearer.ts";
export type { BearerOptions, DeviceOptions } from "./options.ts";

/**
 * Returns a transport for the manager's option `transports`: native clients present their tokens as
 * `Authorization: Bearer <token>`. Mobile and desktop apps, command lines and front ends on another site cannot use the cookie.
 * `initBearer` begins their sessions.
 *
 * - A request with a bearer token never reads the cookie, needs no check of its origin, and gets no cookie. With a token and our
 *   cookie, it is rejected as `malformed`, and so is one whose bearer token is not ours.
 * - A session belongs to the transport that began it. The other transport rejects its token.
 * - A new secret travels in the response header `Session-Token`. The header is empty when the session has provably ended.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { bearer } from "sessionup/bearer";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const both = new Manager(memoryStore(), { transports: ["cookie", bearer()], rotateEvery: "1h" });
 * export const appsOnly = both.with({ transports: [bearer()] }); // for the routes of the apps
 * ```
 */
export function bearer(options: BearerOptions = {}): BearerTransport {
  const parsed = parseBearerOptions(options);
  const { header, dpop } = parsed;
  const apps = new WeakMap<object, AppLifecycle<never, never>>();
  const rejectedProofs = new WeakMap<Exchange, DpopError>();

  function getApps<In, Out>(browsers: Lifecycle<In, Out>): AppLifecycle<In, Out> {
    const known = apps.get(browsers) as AppLifecycle<In, Out> | undefined;
    if (known) return known;
    const created = createAppLifecycle(browsers, parsed, rejectedProofs);
    apps.set(browsers, created as AppLifecycle<never, never>);
    return created;
  }

  return Object.freeze({
    header,
    dpop,
    getApps,
    connect(browsers) {
      const found = getApps(browsers);
      if (!browsers.options.transports?.hasCookie) return () => found;
      return (exchange) =>
        readCredentials(exchange.header("authorization"), dpop !== undefined) ? found : browsers;
    },
    challenge({ lifecycle, exchange }, reason, needed) {
      const isApp = lifecycle.cookie.isExplicit === true;
      // A browser's session that needs a fresh proof already has a challenge of its own.
      if (exchange.blocked("header") !== undefined || (needed && !isApp)) return;
      const challenge = toChallenge({
        needed,
        isPresented: isApp && reason !== "no_cookie",
        dpopError: rejectedProofs.get(exchange),
        dpop: dpop?.challenge,
      });
      exchange.setHeader("www-authenticate", challenge);
    },
  } satisfies BearerTransport);
}
