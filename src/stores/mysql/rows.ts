import type { ExpiredSession, SessionRecord } from "../../store.ts";
import { type Row, toSessionRecord } from "../shared/rows.ts";

/** Bytes come as a `Buffer`, which is UTF-8 as text. */
export function textOf(bytes: unknown): string {
  return String(bytes);
}

function textOrNull(bytes: unknown): string | null {
  return bytes === null ? null : textOf(bytes);
}

/** What is told of a session that the cleanup removed. */
export function expiredOfRow([id, userKey, expiresAt, deadline]: readonly unknown[]): ExpiredSession {
  return {
    id: textOf(id),
    userKey: textOf(userKey),
    expiresAt: Number(expiresAt),
    deadline: Number(deadline),
  };
}

/** A row as its values, in the order of `COLUMNS`. */
export function recordOfRow(values: readonly unknown[]): SessionRecord {
  const [id, user_key, revision, created_at, last_seen_at, expires_at, deadline, ended_at, ...rest] = values;
  const [reason, data, link] = rest;
  const row = {
    id: textOf(id),
    user_key,
    revision,
    created_at,
    last_seen_at,
    expires_at,
    deadline,
    ended_at,
  };
  const texts = { ended_reason: textOrNull(reason), link: textOrNull(link), data: textOf(data) };
  return toSessionRecord({ ...row, ...texts } as Row);
}
