import { parseCookie } from "cookie";
import type { Request } from "express";
import { pool } from "../postgres.ts";

export const OLD_COOKIE = "sessionup";

interface OldRow extends Record<string, unknown> {
  readonly user_key: string;
  readonly expires_at: Date;
}

/** Deletes the live session of a request and returns its row. Only one of several concurrent calls returns it. */
export async function takeOldSession(req: Request): Promise<OldRow | undefined> {
  const id = parseCookie(req.headers.cookie ?? "")[OLD_COOKIE] ?? "";
  const { rows } = await pool.query<OldRow>(
    "DELETE FROM sessions WHERE id = $1 AND expires_at > CURRENT_TIMESTAMP RETURNING *",
    [id],
  );
  return rows[0];
}

/** Stores a session that takeOldSession has deleted. */
export async function putBackOldSession(row: OldRow): Promise<void> {
  await pool.query("INSERT INTO sessions SELECT * FROM json_populate_record(NULL::sessions, $1)", [row]);
}
