import type { ExpiredSession } from "../../store.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import type { LmdbDatabase } from "./client.ts";
import { byTaken, type Key, parseTakenId, takenRange } from "./keys.ts";

/** The user key is null if the user was erased meanwhile. */
type Stored = readonly [userKey: string | null, expiresAt: number, deadline: number];

/** Takes a session to report it, in the transaction that removes its record. */
export function take(deadlines: LmdbDatabase, now: number, session: ExpiredSession): void {
  const { id, userKey = null, expiresAt, deadline } = session;
  const stored: Stored = [userKey, expiresAt, deadline];
  deadlines.putSync(byTaken(now, id), JSON.stringify(stored));
}

/** Takes up to `limit` sessions again that a store has taken and not reported. Returns them. */
export function takeAgain(deadlines: LmdbDatabase, now: number, limit: number): readonly ExpiredSession[] {
  const keys: Iterable<Key> = deadlines.getKeys({ ...takenRange(now - CLAIM_TIME), limit });
  // Read all keys before the first one is replaced.
  return [...keys].map((key) => {
    const [userKey, expiresAt, deadline]: Stored = JSON.parse(deadlines.get(key));
    const session = {
      id: parseTakenId(key),
      ...(userKey !== null && { userKey }),
      expiresAt,
      deadline,
    };
    deadlines.removeSync(key);
    take(deadlines, now, session);
    return session;
  });
}

/** Removes a user's key from the sessions that have not been reported. There are few of them at any time. */
export function eraseTaken(deadlines: LmdbDatabase, userKey: string): void {
  const keys: Iterable<Key> = deadlines.getKeys(takenRange());
  // Read all keys before the first entry is replaced.
  for (const key of [...keys]) {
    const [owner, ...times]: Stored = JSON.parse(deadlines.get(key));
    if (owner === userKey) deadlines.putSync(key, JSON.stringify([null, ...times]));
  }
}

/** Forgets sessions that were taken at that moment and have been reported. */
export function forget(deadlines: LmdbDatabase, takenAt: number, sessions: readonly ExpiredSession[]): void {
  for (const { id } of sessions) deadlines.removeSync(byTaken(takenAt, id));
}
