import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import pg from "pg";
import { expressSessionOn } from "./_express-session.mjs";

const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE });
const PgStore = connectPgSimple(session);

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () => expressSessionOn(new PgStore({ pool, createTableIfMissing: true }));
