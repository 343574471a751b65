import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import postgres from "postgres";
import { type PgPool, type PostgresJs, postgresStore } from "sessionup/stores/postgres";
import { afterAll } from "vitest";
import type { OpenStore } from "../../contract/backend.ts";
import { outageSuite } from "../../contract/outages/outages.ts";
import { failing } from "../../contract/outages/servers.ts";
import { startPostgres } from "../../support/servers/postgres.ts";

// The server's defaults (fsync, full_page_writes, synchronous_commit) keep every acknowledged write.
const databases = await Promise.all([startPostgres(), startPostgres()]);
afterAll(async () => {
  for (const each of databases) await each.stop();
});

const OWN = { host: "127.0.0.1", user: "sessionup", database: "postgres", max: 4 };

outageSuite({
  store: "postgres",
  client: "pg",
  server: failing(databases[0], "SIGINT"),
  connections: OWN.max,
  async open(port) {
    const pool = new pg.Pool({
      ...OWN,
      port,
      connectionTimeoutMillis: 4_000,
      query_timeout: 4_000,
      statement_timeout: 4_000,
    });
    pool.on("error", () => undefined);
    return opened(pool, () => pool.end());
  },
});

outageSuite({
  store: "postgres",
  client: "postgres.js",
  server: failing(databases[1], "SIGINT"),
  connections: OWN.max,
  async open(port) {
    // These options are missing from the types of postgres.js. See docs/outages.md.
    const untyped = {
      max_pipeline: 1,
      socket: () => {
        const socket = connect(port, OWN.host);
        const destroy = socket.destroy.bind(socket);
        socket.once("connect", () => {
          socket.destroy = () => destroy();
        });
        return socket.setTimeout(4_000, () => socket.destroy());
      },
    };
    const sql = postgres({
      ...OWN,
      ...untyped,
      port,
      connect_timeout: 4,
      backoff: () => 0.1,
      fetch_types: false,
      // After a connection breaks during a buffered write, 3.4.9 no longer sends writes below 1 kB on it.
      connection: { application_name: "sessions".padEnd(1_024) },
      onnotice: () => undefined,
    });
    return opened(sql, () => sql.end({ timeout: 1 }));
  },
});

async function opened(client: PgPool | PostgresJs, end: () => Promise<void>): Promise<OpenStore> {
  const store = postgresStore(client, { timeout: "1s" });
  await migrated(store);
  const close = async () => {
    await store.close();
    await end();
  };
  return { store, close };
}

/** Retries the migration, because a server that listens may still be starting. */
async function migrated(store: { migrate(): Promise<void> }): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await store.migrate();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await pause(100);
    }
  }
}
