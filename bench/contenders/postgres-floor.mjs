import pg from "pg";
import { handWritten } from "./_hand-written.mjs";

/** A prepared SELECT for each request, by hand: the token is the key, in clear, and nothing is hashed. */

const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE });
await pool.query("create table if not exists floor (token text primary key, session jsonb not null)");

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () =>
  handWritten({
    async fetch(token) {
      const text = "select session from floor where token = $1";
      const { rows } = await pool.query({ name: "fetch", text, values: [token] });
      return rows[0]?.session;
    },
    async store(token, session) {
      await pool.query("insert into floor values ($1, $2)", [token, session]);
    },
  });
