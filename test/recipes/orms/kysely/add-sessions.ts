import { type Kysely, sql } from "kysely";
import { store } from "./database.ts";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(store.migrationSql()).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP SCHEMA sessions CASCADE`.execute(db);
}
