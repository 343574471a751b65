import type { EndReason, SessionRecord } from "../store.ts";
import { findEndReason, type Lifetime } from "./expiry.ts";
import { getCookieName, type RecordData, readRecordData } from "./record.ts";
import { matchSecret, type SecretMatch } from "./rotation.ts";
import type { SecretProof } from "./secret-proof.ts";

/** A record whose token was accepted, and which of its secrets the client presented. */
export interface AcceptedToken {
  readonly admitted: true;
  readonly record: SessionRecord;
  readonly data: RecordData;
  readonly match: SecretMatch;
}

/** The verdict on a token. It depends only on the record, the secret, the clock and the options. */
export type TokenVerdict =
  | AcceptedToken
  | { readonly admitted: false; readonly reason: "unknown" }
  // These reasons reveal how a session ended, so only a client that proves its secret gets them.
  | { readonly admitted: false; readonly reason: EndReason; readonly record: SessionRecord };

/** The cookie names under which a manager accepts tokens, without prefixes. */
export interface CookieNames {
  readonly base: string;
  readonly previous: { readonly bases: readonly string[] } | undefined;
}

/** Whether a session's cookie has one of these names. */
export function belongsToCookie(data: RecordData, { base, previous }: CookieNames): boolean {
  const cookie = getCookieName(data);
  return cookie === base || previous?.bases.includes(cookie) === true;
}

const UNKNOWN: TokenVerdict = Object.freeze({ admitted: false, reason: "unknown" });

/** Decides whether a token is accepted. `record` is what the store holds under the token's id. */
export function verifyToken(
  record: SessionRecord | undefined,
  proof: SecretProof,
  now: number,
  options: { readonly cookie: CookieNames; readonly lifetime: Lifetime },
): TokenVerdict {
  const data = record && readRecordData(record);
  if (!data || !belongsToCookie(data, options.cookie)) return UNKNOWN;
  const match = matchSecret(data, proof, now);
  if (match === "unknown") return UNKNOWN;
  if (record.ended) return { admitted: false, reason: record.ended.reason, record };
  const over = findEndReason(record, now, options.lifetime);
  if (over) return { admitted: false, reason: over, record };
  if (match === "reused") return { admitted: false, reason: "reused", record };
  return { admitted: true, record, data, match };
}
