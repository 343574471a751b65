import type { PresentedTokens } from "../cookie/cookie-header.ts";
import { hashToken, type Token } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type AcceptedToken, type TokenVerdict, verifyToken } from "../rules/verify-token.ts";
import type { SessionRecord } from "../store.ts";
import { type AuthResult, type NoSession, toLiveSession, toNoSession } from "./auth-result.ts";
import { endRejectedSessions, findReason, isOver } from "./end.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ParsedMeta } from "./metadata.ts";
import { planRefresh, type Refresh, type RequestUse, writeRefresh } from "./refresh.ts";

/** Authenticates a request by its session cookie. Never throws on malformed client input. @internal */
export async function authenticate<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  use: RequestUse,
): Promise<AuthResult<Out>> {
  const { repository, cookie } = lifecycle;
  const presented = cookie.read(exchange);
  const { tokens } = presented;
  const [first] = tokens;
  if (!first) return toNoSession(presented.malformed ? "malformed" : "no_cookie");
  const isSingle = tokens.length === 1;
  let record: SessionRecord | undefined;
  try {
    if (isSingle) record = await repository.read(first.id);
  } catch (cause) {
    return { state: "failed", error: repository.toStoreError(cause) };
  }
  try {
    const records = isSingle ? [record] : await repository.readMany(tokens.map(({ id }) => id));
    const result = decide(lifecycle, exchange, presented, records, use);
    // The usual result needs no further promise.
    return result instanceof Promise ? await result : result;
  } catch (error) {
    // Any other error is a mistake in one of the app's functions, not an outage.
    if (SessionError.is(error)) return { state: "failed", error };
    throw error;
  }
}

/** Verifies the presented tokens and accepts one of them. */
function decide<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  presented: PresentedTokens,
  records: ReadonlyArray<SessionRecord | undefined>,
  use: RequestUse,
): AuthResult<Out> | Promise<AuthResult<Out>> {
  const { options } = lifecycle;
  const { tokens } = presented;
  const { previous } = options.cookie;
  const now = options.clock();
  const verdicts = tokens.map((token, at) => verifyToken(records[at], hashToken(token), now, options));
  if (previous) return previous.choose(lifecycle, exchange, presented, verdicts, now, use);
  const [token] = tokens;
  const [first] = verdicts;
  if (verdicts.length === 1 && token && first?.admitted)
    return accept(lifecycle, exchange, { token, accepted: first, held: [first.record] }, now, use);
  return choose(lifecycle, exchange, tokens, verdicts, now, use);
}

/** Chooses the token that counts, and ends the sessions that are over. */
async function choose<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  tokens: readonly Token[],
  verdicts: readonly TokenVerdict[],
  now: number,
  use: RequestUse,
): Promise<AuthResult<Out>> {
  const remaining = await endRejectedSessions(lifecycle, exchange, verdicts);
  // Clearing hits any cookie of the name, so all of them must have ended.
  if (verdicts.every(isOver)) lifecycle.cookie.clearIfWritable(exchange);
  const chosen = chooseToken(tokens, verdicts, remaining);
  return "state" in chosen ? chosen : accept(lifecycle, exchange, chosen, now, use);
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
  chosen: ChosenToken,
  now: number,
  use: RequestUse,
): AuthResult<Out> | Promise<AuthResult<Out>> {
  const { metadata, options } = lifecycle;
  const { token, accepted, held } = chosen;
  const meta = metadata.read(accepted.data.meta);
  const refresh = planRefresh(lifecycle, exchange, token, accepted, now, use);
  if (refresh || options.validate || meta instanceof Promise)
    return acceptLater(lifecycle, exchange, chosen, now, meta, refresh);
  return meta.ok
    ? toLiveSession(lifecycle, token, accepted, meta, held, now)
    : toNoSession("meta_invalid", held);
}

async function acceptLater<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  { token, accepted, held }: ChosenToken,
  now: number,
  pendingMeta: ParsedMeta<Out> | Promise<ParsedMeta<Out>>,
  refresh: Refresh | undefined,
): Promise<AuthResult<Out>> {
  const meta = await pendingMeta;
  if (!meta.ok) return toNoSession("meta_invalid", held);
  const rejected = await lifecycle.options.validate?.rejectChanged(lifecycle, exchange, accepted, now);
  if (rejected) return toNoSession("client_changed", rejected === "end" ? [] : held);
  const refreshed = refresh ? await writeRefresh(lifecycle, exchange, accepted, now, refresh) : accepted;
  if (refreshed) return toLiveSession(lifecycle, token, refreshed, meta, held, now);
  // The session existed a moment ago and the secret was right: this proves its end.
  lifecycle.cookie.clearIfWritable(exchange);
  return toNoSession("revoked");
}
