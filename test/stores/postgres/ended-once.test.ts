import { fileURLToPath } from "node:url";
import type pg from "pg";
import { postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testEndedOnce } from "../../support/ended-once/ended-once.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool } from "./fixture.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres(WITHOUT_FSYNC);
  pool = openPool(server.url);
  await postgresStore(pool, { schema: "once" }).migrate();
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

describe("postgresStore", () => {
  testEndedOnce({
    program: fileURLToPath(new URL("_ended-once.ts", import.meta.url)),
    args: () => [server.url, "once"],
  });

  it("keeps no session that was reported, and none without a listener", async () => {
    const store = postgresStore(pool, { schema: "once", cleanupEvery: false });
    const expired = () => createRecord({ expiresAt: NOW + 1, deadline: NOW + 1 });
    await store.create(expired(), { now: NOW });
    expect(await store.deleteExpired(NOW + 1, 9)).toBe(1);
    store.onExpired(() => {
      throw new Error("a listener fails");
    });
    await store.create(expired(), { now: NOW });
    await expect(store.deleteExpired(NOW + 1, 9)).rejects.toThrow("a listener fails");
    const { rows } = await pool.query("select id from once.sessionup_sessions_ends");
    expect(rows).toEqual([]);
  });
});
