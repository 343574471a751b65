import { createNextSecret, hashText, type Secret } from "../cookie/token.ts";
import type { Exchange } from "../exchange.ts";
import { planActivity } from "../rules/expiry.ts";
import type { RecordData } from "../rules/record.ts";
import {
  addPendingSecret,
  canReceiveSecret,
  confirmPendingSecret,
  isPending,
  isPrefetch,
  isRotationDue,
} from "../rules/rotation.ts";
import type { MaybePromise, SessionChange } from "../store.ts";
import { type AuthResult, type LiveSession, toLiveSession, toNoSession } from "./auth-result.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** The changes that a request may make to its session. @internal */
export interface RequestUse {
  /** Whether the request counts as activity. */
  readonly touch: boolean;
  /** Whether the response may carry a new secret. */
  readonly rotate: boolean;
}

/** The write that a request is due, and the secret that its response then carries. */
interface Refresh {
  readonly change: SessionChange;
  readonly data: RecordData;
  readonly secret: Secret | undefined;
}

/** Makes the single write of a request, if one is due: activity, a confirmed secret, a new secret. @internal */
export function refreshSession<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  session: LiveSession<Out>,
  now: number,
  use: RequestUse,
): MaybePromise<AuthResult<Out>> {
  const refresh = planRefresh(lifecycle, exchange, session, now, use);
  return refresh ? writeRefresh(lifecycle, exchange, session, now, refresh) : session;
}

/** Plans the write. Usually there is none. */
function planRefresh(
  { options }: Lifecycle,
  exchange: Exchange,
  { record, data, match, token }: LiveSession<unknown>,
  now: number,
  { touch, rotate }: RequestUse,
): Refresh | undefined {
  let activity = touch ? planActivity(record, now, options.lifetime) : undefined;
  // The user may never look at a prefetched page (NIST SP 800-63B-4 section 5.2).
  if (activity && isPrefetch(readPurpose(exchange))) activity = undefined;
  let next = isPending(match) ? confirmPendingSecret(data, match, now) : data;
  let secret: Secret | undefined;
  const isCurrent = match === "current" || next !== data;
  if (rotate && isCurrent && isRotationDue(next, record, now, options.rotateEvery)) {
    const purpose = readPurpose(exchange);
    // A secret that cannot be sent must not be created.
    if (
      canReceiveSecret({ purpose, upgrade: exchange.header("upgrade") }) &&
      exchange.blocked() === undefined
    ) {
      secret = createNextSecret(token.secret, options.generateSecret);
      next = addPendingSecret(next, hashText(secret), now);
    }
  }
  if (!activity && next === data) return undefined;
  return {
    change: { ...(activity && { activity }), ...(next !== data && { data: next }) },
    data: next,
    secret,
  };
}

/** Writes a refresh. When a concurrent write came first, nothing is sent. */
async function writeRefresh<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  before: LiveSession<Out>,
  now: number,
  { change, data, secret }: Refresh,
): Promise<AuthResult<Out>> {
  const { repository, cookie, events } = lifecycle;
  const { record, session, token, held } = before;
  const isConfirmed = isPending(before.match);
  const outcome = await repository.writeIfUnchanged(record, change, isConfirmed ? "rotated time" : undefined);
  if (outcome === "lost") return before;
  if (outcome === "not_found") {
    // The session existed a moment ago and the secret was right: this proves its end.
    cookie.clearIfWritable(exchange);
    return toNoSession("revoked");
  }
  const { id } = session;
  if (secret) cookie.send(exchange, { id, secret }, now, record);
  if (isConfirmed) events.emit("rotated", { id, userKey: record.userKey, at: now, cause: "time" });
  const revision = record.revision + (change.data ? 1 : 0);
  const match = isConfirmed ? "current" : before.match;
  const refreshed = { ...before, record: { ...record, ...change.activity, revision, data }, data, match };
  return toLiveSession(lifecycle, token, refreshed, { ok: true, value: session.meta }, held, now);
}

/**
 * Returns the purpose that the browser states for a request that no user made: current browsers send the first header,
 * older Chromium and Firefox the next two, and the Next.js router its own for links in view. Browsers prefetch with GET
 * and HEAD only, so on other methods these headers mean nothing. Read only when a write is due.
 */
function readPurpose(exchange: Exchange): string | undefined {
  const method = exchange.method();
  if (method !== "GET" && method !== "HEAD") return undefined;
  const purpose = exchange.header("sec-purpose") ?? exchange.header("purpose") ?? exchange.header("x-moz");
  return purpose ?? (exchange.header("next-router-prefetch") === undefined ? undefined : "prefetch");
}
