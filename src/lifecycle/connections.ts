import { computeDeadline, findEndReason } from "../rules/expiry.ts";
import { readRecordData } from "../rules/record.ts";
import { countRotations, isRetired } from "../rules/rotation.ts";
import type { SessionId } from "../session.ts";
import type { EndReason } from "../store.ts";
import type { LiveSession } from "./auth-result.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { PAGE_SIZE } from "./repository.ts";

/** The state that a connection keeps about the session that opened it. @internal */
export interface OpenedSession {
  readonly id: SessionId;
  /** How often the app had replaced the session's secret. */
  readonly turns: number;
  /** When the session or the secret that opened the connection ends at the latest, in milliseconds since 1970. */
  readonly endsAt: number;
  /** Whether `endsAt` is the end of the secret, because it was already replaced. */
  readonly retires: boolean;
}

/** Why a session has ended, or how often the app has replaced its secret. @internal */
export type SessionStanding = { readonly over: EndReason | "unknown" } | { readonly turns: number };

/** Returns what a connection must remember about the session that opens it. @internal */
export function toOpenedSession(
  { options }: Lifecycle,
  { record, data, match }: LiveSession<unknown>,
): OpenedSession {
  const deadline = computeDeadline(record, options.lifetime);
  const id = record.id as SessionId;
  const turns = countRotations(data);
  if (isRetired(match) && match.until < deadline) return { id, turns, endsAt: match.until, retires: true };
  return { id, turns, endsAt: deadline, retires: false };
}

/** Reads the standing of these sessions, a thousand at a time. Does not count as activity. Throws when the store fails. @internal */
export async function readStandings(
  { options, repository }: Lifecycle,
  ids: readonly SessionId[],
): Promise<ReadonlyMap<SessionId, SessionStanding>> {
  const standings = new Map<SessionId, SessionStanding>();
  for (let start = 0; start < ids.length; start += PAGE_SIZE) {
    const page = ids.slice(start, start + PAGE_SIZE);
    const records = await repository.read(page);
    const now = options.clock();
    for (const [index, id] of page.entries()) {
      const record = records[index];
      const data = record && readRecordData(record);
      const over = !data ? "unknown" : (record.ended?.reason ?? findEndReason(record, now, options.lifetime));
      standings.set(id, over ? { over } : { turns: data ? countRotations(data) : 0 });
    }
  }
  return standings;
}
