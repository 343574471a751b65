import type { EndReason, SessionRecord } from "../store.ts";
import { findEndReason, type Lifetime } from "./expiry.ts";
import { getCookieName, type RecordData, readRecordData } from "./record.ts";
import { matchSecret, type SecretMatch, type SecretProof } from "./rotation.ts";

/** A record, and the secret of it that was presented: the current one, or one that retired lately. */
export interface AcceptedToken {
  readonly admitted: true;
  readonly record: SessionRecord;
  readonly data: RecordData;
  readonly match: SecretMatch;
}

/** Whether a token gets in, by its record, its secret and the clock alone. */
export type TokenVerdict =
  | AcceptedToken
  | { readonly admitted: false; readonly reason: "unknown" }
  // Whoever gets these has proved to have held the session: only to them may its end be told.
  | {
      readonly admitted: false;
      readonly reason: EndReason;
      readonly record: SessionRecord;
    };

/** The names under which a manager's tokens are good, without prefixes: that of now, and those of before. */
export interface CookieNames {
  readonly base: string;
  readonly formerBases: readonly string[];
}

/** Whether a session is one of the manager with these names. */
export function belongsToCookie(data: RecordData, { base, formerBases }: CookieNames): boolean {
  const cookie = getCookieName(data);
  return cookie === base || formerBases.includes(cookie);
}

const UNKNOWN: TokenVerdict = Object.freeze({ admitted: false, reason: "unknown" });

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
