import type { MigrationInterface, QueryRunner } from "typeorm";
import { store } from "./database.ts";

export class AddSessions1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(store.migrationSql());
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP SCHEMA sessions CASCADE");
  }
}
