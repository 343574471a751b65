import type { SessionRecord } from "../store.ts";

/** How long sessions live, in milliseconds. */
export interface Lifetime {
  /** Unset: a browser-session cookie, and a record that ends after a day. */
  readonly expiresIn: number | undefined;
  readonly idleTimeout: number | undefined;
  /** No session may live longer than so, whatever it was told when it began; unset: as long as it was. */
  readonly overall?: number | undefined;
  /** What began before that moment is over: after a breach. It is set while the app runs. */
  readonly notBefore?: number | undefined;
}

/** That a session was used: what `update` of a store takes. */
export interface Activity {
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

/** When a record ends that is to live as long as the browser's session: browsers restore those cookies for weeks. */
const BROWSER_SESSION = 86_400_000;
/** Activity is written at most so often. */
const ACTIVITY_EVERY = 60_000;

/** How long a session lives at most. */
export function computeMaxLifetime({ expiresIn = BROWSER_SESSION, overall = expiresIn }: Lifetime): number {
  return Math.min(expiresIn, overall);
}

/** The times of a session that begins now, and ends no later than the one that it depends on. */
export function computeTimes(
  now: number,
  lifetime: Lifetime,
  latest: number = Number.POSITIVE_INFINITY,
): Pick<SessionRecord, "createdAt" | "lastSeenAt" | "expiresAt" | "deadline"> {
  const deadline = Math.min(latest, now + computeMaxLifetime(lifetime));
  return { createdAt: now, lastSeenAt: now, expiresAt: expiryOf(now, deadline, lifetime), deadline };
}

/** The moment at which a session ends whatever happens, by limits that are shorter than when it began, too. */
export function computeDeadline({ createdAt, deadline }: SessionRecord, { overall }: Lifetime): number {
  return overall === undefined ? deadline : Math.min(deadline, createdAt + overall);
}

/** Whether and why a session is over. Shorter limits than those that it was written with count too. */
export function findEndReason(
  record: SessionRecord,
  now: number,
  lifetime: Lifetime,
): "expired" | "idle" | "revoked" | undefined {
  if (computeDeadline(record, lifetime) <= now) return "expired";
  if (record.expiresAt <= now) return "idle";
  if (lifetime.idleTimeout !== undefined && record.lastSeenAt + lifetime.idleTimeout <= now) return "idle";
  if (lifetime.notBefore !== undefined && record.createdAt < lifetime.notBefore) return "revoked";
  return undefined;
}

/**
 * What to write because the session was used, or nothing yet: at most once a minute, or once per tenth of a shorter
 * idle timeout. So a session never outlives the timeout, and ends at most that much early.
 */
export function planActivity(record: SessionRecord, now: number, lifetime: Lifetime): Activity | undefined {
  if (now - record.lastSeenAt < computeActivityInterval(lifetime)) return undefined;
  return { lastSeenAt: now, expiresAt: expiryOf(now, record.deadline, lifetime) };
}

/** How often activity is written at most. */
export function computeActivityInterval({ idleTimeout = Number.POSITIVE_INFINITY }: Lifetime): number {
  return Math.min(ACTIVITY_EVERY, idleTimeout / 10);
}

function expiryOf(lastSeenAt: number, deadline: number, { idleTimeout }: Lifetime): number {
  return idleTimeout === undefined ? deadline : Math.min(deadline, lastSeenAt + idleTimeout);
}
