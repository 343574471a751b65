import { type Generated, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";

interface Tables {
  users: { id: Generated<number>; email: string; password_hash: string };
}

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 2_000,
});
pool.on("error", (error) => console.error(error)); // An idle connection broke.

export const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
export const store = postgresStore(pool, { schema: "sessions" });
export const manager = new Manager(store);

export async function findUser(email: string) {
  return db
    .selectFrom("users")
    .select(["id", "email", "password_hash as passwordHash"])
    .where("email", "=", email)
    .executeTakeFirst();
}
