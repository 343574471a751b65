import { type Generated, Kysely, SqliteDialect } from "kysely";
import Database from "libsql";
import { Manager } from "sessionup";
import { sqliteStore } from "sessionup/stores/sqlite";

interface Tables {
  users: { id: Generated<number>; email: string; password_hash: string };
}

const file = process.env.DATABASE_FILE ?? "app.db";

export const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: new Database(file) }) });
export const connection = new Database(file);
export const store = sqliteStore(connection);
export const manager = new Manager(store);

export async function findUser(email: string) {
  return db
    .selectFrom("users")
    .select(["id", "email", "password_hash as passwordHash"])
    .where("email", "=", email)
    .executeTakeFirst();
}
