import type { PresentedTokens } from "../cookie/cookie-header.ts";
import { hashToken, type Token } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { continueWith, isPromise } from "../rules/maybe-promise.ts";
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
import type { ParsedMeta } from "./metadata.ts";
import { type RequestUse, refreshSession } from "./refresh.ts";

/** The authentication of one request. @internal */
export interface Attempt<Out> {
  readonly lifecycle: Lifecycle<unknown, Out>;
  readonly exchange: Exchange;
  readonly presented: PresentedTokens;
  readonly use: RequestUse;
  /** Whether the records were read a second time, past a cache. */
  readonly isReread?: true;
}

/**
 * Authenticates a request by its session cookie. Never throws on malformed client input. Returns a promise only where a step
 * has to wait: for a store that does not answer at once, an asynchronous schema, or a write that is due.
 *
 * @internal
 */
export function authenticate<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  use: RequestUse,
): MaybePromise<AuthResult<Out>> {
  const presented = lifecycle.cookie.read(exchange);
  const { tokens, malformed } = presented;
  if (tokens.length === 0) return toNoSession(malformed ? "malformed" : "no_cookie");
  try {
    const attempt = { lifecycle, exchange, presented, use };
    const result = continueWith(lifecycle.repository.readPresented(tokens), decide<Out>, attempt);
    return isPromise(result) ? result.catch(toFailedLookup) : result;
  } catch (error) {
    return toFailedLookup(error);
  }
}

function toFailedLookup(error: unknown): FailedLookup {
  if (SessionError.is(error)) return { state: "failed", error };
  // Any other error is a mistake in one of the app's functions, not an outage.
  throw error;
}

/** Verifies the presented tokens and accepts one of them. */
function decide<Out>(
  records: ReadonlyArray<SessionRecord | undefined>,
  attempt: Attempt<Out>,
): MaybePromise<AuthResult<Out>> {
  const { options, repository } = attempt.lifecycle;
  const { tokens } = attempt.presented;
  const { previous } = options.cookie;
  const now = options.clock();
  const verdicts = tokens.map((token, at) => verifyToken(records[at], hashToken(token), now, options));
  // A cached record may be from before the session was used again or got a new secret. Only the store's own ends it.
  if (repository.store.maxStaleness && !attempt.isReread && verdicts.some(isOver))
    return repository
      .readMany(tokens.map(({ id }) => id))
      .then((current) => decide(current, { ...attempt, isReread: true }));
  if (previous) return previous.choose(attempt, verdicts, now);
  const [token] = tokens;
  const [first] = verdicts;
  return verdicts.length === 1 && token && first?.admitted
    ? accept({ attempt, token, accepted: first, held: [first.record], now })
    : choose(attempt, verdicts, now);
}

/** Chooses the token that counts, and ends the sessions that are over. */
function choose<Out>(
  attempt: Attempt<Out>,
  verdicts: readonly TokenVerdict[],
  now: number,
): MaybePromise<AuthResult<Out>> {
  const { lifecycle, exchange } = attempt;
  const ending = verdicts.some(isOver) ? endRejectedSessions(lifecycle, exchange, verdicts) : [];
  return continueWith(ending, (remaining) => {
    // Clearing hits any cookie of the name, so all of them must have ended.
    if (verdicts.every(isOver)) lifecycle.cookie.clearIfWritable(exchange);
    const chosen = chooseToken(attempt, verdicts, remaining, now);
    return "state" in chosen ? chosen : accept(chosen);
  });
}

/** The accepted token that counts, and every session that the request holds. @internal */
export interface ChosenToken<Out> {
  readonly attempt: Attempt<Out>;
  readonly token: Token;
  readonly accepted: AcceptedToken;
  readonly held: readonly SessionRecord[];
  /** When the tokens were verified. */
  readonly now: number;
}

/** Returns the first accepted token. `remaining` are rejected sessions that have not ended yet. @internal */
export function chooseToken<Out>(
  attempt: Attempt<Out>,
  verdicts: readonly TokenVerdict[],
  remaining: readonly SessionRecord[],
  now: number,
): ChosenToken<Out> | NoSession {
  const index = verdicts.findIndex(isAccepted);
  const accepted = verdicts[index];
  const token = attempt.presented.tokens[index];
  if (!accepted?.admitted || !token) return toNoSession(findReason(verdicts), remaining);
  const held = verdicts.filter(isAccepted).map(({ record }) => record);
  // A sibling subdomain may have planted one of them, and nothing tells which.
  if (held.some(({ userKey }) => userKey !== accepted.record.userKey)) return toNoSession("malformed", held);
  return { attempt, token, accepted, held, now };
}

/** Whether a token was accepted. @internal */
export function isAccepted(verdict: TokenVerdict): verdict is AcceptedToken {
  return verdict.admitted;
}

/** Accepts a verified token. The usual request has nothing to write and nothing to wait for. @internal */
export function accept<Out>(chosen: ChosenToken<Out>): MaybePromise<AuthResult<Out>> {
  const { metadata } = chosen.attempt.lifecycle;
  return continueWith(metadata.read(chosen.accepted.data.meta), admit<Out>, chosen);
}

function admit<Out>(
  meta: ParsedMeta<Out>,
  { attempt, token, accepted, held, now }: ChosenToken<Out>,
): MaybePromise<AuthResult<Out>> {
  const { lifecycle, exchange, use } = attempt;
  if (!meta.ok) return toNoSession("meta_invalid", held);
  const rejected = lifecycle.options.validate?.rejectChanged(lifecycle, exchange, accepted, now);
  if (rejected)
    return continueWith(rejected, (action) => toNoSession("client_changed", action === "end" ? [] : held));
  return refreshSession(
    lifecycle,
    exchange,
    toLiveSession(lifecycle, token, accepted, meta, held, now),
    now,
    use,
  );
}
