import type { PresentedTokens } from "../cookie/cookie-header.ts";
import type { Exchange } from "../exchange.ts";
import type { AuthResult } from "../lifecycle/auth-result.ts";
import { accept, chooseToken, isAccepted } from "../lifecycle/authenticate.ts";
import { endRejectedSessions, isOver } from "../lifecycle/end.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { RequestUse } from "../lifecycle/refresh.ts";
import { continueWith } from "../rules/maybe-promise.ts";
import type { TokenVerdict } from "../rules/verify-token.ts";
import type { MaybePromise } from "../store.ts";
import type { MigratingCookie } from "./migrating-cookie.ts";
import { getSentAs, isSentDifferently, moveCookie } from "./move-cookie.ts";

/** Chooses the token that counts, ends the sessions that are over, and moves a token to the current cookie. */
export function chooseAndMove<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  { tokens, formerNames = [] }: PresentedTokens,
  verdicts: readonly TokenVerdict[],
  now: number,
  use: RequestUse,
): MaybePromise<AuthResult<Out>> {
  const currentCount = tokens.length - formerNames.length;
  // An attacker may be able to plant a previous cookie, so previous cookies count only without a current one.
  const counting = currentCount > 0 ? verdicts.slice(0, currentCount) : verdicts;
  const copiedId = currentCount > 0 ? counting.find(isAccepted)?.record.id : undefined;
  return continueWith(endRejectedSessions(lifecycle, exchange, verdicts), (remaining) => {
    clearEndedCookies(lifecycle, exchange, verdicts, formerNames, copiedId);
    const chosen = chooseToken(tokens, counting, remaining);
    if ("state" in chosen) return chosen;
    const { userKey } = chosen.accepted.record;
    const others = verdicts.slice(counting.length).filter(isAccepted);
    const held = [
      ...chosen.held,
      ...others.map(({ record }) => record).filter((record) => record.userKey === userKey),
    ];
    // Beside a token that is over, nothing tells which cookie is the current one: the move makes them one.
    const isAmbiguous = getSentAs(lifecycle) !== undefined && counting.some(isOver);
    const moves = currentCount === 0 || isAmbiguous || isSentDifferently(lifecycle, chosen.accepted);
    if (!moves) return accept(lifecycle, exchange, { ...chosen, held }, now, use);
    const accepting = accept(lifecycle, exchange, { ...chosen, held }, now, { ...use, rotate: false });
    return continueWith(accepting, (found) => moveCookie(lifecycle, exchange, found, now));
  });
}

/**
 * Clears the cookies whose sessions have provably ended. `copiedId` is the session whose token also arrived in the current
 * cookie, so that its previous cookies can go.
 */
function clearEndedCookies(
  lifecycle: Lifecycle,
  exchange: Exchange,
  verdicts: readonly TokenVerdict[],
  formerNames: readonly string[],
  copiedId: string | undefined,
): void {
  const cookie = lifecycle.cookie as MigratingCookie;
  const currentCount = verdicts.length - formerNames.length;
  const getName = (at: number) => formerNames[at - currentCount] ?? cookie.name;
  for (const name of new Set(verdicts.map((_, at) => getName(at)))) {
    // Clearing hits any cookie of the name, so all of them must have ended.
    const canClear = verdicts.every((verdict, at) => {
      if (getName(at) !== name || isOver(verdict)) return true;
      return verdict.admitted && verdict.record.id === copiedId && name !== cookie.name;
    });
    if (canClear) cookie.clearIfWritable(exchange, name);
  }
}
