import type { LiveSession } from "../lifecycle/auth-result.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { computeDeadline, findEndReason } from "../rules/expiry.ts";
import { readRecordData } from "../rules/record.ts";
import { countRotations, isRetired } from "../rules/rotation.ts";
import type { SessionId } from "../session.ts";
import type { EndReason, SessionRecord } from "../store.ts";

/** The state that a connection keeps about the session that opened it. Times are milliseconds since 1970. @internal */
export interface OpenedSession {
  readonly id: SessionId;
  /** How often the app had replaced the session's secret. `Infinity` if the connection outlives every secret. */
  readonly turns: number;
  /** When the session ends unless it is used again. */
  readonly expiresAt: number;
  /** When the session or the secret that opened the connection ends at the latest. */
  readonly endsAt: number;
  /** Whether `endsAt` is the end of the secret, because it was already replaced. */
  readonly retires: boolean;
}

/** Why a session has ended, or until when it lasts and how often the app has replaced its secret. @internal */
export type SessionStanding =
  | { readonly over: EndReason | "unknown" }
  | { readonly turns: number; readonly expiresAt: number };

/** Returns what a connection must remember about the session and the secret that open it. @internal */
export function toOpenedSession(
  lifecycle: Lifecycle,
  { record, data, match }: Pick<LiveSession<unknown>, "record" | "data" | "match">,
): OpenedSession {
  const opened = { ...toWatchedSession(lifecycle, record), turns: countRotations(data) };
  return isRetired(match) && match.until < opened.endsAt
    ? { ...opened, endsAt: match.until, retires: true }
    : opened;
}

/** Returns what must be remembered about a session, whatever its secret. @internal */
export function toWatchedSession({ options }: Lifecycle, record: SessionRecord): OpenedSession {
  const { id, expiresAt } = record;
  const endsAt = computeDeadline(record, options.lifetime);
  return { id: id as SessionId, turns: Number.POSITIVE_INFINITY, expiresAt, endsAt, retires: false };
}

/** Reads the standing of these sessions in one query. Does not count as activity. Throws when the store fails. @internal */
export async function readStandings(
  { options, repository }: Lifecycle,
  ids: readonly SessionId[],
): Promise<ReadonlyMap<SessionId, SessionStanding>> {
  const records = await repository.read(ids, true);
  const now = options.clock();
  return new Map(ids.map((id, index) => [id, toStanding(records[index], now, options.lifetime)]));
}

function toStanding(
  record: SessionRecord | undefined,
  now: number,
  lifetime: Lifecycle["options"]["lifetime"],
): SessionStanding {
  const data = record && readRecordData(record);
  if (!data) return { over: "unknown" };
  const over = record.ended?.reason ?? findEndReason(record, now, lifetime);
  return over ? { over } : { turns: countRotations(data), expiresAt: record.expiresAt };
}
