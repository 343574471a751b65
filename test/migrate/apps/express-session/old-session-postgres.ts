import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import { pool } from "../postgres.ts";

declare module "express-session" {
  interface SessionData {
    userId?: string;
  }
}

export const OLD_COOKIE = "connect.sid";

const PgStore = connectPgSimple(session);

export const oldSession = session({
  name: OLD_COOKIE,
  secret: process.env.SESSION_SECRET ?? "",
  store: new PgStore({ pool, tableName: "session", createTableIfMissing: true }),
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, secure: true, sameSite: "lax", maxAge: 14 * 86_400_000 },
});

/** Deletes an old session. Only one of several concurrent calls returns true. */
export async function deleteOldSession(id: string): Promise<boolean> {
  const { rowCount } = await pool.query(`DELETE FROM "session" WHERE sid = $1`, [id]);
  return rowCount === 1;
}
