import { startPostgres } from "../../test/support/servers/postgres.ts";
import { startRedis } from "../../test/support/servers/redis.ts";
import { httpText, overHttp } from "./_over-http.mjs";

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const overRedis = {
  name: "redis",
  run: ({ quick }) => overStore("redis", startRedis, 16, quick),
  text: (samples) => httpText("node:http, sessions in Redis", samples),
};

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const overPostgres = {
  name: "postgres",
  run: ({ quick }) => overStore("postgres", startPostgres, 64, quick),
  text: (samples) => httpText("node:http at 64 connections, sessions in PostgreSQL", samples),
};

/** With the sessions of all contenders in one server of a database. */
async function overStore(
  /** @type {string} */ store,
  /** @type {() => Promise<{ url: string, stop(): Promise<void> }>} */ startServer,
  /** @type {number} */ connections,
  /** @type {boolean} */ quick,
) {
  const database = await startServer();
  process.env.BENCH_DATABASE = database.url;
  try {
    return await overHttp("node", ["bare", "bare again", "floor", "sessionup", "express-session"], {
      ...(quick
        ? { generations: 1, warmUps: 10, rounds: 9, requests: 1_000 }
        : { generations: 4, warmUps: 20, rounds: 25, requests: 1_500 }),
      connections,
      store,
    });
  } finally {
    await database.stop();
  }
}
