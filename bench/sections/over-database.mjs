import { countingPostgres, countingRedis } from "../round-trips.mjs";
import { httpText, overHttp } from "./_over-http.mjs";

const CONTENDERS = [
  "floor",
  "sessionup",
  "sessionup-cached",
  "sessionup-in-memory",
  "express-session",
  "better-auth",
];
const CONNECTIONS = 64;

/**
 * The sessions of all contenders are in one database server.
 *
 * @param {string} name
 * @param {string} title
 * @param {() => Promise<import("../round-trips.mjs").CountingDatabase>} start
 * @returns {import("../section.d.ts").Section<import("../report.mjs").Samples>}
 */
const over = (name, title, start) => ({
  name,
  async run({ quick }) {
    const database = await start();
    try {
      const plan = { framework: "node", contenders: CONTENDERS, quick, connections: CONNECTIONS, database };
      return await overHttp(plan);
    } finally {
      await database.stop();
    }
  },
  text: (samples) => httpText(`node:http at ${CONNECTIONS} connections, sessions in ${title}`, samples),
});

export const overRedis = over("redis", "Redis", countingRedis);
export const overPostgres = over("postgres", "PostgreSQL", countingPostgres);
