import type { FormerToken } from "../cookie/session-cookie.ts";
import { type Token, TokenProof } from "../cookie/token.ts";
import { SessionError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type AcceptedToken, type TokenVerdict, verifyToken } from "../rules/verify-token.ts";
import type { SessionRecord } from "../store.ts";
import { type AuthResult, toLiveSession, toNoSession } from "./auth-result.ts";
import { rejectChangedClient } from "./client.ts";
import { endRejectedSessions, findReason, isOver } from "./end.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ParsedMeta } from "./metadata.ts";
import { isSentDifferently, moveCookie } from "./move-cookie.ts";
import { planRefresh, type Refresh, type RequestUse, writeRefresh } from "./refresh.ts";

/** Authenticates a request by its session cookie. Never throws on malformed client input. @internal */
export async function authenticate<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  use: RequestUse,
): Promise<AuthResult<Out>> {
  const { repository, cookie } = lifecycle;
  const { tokens, malformed } = cookie.read(exchange);
  const former = cookie.readFormer(exchange);
  const presented = former.length === 0 ? tokens : [...tokens, ...former.map(({ token }) => token)];
  const [first] = presented;
  if (!first) return toNoSession(malformed ? "malformed" : "no_cookie");
  const isSingle = presented.length === 1;
  let record: SessionRecord | undefined;
  try {
    if (isSingle) record = await repository.read(first.id);
  } catch (cause) {
    return { state: "failed", error: repository.toStoreError(cause) };
  }
  try {
    const records = isSingle ? [record] : await repository.readMany(presented.map(({ id }) => id));
    const result = decide(lifecycle, exchange, presented, former, records, use);
    // The usual result needs no further promise.
    return result instanceof Promise ? await result : result;
  } catch (error) {
    // Any other error is a mistake in one of the app's functions, not an outage.
    if (SessionError.is(error)) return { state: "failed", error };
    throw error;
  }
}

/** Verifies the presented tokens. The last ones, as many as `former` has, came in previous cookies. */
function decide<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  presented: readonly Token[],
  former: readonly FormerToken[],
  records: ReadonlyArray<SessionRecord | undefined>,
  use: RequestUse,
): AuthResult<Out> | Promise<AuthResult<Out>> {
  const { options } = lifecycle;
  const now = options.clock();
  const verdicts = presented.map((token, at) =>
    verifyToken(records[at], new TokenProof(token), now, options),
  );
  const [token] = presented;
  const [first] = verdicts;
  const isUsual = verdicts.length === 1 && former.length === 0;
  if (isUsual && token && first?.admitted && !isSentDifferently(lifecycle, first))
    return accept(lifecycle, exchange, token, first, [first.record], now, use);
  return choose(lifecycle, exchange, presented, former, verdicts, now, use);
}

/** Chooses the token that counts, ends the sessions that are over, and moves a token to the current cookie. */
async function choose<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  presented: readonly Token[],
  former: readonly FormerToken[],
  verdicts: readonly TokenVerdict[],
  now: number,
  use: RequestUse,
): Promise<AuthResult<Out>> {
  const currentCount = presented.length - former.length;
  // An attacker may be able to plant a previous cookie, so previous cookies count only without a current one.
  const counting = currentCount > 0 ? verdicts.slice(0, currentCount) : verdicts;
  const index = counting.findIndex(isAccepted);
  const best = counting[index];
  const token = presented[index];
  const copiedId = currentCount > 0 && best?.admitted ? best.record.id : undefined;
  const rejected = await endRejectedSessions(lifecycle, exchange, verdicts, former, copiedId);
  if (!best?.admitted || !token) return toNoSession(findReason(counting), rejected);
  const { userKey } = best.record;
  const held = counting.filter(isAccepted).map(({ record }) => record);
  // A sibling subdomain may have planted one of them, and nothing tells which.
  if (held.some((record) => record.userKey !== userKey)) return toNoSession("malformed", held);
  for (const { record } of verdicts.slice(counting.length).filter(isAccepted))
    if (record.userKey === userKey) held.push(record);
  // Beside a token that is over, nothing tells which cookie is the current one: the move makes them one.
  const isAmbiguous = lifecycle.cookie.sentAs !== undefined && counting.some(isOver);
  const moves = currentCount === 0 || isAmbiguous || isSentDifferently(lifecycle, best);
  if (!moves) return accept(lifecycle, exchange, token, best, held, now, use);
  const found = await accept(lifecycle, exchange, token, best, held, now, { ...use, rotate: false });
  return moveCookie(lifecycle, exchange, found, now);
}

function isAccepted(verdict: TokenVerdict): verdict is AcceptedToken {
  return verdict.admitted;
}

/** Accepts a verified token. The usual request has nothing to write and nothing to wait for. */
function accept<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  token: Token,
  accepted: AcceptedToken,
  held: readonly SessionRecord[],
  now: number,
  use: RequestUse,
): AuthResult<Out> | Promise<AuthResult<Out>> {
  const { metadata, options } = lifecycle;
  const meta = metadata.read(accepted.data.meta);
  const refresh = planRefresh(lifecycle, exchange, token, accepted, now, use);
  if (refresh || options.validate || meta instanceof Promise)
    return acceptLater(lifecycle, exchange, token, accepted, held, now, meta, refresh);
  return meta.ok ? toLiveSession(token, accepted, meta, held, now) : toNoSession("meta_invalid", held);
}

async function acceptLater<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  token: Token,
  accepted: AcceptedToken,
  held: readonly SessionRecord[],
  now: number,
  pendingMeta: ParsedMeta<Out> | Promise<ParsedMeta<Out>>,
  refresh: Refresh | undefined,
): Promise<AuthResult<Out>> {
  const meta = await pendingMeta;
  if (!meta.ok) return toNoSession("meta_invalid", held);
  const rejected = await rejectChangedClient(lifecycle, exchange, accepted, now);
  if (rejected) return toNoSession("client_changed", rejected === "end" ? [] : held);
  const refreshed = refresh ? await writeRefresh(lifecycle, exchange, accepted, now, refresh) : accepted;
  if (refreshed) return toLiveSession(token, refreshed, meta, held, now);
  // The session existed a moment ago and the secret was right: this proves its end.
  lifecycle.cookie.clearIfWritable(exchange);
  return toNoSession("revoked");
}
