import { MAX_COOKIE_AGE } from "../cookie/cookie-header.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Manager } from "../manager.ts";
import type { ParsedTransports } from "../options/bearer-transport.ts";
import type { ClientValidationOptions } from "../options/client-validation-options.ts";
import type { ClientValidator } from "../options/client-validator.ts";
import type { ParsedCookies } from "../options/cookie-options.ts";
import { computeActivityInterval, computeMaxLifetime } from "../rules/expiry.ts";
import type { AssuranceLevel } from "../rules/nist.ts";
import type { SessionLimit } from "../store.ts";
import { describePolicy } from "./sentences.ts";

/**
 * The policy that a manager's options add up to: frozen, and JSON. Times are seconds. It does not include what the app does
 * itself, such as `auth({ maxAuthAge })`.
 */
export interface SessionPolicy {
  /** The level of NIST SP 800-63B-4 whose limits no session exceeds. Null where none is promised. */
  readonly nist: AssuranceLevel | null;
  /** The longest life of a session, unless `init` sets another. */
  readonly absolute: number;
  /** The longest life that `init` may set. */
  readonly longest: number;
  /** How long a session lives without use. Null where there is no such limit. */
  readonly idle: number | null;
  /** How much earlier an unused session may end, because activity is not written more often. */
  readonly idleEarly: number;
  /** Whether the cookie outlives the browser session. */
  readonly persistentCookie: boolean;
  /**
   * The effects of an identity provider's session that `init` received. `caps`: our session ends with it at the latest.
   * `ends`: whether `revokeByProviderSession` finds our session, which depends on the store.
   */
  readonly provider: { readonly caps: true; readonly ends: boolean };
  /** How often the cookie's secret is replaced. Null where only `rotate` and `reauthenticate` replace it. */
  readonly rotation: number | null;
  /** The number of sessions that a user may have, and the effect of one more. */
  readonly concurrent: SessionLimit;
  /** How long the store remembers why a session ended. Null where it does not. */
  readonly tombstones: number | null;
  /** The moment before which sessions must not have begun, in ISO 8601: the current `manager.notBefore`. */
  readonly notBefore: string | null;
  /** The data that browsers clear at logout besides our cookie. */
  readonly clearSiteData: readonly string[];
  /** From which clients a session may be used. Null: from any. */
  readonly validate: Required<ClientValidationOptions> | null;
  /** How the cookie is sent, and the names of previous cookies. */
  readonly cookie: {
    readonly name: string;
    readonly path: string;
    readonly domain: string | null;
    readonly secure: boolean;
    readonly httpOnly: boolean;
    readonly sameSite: "strict" | "lax" | "none";
    readonly partitioned: boolean;
    readonly previous: readonly string[];
  };
  /** How clients present their tokens: whether in the cookie, and the bearer transport of apps. Null: apps have none. */
  readonly transports: {
    readonly cookie: boolean;
    readonly bearer: { readonly header: string; readonly dpop: boolean } | null;
  };
  /** Origins besides the app's own whose pages may send unsafe requests. */
  readonly trustedOrigins: readonly string[];
  /** The data that a session keeps about the client that logged in. */
  readonly kept: {
    readonly ip: boolean | "prefix" | "hash";
    readonly agent: boolean;
    readonly geo: boolean;
  };
  /** How a client is recognized at login. Null: not at all. */
  readonly recognize: { readonly sessions: boolean; readonly device: boolean } | null;
  /** The policy in sentences, which document what ASVS 7.1.1, 7.1.2 and 7.1.3 ask for. */
  readonly words: readonly string[];
}

/**
 * Returns the policy that a manager's options add up to, as data and in sentences: for monitoring and for auditors.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { sessionPolicy } from "sessionup/report";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore(), { nist: "aal2" });
 * console.log(sessionPolicy(manager).words.join("\n"));
 * ```
 */
export function sessionPolicy<In, Out extends In>(manager: Manager<In, Out>): SessionPolicy {
  const { options, repository } = getLifecycle(manager);
  const { nist, lifetime, rotateEvery, tombstones, validate, client, recognize } = options;
  const { idleTimeout, notBefore } = lifetime;
  const policy = {
    nist: nist ?? null,
    absolute: computeMaxLifetime(lifetime) / 1_000,
    longest: (lifetime.overall ?? MAX_COOKIE_AGE) / 1_000,
    idle: idleTimeout === undefined ? null : idleTimeout / 1_000,
    idleEarly: computeActivityInterval(lifetime) / 1_000,
    persistentCookie: lifetime.expiresIn !== undefined,
    provider: Object.freeze({ caps: true, ends: repository.store.fetchByLink !== undefined } as const),
    rotation: rotateEvery === undefined ? null : rotateEvery / 1_000,
    concurrent: options.maxSessions,
    tombstones: tombstones ? tombstones.keepFor / 1_000 : null,
    notBefore: notBefore === undefined ? null : new Date(notBefore).toISOString(),
    clearSiteData: options.clearSiteData,
    validate: validate ? toValidationPolicy(validate) : null,
    cookie: toCookiePolicy(options.cookie),
    transports: toTransportPolicy(options.transports),
    trustedOrigins: Object.freeze([...options.trustedOrigins]),
    kept: Object.freeze({ ip: client.ip, agent: client.agent, geo: client.geo !== undefined }),
    recognize: recognize ? Object.freeze({ sessions: recognize.sessions, device: recognize.device }) : null,
  };
  return Object.freeze({ ...policy, words: describePolicy(policy) });
}

function toValidationPolicy({ ip, agent, onChange }: ClientValidator): SessionPolicy["validate"] {
  return Object.freeze({ ip, agent, onChange });
}

function toTransportPolicy(transports: ParsedTransports | undefined): SessionPolicy["transports"] {
  if (!transports) return Object.freeze({ cookie: true, bearer: null });
  const { header, dpop, hasCookie } = transports;
  return Object.freeze({ cookie: hasCookie, bearer: Object.freeze({ header, dpop: dpop !== undefined }) });
}

function toCookiePolicy({ attributes, previous }: ParsedCookies): SessionPolicy["cookie"] {
  const { name, path, domain = null, secure, httpOnly, sameSite, partitioned } = attributes;
  return Object.freeze({
    name,
    path,
    domain,
    secure,
    httpOnly,
    sameSite,
    partitioned,
    previous: previous?.names ?? Object.freeze([]),
  });
}
