import { NodePostgresAdapter } from "@lucia-auth/adapter-postgresql";
import { Lucia, TimeSpan } from "lucia";
import { pool } from "../postgres.ts";

export const adapter = new NodePostgresAdapter(pool, { user: "auth_user", session: "user_session" });

export const lucia = new Lucia(adapter, {
  sessionExpiresIn: new TimeSpan(30, "d"),
  sessionCookie: { attributes: { secure: true, sameSite: "lax" } },
});

/** Deletes an old session. Only one of several concurrent calls returns true. */
export async function deleteOldSession(id: string): Promise<boolean> {
  const { rowCount } = await pool.query("DELETE FROM user_session WHERE id = $1", [id]);
  return rowCount === 1;
}
