import { createClient } from "redis";
import { redisStore } from "../../dist/stores/redis.js";
import { sessionupOn } from "./_sessionup.mjs";

const client = await createClient({ url: process.env.BENCH_DATABASE }).connect();

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () => sessionupOn(redisStore(client));
