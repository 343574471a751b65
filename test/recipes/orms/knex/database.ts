import knex from "knex";
import pg from "pg";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";

interface User {
  id: number;
  email: string;
  passwordHash: string;
}

const connectionString = process.env.DATABASE_URL ?? "";

export const db = knex({ client: "pg", connection: connectionString });
export const pool = new pg.Pool({ connectionString, max: 5, connectionTimeoutMillis: 2_000 });
pool.on("error", (error) => console.error(error)); // An idle connection broke.

export const store = postgresStore(pool, { schema: "sessions" });
export const manager = new Manager(store);

export async function findUser(email: string) {
  return db<User>("users").first("id", "email", { passwordHash: "password_hash" }).where({ email });
}
