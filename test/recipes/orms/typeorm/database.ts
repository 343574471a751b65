import type pg from "pg";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";
import { DataSource, EntitySchema } from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver.js";

interface User {
  id: number;
  email: string;
  passwordHash: string;
}

export const UserSchema = new EntitySchema<User>({
  name: "users",
  columns: {
    id: { type: Number, primary: true, generated: true },
    email: { type: String, unique: true },
    passwordHash: { type: String, name: "password_hash" },
  },
});

export const dataSource = new DataSource({
  type: "postgres",
  url: process.env.DATABASE_URL ?? "",
  entities: [UserSchema],
  connectTimeoutMS: 2_000,
});
await dataSource.initialize();

export const pool: pg.Pool = (dataSource.driver as PostgresDriver).master;
export const store = postgresStore(pool, { schema: "sessions" });
export const manager = new Manager(store);

export async function findUser(email: string) {
  return dataSource.getRepository(UserSchema).findOneBy({ email });
}
