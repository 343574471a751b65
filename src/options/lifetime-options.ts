import { MAX_COOKIE_AGE } from "../cookie/cookie-header.ts";
import { type Duration, formatDuration, parseDuration } from "../duration.ts";
import { type AssuranceLevel, NIST_LIMITS, type NistLimits } from "../rules/nist.ts";

/** Checks `expiresIn`, the manager's or the one of a single `init`. @internal */
export function expiresInOf(
  expiresIn: Duration | undefined,
  nist: AssuranceLevel | undefined,
): number | undefined {
  if (expiresIn === undefined) return undefined;
  const result = parseDuration(expiresIn, "expiresIn");
  if (result > MAX_COOKIE_AGE)
    throw new TypeError('expiresIn: at most "400d", no browser keeps a cookie for longer');
  if (nist) within(result, limitsOf(nist).overall, `expiresIn: "${expiresIn}"`, nist);
  return result;
}

/** Checks `idleTimeout`, and gives the level's limit where there is none. @internal */
export function idleTimeoutOf(
  idleTimeout: Duration | undefined,
  nist: AssuranceLevel | undefined,
): number | undefined {
  const limit = nist && limitsOf(nist).idle;
  if (idleTimeout === undefined) return limit;
  const result = parseDuration(idleTimeout, "idleTimeout");
  if (nist && limit !== undefined) within(result, limit, `idleTimeout: "${idleTimeout}"`, nist);
  return result;
}

/** What no session may live longer than. @internal */
export function overallOf(nist: AssuranceLevel | undefined): number | undefined {
  return nist === undefined ? undefined : limitsOf(nist).overall;
}

function limitsOf(nist: AssuranceLevel): NistLimits {
  if (Object.hasOwn(NIST_LIMITS, nist)) return NIST_LIMITS[nist];
  throw new TypeError('nist: needs "aal1", "aal2" or "aal3"');
}

/** A promise to an auditor that one option makes must not be broken by another one. */
function within(length: number, limit: number, given: string, nist: AssuranceLevel): void {
  if (length > limit)
    throw new TypeError(`${given} is longer than nist: "${nist}" allows, which is ${formatDuration(limit)}`);
}
