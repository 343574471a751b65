import { betterAuth } from "better-auth";
import { pool } from "../postgres.ts";

export const auth = betterAuth({
  baseURL: "https://app.example.com",
  secret: process.env.BETTER_AUTH_SECRET ?? "",
  database: pool,
  emailAndPassword: { enabled: true },
  session: { expiresIn: 7 * 86_400 },
});

/** Deletes an old session and returns its row. Only one of several concurrent calls returns it. */
export async function takeOldSession(token: string): Promise<Record<string, unknown> | undefined> {
  const { rows } = await pool.query(`DELETE FROM "session" WHERE token = $1 RETURNING *`, [token]);
  return rows[0];
}

/** Stores a session that takeOldSession has deleted. */
export async function putBackOldSession(row: Record<string, unknown>): Promise<void> {
  const { adapter } = await auth.$context;
  await adapter.create({ model: "session", data: row, forceAllowId: true });
}
