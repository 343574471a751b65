import { MAX_COOKIE_AGE } from "../cookie/cookie-header.ts";
import type { ValidateOptions } from "../options/client-options.ts";
import type { Resolved } from "../options/options.ts";
import { computeActivityInterval, computeMaxLifetime } from "../rules/expiry.ts";
import type { AssuranceLevel } from "../rules/nist.ts";
import type { SessionLimit } from "../store.ts";
import { wordsOf } from "./policy-words.ts";

/**
 * What is in force: frozen, and as it is JSON. Times are seconds. What the app does beside it, such as `auth({ maxAuthAge })`,
 * is not in it.
 */
export interface SessionPolicy {
  /** The level of NIST SP 800-63B-4 whose limits nothing can exceed; null where none is promised. */
  readonly nist: AssuranceLevel | null;
  /** How long a session lives at most, unless `init` gave it a length of its own. */
  readonly absolute: number;
  /** How long `init` may let one live. */
  readonly longest: number;
  /** How long a session lives unused; null where it lives to its end. */
  readonly idle: number | null;
  /** So much earlier at most an unused session ends: activity is written no more often. */
  readonly idleEarly: number;
  /** Whether the cookie outlives the browser. */
  readonly persistentCookie: boolean;
  /**
   * An identity provider's session by which `init` was told that somebody logs in: ours ends with it at the latest, and
   * `ends` is whether `revokeByProviderSession` finds ours, which takes a store that can.
   */
  readonly provider: { readonly caps: true; readonly ends: boolean };
  /** How often the cookie's secret is replaced; null where only `rotate` and `reauthenticate` do it. */
  readonly rotation: number | null;
  /** How many sessions a user may have, and what happens beyond. */
  readonly concurrent: SessionLimit;
  /** How long the reason is remembered for which a session was ended; null: not at all. */
  readonly tombstones: number | null;
  /** Sessions that began before are refused; ISO 8601. As `manager.notBefore` is now. */
  readonly notBefore: string | null;
  /** What else browsers are told to clear at a logout. */
  readonly clearSiteData: readonly string[];
  /** From where a session may be used; null: from anywhere. */
  readonly validate: Required<ValidateOptions> | null;
  /** How the cookie is sent, and under which names it was before. */
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
  /** Origins besides the app's own whose pages may send what changes something. */
  readonly trustedOrigins: readonly string[];
  /** What is kept of who logs in. */
  readonly kept: {
    readonly ip: boolean | "prefix" | "hash";
    readonly agent: boolean;
    readonly geo: boolean;
  };
  /** By what a browser is known again at a login; null: it is not asked. */
  readonly recognize: { readonly sessions: boolean; readonly device: boolean } | null;
  /** The same in sentences, which say what ASVS 7.1.1, 7.1.2 and 7.1.3 want documented. */
  readonly words: readonly string[];
}

/** `links` is whether the store finds sessions by a provider's. @internal */
export function policyOf(options: Resolved<unknown, unknown>, links: boolean): SessionPolicy {
  const { nist, lifetime, rotateEvery, limit, tombstones, clearSiteData, validate, client, recognize } =
    options;
  const { idleTimeout, notBefore } = lifetime;
  const said = {
    nist: nist ?? null,
    absolute: computeMaxLifetime(lifetime) / 1_000,
    longest: (lifetime.overall ?? MAX_COOKIE_AGE) / 1_000,
    idle: idleTimeout === undefined ? null : idleTimeout / 1_000,
    idleEarly: computeActivityInterval(lifetime) / 1_000,
    persistentCookie: lifetime.expiresIn !== undefined,
    provider: Object.freeze({ caps: true, ends: links } as const),
    rotation: rotateEvery === undefined ? null : rotateEvery / 1_000,
    concurrent: limit,
    tombstones: tombstones ? tombstones.keepFor / 1_000 : null,
    notBefore: notBefore === undefined ? null : new Date(notBefore).toISOString(),
    clearSiteData,
    validate: validate ?? null,
    cookie: cookieIn(options.cookie),
    trustedOrigins: Object.freeze([...options.trustedOrigins]),
    kept: Object.freeze({ ip: client.ip, agent: client.agent, geo: client.geo !== undefined }),
    recognize: recognize
      ? Object.freeze({ sessions: recognize.sessions, device: recognize.device !== undefined })
      : null,
  };
  return Object.freeze({ ...said, words: wordsOf(said) });
}

function cookieIn({ attributes, previous }: Resolved<unknown, unknown>["cookie"]): SessionPolicy["cookie"] {
  const { name, path, domain = null, secure, httpOnly, sameSite, partitioned } = attributes;
  const names = Object.freeze(previous.map((each) => each.name));
  return Object.freeze({ name, path, domain, secure, httpOnly, sameSite, partitioned, previous: names });
}
