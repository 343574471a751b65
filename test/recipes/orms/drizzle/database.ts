import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";
import { users } from "./schema.ts";

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 2_000,
});
pool.on("error", (error) => console.error(error)); // An idle connection broke.

export const db = drizzle(pool);
export const store = postgresStore(pool, { schema: "sessions" });
export const manager = new Manager(store);

export async function findUser(email: string) {
  const [user] = await db.select().from(users).where(eq(users.email, email));
  return user;
}
