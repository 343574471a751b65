import { startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";

/** Starts Redis, and sets what apps/redis.ts reads. Returns a function that closes the client and the server. */
export async function provideRedis(): Promise<() => Promise<void>> {
  const server = await startRedis();
  process.env.REDIS_URL = server.url;
  return async () => {
    const { redis } = await import("./apps/redis.ts");
    redis.destroy();
    await server.stop();
  };
}

/** Starts PostgreSQL, and sets what apps/postgres.ts reads. Returns a function that closes the client and the server. */
export async function providePostgres(): Promise<() => Promise<void>> {
  const server = await startPostgres();
  process.env.DATABASE_URL = server.url;
  return async () => {
    const { pool } = await import("./apps/postgres.ts");
    await pool.end();
    await server.stop();
  };
}

/** Lets the sessionup store in PostgreSQL fail. Returns a function that repairs it. */
export async function breakPostgresStore(): Promise<() => Promise<void>> {
  const { pool } = await import("./apps/postgres.ts");
  await pool.query("ALTER TABLE sessionup_sessions RENAME TO elsewhere");
  return async () => {
    await pool.query("ALTER TABLE elsewhere RENAME TO sessionup_sessions");
  };
}
