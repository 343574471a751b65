import type { Knex } from "knex";
import { store } from "./database.ts";

export async function up(db: Knex): Promise<void> {
  await db.raw(store.migrationSql());
}

export async function down(db: Knex): Promise<void> {
  await db.raw("DROP SCHEMA sessions CASCADE");
}
