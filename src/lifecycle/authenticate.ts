import type { PresentedTokens } from "../cookie/cookie-header.ts";
import { hashToken, type Token } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { continueWith } from "../rules/maybe-promise.ts";
import { type AcceptedToken, type TokenVerdict, verifyToken } from "../rules/verify-token.ts";
import type { MaybePromise, SessionRecord } from "../store.ts";
import {
  type AuthResult,
  type FailedLookup,
  type NoSession,
  toLiveSession,
  toNoSession,
} from "./auth-result.ts";
import { endRejectedSessions, findReason, isOver } from "./end.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { type RequestUse, refreshSession } from "./refresh.ts";

/**
 * Authenticates a request by its session cookie. Never throws on malformed client input. Pass what it throws or rejects with to
 * `toFailedLookup`.
 *
 * @internal
 */
export function authenticate<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  use: RequestUse,
): MaybePromise<AuthResult<Out>> {
  const { repository, cookie } = lifecycle;
  const presented = cookie.read(exchange);
  const ids = presented.tokens.map(({ id }) => id);
  if (ids.length === 0) return toNoSession(presented.malformed ? "malformed" : "no_cookie");
  const read = (isCurrent?: true): MaybePromise<AuthResult<Out>> =>
    continueWith(repository.read(ids, isCurrent), (records) =>
      decide(lifecycle, exchange, presented, records, use, isCurrent ? undefined : read),
    );
  return read();
}

/** Returns the result of an authentication that has failed. @internal */
export function toFailedLookup(error: unknown): FailedLookup {
  if (SessionError.is(error)) return { state: "failed", error };
  // Any other error is a mistake in one of the app's functions, not an outage.
  throw error;
}

/** Verifies the presented tokens and accepts one of them. */
function decide<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  presented: PresentedTokens,
  records: ReadonlyArray<SessionRecord | undefined>,
  use: RequestUse,
  readAgain: ((isCurrent: true) => MaybePromise<AuthResult<Out>>) | undefined,
): MaybePromise<AuthResult<Out>> {
  const { options, repository } = lifecycle;
  const { tokens } = presented;
  const { previous } = options.cookie;
  const now = options.clock();
  const verdicts = tokens.map((token, at) => verifyToken(records[at], hashToken(token), now, options));
  // A cached record may be from before the session was used again or got a new secret. Only the store's own ends it.
  if (readAgain && repository.store.maxStaleness && verdicts.some(isOver)) return readAgain(true);
  if (previous) return previous.choose(lifecycle, exchange, presented, verdicts, now, use);
  const [token] = tokens;
  const [first] = verdicts;
  if (verdicts.length === 1 && token && first?.admitted)
    return accept(lifecycle, exchange, { token, accepted: first, held: [first.record] }, now, use);
  return choose(lifecycle, exchange, tokens, verdicts, now, use);
}

/** Chooses the token that counts, and ends the sessions that are over. @internal */
export function choose<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  tokens: readonly Token[],
  verdicts: readonly TokenVerdict[],
  now: number,
  use: RequestUse,
): MaybePromise<AuthResult<Out>> {
  return continueWith(endRejectedSessions(lifecycle, exchange, verdicts), (remaining) => {
    // Clearing hits any cookie of the name, so all of them must have ended.
    if (verdicts.every(isOver)) lifecycle.cookie.clearIfWritable(exchange);
    const chosen = chooseToken(tokens, verdicts, remaining);
    return "state" in chosen ? chosen : accept(lifecycle, exchange, chosen, now, use);
  });
}

/** The accepted token that counts, and every session that the request holds. @internal */
export interface ChosenToken {
  readonly token: Token;
  readonly accepted: AcceptedToken;
  readonly held: readonly SessionRecord[];
}

/** Returns the first accepted token. `remaining` are rejected sessions that have not ended yet. @internal */
export function chooseToken(
  tokens: readonly Token[],
  verdicts: readonly TokenVerdict[],
  remaining: readonly SessionRecord[],
): ChosenToken | NoSession {
  const index = verdicts.findIndex(isAccepted);
  const accepted = verdicts[index];
  const token = tokens[index];
  if (!accepted?.admitted || !token) return toNoSession(findReason(verdicts), remaining);
  const held = verdicts.filter(isAccepted).map(({ record }) => record);
  // A sibling subdomain may have planted one of them, and nothing tells which.
  if (held.some(({ userKey }) => userKey !== accepted.record.userKey)) return toNoSession("malformed", held);
  return { token, accepted, held };
}

/** Whether a token was accepted. @internal */
export function isAccepted(verdict: TokenVerdict): verdict is AcceptedToken {
  return verdict.admitted;
}

/** Accepts a verified token. The usual request has nothing to write and nothing to wait for. @internal */
export function accept<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  { token, accepted, held }: ChosenToken,
  now: number,
  use: RequestUse,
): MaybePromise<AuthResult<Out>> {
  return continueWith(lifecycle.metadata.read(accepted.data.meta), (meta) => {
    if (!meta.ok) return toNoSession("meta_invalid", held);
    return (
      lifecycle.options.validate?.rejectChanged(lifecycle, exchange, accepted, held, now) ??
      refreshSession(
        lifecycle,
        exchange,
        toLiveSession(lifecycle, token, accepted, meta, held, now),
        now,
        use,
      )
    );
  });
}
