import { eq } from "drizzle-orm";
import { int, mysqlTable, varchar } from "drizzle-orm/mysql-core";
import { drizzle } from "drizzle-orm/mysql2";
import { createPool } from "mysql2/promise";
import { Manager } from "sessionup";
import { mysqlStore } from "sessionup/stores/mysql";

export const users = mysqlTable("users", {
  id: int("id").primaryKey().autoincrement(),
  email: varchar("email", { length: 255 }).notNull().unique(),
  passwordHash: varchar("password_hash", { length: 255 }).notNull(),
});

export const pool = createPool({ uri: process.env.DATABASE_URL ?? "", connectTimeout: 2_000 });

export const db = drizzle(pool);
export const store = mysqlStore(pool);
export const manager = new Manager(store);

export async function findUser(email: string) {
  const [user] = await db.select().from(users).where(eq(users.email, email));
  return user;
}
