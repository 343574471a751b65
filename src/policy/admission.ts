import { type CoreData, coreData } from "../session-data.ts";
import type { EndReason, SessionRecord } from "../store.ts";
import { endOf, type Lifetime } from "./lifetime.ts";
import { type Match, matchSecret, type Proof } from "./rotation.ts";

/** A record, and the secret of it that was presented: the current one, or one that retired lately. */
export interface Admitted {
  readonly admitted: true;
  readonly record: SessionRecord;
  readonly data: CoreData;
  readonly match: Match;
}

/** Whether a token gets in, by its record, its secret and the clock alone. */
export type Admission =
  | Admitted
  | { readonly admitted: false; readonly reason: "unknown" }
  // Whoever gets these has proved to have held the session: only to them may its end be told.
  | {
      readonly admitted: false;
      readonly reason: EndReason;
      readonly record: SessionRecord;
    };

const UNKNOWN: Admission = Object.freeze({ admitted: false, reason: "unknown" });

export function admit(
  record: SessionRecord | undefined,
  proof: Proof,
  now: number,
  options: {
    readonly cookie: { readonly base: string; readonly formerBases: readonly string[] };
    readonly lifetime: Lifetime;
  },
): Admission {
  const data = record && coreData(record);
  const { base, formerBases } = options.cookie;
  if (!data || (data.cookie !== base && !formerBases.includes(data.cookie))) return UNKNOWN;
  const match = matchSecret(data, proof, now);
  if (match === "unknown") return UNKNOWN;
  if (record.ended) return { admitted: false, reason: record.ended.reason, record };
  const over = endOf(record, now, options.lifetime);
  if (over) return { admitted: false, reason: over, record };
  if (match === "reused") return { admitted: false, reason: "reused", record };
  return { admitted: true, record, data, match };
}
