import type { SessionRecord } from "../store.ts";

/** How long sessions live, in milliseconds. */
export interface Lifetime {
  /** Unset: a browser-session cookie, and a record that ends after a day. */
  readonly expiresIn: number | undefined;
  readonly idleTimeout: number | undefined;
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

/** The times of a session that begins now. */
export function lifetimeOf(
  now: number,
  lifetime: Lifetime,
): Pick<SessionRecord, "createdAt" | "lastSeenAt" | "expiresAt" | "deadline"> {
  const deadline = now + (lifetime.expiresIn ?? BROWSER_SESSION);
  return { createdAt: now, lastSeenAt: now, expiresAt: expiryOf(now, deadline, lifetime), deadline };
}

/** Whether and why a session is over. A shorter idle timeout than the one it was written with counts too. */
export function endOf(
  record: SessionRecord,
  now: number,
  lifetime: Lifetime,
): "expired" | "idle" | "revoked" | undefined {
  if (record.deadline <= now) return "expired";
  if (record.expiresAt <= now) return "idle";
  if (lifetime.idleTimeout !== undefined && record.lastSeenAt + lifetime.idleTimeout <= now) return "idle";
  if (lifetime.notBefore !== undefined && record.createdAt < lifetime.notBefore) return "revoked";
  return undefined;
}

/**
 * What to write because the session was used, or nothing yet: at most once a minute, or once per tenth of a shorter
 * idle timeout. So a session never outlives the timeout, and ends at most that much early.
 */
export function activityDue(record: SessionRecord, now: number, lifetime: Lifetime): Activity | undefined {
  const every = Math.min(ACTIVITY_EVERY, (lifetime.idleTimeout ?? Number.POSITIVE_INFINITY) / 10);
  if (now - record.lastSeenAt < every) return undefined;
  return { lastSeenAt: now, expiresAt: expiryOf(now, record.deadline, lifetime) };
}

function expiryOf(lastSeenAt: number, deadline: number, { idleTimeout }: Lifetime): number {
  return idleTimeout === undefined ? deadline : Math.min(deadline, lastSeenAt + idleTimeout);
}
