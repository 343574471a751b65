import { fileURLToPath } from "node:url";
import type { Pool } from "mysql2/promise";
import { mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testEndedOnce } from "../../support/ended-once/ended-once.ts";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool } from "./fixture.ts";

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  let pool: Pool;
  beforeAll(async () => {
    server = await start();
    pool = openPool(server.url);
    await mysqlStore(pool).migrate();
  }, 300_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  testEndedOnce({
    program: fileURLToPath(new URL("_ended-once.ts", import.meta.url)),
    args: () => [server.url],
  });

  it("keeps no session that was reported, and none without a listener", async () => {
    const store = mysqlStore(pool, { cleanupEvery: false });
    const expired = () => createRecord({ expiresAt: NOW + 1, deadline: NOW + 1 });
    await store.create(expired(), { now: NOW });
    expect(await store.deleteExpired(NOW + 1, 9)).toBe(1);
    store.onExpired(() => {
      throw new Error("a listener fails");
    });
    await store.create(expired(), { now: NOW });
    await expect(store.deleteExpired(NOW + 1, 9)).rejects.toThrow("a listener fails");
    const [rows] = await pool.query("SELECT id FROM sessionup_sessions_ends");
    expect(rows).toEqual([]);
  });
});
