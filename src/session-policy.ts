import { inWords } from "./duration.ts";
import type { Resolved } from "./options.ts";
import type { AssuranceLevel } from "./policy/assurance.ts";
import { absoluteOf, activityEvery } from "./policy/lifetime.ts";
import type { SessionLimit } from "./store.ts";
import { LONGEST_COOKIE } from "./wire/cookie.ts";

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
  /** How often the cookie's secret is replaced; null where only `rotate` and `reauthenticate` do it. */
  readonly rotation: number | null;
  /** How many sessions a user may have, and what happens beyond. */
  readonly concurrent: SessionLimit;
  /** The same in sentences, which say what ASVS 7.1.1 and 7.1.2 want documented. */
  readonly words: readonly string[];
}

type InForce = Pick<Resolved<unknown, unknown>, "nist" | "lifetime" | "rotateEvery" | "limit">;

/** @internal */
export function policyOf({ nist, lifetime, rotateEvery, limit }: InForce): SessionPolicy {
  const absolute = absoluteOf(lifetime);
  const longest = lifetime.overall ?? LONGEST_COOKIE;
  const idle = lifetime.idleTimeout;
  const early = activityEvery(lifetime);
  const persistent = lifetime.expiresIn !== undefined;
  const words = [
    `A session ends ${inWords(absolute)} after the login, whatever happens; nothing moves that end, neither use nor a new secret.`,
    idle === undefined
      ? "It does not end earlier for being unused."
      : `It ends when it was unused for ${inWords(idle)}, by the server's clock: never later than that after the last request that counts, and at most ${inWords(early)} earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.`,
    persistent
      ? "The cookie stays when the browser is closed, until the session ends."
      : "The cookie goes when the browser is closed.",
    nist
      ? `These are within the limits of NIST SP 800-63B-4 for ${nist.toUpperCase()}; a login may be given ${inWords(longest)} at most, and what would exceed a limit is refused.`
      : `No limits of NIST SP 800-63B-4 are promised: a login may be given ${inWords(longest)} of its own. Say why, or set the option nist.`,
    rotateEvery === undefined
      ? "The cookie's secret is replaced when privileges change and when the user proves again who they are."
      : `The cookie's secret is replaced every ${inWords(rotateEvery)}, when privileges change, and when the user proves again who they are; an old one that comes back ends the session.`,
    `A user has at most ${limit.max} ${limit.max === 1 ? "session" : "sessions"} at a time. ${BEYOND[limit.onExceed]}`,
  ];
  return Object.freeze({
    nist: nist ?? null,
    absolute: absolute / 1_000,
    longest: longest / 1_000,
    idle: idle === undefined ? null : idle / 1_000,
    idleEarly: early / 1_000,
    persistentCookie: persistent,
    rotation: rotateEvery === undefined ? null : rotateEvery / 1_000,
    concurrent: limit,
    words: Object.freeze(words),
  });
}

const BEYOND: Readonly<Record<SessionLimit["onExceed"], string>> = {
  "evict-oldest": "One more login ends the one that began first.",
  "evict-idlest": "One more login ends the one that was unused for longest.",
  refuse: "One more login is refused.",
};
