import { RedisStore } from "connect-redis";
import { createClient } from "redis";
import { expressSessionOn } from "./_express-session.mjs";

const client = await createClient({ url: process.env.BENCH_DATABASE }).connect();

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () => expressSessionOn(new RedisStore({ client }));
