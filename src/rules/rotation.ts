import type { SessionRecord } from "../store.ts";
import { areHashesEqual } from "./are-hashes-equal.ts";
import type { PendingSecret, RecordData, RetiredSecret, StepUpState } from "./record.ts";
import type { SecretProof } from "./secret-proof.ts";
import { pickStepUpState, withStepUpState } from "./step-up.ts";

/** How long a replaced secret is still accepted, in milliseconds: requests under way may bring it. */
export const RETIRED_GRACE = 30_000;
/** Beyond this number, the secret that was replaced first is dropped even within its grace. */
const MAX_RETIRED_SECRETS = 16;
/** The shortest time between two issued secrets, in milliseconds: concurrent requests get one. */
const MIN_ISSUE_INTERVAL = 30_000;
/** Issued secrets that no request has presented yet. */
const MAX_PENDING_SECRETS = 4;
/** The limit for secrets that a re-authentication issues. It is higher, because the user has just authenticated and must get one. */
const MAX_PENDING_SECRETS_WITH_PROOFS = 8;
/** No pending secret is dropped earlier, in milliseconds: its response may be on its way for long. */
const MIN_PENDING_AGE = 600_000;
/**
 * How many secrets are issued in a row although none comes back. An honest browser presents the first that it receives.
 * A thief who discards them all would otherwise keep the user from ever receiving one.
 */
const MAX_UNCLAIMED_SECRETS = 8;
/** How long after the last unclaimed secret the current one is still accepted, in milliseconds. */
const UNCLAIMED_GRACE = 600_000;
/** An explicit rotation retires older pending secrets, in milliseconds: no response is still under way for them. */
const MAX_PENDING_AGE_AT_ROTATION = 60_000;

/** The secret that was presented: the current one, a pending one, or a retired one within its grace. */
export type SecretMatch = "current" | PendingSecret | RetiredSecret;

/** Finds the presented secret among those of a session. An old secret with the correct root is `reused`. */
export function matchSecret(
  data: RecordData,
  proof: SecretProof,
  now: number,
): SecretMatch | "reused" | "unknown" {
  if (areHashesEqual(proof.secretHash, data.secret))
    return isIgnoringSecrets(data, now) ? "reused" : "current";
  const isPresented = ({ hash }: PendingSecret | RetiredSecret) => areHashesEqual(proof.secretHash, hash);
  const other =
    data.pending?.find(isPresented) ??
    data.retired?.find((retired) => retired.until > now && isPresented(retired));
  if (other) return other;
  // A client without the root knows at most the id, which must not let it end the session.
  return areHashesEqual(proof.rootHash(), data.root) ? "reused" : "unknown";
}

/** Whether the holder of the current secret has ignored new secrets for so long that only a thief would do that. */
function isIgnoringSecrets({ unclaimed = 0, pending }: RecordData, now: number): boolean {
  const lastIssuedAt = pending?.at(-1)?.at ?? now;
  return unclaimed >= MAX_UNCLAIMED_SECRETS && now - lastIssuedAt >= UNCLAIMED_GRACE;
}

/** Whether the presented secret is pending: no request has presented it before. */
export function isPending(match: SecretMatch): match is PendingSecret {
  return typeof match === "object" && "at" in match;
}

/** Whether the presented secret was replaced and is within its grace. */
export function isRetired(match: SecretMatch): match is RetiredSecret {
  return typeof match === "object" && "until" in match;
}

/** Returns how often the app has replaced the secret. */
export function countRotations({ turns = 0 }: RecordData): number {
  return turns;
}

/**
 * Returns the data after an explicit rotation. The current secret retires, and so do pending secrets that were issued more
 * than a minute earlier. Later ones may still be on their way to the browser: they stay valid, with what had been proved
 * when they were issued.
 */
export function replaceSecret(data: RecordData, secret: string, now: number): RecordData {
  const { unclaimed: _, ...rest } = retireOldPending(data, now);
  return {
    ...rest,
    secret,
    turnedAt: now,
    turns: countRotations(data) + 1,
    retired: retireCurrent(rest, now),
  };
}

/**
 * Returns the data after a pending secret was presented. It becomes current, and the replaced secret retires. If the
 * replaced one is newer, its response may still be on its way or was overtaken, so it becomes pending again.
 */
export function confirmPendingSecret(data: RecordData, presented: PendingSecret, now: number): RecordData {
  const { unclaimed: _, ...rest } = data;
  const { secret, turnedAt } = data;
  const { hash, at } = presented;
  const next = { ...withStepUpState(rest, presented), secret: hash, turnedAt: at };
  const others = data.pending?.filter((each) => each.hash !== hash) ?? [];
  if (turnedAt === undefined || turnedAt < at)
    return { ...next, pending: others, retired: retireCurrent(data, now) };
  const overtaken = { hash: secret, at: turnedAt, ...pickStepUpState(data) };
  const pending = [...others, overtaken].sort((one, other) => one.at - other.at);
  return { ...next, pending: pending.slice(-MAX_PENDING_SECRETS_WITH_PROOFS) };
}

function retireOldPending(data: RecordData, now: number): RecordData {
  const { pending = [] } = data;
  const old = pending.filter(({ at }) => now - at > MAX_PENDING_AGE_AT_ROTATION);
  if (old.length === 0) return data;
  return {
    ...data,
    pending: pending.filter((each) => !old.includes(each)),
    retired: addRetired(
      data,
      old.map((each) => toRetired(each.hash, each, now)),
      now,
    ),
  };
}

function retireCurrent(data: RecordData, now: number): readonly RetiredSecret[] {
  return addRetired(data, [toRetired(data.secret, data, now)], now);
}

function toRetired(hash: string, proved: StepUpState, now: number): RetiredSecret {
  return { hash, until: now + RETIRED_GRACE, ...pickStepUpState(proved) };
}

function addRetired(
  { retired = [] }: RecordData,
  added: readonly RetiredSecret[],
  now: number,
): readonly RetiredSecret[] {
  return [...added, ...retired.filter(({ until }) => until > now)].slice(0, MAX_RETIRED_SECRETS);
}

/** Whether the response to a request may carry a new secret. The response to a prefetch may be thrown away. */
export function canReceiveSecret(request: {
  readonly purpose: string | undefined;
  readonly upgrade: string | undefined;
}): boolean {
  return request.upgrade === undefined && !isPrefetch(request.purpose);
}

/** Whether the browser only expects that its user will want this page, and prefetches or prerenders it. */
export function isPrefetch(purpose: string | undefined): boolean {
  return purpose !== undefined && /^prefetch\b/i.test(purpose);
}

/** Whether to issue a new secret to the holder of the current one. Waits while earlier ones are on their way. */
export function isRotationDue(
  data: RecordData,
  { createdAt }: Pick<SessionRecord, "createdAt">,
  now: number,
  every: number | undefined,
): boolean {
  if (every === undefined || now - (data.turnedAt ?? createdAt) < every) return false;
  const { pending = [], unclaimed = 0 } = data;
  if (unclaimed >= MAX_UNCLAIMED_SECRETS) return false;
  const newest = pending.at(-1);
  if (newest && now - newest.at < MIN_ISSUE_INTERVAL) return false;
  return hasRoom(pending, now, MAX_PENDING_SECRETS);
}

/** Returns the data after a secret was issued by time. The current secret stays until the new one is presented. */
export function addPendingSecret(data: RecordData, hash: string, now: number): RecordData {
  const unclaimed = (data.unclaimed ?? 0) + 1;
  const added = { hash, at: now, ...pickStepUpState(data) };
  return addPending({ ...data, unclaimed }, added, MAX_PENDING_SECRETS);
}

/**
 * Returns the data after the holder of a retired secret has re-authenticated and was issued a new one: the response with
 * the current secret may be lost or on its way. Returns `undefined` if too many secrets are pending.
 */
export function addPendingAfterProof(
  data: RecordData,
  hash: string,
  after: StepUpState,
  now: number,
): RecordData | undefined {
  const next = retireOldPending(data, now);
  if (!hasRoom(next.pending, now, MAX_PENDING_SECRETS_WITH_PROOFS)) return undefined;
  return addPending(next, { hash, at: now, ...after }, MAX_PENDING_SECRETS_WITH_PROOFS);
}

/** Whether another secret may be issued. If too many are pending, the oldest must be old enough to be dropped. */
function hasRoom(pending: readonly PendingSecret[] = [], now: number, max: number): boolean {
  return pending.length < max || now - (pending[0]?.at ?? now) >= MIN_PENDING_AGE;
}

function addPending(data: RecordData, added: PendingSecret, max: number): RecordData {
  const { pending = [] } = data;
  return { ...data, pending: [...(pending.length < max ? pending : pending.slice(1)), added] };
}
