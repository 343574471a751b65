import type { FormerToken } from "../cookie/session-cookie.ts";
import type { UnauthorizedReason } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { AcceptedToken, TokenVerdict } from "../rules/verify-token.ts";
import type { SessionId } from "../session.ts";
import type { SessionRecord } from "../store.ts";
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
 * still accept a copy of the cookie. Clears the cookies whose sessions have provably ended. `copiedId` is a session whose
 * token also arrived in the current cookie, so that its previous cookies can go.
 *
 * Returns the sessions that could not end yet.
 *
 * @internal
 */
export async function endRejectedSessions(
  { repository, cookie }: Lifecycle,
  exchange: Exchange,
  verdicts: readonly TokenVerdict[],
  former: readonly FormerToken[],
  copiedId: string | undefined,
): Promise<readonly SessionRecord[]> {
  const remaining: SessionRecord[] = [];
  for (const verdict of verdicts) {
    if (!isOver(verdict) || verdict.record.ended) continue;
    const { record, reason } = verdict;
    if (reason === "reused") {
      // A browser that also presents an accepted secret of the session has a cookie left over from another path.
      if (verdicts.some((each) => each.admitted && each.record.id === record.id)) continue;
      await repository.endById(record.id, reason, record.userKey);
    } else if (exchange.blocked() === undefined) await repository.endById(record.id, reason, record.userKey);
    // A response that cannot clear the cookie leaves the session to a later request, which then can prove its end.
    else remaining.push(record);
  }
  const currentCount = verdicts.length - former.length;
  const getName = (at: number) => former[at - currentCount]?.name ?? cookie.name;
  for (const name of new Set(verdicts.map((_, at) => getName(at)))) {
    // Clearing hits any cookie of the name, so all of them must have ended.
    const canClear = verdicts.every((verdict, at) => {
      if (getName(at) !== name || isOver(verdict)) return true;
      return verdict.admitted && verdict.record.id === copiedId && name !== cookie.name;
    });
    if (canClear) cookie.clearIfWritable(exchange, name);
  }
  return remaining;
}

/** Ends sessions that this request holds, and clears the cookie. @internal */
export async function logOut(
  { repository, cookie }: Lifecycle,
  exchange: Exchange,
  held: readonly SessionRecord[],
): Promise<void> {
  cookie.assertWritable(exchange);
  for (const { id, userKey } of held) await repository.endById(id, "logout", userKey);
  cookie.clearAtLogout(exchange);
}

/** Ends all sessions of the user, and clears the cookie. Returns their ids. @internal */
export async function logOutEverywhere(
  { repository, cookie }: Lifecycle,
  exchange: Exchange,
  userKey: string,
): Promise<readonly SessionId[]> {
  cookie.assertWritable(exchange);
  const ids = await repository.endByUserKey(userKey, "revoked");
  cookie.clearAtLogout(exchange);
  return ids;
}
