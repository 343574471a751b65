import { Redis } from "ioredis";
import pg from "pg";
import { startPostgres } from "../test/support/servers/postgres.ts";
import { startRedis } from "../test/support/servers/redis.ts";

/**
 * A database server for the sessions of all contenders that counts its round trips.
 *
 * @typedef {import("./contenders/contender.d.ts").Database & {
 *   roundTrips(): Promise<number>,
 *   stop(): Promise<void>,
 * }} CountingDatabase
 */

/** @returns {Promise<CountingDatabase>} */
export async function countingRedis() {
  const server = await startRedis();
  const client = new Redis(server.url);
  // Reading the figure is a round trip too, and the figure already includes it.
  let own = 0;
  return {
    kind: "redis",
    url: server.url,
    async roundTrips() {
      const reads = /total_reads_processed:(\d+)/.exec(await client.info("stats"))?.[1];
      return Number(reads) - ++own;
    },
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}

/** @returns {Promise<CountingDatabase>} */
export async function countingPostgres() {
  const server = await startPostgres({ shared_preload_libraries: "pg_stat_statements" });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query("create extension pg_stat_statements");
  const text =
    "select coalesce(sum(calls), 0)::int as calls from pg_stat_statements where query !~ 'pg_stat_statements'";
  return {
    kind: "postgres",
    url: server.url,
    roundTrips: async () => (await client.query(text)).rows[0].calls,
    async stop() {
      await client.end();
      await server.stop();
    },
  };
}
