import type { SessionRecord } from "../store.ts";

/** The limits of a session's life, in milliseconds. */
export interface Lifetime {
  /** When unset, the cookie lasts for the browser session and the record ends after a day. */
  readonly expiresIn: number | undefined;
  readonly idleTimeout: number | undefined;
  /** An upper limit that also applies to sessions which began under a longer one. */
  readonly overall?: number | undefined;
  /** Sessions created before this moment count as revoked. Apps set it at run time, after a breach. */
  readonly notBefore?: number | undefined;
}

/** The times that `Store.update` writes when a session was used. */
export interface Activity {
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

/** The lifetime of the record behind a browser-session cookie. Browsers restore such cookies for weeks. */
const BROWSER_SESSION_LIFETIME = 86_400_000;
const MAX_ACTIVITY_INTERVAL = 60_000;

/** Returns how long a session lives at most. */
export function computeMaxLifetime({
  expiresIn = BROWSER_SESSION_LIFETIME,
  overall = expiresIn,
}: Lifetime): number {
  return Math.min(expiresIn, overall);
}

/** Returns the times of a session that begins now and ends at `latest` at the latest. */
export function computeTimes(
  now: number,
  lifetime: Lifetime,
  latest: number = Number.POSITIVE_INFINITY,
): Pick<SessionRecord, "createdAt" | "lastSeenAt" | "expiresAt" | "deadline"> {
  const deadline = Math.min(latest, now + computeMaxLifetime(lifetime));
  return { createdAt: now, lastSeenAt: now, expiresAt: computeExpiry(now, deadline, lifetime), deadline };
}

/** Returns the moment at which a session ends regardless of use. Applies limits that were shortened after it began. */
export function computeDeadline({ createdAt, deadline }: SessionRecord, { overall }: Lifetime): number {
  return overall === undefined ? deadline : Math.min(deadline, createdAt + overall);
}

/**
 * Returns why a session is over, or `undefined` while it is live: the limit that came first. Applies limits that were shortened
 * after it began.
 */
export function findEndReason(
  record: SessionRecord,
  now: number,
  lifetime: Lifetime,
): "expired" | "idle" | "revoked" | undefined {
  const { idleTimeout = Number.POSITIVE_INFINITY } = lifetime;
  const idleAt = Math.min(record.expiresAt, record.lastSeenAt + idleTimeout);
  const deadline = computeDeadline(record, lifetime);
  if (Math.min(idleAt, deadline) <= now) return idleAt < deadline ? "idle" : "expired";
  if (lifetime.notBefore !== undefined && record.createdAt < lifetime.notBefore) return "revoked";
  return undefined;
}

/**
 * Returns the activity to write, or `undefined` while none is due. Activity is written at most once a minute, or once per
 * tenth of a shorter idle timeout. So a session never outlives the timeout, and ends at most one interval early.
 */
export function planActivity(record: SessionRecord, now: number, lifetime: Lifetime): Activity | undefined {
  if (now - record.lastSeenAt < computeActivityInterval(lifetime)) return undefined;
  return { lastSeenAt: now, expiresAt: computeExpiry(now, record.deadline, lifetime) };
}

/** Returns the shortest time between two activity writes. */
export function computeActivityInterval({ idleTimeout = Number.POSITIVE_INFINITY }: Lifetime): number {
  return Math.min(MAX_ACTIVITY_INTERVAL, idleTimeout / 10);
}

function computeExpiry(lastSeenAt: number, deadline: number, { idleTimeout }: Lifetime): number {
  return idleTimeout === undefined ? deadline : Math.min(deadline, lastSeenAt + idleTimeout);
}
