import { isSessionId } from "../cookie/token.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import { toSessions } from "../lifecycle/session-view.ts";
import type { Manager } from "../manager.ts";
import type { Session } from "../session.ts";
import { CLAIM_PREFIX, type EndReason } from "../store.ts";

/** The records that a store has for an id. */
export interface FoundSession {
  /** Set if the session is live. */
  readonly session?: Session<unknown>;
  /** Set if the store remembers the end of the session. */
  readonly ended?: { readonly at: Date; readonly reason: EndReason; readonly userKey: string };
  /** Set if the session has expired and its record is still there. */
  readonly expiredAt?: Date;
}

/** Looks a session up by its id. Returns `undefined` if the store has no record of it. */
export async function findSession(
  manager: Manager<unknown, unknown>,
  id: string,
): Promise<FoundSession | undefined> {
  if (!isSessionId(id)) return undefined;
  const lifecycle = getLifecycle(manager);
  const [record] = await lifecycle.repository.read([id], true);
  if (!record || record.userKey.startsWith(CLAIM_PREFIX)) return undefined;
  if (record.ended) {
    const { at, reason } = record.ended;
    return { ended: { at: new Date(at), reason, userKey: record.userKey } };
  }
  const [session] = await toSessions(lifecycle, [record]);
  return session ? { session } : { expiredAt: new Date(record.expiresAt) };
}
