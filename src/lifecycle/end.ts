import type { UnauthorizedReason } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { AcceptedToken, TokenVerdict } from "../rules/verify-token.ts";
import type { MaybePromise, SessionRecord } from "../store.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** A token whose session is over, and that proves to have held it. */
type OverVerdict = Exclude<TokenVerdict, AcceptedToken | { readonly reason: "unknown" }>;

/** Whether a token proves that its session is over. @internal */
export function isOver(verdict: TokenVerdict): verdict is OverVerdict {
  return !verdict.admitted && verdict.reason !== "unknown";
}

/** Returns the first reason that the client may learn. @internal */
export function findReason(verdicts: readonly TokenVerdict[]): UnauthorizedReason {
  return verdicts.find(isOver)?.reason ?? "unknown";
}

/**
 * Ends the sessions that this request proves and that are over by this manager's options and clock: another manager may
 * still accept a copy of the cookie. Returns the sessions that could not end yet.
 *
 * @internal
 */
export function endRejectedSessions(
  lifecycle: Lifecycle,
  exchange: Exchange,
  verdicts: readonly TokenVerdict[],
): MaybePromise<readonly SessionRecord[]> {
  return verdicts.some(isOver) ? endOverSessions(lifecycle, exchange, verdicts) : [];
}

async function endOverSessions(
  { repository }: Lifecycle,
  exchange: Exchange,
  verdicts: readonly TokenVerdict[],
): Promise<readonly SessionRecord[]> {
  const remaining: SessionRecord[] = [];
  for (const verdict of verdicts) {
    if (!isOver(verdict) || verdict.record.ended) continue;
    const { record, reason } = verdict;
    const isReused = reason === "reused";
    // A browser that also presents an accepted secret of the session has a cookie left over from another path.
    if (isReused && verdicts.some((each) => each.admitted && each.record.id === record.id)) continue;
    // A response that cannot clear the cookie leaves the session to a later request, which then can prove its end.
    if (!isReused && exchange.blocked() !== undefined) remaining.push(record);
    else await repository.endById(record.id, reason, record.userKey);
  }
  return remaining;
}

/** Ends sessions by `end` and clears the cookie. Fails before `end` if the response can no longer clear the cookie. @internal */
export async function logOut<Ended>(
  { cookie }: Lifecycle,
  exchange: Exchange,
  end: () => Promise<Ended>,
): Promise<Ended> {
  cookie.assertWritable(exchange);
  const ended = await end();
  cookie.clearAtLogout(exchange);
  return ended;
}
