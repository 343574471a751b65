import { type Generated, Kysely, MysqlDialect } from "kysely";
import { createPool } from "mysql2";
import { Manager } from "sessionup";
import { mysqlStore } from "sessionup/stores/mysql";

interface Tables {
  users: { id: Generated<number>; email: string; password_hash: string };
}

export const pool = createPool({ uri: process.env.DATABASE_URL ?? "", connectTimeout: 2_000 });

export const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool }) });
export const store = mysqlStore(pool.promise());
export const manager = new Manager(store);

export async function findUser(email: string) {
  return db
    .selectFrom("users")
    .select(["id", "email", "password_hash as passwordHash"])
    .where("email", "=", email)
    .executeTakeFirst();
}
