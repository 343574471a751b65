import { Migration } from "@mikro-orm/migrations";
import { store } from "./database.ts";

export class AddSessions extends Migration {
  override up(): void {
    this.addSql(store.migrationSql());
  }

  override down(): void {
    this.addSql("DROP SCHEMA sessions CASCADE");
  }
}
