import { Buffer } from "node:buffer";
import type { ExpiredSession, SessionRecord } from "../../store.ts";
import { toSessionRecord } from "../shared/rows.ts";

/** A row's values in the order of `COLUMNS`: bytes as hexadecimal text, whole numbers as the client gives them. */
type Values = readonly [
  id: string,
  userKey: string,
  revision: number,
  createdAt: string,
  lastSeenAt: string,
  expiresAt: string,
  deadline: string,
  endedAt: string | null,
  endedReason: string | null,
  data: string,
  link: string | null,
];

export function recordsOf(rows: ReadonlyArray<readonly unknown[]>): SessionRecord[] {
  // The statement that asked for them is ours, and so is the table.
  return (rows as readonly Values[]).map(
    ([
      id,
      hex,
      revision,
      created_at,
      last_seen_at,
      expires_at,
      deadline,
      ended_at,
      ended_reason,
      data,
      link,
    ]) => {
      const times = { created_at, last_seen_at, expires_at, deadline };
      const user_key = Buffer.from(hex, "hex");
      return toSessionRecord({ id, user_key, revision, ...times, ended_at, ended_reason, data, link });
    },
  );
}

/** What the cleanup removed, without tombstones. */
export function expiredOf(rows: ReadonlyArray<readonly unknown[]>): ExpiredSession[] {
  return rows.flatMap(([id, hex, expiresAt, deadline, endedAt]) =>
    endedAt === null
      ? [
          {
            id: String(id),
            userKey: Buffer.from(String(hex), "hex").toString(),
            expiresAt: Number(expiresAt),
            deadline: Number(deadline),
          },
        ]
      : [],
  );
}
