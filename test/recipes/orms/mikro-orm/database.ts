import { Migrator } from "@mikro-orm/migrations";
import { defineEntity, MikroORM, p } from "@mikro-orm/postgresql";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";

export const User = defineEntity({
  name: "User",
  tableName: "users",
  properties: {
    id: p.integer().primary(),
    email: p.string().unique(),
    passwordHash: p.string(),
  },
});

export const orm = new MikroORM({
  clientUrl: process.env.DATABASE_URL ?? "",
  entities: [User],
  extensions: [Migrator],
  schemaGenerator: { ignoreSchema: ["sessions"] },
});

export const pool = await orm.em.getConnection().getNativeClient();
export const store = postgresStore(pool, { schema: "sessions" });
export const manager = new Manager(store);

export async function findUser(email: string) {
  return orm.em.fork().findOne(User, { email });
}
