import { type Duration, inWords, milliseconds } from "./duration.ts";
import { type AssuranceLevel, LIMITS, type Limits } from "./policy/assurance.ts";
import { LONGEST_COOKIE } from "./wire/cookie.ts";

/** Checks `expiresIn`, the manager's or the one of a single `init`. @internal */
export function expiresInOf(
  expiresIn: Duration | undefined,
  nist: AssuranceLevel | undefined,
): number | undefined {
  if (expiresIn === undefined) return undefined;
  const result = milliseconds(expiresIn, "expiresIn");
  if (result > LONGEST_COOKIE)
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
  const result = milliseconds(idleTimeout, "idleTimeout");
  if (nist && limit !== undefined) within(result, limit, `idleTimeout: "${idleTimeout}"`, nist);
  return result;
}

/** What no session may live longer than. @internal */
export function overallOf(nist: AssuranceLevel | undefined): number | undefined {
  return nist === undefined ? undefined : limitsOf(nist).overall;
}

function limitsOf(nist: AssuranceLevel): Limits {
  if (Object.hasOwn(LIMITS, nist)) return LIMITS[nist];
  throw new TypeError('nist: needs "aal1", "aal2" or "aal3"');
}

/** A promise to an auditor that one option makes must not be broken by another one. */
function within(length: number, limit: number, given: string, nist: AssuranceLevel): void {
  if (length > limit)
    throw new TypeError(`${given} is longer than nist: "${nist}" allows, which is ${inWords(limit)}`);
}
