import type { SessionRecord } from "../store.ts";
import type { PendingSecret, RecordData, RetiredSecret, StepUpState } from "./record.ts";
import { pickStepUpState, withStepUpState } from "./step-up.ts";

/** Requests under way when the secret changed may come in with the old one for so long, in milliseconds. */
export const RETIRED_GRACE = 30_000;
/** So many old secrets are remembered; with more of them within the grace, the oldest goes first. */
const MOST_RETIRED = 16;
/** A new secret is sent no sooner after the last one, in milliseconds: requests side by side get one. */
const SENT_APART = 30_000;
/** So many secrets may be out that nobody has presented yet. */
const MOST_PENDING = 4;
/** And so many with those that a proof brought: whoever has just proved who they are must get theirs. */
const MOST_WITH_PROOFS = 8;
/** None of them is dropped before: a response may be on its way for long, in milliseconds. */
const PENDING_AT_LEAST = 600_000;
/**
 * The number of secrets that are issued in a row although none of them comes back. An honest browser presents the first
 * one that it receives; a thief who discards them all would otherwise keep the user from ever receiving one.
 */
const MOST_UNCLAIMED = 8;
/** How long after the last of them the current secret is still accepted, in milliseconds. */
const UNCLAIMED_GRACE = 600_000;
/** An explicit rotation retires pending secrets that were issued longer ago, in milliseconds: nobody waits for them any more. */
const PENDING_THROUGH_TURN = 60_000;

/** What a holder of the session proves with a secret; hashes are made only when they are asked for. */
export interface SecretProof {
  readonly secretHash: string;
  rootHash(): string;
  equal(a: string, b: string): boolean;
}

/** Which secret of a session was presented: the current one, one that was sent lately, or one that retired lately. */
export type SecretMatch = "current" | PendingSecret | RetiredSecret;

/** What the presented secret is: one that is good, an old one that came back (the root is right), or none of it. */
export function matchSecret(
  data: RecordData,
  proof: SecretProof,
  now: number,
): SecretMatch | "reused" | "unknown" {
  if (proof.equal(proof.secretHash, data.secret)) return isIgnoringSecrets(data, now) ? "reused" : "current";
  const is = ({ hash }: PendingSecret | RetiredSecret) => proof.equal(proof.secretHash, hash);
  const other = data.pending?.find(is) ?? data.retired?.find((retired) => retired.until > now && is(retired));
  if (other) return other;
  // Without the root this is somebody who only knows the id, and who must not be able to end anything with it.
  return proof.equal(proof.rootHash(), data.root) ? "reused" : "unknown";
}

/** Whether the current secret must be a copied cookie: its holder has ignored all the new secrets for too long. */
function isIgnoringSecrets({ unclaimed = 0, pending }: RecordData, now: number): boolean {
  const issued = pending?.at(-1)?.at ?? now;
  return unclaimed >= MOST_UNCLAIMED && now - issued >= UNCLAIMED_GRACE;
}

/** Whether it is a secret that nobody has presented before. */
export function isPending(match: SecretMatch): match is PendingSecret {
  return typeof match === "object" && "at" in match;
}

/** Whether it is a secret that was replaced, within its grace. */
export function isRetired(match: SecretMatch): match is RetiredSecret {
  return typeof match === "object" && "until" in match;
}

/**
 * The data after an explicit rotation: the old secret stays valid for requests under way, and so do pending secrets that
 * were issued more than a minute earlier. A secret that was issued later may still be on its way to the browser: it stays
 * valid, with what had been proved when it was issued.
 */
export function replaceSecret(data: RecordData, secret: string, now: number): RecordData {
  const { unclaimed: _, ...rest } = withoutOldPending(data, now);
  return { ...rest, secret, turnedAt: now, turns: countRotations(data) + 1, retired: retiredBy(rest, now) };
}

/** How often the app has replaced the secret. */
export function countRotations({ turns = 0 }: RecordData): number {
  return turns;
}

/** The data after the pending secrets that were issued too long ago have retired. */
function withoutOldPending(data: RecordData, now: number): RecordData {
  const { pending = [] } = data;
  const old = pending.filter(({ at }) => now - at > PENDING_THROUGH_TURN);
  if (old.length === 0) return data;
  const retired = old.map((each) => ({
    hash: each.hash,
    until: now + RETIRED_GRACE,
    ...pickStepUpState(each),
  }));
  return {
    ...data,
    pending: pending.filter((each) => !old.includes(each)),
    retired: withRetired(data.retired, retired, now),
  };
}

/**
 * The data after a secret that was sent has come back: the browser has it, so the one before it retires. But one that was
 * made later may be on its way still, or was overtaken: it stays good until it comes, too.
 */
export function confirmPendingSecret(data: RecordData, presented: PendingSecret, now: number): RecordData {
  const { unclaimed: _, ...rest } = data;
  const { secret, turnedAt } = data;
  const { hash, at } = presented;
  const next = { ...withStepUpState(rest, presented), secret: hash, turnedAt: at };
  const others = data.pending?.filter((each) => each.hash !== hash) ?? [];
  if (turnedAt === undefined || turnedAt < at)
    return { ...next, pending: others, retired: retiredBy(data, now) };
  const overtaken = { hash: secret, at: turnedAt, ...pickStepUpState(data) };
  const pending = [...others, overtaken].sort((one, other) => one.at - other.at).slice(-MOST_WITH_PROOFS);
  return { ...next, pending };
}

function retiredBy(data: RecordData, now: number): readonly RetiredSecret[] {
  return withRetired(
    data.retired,
    [{ hash: data.secret, until: now + RETIRED_GRACE, ...pickStepUpState(data) }],
    now,
  );
}

function withRetired(
  retired: readonly RetiredSecret[] = [],
  added: readonly RetiredSecret[],
  now: number,
): readonly RetiredSecret[] {
  return [...added, ...retired.filter(({ until }) => until > now)].slice(0, MOST_RETIRED);
}

/** Whether the response to a request may bring a secret: one that was fetched ahead may be thrown away. */
export function canReceiveSecret(request: {
  readonly purpose: string | undefined;
  readonly upgrade: string | undefined;
}): boolean {
  return request.upgrade === undefined && !isPrefetch(request.purpose);
}

/** Whether a request is the browser's guess at what its user will want: prefetched, or rendered ahead. */
export function isPrefetch(purpose: string | undefined): boolean {
  return purpose !== undefined && /^prefetch\b/i.test(purpose);
}

/** Whether to send a new secret to the holder of the current one: not while others are on their way. */
export function isRotationDue(
  data: RecordData,
  { createdAt }: Pick<SessionRecord, "createdAt">,
  now: number,
  every: number | undefined,
): boolean {
  if (every === undefined || now - (data.turnedAt ?? createdAt) < every) return false;
  const { pending = [], unclaimed = 0 } = data;
  if (unclaimed >= MOST_UNCLAIMED) return false;
  const newest = pending.at(-1);
  if (newest && now - newest.at < SENT_APART) return false;
  return hasRoom(pending, now, MOST_PENDING);
}

/** The data after a new secret was sent: the current one stays so until the new one comes back. */
export function addPendingSecret(data: RecordData, hash: string, now: number): RecordData {
  const unclaimed = (data.unclaimed ?? 0) + 1;
  return withPending({ ...data, unclaimed }, { hash, at: now, ...pickStepUpState(data) }, MOST_PENDING);
}

/**
 * The data after a new secret was sent to the holder of a retired one, who has just proved who they are: the response
 * that was to bring the current one may be lost, or on its way. `undefined` where too many have been sent.
 */
export function addPendingAfterProof(
  data: RecordData,
  hash: string,
  after: StepUpState,
  now: number,
): RecordData | undefined {
  const next = withoutOldPending(data, now);
  if (!hasRoom(next.pending, now, MOST_WITH_PROOFS)) return undefined;
  return withPending(next, { hash, at: now, ...after }, MOST_WITH_PROOFS);
}

/** With too many on their way, the oldest has to be old enough to be given up. */
function hasRoom(pending: readonly PendingSecret[] = [], now: number, most: number): boolean {
  return pending.length < most || now - (pending[0]?.at ?? now) >= PENDING_AT_LEAST;
}

function withPending(data: RecordData, added: PendingSecret, most: number): RecordData {
  const { pending = [] } = data;
  return { ...data, pending: [...(pending.length < most ? pending : pending.slice(1)), added] };
}
