import pg from "pg";
import { postgresStore } from "../../dist/stores/postgres.js";
import { sessionupOn } from "./_sessionup.mjs";

const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE });
const store = postgresStore(pool);
await store.migrate();

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () => sessionupOn(store);
