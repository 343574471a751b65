import { SessionError } from "../errors.ts";
import { STORE_OUTCOMES } from "./metrics.ts";
import type { Outcome } from "./spans.ts";

/** How a store call ended. @internal */
export type StoreOutcome = (typeof STORE_OUTCOMES)[number];

/** Returns how a store call ended: with an answer, which may be negative, or with an error. @internal */
export function toStoreOutcome(outcome: Outcome<unknown>): StoreOutcome {
  if ("value" in outcome) return STORE_OUTCOMES.find((each) => each === outcome.value) ?? "ok";
  const code = SessionError.is(outcome.error) && outcome.error.code;
  if (code === "ERR_LIMIT") return "limit";
  return code === "ERR_DUPLICATE_ID" ? "duplicate_id" : "error";
}
